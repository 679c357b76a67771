/* Formats that engines keep caches in: ggml's blocks of 32, short floating-point numbers, and blocks of those. */

#include "kernels/block_fp.h"
#include "kernels/block_q.h"
#include "plugins/fused_rows.h"

typedef struct block_format {
    const char *name;
    size_t values, bytes, scales; /* of a block; scales: the bytes of it that are no codes */
    size_t (*encode)(const float *values, size_t n, uint8_t *bytes);
    size_t (*decode)(const uint8_t *bytes, size_t n, float *values);
    const char *limit; /* what does not fit when encode stops */
} block_format;

enum { Q8_0, Q5_1, Q5_0, Q4_1, Q4_0, IQ4_NL, BF16, E4M3, E5M2, MXFP4, NVFP4 };

#define F16_SCALE  "the scale is f16, at most 65504"
#define F16_SCALES "the scale and the minimum are f16, at most 65504"

static const block_format formats[] = {
    [Q8_0] = { "q8_0", BLOCK_Q, BLOCK_Q8_0_BYTES, 2, block_q8_0_encode, block_q8_0_decode, F16_SCALE },
    [Q5_1] = { "q5_1", BLOCK_Q, BLOCK_Q5_1_BYTES, 4, block_q5_1_encode, block_q5_1_decode, F16_SCALES },
    [Q5_0] = { "q5_0", BLOCK_Q, BLOCK_Q5_0_BYTES, 2, block_q5_0_encode, block_q5_0_decode, F16_SCALE },
    [Q4_1] = { "q4_1", BLOCK_Q, BLOCK_Q4_1_BYTES, 4, block_q4_1_encode, block_q4_1_decode, F16_SCALES },
    [Q4_0] = { "q4_0", BLOCK_Q, BLOCK_Q4_0_BYTES, 2, block_q4_0_encode, block_q4_0_decode, F16_SCALE },
    [IQ4_NL] = { "iq4_nl", BLOCK_Q, BLOCK_IQ4_NL_BYTES, 2, block_iq4_nl_encode, block_iq4_nl_decode, F16_SCALE },
    [BF16] = { "bf16", 1, 2, 0, block_bf16_encode, block_bf16_decode, "values are at most 3.39e38" },
    [E4M3] = { "e4m3", 1, 1, 0, block_e4m3_encode, block_e4m3_decode, "values are at most 448" },
    [E5M2] = { "e5m2", 1, 1, 0, block_e5m2_encode, block_e5m2_decode, "values are at most 57344" },
    [MXFP4] = { "mxfp4", BLOCK_MXFP4, BLOCK_MXFP4_BYTES, 1, block_mxfp4_encode, block_mxfp4_decode, "" },
    [NVFP4] = { "nvfp4", BLOCK_NVFP4, BLOCK_NVFP4_BYTES, 1, block_nvfp4_encode, block_nvfp4_decode,
                "the scale is E4M3, at most 448" },
};

typedef struct block_codec {
    row_codec row;
    const block_format *format;
    size_t (*encode)(const float *values, size_t n, uint8_t *bytes); /* the format's, or this machine's own */
    size_t (*decode)(const uint8_t *bytes, size_t n, float *values);
    fused fused; /* of q8_0 and q4_0 */
} block_codec;

static void choose_kernels(block_codec *c)
{
    const lanes *l = c->row.lanes;
    c->encode = c->format->encode;
    c->decode = c->format->decode;
    if (!l) return;
    const lanes_blocks own[] = {
        [Q8_0] = l->q8_0, [Q5_1] = l->q5_1,     [Q5_0] = l->q5_0,   [Q4_1] = l->q4_1,
        [Q4_0] = l->q4_0, [IQ4_NL] = l->iq4_nl, [BF16] = l->bf16,   [E4M3] = l->e4m3,
        [E5M2] = l->e5m2, [MXFP4] = l->mxfp4,   [NVFP4] = l->nvfp4,
    };
    const size_t i = (size_t)(c->format - formats);
    if (!own[i].encode) return;
    c->encode = own[i].encode;
    c->decode = own[i].decode;
}

static int create(const kvant_host *host, const kvant_shape *shape, const block_format *format, void **state)
{
    if ((size_t)shape->dim % format->values != 0)
        return host->fail(host, KVANT_E_SHAPE, "%s: head dimension %d is not a multiple of %zu", format->name,
                          (int)shape->dim, format->values);
    const int rc = row_codec_create(host, format->name, shape, sizeof(block_codec), state);
    if (rc != KVANT_OK) return rc;
    block_codec *c = *state;
    const size_t blocks = c->row.dim / format->values;
    c->row.row_bytes = blocks * format->bytes;
    c->row.metadata = blocks * format->scales;
    c->format = format;
    choose_kernels(c);
    if (format == &formats[Q8_0] || format == &formats[Q4_0])
        fused_init(&c->fused,
                   &(fused_format){ .kind = format == &formats[Q8_0] ? FUSED_Q8_0 : FUSED_Q4_0, .dim = c->row.dim });
    return KVANT_OK;
}

static double largest_of(const float *x, size_t n)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double a = x[i] < 0.0f ? -(double)x[i] : (double)x[i];
        largest = a > largest ? a : largest;
    }
    return largest;
}

static int encode_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const block_codec *c = state;
    const block_format *f = c->format;
    const size_t n = n_rows * c->row.dim, done = c->encode(rows, n, out) * f->values;
    if (done == n) return KVANT_OK;
    return c->row.host->fail(c->row.host, KVANT_E_RANGE, "%s: row %zu: the magnitude %g does not fit: %s", f->name,
                             first + done / c->row.dim, largest_of(rows + done, f->values), f->limit);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    return row_codec_encode(state, encode_piece, first, rows, n_rows, out, capacity);
}

#define CORRUPT "a scale or a code is one that no encoder writes"

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const block_codec *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t n = n_rows * c->row.dim, done = c->decode(bytes, n, rows) * c->format->values;
    if (done < n) return row_codec_corrupt(&c->row, first + done / c->row.dim, CORRUPT);
    return KVANT_OK;
}

enum { DIM_MOST = 4096 };

static const char *wrong(const void *state, const uint8_t *row)
{
    const block_codec *c = state;
    float values[DIM_MOST];
    return c->decode(row, c->row.dim, values) * c->format->values < c->row.dim ? CORRUPT : NULL;
}

static int scores(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, const float *q,
                  size_t n_q, float *out)
{
    const block_codec *c = state;
    return fused_rows_scores(&c->row, &c->fused, wrong, first, bytes, n_bytes, n_rows, q, n_q, out);
}

static int mix(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
               const float *weights, size_t n_q, float *out)
{
    const block_codec *c = state;
    return fused_rows_mix(&c->row, &c->fused, wrong, first, bytes, n_bytes, n_rows, weights, n_q, out);
}

static const kvant_param no_params[] = { { 0 } };

/* A codec of the table: its create, and its descriptor for head dimensions that are multiples of `step`; ATTENDS: with
 * scores and mix. */
#define CODEC(id, entry, about, source, step)   DESCRIBED(id, entry, about, source, step, NULL, NULL)
#define ATTENDS(id, entry, about, source, step) DESCRIBED(id, entry, about, source, step, scores, mix)
#define DESCRIBED(id, entry, about, source, step, scores_of, mix_of)                                                   \
    static int create_##id(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)  \
    {                                                                                                                  \
        (void)values;                                                                                                  \
        return create(host, shape, &formats[entry], state);                                                            \
    }                                                                                                                  \
    static const kvant_codec id = {                                                                                    \
        .size = sizeof(kvant_codec),                                                                                   \
        .abi = KVANT_ABI,                                                                                              \
        .name = #id,                                                                                                   \
        .version = "1",                                                                                                \
        .family = "block",                                                                                             \
        .summary = about,                                                                                              \
        .reference = source,                                                                                           \
        .params = no_params,                                                                                           \
        .dim_min = step,                                                                                               \
        .dim_max = DIM_MOST,                                                                                           \
        .dim_step = step,                                                                                              \
        .create = create_##id,                                                                                         \
        .destroy = row_codec_destroy,                                                                                  \
        .bound = row_codec_bound,                                                                                      \
        .encode = encode,                                                                                              \
        .decode = decode,                                                                                              \
        .split = row_codec_split,                                                                                      \
        .scores = scores_of,                                                                                           \
        .mix = mix_of,                                                                                                 \
    }

ATTENDS(q8_0, Q8_0, "8 bits a value, one f16 scale for 32 values: 8.5 bits a value", "ggml block_q8_0", 32);
CODEC(q5_1, Q5_1, "5 bits a value, f16 scale and minimum for 32 values: 6 bits a value", "ggml block_q5_1", 32);
CODEC(q5_0, Q5_0, "5 bits a value, one f16 scale for 32 values: 5.5 bits a value", "ggml block_q5_0", 32);
CODEC(q4_1, Q4_1, "4 bits a value, f16 scale and minimum for 32 values: 5 bits a value", "ggml block_q4_1", 32);
ATTENDS(q4_0, Q4_0, "4 bits a value, one f16 scale for 32 values: 4.5 bits a value", "ggml block_q4_0", 32);
CODEC(iq4_nl, IQ4_NL, "4 bits a value on unequal levels, a fitted f16 scale for 32 values: 4.5 bits a value",
      "ggml block_iq4_nl", 32);
CODEC(bf16, BF16, "bfloat16, 16 bits a value", "upper half of IEEE 754 binary32, round to nearest even", 1);
CODEC(e4m3, E4M3, "FP8 with 3 fraction bits, magnitudes up to 448, no scale: 8 bits a value",
      "OCP 8-bit Floating Point Specification 1.0", 1);
CODEC(e5m2, E5M2, "FP8 with 2 fraction bits, magnitudes up to 57344, no scale: 8 bits a value",
      "OCP 8-bit Floating Point Specification 1.0", 1);
CODEC(mxfp4, MXFP4, "FP4 with a power of two for 32 values: 4.25 bits a value", "OCP Microscaling Formats 1.0", 32);
CODEC(nvfp4, NVFP4, "FP4 with an E4M3 scale for 16 values: 4.5 bits a value", "NVIDIA NVFP4, tensor scale 1", 16);

static const kvant_codec *const codecs[] = { &q8_0, &q5_1, &q5_0, &q4_1,  &q4_0,  &iq4_nl,
                                             &bf16, &e4m3, &e5m2, &mxfp4, &nvfp4, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
