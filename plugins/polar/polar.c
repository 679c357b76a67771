/* polar: norm, rotation, and the Lloyd-Max codebook of the sphere for this head dimension. */

#include <math.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/quantizer.h"
#include "kernels/wht.h"
#include "plugins/row_codec.h"

enum { SCALE_PLAIN, SCALE_NORM, SCALE_MSE, SCALE_UNBIASED, MAX_DIM = WHT_MAX, SCALE_BYTES = 2 };
enum { PARAM_BITS, PARAM_SCALE };

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 4, .min = 1, .max = 8, .help = "bits per coordinate" },
    { .name = "scale",
      .type = KVANT_ENUM,
      .def = SCALE_PLAIN,
      .max = SCALE_UNBIASED,
      .names = "plain norm mse unbiased",
      .help = "the stored scale: the row's norm as it is, or what keeps the decoded norm, the least error, <x,x>" },
    { 0 },
};

typedef struct polar {
    row_codec row;
    int bits, scale;
    wht rotation;
    quantizer table;
} polar;

static bool table_init(polar *c)
{
    double level[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS];
    float narrow_level[QUANTIZER_LEVELS], narrow_boundary[QUANTIZER_LEVELS];
    const int n = 1 << c->bits;
    if (!lloyd_max((int)c->row.dim, c->bits, level)) return false;
    lloyd_boundaries(level, c->bits, boundary);
    for (int i = 0; i < n; i++) {
        narrow_level[i] = (float)level[i];
        narrow_boundary[i] = i + 1 < n ? (float)boundary[i] : 0.0f;
    }
    return quantizer_init(&c->table, narrow_level, narrow_boundary, n);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (shape->dim % 16 != 0 || !wht_takes(shape->dim))
        return host->fail(host, KVANT_E_SHAPE, "polar: head dimension %d is not a multiple of 16 from 16 to %d",
                          (int)shape->dim, WHT_MAX);
    const int rc = row_codec_create(host, "polar", shape, sizeof(polar), state);
    if (rc != KVANT_OK) return rc;
    polar *c = *state;
    c->bits = (int)values[PARAM_BITS].i;
    c->scale = (int)values[PARAM_SCALE].i;
    c->row.row_bytes = SCALE_BYTES + bitpack_bytes(c->row.dim, c->bits);
    c->row.metadata = SCALE_BYTES;
    if (wht_init(&c->rotation, shape->dim) && table_init(c)) return KVANT_OK;

    row_codec_destroy(c);
    *state = NULL;
    return host->fail(host, KVANT_E_PARAM, "polar: no codebook of %d bits for head dimension %d",
                      (int)values[PARAM_BITS].i, (int)shape->dim);
}

/* Four sums side by side: as exact as one, and they overlap. */
static double dot(const float *a, const float *b, size_t n)
{
    double sum[4] = { 0 };
    for (size_t i = 0; i < n; i += 4)
        for (size_t j = 0; j < 4; j++)
            sum[j] += (double)a[i + j] * (double)b[i + j];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* |x| times s, for the levels c chosen for the rotated unit row y: s = 1 (the codebook's own optimum on average),
 * |s c| = 1, least |y - s c|, or <y, s c> = 1. */
static double scale_of(const polar *c, double norm, const float *unit, const float *levels)
{
    if (c->scale == SCALE_PLAIN) return norm;
    const double length = dot(levels, levels, c->row.dim);
    if (c->scale == SCALE_NORM) return norm / sqrt(length);
    const double along = dot(unit, levels, c->row.dim);
    return c->scale == SCALE_MSE ? norm * along / length : norm / along;
}

/* The scale that was to be stored when f16 cannot hold it, else 0. */
static double encode_row(const polar *c, const float *row, uint8_t *out)
{
    const size_t n = c->row.dim;
    float unit[MAX_DIM], levels[MAX_DIM];
    uint8_t codes[MAX_DIM];
    const double norm = sqrt(dot(row, row, n));
    const double inverse = norm > 0.0 ? 1.0 / norm : 0.0;
    for (size_t i = 0; i < n; i++)
        unit[i] = (float)((double)row[i] * inverse);
    wht_forward(&c->rotation, unit, 1);
    quantizer_codes(&c->table, unit, n, codes);
    quantizer_values(&c->table, codes, n, levels);

    const double scale = norm > 0.0 ? scale_of(c, norm, unit, levels) : 0.0;
    const uint16_t stored = half_from_float((float)fmin(scale, 1e9));
    if (half_is_special(stored)) return scale;
    if (stored == 0) memset(codes, 1 << (c->bits - 1), n); /* too small to keep: the same bytes as a row of zeros */
    half_store(out, stored);
    bitpack_put(codes, n, c->bits, out + SCALE_BYTES);
    return 0.0;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const polar *c = state;
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r++) {
        const double too_large = encode_row(c, rows + r * c->row.dim, out + r * c->row.row_bytes);
        if (too_large != 0.0) return row_codec_too_large(&c->row, first + r, "scale", too_large);
    }
    return bytes;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const polar *c = state;
    const size_t n = c->row.dim;
    uint8_t codes[MAX_DIM];
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++) {
        const uint8_t *in = bytes + r * c->row.row_bytes;
        float *row = rows + r * n;
        const uint16_t stored = half_load(in);
        if (half_is_special(stored) || stored & 0x8000u)
            return row_codec_corrupt(&c->row, first + r, "the scale is not a finite positive number");
        const float scale = half_to_float(stored);
        bitpack_get(in + SCALE_BYTES, n, c->bits, codes);
        quantizer_values(&c->table, codes, n, row);
        for (size_t i = 0; i < n; i++)
            row[i] *= scale;
        wht_inverse(&c->rotation, row, 1);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "polar",
    .version = "1",
    .family = "turbo",
    .summary = "rotation and Lloyd-Max codebook of the sphere, one f16 scale a row: bits + 16/dim bits a value",
    .reference = "TurboQuant_mse, arXiv 2504.19874; scale: EDEN, arXiv 2108.08842",
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
