#include "plugins/tile_codec.h"

#include "kernels/finite.h"

bool tile_by_channel(const kvant_shape *shape, const kvant_value *axis)
{
    return axis->i == TILE_AXIS_CHANNEL || (axis->i == TILE_AXIS_AUTO && shape->stream == KVANT_K);
}

int tile_codec_create(const kvant_host *host, const char *name, const kvant_shape *shape, size_t bytes, void **state)
{
    tile_codec *c = host->alloc(host, bytes);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "%s: no memory for a state of %zu bytes", name, bytes);
    c->host = host;
    c->name = name;
    c->dim = (size_t)shape->dim;
    *state = c;
    return KVANT_OK;
}

void tile_codec_destroy(void *state)
{
    tile_codec *c = state;
    if (c) c->host->release(c->host, c);
}

int tile_codec_geometry(const void *state, kvant_geometry *out)
{
    const tile_codec *c = state;
    out->block = (uint32_t)c->rows;
    return KVANT_OK;
}

size_t tile_codec_bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    const tile_codec *c = state;
    size_t bytes;
    return __builtin_mul_overflow(n_rows / c->rows + (n_rows % c->rows != 0), c->tile_bytes, &bytes) ? SIZE_MAX : bytes;
}

int tile_codec_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                     kvant_split *out)
{
    (void)bytes;
    const tile_codec *c = state;
    const int rc = tile_codec_check_bytes(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    out->metadata = n_rows / c->rows * c->metadata;
    out->payload = n_bytes - out->metadata;
    out->exact = 0;
    return KVANT_OK;
}

int64_t tile_codec_check_rows(const tile_codec *c, size_t first, const float *rows, size_t n_rows, size_t capacity,
                              float limit)
{
    const kvant_host *host = c->host;
    if (n_rows % c->rows != 0)
        return host->fail(host, KVANT_E_STATE, "%s: %zu rows from row %zu are not whole blocks of %zu", c->name, n_rows,
                          first, c->rows);
    const size_t bytes = tile_codec_bound(c, first, n_rows);
    if (bytes > capacity || bytes > INT64_MAX)
        return host->fail(host, KVANT_E_SPACE, "%s: %zu rows from row %zu need %zu bytes, the buffer has %zu", c->name,
                          n_rows, first, bytes, capacity);
    const size_t n = n_rows * c->dim, large = finite_scan_within(rows, n, limit);
    if (large == n) return (int64_t)bytes;
    const size_t nan = finite_scan(rows, n);
    if (nan < n)
        return host->fail(host, KVANT_E_NONFINITE, "%s: row %zu, column %zu is %g, not a finite number", c->name,
                          first + nan / c->dim, nan % c->dim, (double)rows[nan]);
    return host->fail(host, KVANT_E_RANGE, "%s: row %zu, column %zu is %g, at most %g is taken", c->name,
                      first + large / c->dim, large % c->dim, (double)rows[large], (double)limit);
}

int tile_codec_check_bytes(const tile_codec *c, size_t first, size_t n_bytes, size_t n_rows)
{
    if (n_rows % c->rows == 0 && n_bytes == tile_codec_bound(c, first, n_rows)) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_CORRUPT,
                         "%s: %zu bytes for %zu rows from row %zu, expected %zu for each block of %zu rows", c->name,
                         n_bytes, n_rows, first, c->tile_bytes, c->rows);
}
