/* polar_recursive: PolarQuant's recursive polar coordinates: pairs become a radius and an angle, pairs of radii again,
 * and so on; angles are coded, the last radii kept. */

#include <math.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/wht.h"
#include "plugins/head_dim.h"
#include "plugins/row_codec.h"

enum { MAX_DIM = WHT_MAX, MAX_LEVELS = 9, MAX_SECTORS = 256, MAX_DEEP = 16, RADIUS_BYTES = 2 };
enum { PARAM_LEVELS, PARAM_BITS, PARAM_DEEP };

static const kvant_param params[] = {
    { .name = "levels",
      .type = KVANT_INT,
      .def = 4,
      .min = 1,
      .max = MAX_LEVELS,
      .help = "levels of the recursion: one radius is kept of 2^levels coordinates" },
    { .name = "bits", .type = KVANT_INT, .def = 4, .min = 1, .max = 8, .help = "bits of an angle of the first level" },
    { .name = "deep", .type = KVANT_INT, .def = 2, .min = 1, .max = 4, .help = "bits of an angle of the other levels" },
    { 0 },
};

/* The codebook of a level from the second on, where angles lie between 0 and π/2. */
typedef struct deep_level {
    double tangent[MAX_DEEP]; /* of the boundaries between the angles, ascending */
    float cosine[MAX_DEEP], sine[MAX_DEEP];
} deep_level;

typedef struct polar_recursive {
    row_codec row;
    int levels, bits, deep;
    size_t blocks;                                /* of 2^levels coordinates */
    size_t n_first, n_deep;                       /* angles of the first level and of all others */
    float cosine[MAX_SECTORS], sine[MAX_SECTORS]; /* of the first level's sectors */
    deep_level level[MAX_LEVELS + 1];             /* from 2 on */
    wht rotation;
} polar_recursive;

/* ---- create ----------------------------------------------------------------------------------------------------- */

static bool make_codebooks(polar_recursive *c)
{
    const int sectors = 1 << c->bits, n = 1 << c->deep;
    for (int k = 0; k < sectors; k++) {
        const double angle = 6.283185307179586 * (k + 0.5) / sectors;
        c->cosine[k] = (float)cos(angle);
        c->sine[k] = (float)sin(angle);
    }
    for (int l = 2; l <= c->levels; l++) {
        double angle[MAX_DEEP], boundary[MAX_DEEP];
        deep_level *level = &c->level[l];
        if (!lloyd_angle(1 << (l - 1), c->deep, angle)) return false;
        lloyd_boundaries(angle, c->deep, boundary);
        for (int k = 0; k < n; k++) {
            level->cosine[k] = (float)cos(angle[k]);
            level->sine[k] = (float)sin(angle[k]);
            level->tangent[k] = k + 1 < n ? tan(boundary[k]) : INFINITY;
        }
    }
    return true;
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const int levels = (int)values[PARAM_LEVELS].i, dim = shape->dim;
    int rc = head_dim_check_rotated(host, "polar_recursive", shape, 32);
    if (rc != KVANT_OK) return rc;
    if (dim % (1 << levels) != 0)
        return host->fail(host, KVANT_E_PARAM,
                          "polar_recursive: levels=%d needs a multiple of %d, not head dimension %d", levels,
                          1 << levels, dim);
    rc = row_codec_create(host, "polar_recursive", shape, sizeof(polar_recursive), state);
    if (rc != KVANT_OK) return rc;
    polar_recursive *c = *state;
    c->levels = levels;
    c->bits = (int)values[PARAM_BITS].i;
    c->deep = (int)values[PARAM_DEEP].i;
    c->blocks = c->row.dim >> levels;
    c->n_first = c->row.dim / 2;
    c->n_deep = c->n_first - c->blocks;
    c->row.metadata = c->blocks * RADIUS_BYTES;
    c->row.row_bytes = c->row.metadata + bitpack_bytes(c->n_first, c->bits) + bitpack_bytes(c->n_deep, c->deep);
    wht_init(&c->rotation, dim);
    if (make_codebooks(c)) return KVANT_OK;

    row_codec_destroy(c);
    *state = NULL;
    return host->fail(host, KVANT_E_PARAM, "polar_recursive: no codebook of %d bits", (int)values[PARAM_DEEP].i);
}

/* ---- encode ----------------------------------------------------------------------------------------------------- */

/* Pairs of coordinates become a radius and the sector of the circle they lie in. */
static void first_level(const polar_recursive *c, const float *x, double *radius, uint8_t *codes)
{
    const int sectors = 1 << c->bits;
    for (size_t j = 0; j < c->n_first; j++) {
        const double a = (double)x[2 * j], b = (double)x[2 * j + 1];
        const double turn = atan2(b, a) / 6.283185307179586; /* -1/2 … 1/2 */
        const int sector = (int)floor((turn < 0.0 ? turn + 1.0 : turn) * sectors);
        codes[j] = (uint8_t)(sector < sectors ? sector : 0);
        radius[j] = sqrt(a * a + b * b);
    }
}

/* Pairs of radii become a radius, in place, and the cell their angle lies in. */
static void next_level(const deep_level *level, int n, size_t pairs, double *radius, uint8_t *codes)
{
    for (size_t j = 0; j < pairs; j++) {
        const double a = radius[2 * j], b = radius[2 * j + 1];
        int code = 0;
        for (int k = 0; k + 1 < n; k++)
            code += b >= a * level->tangent[k];
        codes[j] = (uint8_t)code;
        radius[j] = sqrt(a * a + b * b);
    }
}

/* A block whose radius is too small to keep has the codes of a block of zeros. */
static void clear_block(const polar_recursive *c, size_t block, uint8_t *first, uint8_t *deep)
{
    size_t share = (size_t)1 << (c->levels - 1); /* angles of a block at this level */
    memset(first + block * share, 0, share);
    for (share /= 2; share > 0; share /= 2) {
        memset(deep + block * share, 0, share);
        deep += c->blocks * share;
    }
}

/* 0, or the radius that f16 cannot hold. */
static double encode_row(const polar_recursive *c, const float *row, uint8_t *out)
{
    float x[MAX_DIM];
    double radius[MAX_DIM / 2], energy = 0.0;
    uint8_t first[MAX_DIM / 2], deep[MAX_DIM / 2];
    for (size_t i = 0; i < c->row.dim; i++)
        energy += (double)row[i] * (double)row[i];
    if (energy > 1e18) return sqrt(energy); /* too large also for the rotation in f32 */
    memcpy(x, row, c->row.dim * sizeof *x);
    wht_forward(&c->rotation, x, 1);
    first_level(c, x, radius, first);
    uint8_t *codes = deep;
    for (int l = 2; l <= c->levels; l++) {
        const size_t pairs = c->row.dim >> l;
        next_level(&c->level[l], 1 << c->deep, pairs, radius, codes);
        codes += pairs;
    }
    for (size_t b = 0; b < c->blocks; b++, out += RADIUS_BYTES) {
        const uint16_t stored = half_from_float((float)radius[b]);
        if (half_is_special(stored)) return radius[b];
        if (stored == 0) clear_block(c, b, first, deep);
        half_store(out, stored);
    }
    bitpack_put(first, c->n_first, c->bits, out);
    bitpack_put(deep, c->n_deep, c->deep, out + bitpack_bytes(c->n_first, c->bits));
    return 0.0;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const polar_recursive *c = state;
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r++) {
        const double too_large = encode_row(c, rows + r * c->row.dim, out + r * c->row.row_bytes);
        if (too_large != 0.0) return row_codec_too_large(&c->row, first + r, "radius", too_large);
    }
    return bytes;
}

/* ---- decode ----------------------------------------------------------------------------------------------------- */

/* Each of n radii becomes two values, in place, from the back. */
static void split_radii(float *x, size_t n, const uint8_t *codes, const float *cosine, const float *sine)
{
    for (size_t j = n; j-- > 0;) {
        const float radius = x[j];
        x[2 * j + 1] = radius * sine[codes[j]];
        x[2 * j] = radius * cosine[codes[j]];
    }
}

/* NULL, or what is wrong with the row. */
static const char *decode_row(const polar_recursive *c, const uint8_t *in, float *x)
{
    uint8_t first[MAX_DIM / 2], deep[MAX_DIM / 2];
    const size_t used = c->n_deep * (size_t)c->deep % 8;
    if (used && in[c->row.row_bytes - 1] >> used) return "the bits after the last angle are not zero";
    for (size_t b = 0; b < c->blocks; b++, in += RADIUS_BYTES) {
        const uint16_t stored = half_load(in);
        if (half_is_special(stored) || stored & 0x8000u) return "a radius is not a finite positive number";
        x[b] = half_to_float(stored);
    }
    bitpack_get(in, c->n_first, c->bits, first);
    bitpack_get(in + bitpack_bytes(c->n_first, c->bits), c->n_deep, c->deep, deep);
    const uint8_t *codes = deep + c->n_deep;
    for (int l = c->levels; l >= 2; l--) {
        const size_t pairs = c->row.dim >> l;
        codes -= pairs;
        split_radii(x, pairs, codes, c->level[l].cosine, c->level[l].sine);
    }
    split_radii(x, c->n_first, first, c->cosine, c->sine);
    wht_inverse(&c->rotation, x, 1);
    return NULL;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const polar_recursive *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++) {
        const char *wrong = decode_row(c, bytes + r * c->row.row_bytes, rows + r * c->row.dim);
        if (wrong) return row_codec_corrupt(&c->row, first + r, wrong);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "polar_recursive",
    .version = "1",
    .family = "turbo",
    .summary = "PolarQuant's recursive polar angles, one f16 radius for 2^levels values: 3.875 bits a value",
    .reference = "PolarQuant, arXiv 2502.02617",
    .params = params,
    .dim_min = 32,
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
