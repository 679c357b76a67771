/* A block codec that behaves: f16 rows, with the geometry its parameters ask for and as many bytes of nothing after
 * each row, so that a test sees which rows the host hands over and which it keeps. Refuses anything but whole blocks.
 * It can pool the heads of a layer, and forget one head, which must come to the same pooled or not.
 */

#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kvant/codec.h"

enum { PARAM_BLOCK, PARAM_WINDOW, PARAM_PAD, PARAM_POOL, PARAM_FORGET };

static const kvant_param params[] = {
    { .name = "block", .type = KVANT_INT, .def = 16, .min = 1, .max = 4096, .help = "rows per block" },
    { .name = "window", .type = KVANT_INT, .def = 0, .min = 0, .max = 4096, .help = "newest rows kept by the host" },
    { .name = "pad", .type = KVANT_INT, .def = 0, .min = 0, .max = 4096, .help = "zero bytes after each row" },
    { .name = "pool",
      .type = KVANT_BOOL,
      .help = "one instance for all heads of a layer; block and window in positions" },
    { .name = "forget", .type = KVANT_INT, .min = 0, .max = 64, .help = "head N-1 comes back as zeros" },
    { 0 },
};

typedef struct blocky {
    const kvant_host *host;
    size_t dim, block, window, pad;
    size_t heads, head; /* of the stream; of its first row */
    int pool, forget;
} blocky;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    blocky *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "blocky: no memory for a state of %zu bytes", sizeof *c);
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->pool = values[PARAM_POOL].i != 0;
    c->forget = (int)values[PARAM_FORGET].i;
    c->heads = c->pool ? (size_t)shape->n_heads : 1;
    c->head = (size_t)shape->head;
    c->block = (size_t)values[PARAM_BLOCK].i * c->heads;
    c->window = (size_t)values[PARAM_WINDOW].i * c->heads;
    c->pad = (size_t)values[PARAM_PAD].i;
    *state = c;
    return KVANT_OK;
}

static void destroy(void *state)
{
    blocky *c = state;
    if (c) c->host->release(c->host, c);
}

static int geometry(const void *state, kvant_geometry *out)
{
    const blocky *c = state;
    out->block = (uint32_t)c->block;
    out->window = (uint32_t)c->window;
    out->pooled = (uint32_t)c->pool;
    return KVANT_OK;
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const blocky *c = state;
    (void)first;
    return n_rows * (c->dim * sizeof(uint16_t) + c->pad);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const blocky *c = state;
    if (first % c->block != 0 || n_rows % c->block != 0)
        return c->host->fail(c->host, KVANT_E_STATE, "blocky: rows %zu … %zu are not whole blocks of %zu", first,
                             first + n_rows, c->block);
    const size_t bytes = bound(c, first, n_rows);
    if (bytes > capacity)
        return c->host->fail(c->host, KVANT_E_SPACE, "blocky: %zu bytes needed, the buffer has %zu", bytes, capacity);
    for (size_t i = 0; i < n_rows * c->dim; i++) {
        const uint16_t h = half_from_float(rows[i]);
        if (half_is_special(h))
            return c->host->fail(c->host, isfinite(rows[i]) ? KVANT_E_RANGE : KVANT_E_NONFINITE,
                                 "blocky: row %zu: %g does not fit f16", first + i / c->dim, (double)rows[i]);
        half_store(out + 2 * i + i / c->dim * c->pad, h);
        if (i % c->dim == c->dim - 1) memset(out + 2 * (i + 1) + i / c->dim * c->pad, 0, c->pad);
    }
    return (int64_t)bytes;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const blocky *c = state;
    if (first % c->block != 0 || n_rows % c->block != 0 || n_bytes != bound(c, first, n_rows))
        return c->host->fail(c->host, KVANT_E_CORRUPT, "blocky: %zu bytes for rows %zu … %zu, blocks of %zu", n_bytes,
                             first, first + n_rows, c->block);
    for (size_t i = 0; i < n_rows * c->dim; i++) {
        const uint16_t h = half_load(bytes + 2 * i + i / c->dim * c->pad);
        if (half_is_special(h))
            return c->host->fail(c->host, KVANT_E_CORRUPT, "blocky: row %zu: a value is not a finite number",
                                 first + i / c->dim);
        const size_t head = c->head + (first + i / c->dim) % c->heads;
        rows[i] = (int)head + 1 == c->forget ? 0.0f : half_to_float(h);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "blocky",
    .version = "1",
    .family = "test",
    .summary = "f16 in blocks of any size, with a window",
    .reference = "none; for tests",
    .params = params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .bound = bound,
    .encode = encode,
    .decode = decode,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
