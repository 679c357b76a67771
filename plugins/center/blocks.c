/* per=block: each block of rows with its mean.
 *
 * A block's bytes:
 *     mean | the inner codec's             where these are as many as its bound says
 *     f16 NaN | u32 | mean | the inner's   where they are fewer: their number, so that blocks can be told apart
 */

#include <string.h>

#include "kernels/half.h"
#include "plugins/center/center.h"

enum { MARK = 0xffff, MARK_BYTES = 6 };

int center_blocks_choose(center *w, int64_t positions)
{
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    const int rc = wrapper_geometry(w, &g);
    if (rc != KVANT_OK) return rc;
    const uint64_t rows = (uint64_t)positions * w->base.heads, block = (rows + g.block - 1) / g.block * g.block;
    if (block > UINT32_MAX)
        return w->base.host->fail(w->base.host, KVANT_E_PARAM, "center: a block of %llu rows is too large",
                                  (unsigned long long)block);
    w->block = (size_t)block;
    return KVANT_OK;
}

/* Every sequence block by block, what is left at its end by itself. */
int center_blocks_calibrate(center *w, size_t n_rows, size_t sequence)
{
    const kvant_host *host = w->base.host;
    uint8_t *mean = host->alloc(host, w->mean_bytes);
    int rc = mean ? KVANT_OK : host->fail(host, KVANT_E_MEMORY, "center: no memory for the mean of a block");
    if (sequence == 0) sequence = n_rows;
    for (size_t at = 0, n; rc == KVANT_OK && at < n_rows; at += n) {
        const size_t left = sequence - at % sequence;
        n = left < w->block ? left : w->block;
        if (n > n_rows - at) n = n_rows - at;
        float *rows = w->base.rows + at * w->base.dim;
        rc =
            n < w->base.heads || n % w->base.heads
                ? host->fail(host, KVANT_E_PARAM, "center: %zu sample rows of %zu heads have no mean", n, w->base.heads)
                : center_store_mean(w, at, rows, n, mean);
        if (rc == KVANT_OK) center_add_mean(w, rows, n, mean, -1.0f);
    }
    host->release(host, mean);
    return rc;
}

static size_t block_bound(const center *w, size_t first)
{
    return wrapper_bound(w, first, w->block);
}

static int64_t encode_block(center *w, size_t first, const float *weights, uint8_t *out, size_t capacity, float *rows)
{
    const kvant_host *host = w->base.host;
    const size_t own = w->mean_bytes;
    int rc = capacity >= own ? center_store_mean(w, first, rows, w->block, out)
                             : host->fail(host, KVANT_E_SPACE, "center: row %zu: %zu bytes are left, expected %zu more",
                                          first, capacity, own);
    if (rc == KVANT_OK && weights) rc = wrapper_weigh(w, weights, w->block);
    if (rc != KVANT_OK) return rc;
    center_add_mean(w, rows, w->block, out, -1.0f);
    const int64_t n = wrapper_encode(w, first, rows, w->block, out + own, capacity - own);
    if (n < 0) return n;
    const size_t all = own + (size_t)n;
    if ((size_t)n >= block_bound(w, first)) return (int64_t)all;
    if (capacity - all < MARK_BYTES || n > UINT32_MAX)
        return host->fail(host, KVANT_E_SPACE, "center: row %zu: %zu bytes are left, expected %zu", first, capacity,
                          all + MARK_BYTES);
    memmove(out + MARK_BYTES, out, all);
    half_store(out, MARK);
    for (int i = 0; i < 4; i++)
        out[2 + i] = (uint8_t)(n >> (8 * i));
    return (int64_t)all + MARK_BYTES;
}

/* One block among the bytes of several: its parts, and their size. */
typedef struct piece {
    const uint8_t *mean, *inner;
    size_t inner_bytes, bytes;
} piece;

static int find_piece(const center *w, size_t first, const uint8_t *bytes, size_t n_bytes, piece *out)
{
    const size_t most = block_bound(w, first);
    const int marked = n_bytes >= MARK_BYTES && half_load(bytes) == MARK;
    const size_t own = w->mean_bytes + (marked ? MARK_BYTES : 0);
    size_t n = most;
    if (marked) n = (size_t)bytes[2] | (size_t)bytes[3] << 8 | (size_t)bytes[4] << 16 | (size_t)bytes[5] << 24;
    if (n_bytes < own || n_bytes - own < n || (marked && n >= most))
        return w->base.host->fail(w->base.host, KVANT_E_CORRUPT,
                                  "center: the block at row %zu: %zu bytes, expected %zu of means and %zu", first,
                                  n_bytes, own, n);
    *out = (piece){ bytes + own - w->mean_bytes, bytes + own, n, own + n };
    return center_check_mean(w, out->mean);
}

static int check_rows(const center *w, int code, size_t first, size_t n_rows)
{
    if (first % w->block == 0 && n_rows % w->block == 0) return KVANT_OK;
    return w->base.host->fail(w->base.host, code, "center: %zu rows from row %zu, expected blocks of %zu", n_rows,
                              first, w->block);
}

static int check_end(const center *w, size_t at, size_t n_bytes, size_t n_rows)
{
    if (at == n_bytes) return KVANT_OK;
    return w->base.host->fail(w->base.host, KVANT_E_CORRUPT, "center: %zu bytes for %zu rows, expected %zu", n_bytes,
                              n_rows, at);
}

size_t center_blocks_bound(const center *w, size_t first, size_t n_rows)
{
    size_t sum = 0;
    for (size_t r = 0; r < n_rows; r += w->block) {
        const size_t inner = block_bound(w, first + r), own = w->mean_bytes + MARK_BYTES;
        if (inner > SIZE_MAX - own - sum) return SIZE_MAX;
        sum += inner + own;
    }
    return sum;
}

int64_t center_blocks_encode(center *w, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const float *weights;
    size_t at = 0;
    int rc = wrapper_kept_weights(&w->base, n_rows, &weights);
    if (rc == KVANT_OK) rc = wrapper_copy(&w->base, first, rows, n_rows, CENTER_LARGEST);
    if (rc == KVANT_OK) rc = check_rows(w, KVANT_E_STATE, first, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r += w->block) {
        const int64_t n = encode_block(w, first + r, weights ? weights + r : NULL, out + at, capacity - at,
                                       w->base.rows + r * w->base.dim);
        if (n < 0) return n;
        at += (size_t)n;
    }
    return (int64_t)at;
}

int center_blocks_decode(center *w, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    size_t at = 0;
    int rc = check_rows(w, KVANT_E_CORRUPT, first, n_rows);
    for (size_t r = 0; rc == KVANT_OK && r < n_rows; r += w->block) {
        piece p = { 0 };
        rc = find_piece(w, first + r, bytes + at, n_bytes - at, &p);
        if (rc == KVANT_OK)
            rc = center_decode_rows(w, first + r, p.inner, p.inner_bytes, rows + r * w->base.dim, w->block, p.mean);
        if (rc == KVANT_OK) at += p.bytes;
    }
    return rc == KVANT_OK ? check_end(w, at, n_bytes, n_rows) : rc;
}

int center_blocks_split(const center *w, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                        kvant_split *out)
{
    size_t at = 0;
    int rc = check_rows(w, KVANT_E_CORRUPT, first, n_rows);
    for (size_t r = 0; rc == KVANT_OK && r < n_rows; r += w->block) {
        piece p = { 0 };
        kvant_split inner = { .size = sizeof inner, .abi = KVANT_ABI };
        rc = find_piece(w, first + r, bytes + at, n_bytes - at, &p);
        if (rc == KVANT_OK) rc = wrapper_split(w, first + r, p.inner, p.inner_bytes, w->block, &inner);
        if (rc != KVANT_OK) return rc;
        out->payload += inner.payload;
        out->metadata += inner.metadata + (p.bytes - p.inner_bytes);
        out->exact += inner.exact;
        at += p.bytes;
    }
    return rc == KVANT_OK ? check_end(w, at, n_bytes, n_rows) : rc;
}
