/* Scores of keys before RoPE: a tile of positions at a time is decoded onto its side, turned and multiplied while it is
 * in the first-level cache (kernels/turned.h). Tiles stand at multiples of their width, so that bits depend neither on
 * where a call nor on where a page begins. */
#include <string.h>

#include "app/encoded_streams.h"
#include "kernels/lanes.h"

static size_t tile_floats(const encoded *c)
{
    return (size_t)c->shape->head_dim * c->turned->columns;
}

/* A tile, and the same where a cache line begins. */
size_t encoded_tile_room(const encoded *c)
{
    return tile_floats(c) + LANES_ALIGN / sizeof(float);
}

static float *aligned(float *room)
{
    const uintptr_t past = (uintptr_t)room % LANES_ALIGN;
    return past ? room + (LANES_ALIGN - past) / sizeof *room : room;
}

/* n rows from `at` on become columns into ... into+n-1. */
static void columns_of_rows(const encoded *c, const encoded_keys *k, size_t at, size_t into, size_t n, float *tile)
{
    const size_t dim = (size_t)c->shape->head_dim, columns = c->turned->columns;
    const float *rows = k->rows + at * k->stride;
    if (c->lanes && (size_t)c->lanes->n == columns && n == columns) {
        c->lanes->gather(rows, k->stride, dim, dim, tile);
        return;
    }
    for (size_t r = 0; r < n; r++)
        for (size_t d = 0; d < dim; d++)
            tile[d * columns + into + r] = rows[r * k->stride + d];
}

/* The bytes of the tile after the next: the processor itself does not look on past the end of a page. */
static void ask_ahead(const encoded_keys *k, size_t at, size_t n)
{
    enum { LINE = 64 };
    const size_t from = (at + 2 * n) * k->row_bytes, end = k->n * k->row_bytes, to = from + n * k->row_bytes;
    for (size_t i = from; i < to && i < end; i += LINE)
        __builtin_prefetch(k->bytes + i);
}

static bool fill(const encoded *c, const encoded_keys *k, size_t at, size_t into, size_t n, float *tile, fault *f)
{
    if (n < c->turned->columns) memset(tile, 0, tile_floats(c) * sizeof *tile);
    if (!k->rows) {
        ask_ahead(k, at, n);
        return instance_columns(k->decoder, k->from + at, k->bytes + at * k->row_bytes, n * k->row_bytes, tile + into,
                                c->turned->columns, n, f);
    }
    columns_of_rows(c, k, at, into, n, tile);
    return true;
}

bool encoded_turned_scores(const encoded *c, const rope_table *rope, const encoded_keys *k, const float *q, size_t n_q,
                           float *room, float *scores, size_t ld, fault *f)
{
    const size_t dim = (size_t)c->shape->head_dim, columns = c->turned->columns;
    float *tile = aligned(room);
    for (size_t at = 0, n; at < k->n; at += n) {
        const size_t into = (k->from + at) % columns, left = k->n - at;
        n = left < columns - into ? left : columns - into;
        if (!fill(c, k, at, into, n, tile, f)) return false;
        c->turned->scores(rope, k->from + at - into, tile, dim, q, n_q, into, n, scores + at, ld);
    }
    return k->rows || instance_check_scores(k->decoder, k->from, scores, n_q, k->n, ld, f);
}
