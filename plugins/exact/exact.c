/* identity and f16: rows kept as they are, or rounded to half precision. */

#include <string.h>

#include "kernels/finite.h"
#include "kernels/half.h"
#include "plugins/fused_rows.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the encodings are little-endian copies of memory");

static const kvant_param no_params[] = { { 0 } };

/* All bytes are values kept exact. */
static int split_exact(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                       kvant_split *out)
{
    const int rc = row_codec_split(state, first, bytes, n_bytes, n_rows, out);
    if (rc != KVANT_OK) return rc;
    out->exact = n_bytes;
    out->payload = 0;
    return KVANT_OK;
}

/* ---- identity --------------------------------------------------------------------------------------------------- */

static int identity_create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    const int rc = row_codec_create(host, "identity", shape, sizeof(row_codec), state);
    if (rc != KVANT_OK) return rc;
    row_codec *c = *state;
    c->row_bytes = c->dim * sizeof(float);
    return KVANT_OK;
}

static int64_t identity_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out,
                               size_t capacity)
{
    const row_codec *c = state;
    const int64_t bytes = row_codec_check_rows(c, first, rows, n_rows, capacity);
    if (bytes > 0) memcpy(out, rows, (size_t)bytes);
    return bytes;
}

static int identity_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const row_codec *c = state;
    const int rc = row_codec_check_bytes(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    if (n_bytes) memcpy(rows, bytes, n_bytes);
    const size_t n = n_rows * c->dim, bad = finite_scan(rows, n);
    return bad < n ? row_codec_corrupt(c, first + bad / c->dim, "a value is not a finite number") : KVANT_OK;
}

static const kvant_codec identity = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "identity",
    .version = "1",
    .family = "exact",
    .summary = "rows as they are, 32 bits a value; the reference",
    .reference = "IEEE 754 binary32, little-endian",
    .params = no_params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = identity_create,
    .destroy = row_codec_destroy,
    .bound = row_codec_bound,
    .encode = identity_encode,
    .decode = identity_decode,
    .split = split_exact,
};

/* ---- f16 -------------------------------------------------------------------------------------------------------- */

typedef struct f16_codec {
    row_codec row;
    fused fused;
} f16_codec;

static int f16_create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    const int rc = row_codec_create(host, "f16", shape, sizeof(f16_codec), state);
    if (rc != KVANT_OK) return rc;
    f16_codec *c = *state;
    c->row.row_bytes = c->row.dim * sizeof(uint16_t);
    fused_init(&c->fused, &(fused_format){ .kind = FUSED_F16, .dim = c->row.dim });
    return KVANT_OK;
}

static int f16_encode_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const row_codec *c = state;
    const size_t n = n_rows * c->dim;
    if (c->lanes && c->lanes->narrow(rows, n, out)) return KVANT_OK;
    for (size_t i = 0; i < n; i++) {
        const uint16_t h = half_from_float(rows[i]);
        if (half_is_special(h)) return row_codec_too_large(c, first + i / c->dim, "value", (double)rows[i]);
        half_store(out + 2 * i, h);
    }
    return KVANT_OK;
}

static int64_t f16_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    return row_codec_encode(state, f16_encode_piece, first, rows, n_rows, out, capacity);
}

static int f16_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const row_codec *c = state;
    const int rc = row_codec_check_bytes(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    if (c->lanes && c->lanes->widen(bytes, n_rows * c->dim, rows)) return KVANT_OK;
    for (size_t i = 0; i < n_rows * c->dim; i++) {
        const uint16_t h = half_load(bytes + 2 * i);
        if (half_is_special(h)) return row_codec_corrupt(c, first + i / c->dim, "a value is not a finite number");
        rows[i] = half_to_float(h);
    }
    return KVANT_OK;
}

static const char *f16_wrong(const void *state, const uint8_t *row)
{
    const row_codec *c = state;
    for (size_t i = 0; i < c->dim; i++)
        if (half_is_special(half_load(row + 2 * i))) return "a value is not a finite number";
    return NULL;
}

static int f16_scores(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                      const float *q, size_t n_q, float *scores)
{
    const f16_codec *c = state;
    return fused_rows_scores(&c->row, &c->fused, f16_wrong, first, bytes, n_bytes, n_rows, q, n_q, scores);
}

static int f16_mix(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                   const float *weights, size_t n_q, float *out)
{
    const f16_codec *c = state;
    return fused_rows_mix(&c->row, &c->fused, f16_wrong, first, bytes, n_bytes, n_rows, weights, n_q, out);
}

static const kvant_codec f16 = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "f16",
    .version = "1",
    .family = "exact",
    .summary = "half precision, 16 bits a value; what ratios are counted against",
    .reference = "IEEE 754 binary16, round to nearest even, little-endian",
    .params = no_params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = f16_create,
    .destroy = row_codec_destroy,
    .bound = row_codec_bound,
    .encode = f16_encode,
    .decode = f16_decode,
    .split = split_exact,
    .scores = f16_scores,
    .mix = f16_mix,
};

static const kvant_codec *const codecs[] = { &identity, &f16, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
