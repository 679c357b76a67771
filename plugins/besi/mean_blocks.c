#include "plugins/besi/mean_blocks.h"

#include <math.h>
#include <string.h>

#include "kernels/finite.h"
#include "kernels/half.h"

enum { MEAN_BYTES = 2 }; /* of one column */

int mean_blocks_create(const kvant_host *host, const char *name, const kvant_shape *shape, const kvant_value *mean,
                       const kvant_value *block, size_t bytes, void **state)
{
    mean_blocks *b = host->alloc(host, bytes);
    if (!b) return host->fail(host, KVANT_E_MEMORY, "%s: no memory for a state of %zu bytes", name, bytes);
    b->host = host;
    b->name = name;
    b->dim = (size_t)shape->dim;
    b->mean = mean->i != 0;
    b->block = b->mean ? (size_t)block->i : 1;
    *state = b;
    return KVANT_OK;
}

void mean_blocks_destroy(void *state)
{
    mean_blocks *b = state;
    if (b) b->host->release(b->host, b);
}

int mean_blocks_geometry(const void *state, kvant_geometry *out)
{
    const mean_blocks *b = state;
    out->block = (uint32_t)b->block;
    return KVANT_OK;
}

static size_t header_bytes(const mean_blocks *b)
{
    return b->mean ? MEAN_BYTES * b->dim : 0;
}

size_t mean_blocks_bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    const mean_blocks *b = state;
    const size_t blocks = n_rows / b->block + (n_rows % b->block != 0);
    size_t bytes;
    const bool over = __builtin_mul_overflow(blocks, header_bytes(b) + b->block * b->row_bytes, &bytes);
    return over || bytes > INT64_MAX ? SIZE_MAX : bytes;
}

int mean_blocks_fit(const mean_blocks *b, size_t position, const float *rows, size_t n, float *mean, uint8_t *out)
{
    double sum[MEAN_BLOCKS_DIM] = { 0 };
    for (size_t r = 0; r < n; r++)
        for (size_t k = 0; k < b->dim; k++)
            sum[k] += (double)rows[r * b->dim + k];
    for (size_t k = 0; k < b->dim; k++) {
        const double value = sum[k] / (double)n;
        const uint16_t stored = half_from_float((float)fmax(-1e9, fmin(1e9, value)));
        if (half_is_special(stored))
            return b->host->fail(b->host, KVANT_E_RANGE,
                                 "%s: row %zu, column %zu: the mean of %zu rows from there is %g and does not fit f16 "
                                 "(at most 65504)",
                                 b->name, position, k, n, value);
        mean[k] = half_to_float(stored);
        if (out) half_store(out + MEAN_BYTES * k, stored);
    }
    return KVANT_OK;
}

static int check_rows(const mean_blocks *b, size_t first, const float *rows, size_t n_rows, size_t capacity)
{
    const size_t bytes = mean_blocks_bound(b, first, n_rows);
    if (n_rows % b->block != 0)
        return b->host->fail(b->host, KVANT_E_STATE, "%s: %zu rows from row %zu are no whole blocks of %zu", b->name,
                             n_rows, first, b->block);
    if (bytes > capacity || bytes == SIZE_MAX)
        return b->host->fail(b->host, KVANT_E_SPACE, "%s: %zu rows from row %zu need %zu bytes, the buffer has %zu",
                             b->name, n_rows, first, bytes, capacity);
    const size_t n = n_rows * b->dim, bad = finite_scan(rows, n);
    if (bad == n) return KVANT_OK;
    return b->host->fail(b->host, KVANT_E_NONFINITE, "%s: row %zu, column %zu is %g, not a finite number", b->name,
                         first + bad / b->dim, bad % b->dim, (double)rows[bad]);
}

int64_t mean_blocks_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const mean_blocks *b = state;
    float mean[MEAN_BLOCKS_DIM] = { 0 }, centred[MEAN_BLOCKS_DIM];
    int rc = check_rows(b, first, rows, n_rows, capacity);
    uint8_t *to = out;
    for (size_t r = 0; r < n_rows && rc == KVANT_OK; r++) {
        const float *row = rows + r * b->dim;
        if (b->mean && r % b->block == 0) {
            rc = mean_blocks_fit(b, first + r, row, b->block, mean, to);
            to += header_bytes(b);
        }
        for (size_t k = 0; k < b->dim; k++)
            centred[k] = row[k] - mean[k];
        if (rc == KVANT_OK) rc = b->encode_row(b, first + r, centred, to);
        to += b->row_bytes;
    }
    return rc == KVANT_OK ? to - out : rc;
}

static int check_bytes(const mean_blocks *b, size_t first, size_t n_bytes, size_t n_rows)
{
    if (n_rows % b->block == 0 && n_bytes == mean_blocks_bound(b, first, n_rows)) return KVANT_OK;
    return b->host->fail(
        b->host, KVANT_E_CORRUPT,
        "%s: %zu bytes for %zu rows from row %zu, expected %zu for whole blocks of %zu (%zu a row, %zu "
        "a mean)",
        b->name, n_bytes, n_rows, first, mean_blocks_bound(b, first, n_rows), b->block, b->row_bytes, header_bytes(b));
}

static int get_mean(const mean_blocks *b, size_t position, const uint8_t *bytes, float *mean)
{
    for (size_t k = 0; k < b->dim; k++) {
        const uint16_t stored = half_load(bytes + MEAN_BYTES * k);
        if (half_is_special(stored))
            return b->host->fail(b->host, KVANT_E_CORRUPT, "%s: row %zu, column %zu: the mean is not a finite number",
                                 b->name, position, k);
        mean[k] = half_to_float(stored);
    }
    return KVANT_OK;
}

int mean_blocks_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const mean_blocks *b = state;
    float mean[MEAN_BLOCKS_DIM] = { 0 };
    int rc = check_bytes(b, first, n_bytes, n_rows);
    for (size_t r = 0; r < n_rows && rc == KVANT_OK; r++) {
        float *row = rows + r * b->dim;
        if (b->mean && r % b->block == 0) {
            rc = get_mean(b, first + r, bytes, mean);
            bytes += header_bytes(b);
        }
        if (rc == KVANT_OK) rc = b->decode_row(b, first + r, bytes, row);
        if (rc != KVANT_OK) break; /* row was not written */
        for (size_t k = 0; k < b->dim; k++)
            row[k] += mean[k];
        bytes += b->row_bytes;
    }
    return rc;
}

int mean_blocks_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                      kvant_split *out)
{
    (void)bytes;
    const mean_blocks *b = state;
    const int rc = check_bytes(b, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    out->metadata = n_rows / b->block * header_bytes(b) + n_rows * b->metadata;
    out->payload = n_bytes - out->metadata;
    out->exact = 0;
    return KVANT_OK;
}
