/* sink: any codec, but the first positions of the sequence stay in f16. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "plugins/wrapper.h"

enum { PARAM_INNER, PARAM_N };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec of the rows after the sink" },
    { .name = "n", .type = KVANT_INT, .def = 4, .min = 0, .max = 4096, .help = "positions kept in f16" },
    { 0 },
};

/* Rows 0 … kept-1 of a sequence are stored in f16. The inner codec never sees the whole blocks among them, rows 0 …
 * skipped-1: its row 0 is ours of that number. In the block that is left, rows skipped … kept-1 stand in for rows that
 * are not there: each repeats the first later row of its head. */
typedef struct sink {
    wrapper base;
    size_t kept, skipped, block;
} sink;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = wrapper_create(host, "sink", shape, values[PARAM_INNER].inner, sizeof(sink), state);
    if (rc != KVANT_OK) return rc;
    sink *w = *state;
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    rc = wrapper_geometry(w, &g);
    if (rc != KVANT_OK) {
        wrapper_destroy(w);
        *state = NULL;
        return rc;
    }
    w->kept = (size_t)values[PARAM_N].i * w->base.heads;
    w->block = g.block;
    w->skipped = w->kept / w->block * w->block;
    return KVANT_OK;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How a run of rows falls apart. */
typedef struct run {
    size_t kept, skipped; /* of its rows, from the first */
    size_t inner_first, inner_rows;
    size_t kept_bytes;
} run;

static run run_of(const sink *w, size_t first, size_t n_rows)
{
    run r = { 0 };
    if (first < w->kept) r.kept = least(w->kept - first, n_rows);
    if (first < w->skipped) r.skipped = least(w->skipped - first, n_rows);
    r.inner_rows = n_rows - r.skipped;
    r.inner_first = r.inner_rows > 0 ? first + r.skipped - w->skipped : 0;
    r.kept_bytes = r.kept * w->base.dim * sizeof(uint16_t);
    return r;
}

/* Overwrites the first `n` of rows, which the first later ones follow. */
static void stand_in(const sink *w, float *rows, size_t n)
{
    const size_t dim = w->base.dim, heads = w->base.heads;
    for (size_t r = 0; r < n; r++)
        memcpy(rows + r * dim, rows + (n + r % heads) * dim, dim * sizeof *rows);
}

/* ---- calibration ------------------------------------------------------------------------------------------------ */

/* The sequences without the rows that the inner codec never sees, in w->rows. */
static int sample_rows(sink *w, const kvant_samples *samples, kvant_samples *out)
{
    const kvant_host *host = w->base.host;
    const size_t dim = w->base.dim, n = samples->n_rows, length = samples->sequence ? samples->sequence : n;
    const int rc = wrapper_copy(&w->base, 0, samples->rows, n, FLT_MAX);
    if (rc != KVANT_OK) return rc;
    if (least(length, n) < w->kept + w->base.heads)
        return host->fail(host, KVANT_E_PARAM, "sink: sequences of %zu sample rows lie within the sink of %zu",
                          least(length, n), w->kept);
    size_t at = 0;
    for (size_t begin = 0; begin < n; begin += least(length, n - begin)) {
        const size_t rows = least(length, n - begin);
        if (rows < w->kept + w->base.heads) continue; /* only the last one may be shorter */
        float *to = w->base.rows + at * dim;
        memmove(to, w->base.rows + (begin + w->skipped) * dim, (rows - w->skipped) * dim * sizeof *to);
        stand_in(w, to, w->kept - w->skipped);
        at += rows - w->skipped;
    }
    out->rows = w->base.rows;
    out->n_rows = at;
    out->sequence = length - w->skipped;
    return KVANT_OK;
}

/* The attention at the positions that the inner codec sees. A row and those that repeat it share its attention. */
static int sample_attention(const sink *w, const kvant_samples *samples, kvant_samples *out, float **memory)
{
    const kvant_host *host = w->base.host;
    const size_t heads = w->base.heads, kept = w->kept / heads, skipped = w->skipped / heads;
    const size_t had = samples->n_attention, n = (had > kept + 2 ? had : kept + 2) - skipped;
    if (!samples->attention || had == 0) return KVANT_OK;
    *memory = host->alloc(host, heads * n * sizeof **memory);
    if (!*memory) return host->fail(host, KVANT_E_MEMORY, "sink: no memory for the attention at %zu positions", n);
    for (size_t h = 0; h < heads; h++) {
        const float *from = samples->attention + h * had;
        float *to = *memory + h * n;
        for (size_t i = 0; i < n; i++)
            to[i] = from[least(i + skipped, had - 1)];
        const float share = to[kept - skipped] / (float)(kept - skipped + 1);
        for (size_t i = 0; i <= kept - skipped; i++)
            to[i] = share;
    }
    out->attention = *memory;
    out->n_attention = n;
    return KVANT_OK;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    sink *w = state;
    if (!wrapper_inner_calibrates(&w->base)) return KVANT_OK;
    kvant_samples later = *samples;
    float *attention = NULL;
    int rc = sample_rows(w, samples, &later);
    if (rc == KVANT_OK) rc = sample_attention(w, samples, &later, &attention);
    if (rc == KVANT_OK) rc = wrapper_calibrate(w, &later);
    w->base.host->release(w->base.host, attention);
    return rc;
}

/* ---- encode and decode ------------------------------------------------------------------------------------------ */

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const sink *w = state;
    const run r = run_of(w, first, n_rows);
    const size_t inner = r.inner_rows > 0 ? wrapper_bound(w, r.inner_first, r.inner_rows) : 0;
    return inner > SIZE_MAX - r.kept_bytes ? SIZE_MAX : inner + r.kept_bytes;
}

static int keep_rows(const sink *w, size_t first, const float *rows, const run *r, uint8_t *out, size_t capacity)
{
    const kvant_host *host = w->base.host;
    const size_t dim = w->base.dim;
    if (r->kept_bytes > capacity)
        return host->fail(host, KVANT_E_SPACE, "sink: %zu rows in f16 need %zu bytes, the buffer has %zu", r->kept,
                          r->kept_bytes, capacity);
    for (size_t i = 0; i < r->kept * dim; i++) {
        const uint16_t h = half_from_float(rows[i]);
        if (half_is_special(h))
            return host->fail(host, KVANT_E_RANGE, "sink: row %zu, column %zu: %g does not fit f16", first + i / dim,
                              i % dim, (double)rows[i]);
        half_store(out + 2 * i, h);
    }
    return KVANT_OK;
}

/* Weighs the rows that the inner codec sees, from `given` for all n_rows, or NULL. A row and those that repeat it share
 * its weight, so that a fit counts it once. */
static int hand_on_weights(sink *w, const run *r, const float *given, size_t n_rows)
{
    const size_t heads = w->base.heads, gone = r->kept - r->skipped;
    if (r->inner_rows == 0 || !w->base.weighs || (!given && gone == 0)) return KVANT_OK;
    const int rc = given ? KVANT_OK : wrapper_even_weights(&w->base, n_rows);
    if (rc != KVANT_OK) return rc;
    float *weights = w->base.weights + r->skipped;
    for (size_t h = 0; h < heads && gone > 0; h++) {
        const float share = weights[gone + h] / (float)(gone / heads + 1);
        for (size_t i = h; i <= gone + h; i += heads)
            weights[i] = share;
    }
    return wrapper_weigh(w, weights, r->inner_rows);
}

static int whole_blocks(const sink *w, size_t first, size_t n_rows)
{
    if (first % w->block == 0 && n_rows % w->block == 0) return KVANT_OK;
    return w->base.host->fail(w->base.host, KVANT_E_STATE, "sink: %zu rows from row %zu, expected blocks of %zu",
                              n_rows, first, w->block);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    sink *w = state;
    const run r = run_of(w, first, n_rows);
    const float *later = rows + r.skipped * w->base.dim, *given;
    int rc = wrapper_kept_weights(&w->base, n_rows, &given);
    if (rc == KVANT_OK) rc = whole_blocks(w, first, n_rows);
    if (rc == KVANT_OK) rc = wrapper_check_rows(&w->base, first, rows, n_rows, FLT_MAX);
    if (rc == KVANT_OK) rc = keep_rows(w, first, rows, &r, out, capacity);
    if (rc == KVANT_OK && r.kept > r.skipped) {
        rc = wrapper_copy(&w->base, first + r.skipped, later, r.inner_rows, FLT_MAX);
        if (rc == KVANT_OK) stand_in(w, w->base.rows, r.kept - r.skipped);
        later = w->base.rows;
    }
    if (rc == KVANT_OK) rc = hand_on_weights(w, &r, given, n_rows);
    if (rc != KVANT_OK) return rc;
    if (r.inner_rows == 0) return (int64_t)r.kept_bytes;
    const int64_t n =
        wrapper_encode(w, r.inner_first, later, r.inner_rows, out + r.kept_bytes, capacity - r.kept_bytes);
    return n < 0 ? n : n + (int64_t)r.kept_bytes;
}

/* Are there the bytes of the kept rows, and nothing else when there is nothing else? */
static int check_bytes(const sink *w, size_t first, const run *r, size_t n_bytes)
{
    if (r->inner_rows > 0 ? n_bytes >= r->kept_bytes : n_bytes == r->kept_bytes) return KVANT_OK;
    return w->base.host->fail(w->base.host, KVANT_E_CORRUPT, "sink: %zu bytes from row %zu, expected %zu for %zu rows",
                              n_bytes, first, r->kept_bytes, r->kept);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    sink *w = state;
    const run r = run_of(w, first, n_rows);
    const size_t dim = w->base.dim;
    int rc = check_bytes(w, first, &r, n_bytes);
    if (rc == KVANT_OK && r.inner_rows > 0)
        rc = wrapper_decode(w, r.inner_first, bytes + r.kept_bytes, n_bytes - r.kept_bytes, rows + r.skipped * dim,
                            r.inner_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t i = 0; i < r.kept * dim; i++) {
        const uint16_t h = half_load(bytes + 2 * i);
        if (half_is_special(h))
            return w->base.host->fail(w->base.host, KVANT_E_CORRUPT, "sink: row %zu, column %zu is not a finite number",
                                      first + i / dim, i % dim);
        rows[i] = half_to_float(h);
    }
    return KVANT_OK;
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    const sink *w = state;
    const run r = run_of(w, first, n_rows);
    int rc = check_bytes(w, first, &r, n_bytes);
    if (rc == KVANT_OK && r.inner_rows > 0)
        rc = wrapper_split(w, r.inner_first, bytes + r.kept_bytes, n_bytes - r.kept_bytes, r.inner_rows, out);
    if (rc == KVANT_OK) out->exact += r.kept_bytes;
    return rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "sink",
    .version = "1",
    .family = "wrapper",
    .summary = "keeps the first n positions in f16, the rest in the inner codec",
    .reference = "attention sinks: StreamingLLM, arXiv 2309.17453",
    .params = params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = create,
    .destroy = wrapper_destroy,
    .geometry = wrapper_geometry,
    .calibrate = calibrate,
    .weigh = wrapper_keep_weights,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .save = wrapper_save,
    .load = wrapper_load,
    .split = split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
