/* template.c - a complete codec to start from: copy, rename, replace the formula.
 *
 * Each row becomes its largest magnitude as f32, then one signed byte per value. It needs this header and libc:
 *     cc -std=c17 -shared -fPIC -I include template.c -o mine.so && kvant verify ./mine.so
 */
#include <math.h>
#include <string.h>

#include <kvant/codec.h>

static const kvant_param params[] = {
    { .name = "levels", .type = KVANT_INT, .def = 127, .min = 1, .max = 127, .help = "steps from zero to the largest" },
    { 0 },
};

typedef struct codec_state {
    const kvant_host *host;
    size_t dim, row_bytes;
    float levels;
} codec_state;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    codec_state *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "template: no memory for a state of %zu bytes", sizeof *c);
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->row_bytes = sizeof(float) + c->dim;
    c->levels = (float)values[0].i;
    *state = c;
    return KVANT_OK;
}

static void destroy(void *state)
{
    codec_state *c = state;
    if (c) c->host->release(c->host, c);
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    (void)first; /* the position of a row changes nothing here */
    const codec_state *c = state;
    return n_rows > SIZE_MAX / c->row_bytes ? SIZE_MAX : n_rows * c->row_bytes;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const codec_state *c = state;
    const size_t bytes = bound(c, first, n_rows);
    if (bytes > capacity)
        return c->host->fail(c->host, KVANT_E_SPACE, "template: %zu bytes needed, the buffer has %zu", bytes, capacity);

    for (size_t r = 0; r < n_rows; r++, rows += c->dim, out += c->row_bytes) {
        float largest = 0.0f;
        for (size_t i = 0; i < c->dim; i++) {
            if (!isfinite(rows[i]))
                return c->host->fail(c->host, KVANT_E_NONFINITE, "template: row %zu, column %zu is %g", first + r, i,
                                     (double)rows[i]);
            largest = fmaxf(largest, fabsf(rows[i]));
        }
        memcpy(out, &largest, sizeof largest);
        for (size_t i = 0; i < c->dim; i++) {
            const float share = largest > 0.0f ? rows[i] / largest : 0.0f;
            out[sizeof largest + i] = (uint8_t)(int8_t)lrintf(share * c->levels);
        }
    }
    return (int64_t)bytes;
}

static int check_length(const codec_state *c, size_t first, size_t n_bytes, size_t n_rows)
{
    const size_t expected = bound(c, first, n_rows);
    if (n_bytes == expected) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_CORRUPT, "template: %zu bytes for %zu rows, expected %zu", n_bytes, n_rows,
                         expected);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const codec_state *c = state;
    const int rc = check_length(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;

    for (size_t r = 0; r < n_rows; r++, rows += c->dim, bytes += c->row_bytes) {
        float largest;
        memcpy(&largest, bytes, sizeof largest);
        if (!isfinite(largest) || signbit(largest))
            return c->host->fail(c->host, KVANT_E_CORRUPT, "template: row %zu: the largest magnitude is %g", first + r,
                                 (double)largest);
        for (size_t i = 0; i < c->dim; i++) {
            const float code = (float)(int8_t)bytes[sizeof largest + i];
            if (fabsf(code) > c->levels)
                return c->host->fail(c->host, KVANT_E_CORRUPT, "template: row %zu, column %zu: code %g is above %g",
                                     first + r, i, (double)code, (double)c->levels);
            rows[i] = code / c->levels * largest;
        }
    }
    return KVANT_OK;
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    (void)bytes;
    const int rc = check_length(state, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    out->metadata = n_rows * sizeof(float);
    out->payload = n_bytes - out->metadata;
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "template",
    .version = "1",
    .family = "example",
    .summary = "one signed byte a value, one f32 scale a row",
    .reference = "none; a codec to start from",
    .params = params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .split = split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
