#include "tests/codecs/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK, POOLED, CALIBRATES, VARIABLE, WEIGHS, COARSE, PROBE_PARAMS };

static const kvant_param probe_params[] = {
    { .name = "block", .type = KVANT_INT, .def = 1, .min = 1, .max = 4096, .help = "rows per block" },
    { .name = "pooled", .type = KVANT_BOOL, .help = "all heads in one instance" },
    { .name = "calibrates", .type = KVANT_BOOL, .help = "side data: the samples" },
    { .name = "variable", .type = KVANT_BOOL, .help = "up to 3 bytes more per block" },
    { .name = "weighs", .type = KVANT_BOOL, .def = 1, .help = "takes weights" },
    { .name = "coarse", .type = KVANT_BOOL, .help = "values are rounded to whole numbers" },
    { 0 },
};

typedef struct probe {
    const kvant_host *host;
    size_t dim, heads;
    kvant_value values[PROBE_PARAMS];
    uint8_t *side;
    size_t n_side;
    float *weights;
    size_t n_weights;
} probe;

static int probe_create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    probe *c = host->alloc(host, sizeof *c);
    if (!c) return (host->fail)(host, KVANT_E_MEMORY, "probe: no memory");
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->heads = (size_t)shape->n_heads;
    memcpy(c->values, values, sizeof c->values);
    *state = c;
    return KVANT_OK;
}

static void probe_destroy(void *state)
{
    probe *c = state;
    if (!c) return;
    c->host->release(c->host, c->side);
    c->host->release(c->host, c->weights);
    c->host->release(c->host, c);
}

static int probe_geometry(const void *state, kvant_geometry *out)
{
    const probe *c = state;
    out->block = (uint32_t)c->values[BLOCK].i;
    out->window = 7 * (uint32_t)(c->values[POOLED].i ? c->heads : 1);
    out->pooled = (uint32_t)c->values[POOLED].i;
    out->calibrates = (uint32_t)c->values[CALIBRATES].i;
    out->weighs = (uint32_t)c->values[WEIGHS].i;
    return KVANT_OK;
}

static int probe_set_side(probe *c, const void *const *parts, const size_t *sizes, size_t n)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += sizes[i];
    c->host->release(c->host, c->side);
    c->side = c->host->alloc(c->host, all);
    c->n_side = 0;
    if (!c->side) return (c->host->fail)(c->host, KVANT_E_MEMORY, "probe: no memory for %zu bytes", all);
    for (size_t i = 0; i < n; c->n_side += sizes[i++])
        if (sizes[i]) memcpy(c->side + c->n_side, parts[i], sizes[i]);
    return KVANT_OK;
}

static int probe_calibrate(void *state, const kvant_samples *s)
{
    probe *c = state;
    const size_t heads = c->values[POOLED].i ? c->heads : 1;
    const probe_samples head = { s->n_rows, s->sequence, s->attention ? s->n_attention : 0,
                                 s->query_moment ? c->dim * c->dim : 0, s->query_moment_met ? c->dim * c->dim : 0 };
    const void *const parts[] = { &head, s->rows, s->query_moment, s->query_moment_met, s->attention };
    const size_t sizes[] = { sizeof head, s->n_rows * c->dim * sizeof(float), heads * head.n_moment * sizeof(float),
                             heads * head.n_met * sizeof(float), heads * head.n_attention * sizeof(float) };
    assert_int_equal(s->size, sizeof *s);
    return probe_set_side(c, parts, sizes, 5);
}

static int probe_weigh(void *state, const float *weights, size_t n_rows)
{
    probe *c = state;
    if (!c->values[WEIGHS].i) return (c->host->fail)(c->host, KVANT_E_PARAM, "probe fits nothing to its rows");
    c->host->release(c->host, c->weights);
    c->n_weights = 0;
    c->weights = c->host->alloc(c->host, (n_rows + 1) * sizeof *c->weights);
    if (!c->weights) return (c->host->fail)(c->host, KVANT_E_MEMORY, "probe: no memory for weights");
    for (size_t i = 0; i < n_rows; i++)
        if (!((c->weights[i] = weights[i]) > 0.0f && isfinite(weights[i])))
            return (c->host->fail)(c->host, KVANT_E_RANGE, "probe: weight %zu is %g", i, (double)weights[i]);
    c->n_weights = n_rows;
    return KVANT_OK;
}

static size_t probe_row_bytes(const probe *c)
{
    return 12 + 4 * c->dim;
}

static size_t probe_bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    const probe *c = state;
    return n_rows * probe_row_bytes(c) + (c->values[VARIABLE].i ? 5 * n_rows / (size_t)c->values[BLOCK].i : 0);
}

static int probe_ready(const probe *c, size_t first, size_t n_rows)
{
    if (c->values[CALIBRATES].i && !c->side) return (c->host->fail)(c->host, KVANT_E_STATE, "probe: not calibrated");
    if (first % (size_t)c->values[BLOCK].i == 0 && n_rows % (size_t)c->values[BLOCK].i == 0) return KVANT_OK;
    return (c->host->fail)(c->host, KVANT_E_STATE, "probe: %zu rows from %zu are not whole blocks", n_rows, first);
}

static int64_t probe_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    probe *c = state;
    const size_t row_bytes = probe_row_bytes(c), block = (size_t)c->values[BLOCK].i, n_weights = c->n_weights;
    const int rc = probe_ready(c, first, n_rows);
    size_t at = 0;
    c->n_weights = 0;
    if (rc != KVANT_OK) return rc;
    if (n_weights && n_weights != n_rows)
        return (c->host->fail)(c->host, KVANT_E_STATE, "probe: %zu weights for %zu rows", n_weights, n_rows);
    for (size_t r = 0; r < n_rows; r++, rows += c->dim) {
        const uint64_t position = first + r;
        const float weight = n_weights ? c->weights[r] : 1.0f;
        const size_t pad = !c->values[VARIABLE].i || r % block ? 0 : (size_t)fmodf(fabsf(rows[0]) * 100.0f, 4.0f) % 4;
        const size_t more = c->values[VARIABLE].i && r % block == 0 ? 1 + pad : 0;
        for (size_t i = 0; i < c->dim; i++)
            if (!isfinite(rows[i]))
                return (c->host->fail)(c->host, KVANT_E_NONFINITE, "probe: row %zu, column %zu is %g", first + r, i,
                                       (double)rows[i]);
        if (capacity - at < row_bytes + more)
            return (c->host->fail)(c->host, KVANT_E_SPACE, "probe: %zu bytes are left", capacity - at);
        if (more) out[at] = (uint8_t)pad;
        for (size_t i = 1; i < more; i++)
            out[at + i] = 0x77;
        at += more;
        memcpy(out + at, &position, 8);
        memcpy(out + at + 8, &weight, 4);
        memcpy(out + at + 12, rows, 4 * c->dim);
        for (size_t i = 0; c->values[COARSE].i && i < c->dim; i++) {
            const float whole = rintf(rows[i]);
            memcpy(out + at + 12 + 4 * i, &whole, 4);
        }
        at += row_bytes;
    }
    return (int64_t)at;
}

static int probe_corrupt(const probe *c, size_t row)
{
    return (c->host->fail)(c->host, KVANT_E_CORRUPT, "probe: row %zu", row);
}

static int probe_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const probe *c = state;
    const int rc = probe_ready(c, first, n_rows);
    const size_t row_bytes = probe_row_bytes(c), block = (size_t)c->values[BLOCK].i;
    if (rc != KVANT_OK) return rc == KVANT_E_STATE && c->values[CALIBRATES].i && !c->side ? rc : KVANT_E_CORRUPT;
    for (size_t r = 0; r < n_rows; r++, rows += c->dim) {
        uint64_t position;
        float weight;
        if (c->values[VARIABLE].i && r % block == 0) {
            if (n_bytes < 1 || bytes[0] > 3 || n_bytes < 1u + bytes[0]) return probe_corrupt(c, first + r);
            for (size_t i = 0; i < bytes[0]; i++)
                if (bytes[1 + i] != 0x77) return probe_corrupt(c, first + r);
            n_bytes -= 1u + bytes[0];
            bytes += 1u + bytes[0];
        }
        if (n_bytes < row_bytes) return probe_corrupt(c, first + r);
        memcpy(&position, bytes, 8);
        memcpy(&weight, bytes + 8, 4);
        memcpy(rows, bytes + 12, 4 * c->dim);
        if (position != first + r || !(weight > 0.0f)) return probe_corrupt(c, first + r);
        for (size_t i = 0; i < c->dim; i++)
            if (!isfinite(rows[i])) return probe_corrupt(c, first + r);
        bytes += row_bytes;
        n_bytes -= row_bytes;
    }
    return n_bytes ? probe_corrupt(c, first + n_rows) : KVANT_OK;
}

static int64_t probe_save(const void *state, uint8_t *out, size_t capacity)
{
    const probe *c = state;
    if (out && capacity < c->n_side) return (c->host->fail)(c->host, KVANT_E_SPACE, "probe: side data");
    if (out && c->n_side) memcpy(out, c->side, c->n_side);
    return (int64_t)c->n_side;
}

static int probe_load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    probe *c = state;
    const size_t heads = c->values[POOLED].i ? c->heads : 1;
    probe_samples s;
    if (n_bytes < sizeof s || (n_bytes - sizeof s) % 4)
        return (c->host->fail)(c->host, KVANT_E_CORRUPT, "probe: %zu bytes of side data", n_bytes);
    memcpy(&s, bytes, sizeof s);
    const size_t floats = (n_bytes - sizeof s) / 4;
    if (s.n_rows > floats || s.n_moment > floats || s.n_met > floats || s.n_attention > floats ||
        s.n_rows * c->dim + heads * (s.n_moment + s.n_met + s.n_attention) != floats)
        return (c->host->fail)(c->host, KVANT_E_CORRUPT, "probe: %zu bytes of side data", n_bytes);
    const void *const part = bytes;
    return probe_set_side(c, &part, &n_bytes, 1);
}

static int probe_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                       kvant_split *out)
{
    (void)state, (void)first, (void)bytes;
    out->metadata = n_rows;
    out->payload = n_bytes - n_rows;
    return KVANT_OK;
}

const kvant_codec probe_codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "probe",
    .params = probe_params,
    .dim_min = 1,
    .dim_max = 512,
    .dim_step = 1,
    .create = probe_create,
    .destroy = probe_destroy,
    .geometry = probe_geometry,
    .calibrate = probe_calibrate,
    .weigh = probe_weigh,
    .bound = probe_bound,
    .encode = probe_encode,
    .decode = probe_decode,
    .save = probe_save,
    .load = probe_load,
    .split = probe_split,
};

void probe_rows(const uint8_t *bytes, size_t n_rows, size_t dim, probe_row *rows, float **memory)
{
    *memory = malloc(n_rows * dim * sizeof **memory);
    assert_non_null(*memory);
    for (size_t r = 0; r < n_rows; r++, bytes += 12 + 4 * dim) {
        memcpy(&rows[r].position, bytes, 8);
        memcpy(&rows[r].weight, bytes + 8, 4);
        memcpy(*memory + r * dim, bytes + 12, 4 * dim);
        rows[r].values = *memory + r * dim;
    }
}
