/* A sound codec that calibrates, is weighed, has side data and attends without decoding, with one fault at a time, for
 * the tests of `kvant verify`. It stores x - m as f16, m being the samples' mean per column, in blocks of 8 rows that
 * begin with the weight of their first row. */
#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kvant/codec.h"

enum fault {
    MODE_sound,    /* none */
    MODE_eager,    /* encodes before calibrate */
    MODE_fickle,   /* another mean for every instance */
    MODE_gullible, /* NaN among the samples becomes a mean */
    MODE_naive,    /* NaN in the moment of queries met does */
    MODE_lax,      /* loads side data of any length */
    MODE_bare,     /* decodes without side data */
    MODE_heavy,    /* weights of 1 change the bytes */
    MODE_lasting,  /* weights outlive their encode */
    MODE_skew,     /* a weight of NaN is taken */
    MODE_blind,    /* scores leaves out the last column */
    MODE_double_,  /* mix adds everything twice */
    MODE_deaf,     /* a cancelled encode says that the buffer is too small */
    MODE_restless, /* geometry says another block after calibrate */
    MODE_lonely,   /* refuses more than two heads */
    MODE_variable, /* rows of zeros take fewer bytes, though the rate is said to be fixed */
};

#define JOIN(a, b) a##b
#define NAMED(a)   JOIN(MODE_, a)
#define TEXT(a)    #a
#define QUOTED(a)  TEXT(a)
#define FAULT      ((int)NAMED(MODE))

enum { BLOCK = 8, HEAD = 4, MAX_DIM = 256 };

typedef struct mislearn {
    const kvant_host *host;
    size_t dim;
    int ready, weighed;
    float weight; /* of the first row of the next encode */
    float mean[MAX_DIM];
} mislearn;

static int instances; /* MODE_fickle */

static int fail(const mislearn *c, int code, const char *what)
{
    return c->host->fail(c->host, code, "mislearn_%s: %s", QUOTED(MODE), what);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    if (FAULT == MODE_lonely && shape->n_heads > 2) return host->fail(host, KVANT_E_SHAPE, "mislearn: too many heads");
    mislearn *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "mislearn: no memory");
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->weight = 1.0f;
    *state = c;
    return KVANT_OK;
}

static void destroy(void *state)
{
    mislearn *c = state;
    if (c) c->host->release(c->host, c);
}

static int geometry(const void *state, kvant_geometry *out)
{
    const mislearn *c = state;
    out->block = FAULT == MODE_restless && c->ready ? 2 * BLOCK : BLOCK;
    out->calibrates = 1;
    return KVANT_OK;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    mislearn *c = state;
    for (size_t i = 0; i < c->dim; i++) {
        double sum = 0;
        for (size_t r = 0; r < samples->n_rows; r++)
            sum += (double)samples->rows[r * c->dim + i];
        if (FAULT == MODE_gullible && !isfinite(sum)) sum = 7;
        if (!isfinite(sum)) return fail(c, KVANT_E_NONFINITE, "a sample is not finite");
        c->mean[i] = (float)(sum / (double)samples->n_rows);
    }
    if (FAULT == MODE_naive) c->mean[0] += isfinite(samples->query_moment_met[1]) ? 0.01f : 0.02f;
    if (FAULT == MODE_fickle) c->mean[0] += 0.001f * (float)(__sync_add_and_fetch(&instances, 1) & 63);
    c->ready = 1;
    return KVANT_OK;
}

static int weigh(void *state, const float *weights, size_t n_rows)
{
    mislearn *c = state;
    for (size_t i = 0; i < n_rows; i++)
        if (!(weights[i] > 0) || !isfinite(weights[i])) {
            if (FAULT != MODE_skew) return fail(c, KVANT_E_NONFINITE, "a weight is not a positive number");
        }
    c->weight = FAULT == MODE_skew ? 1.0f : weights[0];
    c->weighed = 1;
    return KVANT_OK;
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const mislearn *c = state;
    (void)first;
    return n_rows / BLOCK * HEAD + n_rows * c->dim * 2;
}

static int encode_block(mislearn *c, const float *rows, uint8_t *out)
{
    const float shown = FAULT == MODE_heavy && c->weighed ? 1.5f : c->weight;
    memcpy(out, &shown, HEAD);
    for (size_t i = 0; i < BLOCK * c->dim; i++) {
        const uint16_t h = half_from_float(rows[i] - c->mean[i % c->dim]);
        if (!isfinite(rows[i])) return fail(c, KVANT_E_NONFINITE, "a row is not finite");
        if (half_is_special(h)) return fail(c, KVANT_E_RANGE, "a value beyond f16");
        half_store(out + HEAD + 2 * i, h);
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    mislearn *c = state;
    if (!c->ready && FAULT != MODE_eager) return fail(c, KVANT_E_STATE, "not calibrated");
    if (FAULT == MODE_deaf && c->host->cancelled(c->host)) return fail(c, KVANT_E_SPACE, "cancelled");
    if (capacity < bound(c, first, n_rows)) return fail(c, KVANT_E_SPACE, "the buffer is too small");
    const size_t block_bytes = bound(c, 0, BLOCK);
    for (size_t b = 0; b < n_rows / BLOCK; b++) {
        const int rc = encode_block(c, rows + b * BLOCK * c->dim, out + b * block_bytes);
        if (rc != KVANT_OK) return rc;
        if (FAULT != MODE_lasting) c->weight = 1.0f;
        c->weighed = 0;
    }
    if (FAULT == MODE_variable && n_rows > 0 && rows[0] == 0.0f && rows[n_rows * c->dim - 1] == 0.0f) return HEAD;
    return (int64_t)bound(c, first, n_rows);
}

static int unpack(const mislearn *c, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    if (!c->ready && FAULT != MODE_bare) return fail(c, KVANT_E_STATE, "no side data");
    if (FAULT == MODE_variable && n_bytes == HEAD && n_rows > 0) {
        memset(rows, 0, n_rows * c->dim * sizeof *rows);
        return KVANT_OK;
    }
    if (n_bytes != bound(c, first, n_rows)) return fail(c, KVANT_E_CORRUPT, "a wrong number of bytes");
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < c->dim; i++) {
            const uint16_t h = half_load(bytes + (r / BLOCK + 1) * HEAD + 2 * (r * c->dim + i));
            if (half_is_special(h)) return fail(c, KVANT_E_CORRUPT, "a value that encode never writes");
            rows[r * c->dim + i] = half_to_float(h) + c->mean[i];
        }
    return KVANT_OK;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    return unpack(state, first, bytes, n_bytes, rows, n_rows);
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const mislearn *c = state;
    const size_t n = c->dim * sizeof *c->mean;
    if (out && capacity < n) return fail(c, KVANT_E_SPACE, "the buffer is too small");
    if (out) memcpy(out, c->mean, n);
    return (int64_t)n;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    mislearn *c = state;
    const size_t n = c->dim * sizeof *c->mean;
    if (FAULT != MODE_lax && n_bytes != n) return fail(c, KVANT_E_CORRUPT, "side data of a wrong length");
    memcpy(c->mean, bytes, n_bytes < n ? n_bytes : n);
    for (size_t i = 0; i < c->dim; i++)
        if (!(fabsf(c->mean[i]) < 1e30f)) return fail(c, KVANT_E_CORRUPT, "a mean that is none");
    c->ready = 1;
    return KVANT_OK;
}

static int scores(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, const float *q,
                  size_t n_q, float *out)
{
    const mislearn *c = state;
    float block[MAX_DIM * BLOCK];
    if (n_bytes != bound(c, first, n_rows)) return fail(c, KVANT_E_CORRUPT, "bytes of another number of rows");
    for (size_t r = 0; r < n_rows; r += BLOCK, bytes += bound(c, first, BLOCK)) {
        const int rc = unpack(c, first + r, bytes, bound(c, first, BLOCK), block, BLOCK);
        if (rc != KVANT_OK) return rc;
        for (size_t i = 0; i < n_q * BLOCK; i++) {
            double sum = 0;
            for (size_t k = 0; k + (FAULT == MODE_blind) < c->dim; k++)
                sum += (double)q[i / BLOCK * c->dim + k] * (double)block[i % BLOCK * c->dim + k];
            out[i / BLOCK * n_rows + r + i % BLOCK] = (float)sum;
        }
    }
    return KVANT_OK;
}

static int mix(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
               const float *weights, size_t n_q, float *out)
{
    const mislearn *c = state;
    float block[MAX_DIM * BLOCK];
    if (n_bytes != bound(c, first, n_rows)) return fail(c, KVANT_E_CORRUPT, "bytes of another number of rows");
    for (size_t r = 0; r < n_rows; r += BLOCK, bytes += bound(c, first, BLOCK)) {
        const int rc = unpack(c, first + r, bytes, bound(c, first, BLOCK), block, BLOCK);
        if (rc != KVANT_OK) return rc;
        for (size_t i = 0; i < n_q * BLOCK; i++)
            for (size_t k = 0; k < c->dim; k++)
                out[i / BLOCK * c->dim + k] += (FAULT == MODE_double_ ? 2.0f : 1.0f) *
                                               weights[i / BLOCK * n_rows + r + i % BLOCK] *
                                               block[i % BLOCK * c->dim + k];
    }
    return KVANT_OK;
}

static const kvant_param params[] = { { 0 } };

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "mislearn_" QUOTED(MODE),
    .version = "1",
    .family = "bad",
    .summary = "f16 of what is left of the mean, sound but for one fault",
    .reference = "none; for tests",
    .params = params,
    .dim_min = 32,
    .dim_max = MAX_DIM,
    .dim_step = 32,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .weigh = weigh,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .scores = scores,
    .mix = mix,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
