/* polar: norm, rotation, and the Lloyd-Max codebook of the sphere for this head dimension. */

#include "kernels/half.h"
#include "kernels/sphere.h"
#include "plugins/fused_rows.h"
#include "plugins/head_dim.h"

enum { PARAM_BITS, PARAM_SCALE };

#define NO_SCALE "the scale is not a finite positive number"

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 4, .min = 1, .max = 8, .help = "bits per coordinate" },
    { .name = "scale", /* its words in the order of kernels/sphere.h */
      .type = KVANT_ENUM,
      .def = SPHERE_NORM,
      .max = SPHERE_UNBIASED,
      .names = "plain norm mse unbiased",
      .help = "the stored scale: the row's norm as it is, or what keeps the decoded norm, the least error, <x,x>" },
    { 0 },
};

typedef struct polar {
    row_codec row;
    int scale;
    sphere sphere;
    fused fused;
} polar;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const int bits = (int)values[PARAM_BITS].i;
    int rc = head_dim_check_rotated(host, "polar", shape, 32);
    if (rc == KVANT_OK) rc = row_codec_create(host, "polar", shape, sizeof(polar), state);
    if (rc != KVANT_OK) return rc;
    polar *c = *state;
    c->scale = (int)values[PARAM_SCALE].i;
    c->row.row_bytes = sphere_bytes(c->row.dim, bits);
    c->row.metadata = SPHERE_SCALE_BYTES;
    if (sphere_init(&c->sphere, c->row.dim, bits)) {
        const fused_format rows = { .kind = FUSED_CODES_1 + (fused_kind)bits - 1,
                                    .dim = c->row.dim,
                                    .group = c->row.dim,
                                    .header = SPHERE_SCALE_BYTES,
                                    .group_bytes = c->row.row_bytes,
                                    .level = c->sphere.table.level,
                                    .rotation = &c->sphere.rotation };
        fused_init(&c->fused, &rows);
        return KVANT_OK;
    }

    row_codec_destroy(c);
    *state = NULL;
    return host->fail(host, KVANT_E_PARAM, "polar: no codebook of %d bits for head dimension %d", bits,
                      (int)shape->dim);
}

static int encode_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const polar *c = state;
    const size_t done = sphere_encode_rows(&c->sphere, c->scale, rows, n_rows, out);
    if (done == n_rows) return KVANT_OK;
    const double too_large =
        sphere_encode(&c->sphere, c->scale, rows + done * c->row.dim, out + done * c->row.row_bytes);
    return row_codec_too_large(&c->row, first + done, "scale", too_large);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    return row_codec_encode(state, encode_piece, first, rows, n_rows, out, capacity);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const polar *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t done = sphere_decode_rows(&c->sphere, bytes, rows, n_rows);
    return done == n_rows ? KVANT_OK : row_codec_corrupt(&c->row, first + done, NO_SCALE);
}

static int decode_columns(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *columns,
                          size_t stride, size_t n_rows)
{
    const polar *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t done = sphere_decode_columns(&c->sphere, bytes, columns, stride, n_rows);
    return done == n_rows ? KVANT_OK : row_codec_corrupt(&c->row, first + done, NO_SCALE);
}

/* Every code is one that encode writes; the scale may not be. */
static const char *wrong(const void *state, const uint8_t *row)
{
    (void)state;
    const uint16_t stored = half_load(row);
    return half_is_special(stored) || stored & 0x8000u ? NO_SCALE : NULL;
}

static int scores(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, const float *q,
                  size_t n_q, float *out)
{
    const polar *c = state;
    return fused_rows_scores(&c->row, &c->fused, wrong, first, bytes, n_bytes, n_rows, q, n_q, out);
}

static int mix(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
               const float *weights, size_t n_q, float *out)
{
    const polar *c = state;
    return fused_rows_mix(&c->row, &c->fused, wrong, first, bytes, n_bytes, n_rows, weights, n_q, out);
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "polar",
    .version = "2",
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
    .scores = scores,
    .mix = mix,
    .decode_columns = decode_columns,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
