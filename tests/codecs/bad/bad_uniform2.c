/* A codec that keeps the interface's rules and is bad at its work: it says rotation and Lloyd-Max, and is neither. Each
 * row becomes its largest magnitude as f16 and two bits a value, for the four levels -1, -1/3, 1/3 and 1 of it. What it
 * writes is what it needs: 2 + ceil(dim / 4) bytes a row.
 */
#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kvant/codec.h"

enum { SCALE_BYTES = 2, CODES_PER_BYTE = 4 };

static const kvant_param params[] = { { 0 } };

typedef struct uniform {
    const kvant_host *host;
    size_t dim, row_bytes;
} uniform;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    uniform *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "bad_uniform2: no memory for a state of %zu bytes", sizeof *c);
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->row_bytes = SCALE_BYTES + (c->dim + CODES_PER_BYTE - 1) / CODES_PER_BYTE;
    *state = c;
    return KVANT_OK;
}

static void destroy(void *state)
{
    uniform *c = state;
    if (c) c->host->release(c->host, c);
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const uniform *c = state;
    (void)first;
    return n_rows > SIZE_MAX / c->row_bytes ? SIZE_MAX : n_rows * c->row_bytes;
}

static float level(unsigned code)
{
    return ((float)code - 1.5f) / 1.5f;
}

static unsigned code_of(float share)
{
    const float code = floorf(share * 1.5f + 2.0f);
    return code < 0.0f ? 0 : code > 3.0f ? 3 : (unsigned)code;
}

static int encode_row(const uniform *c, size_t position, const float *row, uint8_t *out)
{
    float largest = 0.0f;
    for (size_t i = 0; i < c->dim; i++) {
        if (!isfinite(row[i]))
            return c->host->fail(c->host, KVANT_E_NONFINITE, "bad_uniform2: row %zu, column %zu is %g", position, i,
                                 (double)row[i]);
        largest = fmaxf(largest, fabsf(row[i]));
    }
    const uint16_t scale = half_from_float(largest);
    if (half_is_special(scale))
        return c->host->fail(c->host, KVANT_E_RANGE,
                             "bad_uniform2: row %zu: the largest magnitude is %g, f16 ends at 65504", position,
                             (double)largest);
    half_store(out, scale);
    memset(out + SCALE_BYTES, 0, c->row_bytes - SCALE_BYTES);
    for (size_t i = 0; i < c->dim; i++) {
        const unsigned code = code_of(largest > 0.0f ? row[i] / largest : 0.0f);
        out[SCALE_BYTES + i / CODES_PER_BYTE] |= (uint8_t)(code << 2 * (i % CODES_PER_BYTE));
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const uniform *c = state;
    const size_t bytes = bound(c, first, n_rows);
    if (bytes > capacity)
        return c->host->fail(c->host, KVANT_E_SPACE, "bad_uniform2: %zu bytes needed, the buffer has %zu", bytes,
                             capacity);
    for (size_t r = 0; r < n_rows; r++) {
        const int rc = encode_row(c, first + r, rows + r * c->dim, out + r * c->row_bytes);
        if (rc != KVANT_OK) return rc;
    }
    return (int64_t)bytes;
}

static int check_length(const uniform *c, size_t first, size_t n_bytes, size_t n_rows)
{
    const size_t expected = bound(c, first, n_rows);
    if (n_bytes == expected) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_CORRUPT, "bad_uniform2: %zu bytes for %zu rows, expected %zu", n_bytes,
                         n_rows, expected);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const uniform *c = state;
    const int rc = check_length(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++, bytes += c->row_bytes, rows += c->dim) {
        const uint16_t scale = half_load(bytes);
        if (half_is_special(scale) || scale >> 15)
            return c->host->fail(c->host, KVANT_E_CORRUPT,
                                 "bad_uniform2: row %zu: the scale is not a finite positive number", first + r);
        for (size_t i = 0; i < c->dim; i++)
            rows[i] =
                half_to_float(scale) * level(bytes[SCALE_BYTES + i / CODES_PER_BYTE] >> 2 * (i % CODES_PER_BYTE) & 3u);
    }
    return KVANT_OK;
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    (void)bytes;
    const int rc = check_length(state, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    out->metadata = n_rows * SCALE_BYTES;
    out->payload = n_bytes - out->metadata;
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "bad_uniform2",
    .version = "1",
    .family = "bad",
    .summary = "says rotation and Lloyd-Max codebook, is 2 bits a value and the row's largest magnitude as f16",
    .reference = "none; for tests",
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
