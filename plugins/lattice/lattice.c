/* lattice: a rotated row in blocks of 4 or 8, each the nearest lattice point under one step for the whole row. */

#include "kernels/lattice.h"

#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/wht.h"
#include "plugins/head_dim.h"
#include "plugins/row_codec.h"

enum { PARAM_KIND, PARAM_Q, PARAM_CLIP, PARAM_INDEX };
enum { CLIP_MAX, CLIP_OPTIMAL };
enum { INDEX_COSET, INDEX_DENSE };
enum { MAX_DIM = WHT_MAX, SCALAR_BYTES = 2, CANDIDATES = 16, ONE = 0x3c00 };

static const kvant_param params[] = {
    { .name = "kind",
      .type = KVANT_ENUM,
      .def = LATTICE_E8,
      .max = LATTICE_E8,
      .names = "z d4 e8",
      .help = "the lattice: all integers, D4 or E8" },
    { .name = "q",
      .type = KVANT_INT,
      .def = 4,
      .min = 1,
      .max = LATTICE_Q_MAX,
      .help = "largest coordinate, in steps: log2(2q+1) bits a value, a quarter less for d4" },
    { .name = "clip",
      .type = KVANT_ENUM,
      .def = CLIP_OPTIMAL,
      .max = CLIP_OPTIMAL,
      .names = "max optimal",
      .help = "the step: largest value/q with norm and largest value stored, or the one of least error" },
    { .name = "index",
      .type = KVANT_ENUM,
      .def = INDEX_DENSE,
      .max = INDEX_DENSE,
      .names = "coset dense",
      .help = "numbers of e8 points: with a bit for the coset as published, or counted without gaps" },
    { 0 },
};

typedef struct lattice_codec {
    row_codec row;
    lattice points;
    wht rotation;
    int clip;
    size_t scalars; /* bytes before the points' numbers */
} lattice_codec;

static size_t blocks_of(const lattice_codec *c)
{
    return c->row.dim / (size_t)c->points.n;
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = head_dim_check_rotated(host, "lattice", shape, 16);
    if (rc == KVANT_OK) rc = row_codec_create(host, "lattice", shape, sizeof(lattice_codec), state);
    if (rc != KVANT_OK) return rc;
    lattice_codec *c = *state;
    c->clip = (int)values[PARAM_CLIP].i;
    c->scalars = SCALAR_BYTES * (c->clip == CLIP_MAX ? 2 : 1);
    if (!wht_init(&c->rotation, shape->dim) ||
        !lattice_init(&c->points, (lattice_kind)values[PARAM_KIND].i, (int)values[PARAM_Q].i,
                      values[PARAM_INDEX].i == INDEX_DENSE)) {
        row_codec_destroy(c);
        *state = NULL;
        return host->fail(host, KVANT_E_PARAM, "lattice: no points for q=%d", (int)values[PARAM_Q].i);
    }
    c->row.row_bytes = c->scalars + lattice_bytes(&c->points, blocks_of(c));
    c->row.metadata = c->row.row_bytes - blocks_of(c) * (size_t)c->points.bits / 8;
    return KVANT_OK;
}

/* ---- encode ----------------------------------------------------------------------------------------------------- */

/* The row as unit vector and norm, rotated. */
typedef struct rotated {
    double norm, largest; /* largest: of the unit vector's magnitudes after rotation */
    float unit[MAX_DIM];
} rotated;

static void rotate(const lattice_codec *c, const float *row, rotated *y)
{
    double square = 0.0;
    for (size_t i = 0; i < c->row.dim; i++)
        square += (double)row[i] * (double)row[i];
    y->norm = sqrt(square);
    for (size_t i = 0; i < c->row.dim; i++)
        y->unit[i] = y->norm > 0.0 ? (float)((double)row[i] / y->norm) : 0.0f;
    wht_forward(&c->rotation, y->unit, 1);
    y->largest = 0.0;
    for (size_t i = 0; i < c->row.dim; i++)
        y->largest = fmax(y->largest, fabs((double)y->unit[i]));
}

/* The points nearest to unit·per_step. */
typedef struct chosen {
    int16_t twice[MAX_DIM];
} chosen;

static void choose(const lattice_codec *c, const rotated *y, float per_step, chosen *p)
{
    const size_t n = (size_t)c->points.n;
    for (size_t at = 0; at < c->row.dim; at += n) {
        float v[LATTICE_N_MAX];
        for (size_t i = 0; i < n; i++)
            v[i] = y->unit[at + i] * per_step;
        lattice_nearest(&c->points, v, p->twice + at);
    }
}

/* The step of the published codec, its two scalars in f16; 0 for a row whose norm is 0 in f16. */
static double encode_max(const lattice_codec *c, const rotated *y, chosen *best, uint8_t *out)
{
    const uint16_t norm = half_from_float((float)fmin(y->norm, 1e9));
    const uint16_t largest = norm ? half_from_float((float)y->largest) : 0;
    if (half_is_special(norm)) return y->norm;
    if (largest) choose(c, y, (float)(1.0 / ((double)half_to_float(largest) / c->points.q)), best);
    half_store(out, norm);
    half_store(out + SCALAR_BYTES, largest);
    return 0.0;
}

/* Steps from the one at which nothing is cut off downwards: the smaller q, the further. */
static void candidates(const lattice_codec *c, const rotated *y, double *step)
{
    const double widest = y->largest / c->points.q, range = 0.6 / sqrt((double)c->points.q);
    for (int k = 0; k < CANDIDATES; k++)
        step[k] = widest * (1.0 - range * k / (CANDIDATES - 1));
}

/* For each candidate the points' own best scale, <y,v>/|v|², as f16 has it, and of all these the least error. */
static double encode_optimal(const lattice_codec *c, const rotated *y, chosen *best, uint8_t *out)
{
    double step[CANDIDATES], along[CANDIDATES], square[CANDIDATES], least = INFINITY, smallest = INFINITY;
    float per_step[CANDIDATES];
    uint16_t stored = 0;
    int at = 0;
    candidates(c, y, step);
    for (int k = 0; k < CANDIDATES; k++)
        per_step[k] = (float)(1.0 / step[k]);
    if (y->norm > 0.0) lattice_steps(&c->points, y->unit, c->row.dim, per_step, CANDIDATES, along, square);
    for (int k = 0; k < CANDIDATES && y->norm > 0.0; k++) {
        if (square[k] == 0.0) continue;
        const double scale = y->norm * along[k] / square[k];
        const uint16_t half = half_from_float((float)fmin(scale, 1e9));
        smallest = fmin(smallest, scale);
        if (half_is_special(half) || half == 0) continue;
        const double s = (double)half_to_float(half) / y->norm;
        const double error = s * (s * square[k] - 2.0 * along[k]);
        if (error < least) {
            least = error;
            stored = half;
            at = k;
        }
    }
    if (stored == 0 && smallest < INFINITY && smallest > 1.0) return smallest;
    if (stored) choose(c, y, per_step[at], best);
    half_store(out, stored);
    return 0.0;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const lattice_codec *c = state;
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    if (bytes < 0) return bytes;
    rotated y;
    for (size_t r = 0; r < n_rows; r++, out += c->row.row_bytes) {
        chosen best = { 0 };
        rotate(c, rows + r * c->row.dim, &y);
        const double too_large =
            c->clip == CLIP_MAX ? encode_max(c, &y, &best, out) : encode_optimal(c, &y, &best, out);
        if (too_large != 0.0)
            return row_codec_too_large(&c->row, first + r, c->clip == CLIP_MAX ? "norm" : "step", too_large);
        lattice_put(&c->points, best.twice, blocks_of(c), out + c->scalars);
    }
    return bytes;
}

/* ---- decode ----------------------------------------------------------------------------------------------------- */

/* The step from the scalars; negative for scalars that encode does not write. */
static double step_of(const lattice_codec *c, const uint8_t *in)
{
    const uint16_t scale = half_load(in), largest = c->clip == CLIP_MAX ? half_load(in + SCALAR_BYTES) : ONE;
    if (half_is_special(scale) || scale & 0x8000u || largest > ONE ||
        (largest == 0) != (scale == 0 && c->clip == CLIP_MAX))
        return -1.0;
    const double step = (double)half_to_float(scale);
    return c->clip == CLIP_MAX ? step * (double)half_to_float(largest) / c->points.q : step;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const lattice_codec *c = state;
    int16_t twice[MAX_DIM];
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++, bytes += c->row.row_bytes) {
        float *row = rows + r * c->row.dim;
        const double step = step_of(c, bytes);
        if (step < 0.0) return row_codec_corrupt(&c->row, first + r, "the scale is not one that encode writes");
        if (!lattice_get(&c->points, bytes + c->scalars, blocks_of(c), twice))
            return row_codec_corrupt(&c->row, first + r, "a number belongs to no point in the box");
        for (size_t i = 0; i < c->row.dim; i++)
            row[i] = (float)(0.5 * twice[i] * step);
        wht_inverse(&c->rotation, row, 1);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "lattice",
    .version = "1",
    .family = "lattice",
    .summary = "rotation and nearest points of D4 or E8, one step a row: about log2(2q+1) bits a value",
    .reference = "KakeyaLattice v1.4 (D4), v1.5 (E8); Conway and Sloane, IEEE Trans. IT 28 (1982)",
    .params = params,
    .dim_min = 16,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = row_codec_destroy,
    .bound = row_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = row_codec_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
