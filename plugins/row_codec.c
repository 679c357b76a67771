#include "plugins/row_codec.h"

#include "kernels/cpu.h"
#include "kernels/finite.h"

int row_codec_create(const kvant_host *host, const char *name, const kvant_shape *shape, size_t bytes, void **state)
{
    row_codec *c = host->alloc(host, bytes);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "%s: no memory for a state of %zu bytes", name, bytes);
    c->host = host;
    c->name = name;
    c->dim = (size_t)shape->dim;
    c->lanes = lanes_at(cpu_level());
    *state = c;
    return KVANT_OK;
}

void row_codec_destroy(void *state)
{
    row_codec *c = state;
    if (c) c->host->release(c->host, c);
}

size_t row_codec_bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    const row_codec *c = state;
    size_t bytes;
    return __builtin_mul_overflow(n_rows, c->row_bytes, &bytes) ? SIZE_MAX : bytes;
}

int row_codec_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                    kvant_split *out)
{
    (void)bytes;
    const row_codec *c = state;
    const int rc = row_codec_check_bytes(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    out->metadata = n_rows * c->metadata;
    out->payload = n_bytes - out->metadata;
    out->exact = 0;
    return KVANT_OK;
}

/* The number of bytes to write, or KVANT_E_SPACE. */
static int64_t check_room(const row_codec *c, size_t first, size_t n_rows, size_t capacity)
{
    const size_t bytes = row_codec_bound(c, first, n_rows);
    if (bytes > capacity || bytes > INT64_MAX)
        return c->host->fail(c->host, KVANT_E_SPACE, "%s: %zu rows from row %zu need %zu bytes, the buffer has %zu",
                             c->name, n_rows, first, bytes, capacity);
    return (int64_t)bytes;
}

static int check_finite(const row_codec *c, size_t first, const float *rows, size_t n_rows)
{
    const size_t n = n_rows * c->dim;
    const size_t bad = c->lanes && c->lanes->finite(rows, n) ? n : finite_scan(rows, n);
    if (bad == n) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_NONFINITE, "%s: row %zu, column %zu is %g, not a finite number", c->name,
                         first + bad / c->dim, bad % c->dim, (double)rows[bad]);
}

int64_t row_codec_check_rows(const row_codec *c, size_t first, const float *rows, size_t n_rows, size_t capacity)
{
    const int64_t bytes = check_room(c, first, n_rows, capacity);
    if (bytes < 0) return bytes;
    const int rc = check_finite(c, first, rows, n_rows);
    return rc == KVANT_OK ? bytes : rc;
}

int64_t row_codec_encode(const void *state, row_codec_piece *piece, size_t first, const float *rows, size_t n_rows,
                         uint8_t *out, size_t capacity)
{
    enum { PIECE_VALUES = 4096 }; /* 16 KiB */
    const row_codec *c = state;
    const size_t some =
        c->dim * LANES_MOST < PIECE_VALUES ? PIECE_VALUES / c->dim / LANES_MOST * LANES_MOST : LANES_MOST;
    const int64_t bytes = check_room(c, first, n_rows, capacity);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r += some) {
        const size_t n = n_rows - r < some ? n_rows - r : some;
        const float *x = rows + r * c->dim;
        int rc = check_finite(c, first + r, x, n);
        if (rc == KVANT_OK) rc = piece(state, first + r, x, n, out + r * c->row_bytes);
        if (rc != KVANT_OK) return rc;
    }
    return bytes;
}

int row_codec_check_bytes(const row_codec *c, size_t first, size_t n_bytes, size_t n_rows)
{
    if (n_bytes == row_codec_bound(c, first, n_rows)) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_CORRUPT, "%s: %zu bytes for %zu rows from row %zu, expected %zu (%zu a row)",
                         c->name, n_bytes, n_rows, first, row_codec_bound(c, first, n_rows), c->row_bytes);
}

int row_codec_too_large(const row_codec *c, size_t position, const char *what, double value)
{
    return c->host->fail(c->host, KVANT_E_RANGE, "%s: row %zu: the %s %g does not fit f16 (at most 65504)", c->name,
                         position, what, value);
}

int row_codec_corrupt(const row_codec *c, size_t position, const char *what)
{
    return c->host->fail(c->host, KVANT_E_CORRUPT, "%s: row %zu: %s", c->name, position, what);
}
