/* Rows on their way into the cache: through the codec into pages of bytes, or in f16 until they may. */
#include <stdlib.h>
#include <string.h>

#include "app/encoded_streams.h"
#include "kernels/attention.h"
#include "kernels/half.h"

/* ---- pages ---- */

/* Room for n more bytes in a page: little by little at first, and no more than it needs in the end. */
static bool grow_page(encoded_page *p, size_t n, bool last, fault *f)
{
    size_t room = p->n + n;
    if (!last && room < 2 * p->room) room = 2 * p->room;
    if (last ? p->room == room : p->room >= p->n + n) return true;
    uint8_t *bytes = realloc(p->bytes, room ? room : 1);
    if (!bytes) return fault_memory(f, "the encoded cache");
    p->bytes = bytes;
    p->room = room;
    return true;
}

static encoded_page *page_at(encoded_stream *s, size_t index, fault *f)
{
    if (index >= s->pages_room) {
        const size_t room = index + 1 > 2 * s->pages_room ? index + 1 : 2 * s->pages_room;
        encoded_page *pages = reallocarray(s->pages, room, sizeof *pages);
        if (!pages) {
            fault_memory(f, "the encoded cache");
            return NULL;
        }
        s->pages = pages;
        s->pages_room = room;
    }
    while (s->n_pages <= index)
        s->pages[s->n_pages++] = (encoded_page){ 0 };
    return &s->pages[index];
}

/* Positions that lie in one page. */
static bool encode_piece(const encoded_call *w, int side, encoded_stream *s, const float *rows, size_t n, fault *f)
{
    const size_t heads = (size_t)s->geometry.heads;
    const bool fresh = s->settled == 0, last = (s->settled + n) % s->page == 0;
    const uint8_t *bytes;
    size_t n_bytes;
    encoded_page *p = page_at(s, s->settled / s->page, f);
    if (!p || !instance_encode(s->encoder, s->settled * heads, rows, n * heads, &bytes, &n_bytes, f) ||
        !grow_page(p, n_bytes, last, f))
        return false;
    if (n_bytes > 0) memcpy(p->bytes + p->n, bytes, n_bytes);
    p->n += n_bytes;
    p->positions += n;
    s->settled += n;
    s->written += n_bytes;
    return !(fresh || last) || encoded_ready(w->c, w->layer, side, s, fresh, f);
}

static size_t to_page_end(const encoded_stream *s, size_t until)
{
    const size_t n = s->page - s->settled % s->page;
    return n < until - s->settled ? n : until - s->settled;
}

/* ---- open rows ---- */

void encoded_open_rows(const encoded_stream *s, size_t dim, size_t from, size_t n, float *rows)
{
    const size_t width = (size_t)s->geometry.heads * dim;
    half_to_floats(s->open + (from - s->open_first) * width, rows, n * width);
}

/* Drops what has been settled before this call, and adds n rows. */
static bool add_open(encoded_stream *s, size_t dim, const float *rows, size_t n, fault *f)
{
    const size_t width = (size_t)s->geometry.heads * dim, drop = s->settled - s->open_first,
                 left = s->taken - s->settled;
    if (drop > 0 && left > 0) memmove(s->open, s->open + drop * width, left * width * sizeof *s->open);
    s->open_first = s->settled;
    if (left + n > s->open_room) {
        size_t room = left + n > s->open_room * 3 / 2 ? left + n : s->open_room * 3 / 2;
        uint16_t *open = reallocarray(s->open, room, width * sizeof *open);
        if (!open) return fault_memory(f, "the open rows");
        s->open = open;
        s->open_room = room;
    }
    half_from_floats(rows, s->open + left * width, n * width);
    return true;
}

/* ---- taking ---- */

/* The call's rows of the stream's heads, [position][head][dim], as they are kept: keys after RoPE with rope=post. */
static void gather(const encoded_call *w, const encoded_stream *s, int side, float *rows)
{
    const size_t dim = (size_t)w->c->shape->head_dim, all = (size_t)w->c->shape->n_kv_heads * dim;
    const size_t width = (size_t)s->geometry.heads * dim;
    const float *from = w->rows[side] + (size_t)s->head * dim;
    for (int i = 0; i < w->n; i++, rows += width, from += all) {
        memcpy(rows, from, width * sizeof *rows);
        for (int h = 0; side == KVANT_K && w->c->r.config->rope_post && h < s->geometry.heads; h++)
            rope_rotate(w->rope, rows + (size_t)h * dim, w->first + i);
    }
}

static bool take(const encoded_call *w, int side, encoded_stream *s, float *rows, fault *f)
{
    const size_t dim = (size_t)w->c->shape->head_dim, width = (size_t)s->geometry.heads * dim;
    const bool opens = encoded_opens(s);
    const size_t until = attention_settled((size_t)(w->first + w->n) - 1, s->geometry.block, s->geometry.window);
    if (s->taken != (size_t)w->first)
        return fault_set(f, FAULT_INTERNAL, "row %d follows row %zu in the encoded cache", w->first, s->taken);
    gather(w, s, side, rows);
    if (opens && !add_open(s, dim, rows, (size_t)w->n, f)) return false;
    s->taken += (size_t)w->n;
    while (s->settled < until) {
        const size_t n = to_page_end(s, until);
        if (opens) encoded_open_rows(s, dim, s->settled, n, rows);
        if (!encode_piece(w, side, s, rows, n, f)) return false;
        if (!opens) rows += n * width;
    }
    return true;
}

/* No query from this call on sees what lies before the window. */
static void let_go(const encoded_call *w, encoded_stream *s)
{
    const size_t seen = attention_first((size_t)w->first, (uint32_t)model_window(w->c->shape, w->layer));
    const size_t most = (seen < s->settled ? seen : s->settled) / s->page;
    for (size_t i = most; i-- > 0 && s->pages[i].bytes;) {
        free(s->pages[i].bytes);
        s->pages[i].bytes = NULL;
        s->pages[i].room = 0;
    }
}

void encoded_take(void *call, size_t task, int thread)
{
    const encoded_call *w = call;
    const int heads = w->c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    encoded_stream *s = encoded_stream_of(w->c, w->layer, side, head);
    fault f = { 0 };
    if (!s->encoder) return;
    if (!take(w, side, s, w->c->scratch[thread].rows, &f)) encoded_fail(w->c, task, &f);
    let_go(w, s);
}
