/* q8_0 and q4_0: ggml's blocks of 32 with one f16 scale. */

#include "kernels/block_q.h"
#include "kernels/half.h"
#include "plugins/row_codec.h"

/* One row per format; the codecs differ in nothing else. */
typedef struct block_format {
    const char *name;
    size_t bytes;
    size_t (*encode)(const float *values, size_t n, uint8_t *bytes);
    size_t (*decode)(const uint8_t *bytes, size_t n, float *values);
} block_format;

typedef struct block_codec {
    row_codec row;
    const block_format *format;
} block_codec;

static const block_format formats[] = {
    { "q8_0", BLOCK_Q8_0_BYTES, block_q8_0_encode, block_q8_0_decode },
    { "q4_0", BLOCK_Q4_0_BYTES, block_q4_0_encode, block_q4_0_decode },
};

static int create(const kvant_host *host, const kvant_shape *shape, const block_format *format, void **state)
{
    if (shape->dim % BLOCK_Q != 0)
        return host->fail(host, KVANT_E_SHAPE, "%s: head dimension %d is not a multiple of %d", format->name,
                          (int)shape->dim, BLOCK_Q);
    const int rc = row_codec_create(host, format->name, shape, sizeof(block_codec), state);
    if (rc != KVANT_OK) return rc;
    block_codec *c = *state;
    const size_t blocks = c->row.dim / BLOCK_Q;
    c->row.row_bytes = blocks * format->bytes;
    c->row.metadata = blocks * sizeof(uint16_t);
    c->format = format;
    return KVANT_OK;
}

static int create_q8_0(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, &formats[0], state);
}

static int create_q4_0(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, &formats[1], state);
}

static double largest_of(const float *x)
{
    double largest = 0.0;
    for (int i = 0; i < BLOCK_Q; i++) {
        const double a = x[i] < 0.0f ? -(double)x[i] : (double)x[i];
        largest = a > largest ? a : largest;
    }
    return largest;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const block_codec *c = state;
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    if (bytes < 0) return bytes;
    const size_t n = n_rows * c->row.dim, done = c->format->encode(rows, n, out);
    if (done < n / BLOCK_Q)
        return row_codec_too_large(&c->row, first + done * BLOCK_Q / c->row.dim, "scale of a block with the magnitude",
                                   largest_of(rows + done * BLOCK_Q));
    return bytes;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const block_codec *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t n = n_rows * c->row.dim, done = c->format->decode(bytes, n, rows);
    if (done < n / BLOCK_Q)
        return row_codec_corrupt(&c->row, first + done * BLOCK_Q / c->row.dim,
                                 "a block has a scale or a code that no encoder writes");
    return KVANT_OK;
}

static const kvant_param no_params[] = { { 0 } };

static const kvant_codec q8_0 = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "q8_0",
    .version = "1",
    .family = "block",
    .summary = "8 bits a value, one f16 scale for 32 values: 8.5 bits a value",
    .reference = "ggml block_q8_0",
    .params = no_params,
    .dim_min = 32,
    .dim_max = 4096,
    .dim_step = 32,
    .create = create_q8_0,
    .destroy = row_codec_destroy,
    .bound = row_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = row_codec_split,
};

static const kvant_codec q4_0 = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "q4_0",
    .version = "1",
    .family = "block",
    .summary = "4 bits a value, one f16 scale for 32 values: 4.5 bits a value",
    .reference = "ggml block_q4_0",
    .params = no_params,
    .dim_min = 32,
    .dim_max = 4096,
    .dim_step = 32,
    .create = create_q4_0,
    .destroy = row_codec_destroy,
    .bound = row_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = row_codec_split,
};

static const kvant_codec *const codecs[] = { &q8_0, &q4_0, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
