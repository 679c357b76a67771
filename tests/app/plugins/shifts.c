/* Codecs with side data: `shifts` stores x - m, m the mean of its samples; `drifts` stores x - m, m the number of
 * encodes so far. Both decode only what was loaded. `uneven` is drifts with blocks of one row for head 0, two for head
 * 1 and so on. `pools` serves all heads at once, in blocks of 5 positions, and is calibrated with samples of all of
 * them, or fails. */
#include <string.h>

#include "kvant/codec.h"

typedef struct shifts {
    const kvant_host *host;
    size_t dim;
    float m;
    int drifts, ready;     /* ready: calibrated or loaded */
    uint32_t block, heads; /* heads: pooled; 0: it serves one */
} shifts;

static int create(const kvant_host *host, const kvant_shape *shape, void **state, int drifts)
{
    shifts *s = host->alloc(host, sizeof *s);
    if (!s) return host->fail(host, KVANT_E_MEMORY, "no memory");
    *s = (shifts){ .host = host, .dim = (size_t)shape->dim, .drifts = drifts, .block = 1 };
    *state = s;
    return KVANT_OK;
}

static int create_shifts(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, state, 0);
}

static int create_drifts(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, state, 1);
}

static int create_uneven(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const int rc = create_drifts(host, shape, values, state);
    if (rc == KVANT_OK) ((shifts *)*state)->block = (uint32_t)shape->head + 1;
    return rc;
}

static int create_pools(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const int rc = create_shifts(host, shape, values, state);
    if (rc != KVANT_OK) return rc;
    shifts *s = *state;
    s->heads = (uint32_t)shape->n_heads;
    s->block = 5 * s->heads;
    return KVANT_OK;
}

static int geometry(const void *state, kvant_geometry *out)
{
    const shifts *s = state;
    out->block = s->block;
    out->pooled = s->heads > 0;
    return KVANT_OK;
}

static void destroy(void *state)
{
    shifts *s = state;
    if (s) s->host->release(s->host, s);
}

static int calibrate(void *state, const kvant_samples *samples)
{
    shifts *s = state;
    double sum = 0;
    if (s->heads > 0 && samples->sequence != s->heads * samples->n_attention)
        return s->host->fail(s->host, KVANT_E_STATE, "samples are not of %u heads", (unsigned)s->heads);
    for (size_t i = 0; i < samples->n_rows * s->dim; i++)
        sum += (double)samples->rows[i];
    s->m = (float)(sum / (double)(samples->n_rows * s->dim));
    s->ready = 1;
    return KVANT_OK;
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    return n_rows * ((const shifts *)state)->dim * sizeof(float);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    shifts *s = state;
    if (!s->drifts && !s->ready) return s->host->fail(s->host, KVANT_E_STATE, "not calibrated");
    if (capacity < bound(s, first, n_rows)) return s->host->fail(s->host, KVANT_E_SPACE, "too little room");
    if (s->drifts) s->m += 1;
    for (size_t i = 0; i < n_rows * s->dim; i++) {
        const float x = rows[i] - s->m;
        memcpy(out + i * sizeof x, &x, sizeof x);
    }
    return (int64_t)bound(s, first, n_rows);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const shifts *s = state;
    if (!s->ready) return s->host->fail(s->host, KVANT_E_STATE, "not loaded");
    if (n_bytes != bound(s, first, n_rows)) return s->host->fail(s->host, KVANT_E_CORRUPT, "%zu bytes", n_bytes);
    memcpy(rows, bytes, n_bytes);
    for (size_t i = 0; i < n_rows * s->dim; i++)
        rows[i] += s->m;
    return KVANT_OK;
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const shifts *s = state;
    if (out && capacity < sizeof s->m) return s->host->fail(s->host, KVANT_E_SPACE, "too little room");
    if (out) memcpy(out, &s->m, sizeof s->m);
    return sizeof s->m;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    shifts *s = state;
    if (n_bytes != sizeof s->m) return s->host->fail(s->host, KVANT_E_CORRUPT, "%zu bytes", n_bytes);
    memcpy(&s->m, bytes, sizeof s->m);
    s->ready = 1;
    return KVANT_OK;
}

static const kvant_param params[] = { { 0 } };

#define CODEC(variable, codec_name, codec_flags, create_, calibrate_)                                                  \
    static const kvant_codec variable = {                                                                              \
        .size = sizeof(kvant_codec),                                                                                   \
        .abi = KVANT_ABI,                                                                                              \
        .name = codec_name,                                                                                            \
        .version = "1",                                                                                                \
        .family = "test",                                                                                              \
        .summary = "has side data",                                                                                    \
        .reference = "none; for tests",                                                                                \
        .params = params,                                                                                              \
        .flags = codec_flags,                                                                                          \
        .dim_min = 1,                                                                                                  \
        .dim_max = 1024,                                                                                               \
        .dim_step = 1,                                                                                                 \
        .create = create_,                                                                                             \
        .destroy = destroy,                                                                                            \
        .geometry = geometry,                                                                                          \
        .calibrate = calibrate_,                                                                                       \
        .bound = bound,                                                                                                \
        .encode = encode,                                                                                              \
        .decode = decode,                                                                                              \
        .save = save,                                                                                                  \
        .load = load,                                                                                                  \
    }

CODEC(shifts_codec, "shifts", KVANT_CALIBRATES, create_shifts, calibrate);
CODEC(drifts_codec, "drifts", 0, create_drifts, NULL);
CODEC(uneven_codec, "uneven", 0, create_uneven, NULL);
CODEC(pools_codec, "pools", KVANT_CALIBRATES, create_pools, calibrate);

static const kvant_codec *const codecs[] = { &shifts_codec, &drifts_codec, &uneven_codec, &pools_codec, NULL };
KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
