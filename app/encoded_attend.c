/* Attention on a cache as bytes: page by page, for a block of queries at a time. */
#include <math.h>
#include <string.h>

#include "app/encoded_streams.h"
#include "base/clock.h"
#include "kernels/attention.h"

enum {
    SCORES = 8 << 20,   /* at most so many at a time, unless one position has more */
    QUERIES_A_TASK = 32 /* when partial sums are added up */
};

/* Positions that one task looks at: those of a page, or open ones, which are cut at multiples of ENCODED_PAGE. */
typedef struct cell {
    bool open;
    size_t page; /* its index */
    size_t from, n;
} cell;

typedef struct cells {
    size_t first_page, n_pages;
    size_t first_open, n_open; /* in ENCODED_PAGE positions */
    size_t open_from, end;
} cells;

typedef struct block {
    const encoded_call *w;
    size_t first, n; /* positions of the queries */
    size_t group, dim, n_queries;
    uint32_t visible;
    float scale;
    size_t low, stride; /* of the scores: position `low` comes first */
    cells cells[2];
} block;

/* ---- what is where ---- */

static cells cells_of(const encoded_stream *s, const block *b)
{
    const size_t low = attention_first(b->first, b->visible), end = b->first + b->n;
    const size_t until = attention_settled(end - 1, s->geometry.block, s->geometry.window);
    cells c = { .first_page = low / s->page, .end = end };
    if (until > low) c.n_pages = (until + s->page - 1) / s->page - c.first_page;
    c.open_from = attention_settled(b->first, s->geometry.block, s->geometry.window);
    if (c.open_from < low) c.open_from = low;
    if (!encoded_opens(s) || c.open_from >= end) return c;
    c.first_open = c.open_from / ENCODED_PAGE;
    c.n_open = (end - 1) / ENCODED_PAGE + 1 - c.first_open;
    return c;
}

static cell cell_at(const encoded_stream *s, const cells *c, size_t i)
{
    if (i < c->n_pages) {
        const size_t page = c->first_page + i;
        return (cell){ .page = page, .from = page * s->page, .n = s->pages[page].positions };
    }
    size_t from = (c->first_open + i - c->n_pages) * ENCODED_PAGE, end = from + ENCODED_PAGE;
    if (from < c->open_from) from = c->open_from;
    if (end > c->end) end = c->end;
    return (cell){ .open = true, .from = from, .n = end - from };
}

/* The positions of a cell that query j sees there: *from ... *to-1; none when they are equal. */
static void sight(const block *b, const encoded_stream *s, const cell *at, size_t j, size_t *from, size_t *to)
{
    const size_t t = b->first + j / b->group, settled = attention_settled(t, s->geometry.block, s->geometry.window);
    const size_t end = at->from + at->n;
    size_t low = attention_first(t, b->visible), high = at->open ? t + 1 : settled;
    if (at->open && low < settled) low = settled;
    if (low < at->from) low = at->from;
    if (low > end) low = end;
    if (high > end) high = end;
    *from = low;
    *to = high > low ? high : low;
}

static size_t n_cells(const block *b, int side)
{
    return b->cells[side].n_pages + b->cells[side].n_open;
}

/* ---- rows ---- */

/* The cell as f32 rows [position][head][dim] in the thread's scratch. */
static bool unfold(const block *b, encoded_stream *s, const cell *at, float *rows, fault *f)
{
    const size_t heads = (size_t)s->geometry.heads;
    if (at->open) {
        encoded_open_rows(s, b->dim, at->from, at->n, rows);
        return true;
    }
    const encoded_page *p = &s->pages[at->page];
    pthread_mutex_lock(&s->lock);
    const bool ok = instance_decode_into(s->decoder, at->from * heads, p->bytes, p->n, rows, at->n * heads, f);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static size_t padded(const encoded *c, size_t n)
{
    const size_t width = (size_t)c->simd->width;
    return (n + width - 1) / width * width;
}

/* scores of n rows that stand `stride` floats apart; `padded(n)` scores for each query. */
static void multiply(const block *b, const float *rows, size_t stride, size_t n, const float *q, float *panels,
                     float *scores)
{
    const encoded *c = b->w->c;
    const size_t width = (size_t)c->simd->width, wide = padded(c, n);
    for (size_t i = 0; i < n; i += width) {
        const int count = n - i < width ? (int)(n - i) : (int)width;
        c->simd->pack(rows + i * stride, stride, count, b->dim, panels);
        c->simd->panel(q, b->dim, b->n_queries, panels, width, b->dim, scores + i, wide, (int)width, false);
    }
}

/* out += weights · rows; a row may be read up to a panel's width past its end. */
static void add_rows(const block *b, const float *rows, size_t stride, size_t n, const float *weights, float *out)
{
    const simd *s = b->w->c->simd;
    for (size_t d = 0; d < b->dim; d += (size_t)s->width) {
        const int columns = b->dim - d < (size_t)s->width ? (int)(b->dim - d) : s->width;
        s->panel(weights, n, b->n_queries, rows + d, stride, n, out + d, b->dim, columns, true);
    }
}

/* ---- scores ---- */

static void store_scores(const block *b, const encoded_stream *s, const cell *at, size_t index, size_t head,
                         const float *scores, size_t stride)
{
    const encoded *c = b->w->c;
    float *most = c->most + (head * n_cells(b, KVANT_K) + index) * b->n_queries;
    for (size_t j = 0; j < b->n_queries; j++) {
        size_t from, to;
        sight(b, s, at, j, &from, &to);
        const float *seen = scores + j * stride + (from - at->from);
        memcpy(c->scores + (head * b->n_queries + j) * b->stride + (from - b->low), seen, (to - from) * sizeof *seen);
        most[j] = c->weights->max(seen, to - from);
    }
}

/* Of keys before RoPE, which are turned on the way; `index` is the cell's. */
static bool score_turned(const block *b, encoded_stream *s, size_t index, encoded_scratch *scratch, fault *f)
{
    const encoded *c = b->w->c;
    const cell at = cell_at(s, &b->cells[KVANT_K], index);
    const size_t wide = padded(c, at.n), all = b->n_queries * b->dim;
    encoded_keys keys = { .from = at.from, .n = at.n, .stride = (size_t)s->geometry.heads * b->dim };
    const bool columns = !at.open && s->geometry.heads == 1 && instance_has_columns(s->decoder);
    if (columns) {
        const encoded_page *p = &s->pages[at.page];
        keys.decoder = s->decoder;
        keys.bytes = p->bytes;
        keys.row_bytes = p->n / p->positions;
    } else if (!unfold(b, s, &at, scratch->rows, f)) {
        return false;
    }
    for (size_t h = 0; h < (size_t)s->geometry.heads; h++) {
        const size_t head = (size_t)s->head + h;
        keys.rows = columns ? NULL : scratch->rows + h * b->dim;
        if (!encoded_turned_scores(c, b->w->rope, &keys, c->queries + head * all, b->n_queries, scratch->panels,
                                   scratch->weights, wide, f))
            return false;
        store_scores(b, s, &at, index, head, scratch->weights, wide);
    }
    return true;
}

static bool score(const block *b, encoded_stream *s, size_t index, encoded_scratch *scratch, fault *f)
{
    const encoded *c = b->w->c;
    const cell at = cell_at(s, &b->cells[KVANT_K], index);
    const size_t all = b->n_queries * b->dim;
    if (!c->r.config->rope_post) return score_turned(b, s, index, scratch, f);
    if (!at.open && s->geometry.heads == 1 && instance_has_scores(s->decoder)) {
        const encoded_page *p = &s->pages[at.page];
        const size_t head = (size_t)s->head;
        if (!instance_scores(s->decoder, at.from, p->bytes, p->n, at.n, c->queries + head * all, b->n_queries,
                             scratch->weights, f))
            return false;
        store_scores(b, s, &at, index, head, scratch->weights, at.n);
        return true;
    }
    if (!unfold(b, s, &at, scratch->rows, f)) return false;
    for (size_t h = 0; h < (size_t)s->geometry.heads; h++) {
        const size_t head = (size_t)s->head + h;
        multiply(b, scratch->rows + h * b->dim, (size_t)s->geometry.heads * b->dim, at.n, c->queries + head * all,
                 scratch->panels, scratch->weights);
        store_scores(b, s, &at, index, head, scratch->weights, padded(c, at.n));
    }
    return true;
}

static void score_task(void *arg, size_t task, int thread)
{
    const block *b = arg;
    encoded *c = b->w->c;
    const size_t heads = (size_t)c->shape->n_kv_heads;
    encoded_stream *s = encoded_stream_of(c, b->w->layer, KVANT_K, (int)(task % heads));
    fault f = { 0 };
    if (s->encoder && !score(b, s, task / heads, &c->scratch[thread], &f)) encoded_fail(c, task, &f);
}

/* ---- weighted rows ---- */

/* What query j's weights are relative to: its largest score. */
static float largest_of(const block *b, size_t head, size_t j)
{
    const size_t n = n_cells(b, KVANT_K);
    const float *most = b->w->c->most + head * n * b->n_queries + j;
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = most[i * b->n_queries] > max ? most[i * b->n_queries] : max;
    return max;
}

/* The weights of a cell's rows, [query][row]; 0 where a query does not see the row in this cell. True when any is not
 * 0. */
static bool weigh(const block *b, const encoded_stream *s, const cell *at, size_t head, float *sums,
                  encoded_scratch *scratch)
{
    const encoded *c = b->w->c;
    size_t kept = 0;
    for (size_t j = 0; j < b->n_queries; j++) {
        size_t from, to;
        sight(b, s, at, j, &from, &to);
        float *row = scratch->weights + j * at->n, *seen = row + (from - at->from);
        const float *scores = c->scores + (head * b->n_queries + j) * b->stride + (from - b->low);
        memset(row, 0, (from - at->from) * sizeof *row);
        sums[j] = c->weights->make(scores, to - from, largest_of(b, head, j), b->scale, seen, &kept);
        memset(seen + (to - from), 0, (at->from + at->n - to) * sizeof *row);
        scratch->seen += to - from;
    }
    scratch->kept += kept;
    return kept > 0;
}

static bool mix(const block *b, encoded_stream *s, size_t index, encoded_scratch *scratch, fault *f)
{
    const encoded *c = b->w->c;
    const cell at = cell_at(s, &b->cells[KVANT_V], index);
    bool unfolded = false;
    for (size_t h = 0; h < (size_t)s->geometry.heads; h++) {
        const size_t head = (size_t)s->head + h, place = (head * n_cells(b, KVANT_V) + index) * b->n_queries;
        float *out = c->partial + place * b->dim;
        if (!weigh(b, s, &at, head, c->sums + place, scratch)) continue;
        memset(out, 0, b->n_queries * b->dim * sizeof *out);
        if (!at.open && s->geometry.heads == 1 && instance_has_mix(s->decoder)) {
            const encoded_page *p = &s->pages[at.page];
            if (!instance_mix(s->decoder, at.from, p->bytes, p->n, at.n, scratch->weights, b->n_queries, out, f))
                return false;
            continue;
        }
        if (!unfolded && !unfold(b, s, &at, scratch->rows, f)) return false;
        unfolded = true;
        add_rows(b, scratch->rows + h * b->dim, (size_t)s->geometry.heads * b->dim, at.n, scratch->weights, out);
    }
    return true;
}

static void mix_task(void *arg, size_t task, int thread)
{
    const block *b = arg;
    encoded *c = b->w->c;
    const size_t heads = (size_t)c->shape->n_kv_heads;
    encoded_stream *s = encoded_stream_of(c, b->w->layer, KVANT_V, (int)(task % heads));
    fault f = { 0 };
    if (s->encoder && !mix(b, s, task / heads, &c->scratch[thread], &f)) encoded_fail(c, task, &f);
}

/* ---- the ends ---- */

/* Queries of one kv head: [query][dim], rotated. */
static void query_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const block *b = arg;
    const encoded_call *w = b->w;
    const size_t width = (size_t)w->c->shape->n_heads * b->dim, begin = b->first - (size_t)w->first;
    float *to = w->c->queries + task * b->n_queries * b->dim;
    for (size_t i = 0; i < b->n; i++) {
        memcpy(to + i * b->group * b->dim, w->q + (begin + i) * width + task * b->group * b->dim,
               b->group * b->dim * sizeof *to);
        for (size_t g = 0; g < b->group; g++)
            rope_rotate(w->rope, to + (i * b->group + g) * b->dim, (int)(b->first + i));
    }
}

static void add_up(const block *b, size_t head, size_t j)
{
    const encoded_call *w = b->w;
    const size_t n = n_cells(b, KVANT_V), width = (size_t)w->c->shape->n_heads * b->dim;
    const size_t position = b->first - (size_t)w->first + j / b->group;
    float *out = w->out + position * width + (head * b->group + j % b->group) * b->dim, sum = 0;
    memset(out, 0, b->dim * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const size_t place = (head * n + i) * b->n_queries + j;
        const float *part = w->c->partial + place * b->dim;
        if (w->c->sums[place] == 0) continue; /* then nothing was written there */
        sum += w->c->sums[place];
        for (size_t d = 0; d < b->dim; d++)
            out[d] += part[d];
    }
    const float inverse = 1 / sum; /* the largest score's weight is 1 */
    for (size_t d = 0; d < b->dim; d++)
        out[d] *= inverse;
}

static void add_up_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const block *b = arg;
    const size_t heads = (size_t)b->w->c->shape->n_kv_heads, from = task / heads * QUERIES_A_TASK;
    for (size_t j = from; j < from + QUERIES_A_TASK && j < b->n_queries; j++)
        add_up(b, task % heads, j);
}

/* ---- a block ---- */

static bool room_for(const block *b, fault *f)
{
    encoded *c = b->w->c;
    const size_t heads = (size_t)c->shape->n_kv_heads, all = heads * b->n_queries;
    const size_t end = (size_t)b->w->first + (size_t)b->w->n; /* a page may hold rows that this block does not see */
    const size_t page = c->most_page < end ? c->most_page : end;
    const size_t wide = padded(c, page > ENCODED_PAGE ? page : ENCODED_PAGE);
    const size_t panel = (size_t)c->simd->width * b->dim, tile = encoded_tile_room(c);
    const size_t panels = panel > tile ? panel : tile;
    if (!encoded_room(&c->queries, &c->queries_room, all * b->dim, f) ||
        !encoded_room(&c->scores, &c->scores_room, all * b->stride, f) ||
        !encoded_room(&c->most, &c->most_room, all * n_cells(b, KVANT_K), f) ||
        !encoded_room(&c->sums, &c->sums_room, all * n_cells(b, KVANT_V), f) ||
        !encoded_room(&c->partial, &c->partial_room, all * n_cells(b, KVANT_V) * b->dim, f))
        return false;
    for (int i = 0; i < c->n_threads; i++) {
        encoded_scratch *s = &c->scratch[i];
        if (!encoded_room(&s->panels, &s->panels_room, panels, f) ||
            !encoded_room(&s->weights, &s->weights_room, b->n_queries * wide, f))
            return false;
    }
    return true;
}

static bool attend_block(block *b, fault *f)
{
    encoded *c = b->w->c;
    const size_t heads = (size_t)c->shape->n_kv_heads;
    b->n_queries = b->n * b->group;
    b->low = attention_first(b->first, b->visible);
    b->stride = b->first + b->n - b->low;
    for (int side = KVANT_K; side <= KVANT_V; side++)
        b->cells[side] = cells_of(encoded_stream_of(c, b->w->layer, side, 0), b);
    if (!room_for(b, f)) return false;
    const double begin = clock_seconds();
    for (size_t h = 0; b->n == 1 && h < heads; h++)
        query_task(b, h, 0);
    if (b->n > 1) pool_run(engine_pool(c->r.e), heads, query_task, b);
    if (!encoded_run(c, heads * n_cells(b, KVANT_K), score_task, b, f)) return false;
    const double scored = clock_seconds();
    if (!encoded_run(c, heads * n_cells(b, KVANT_V), mix_task, b, f)) return false;
    const size_t parts = heads * ((b->n_queries + QUERIES_A_TASK - 1) / QUERIES_A_TASK);
    for (size_t i = 0; b->n == 1 && i < parts; i++)
        add_up_task(b, i, 0);
    if (b->n > 1) pool_run(engine_pool(c->r.e), parts, add_up_task, b);
    c->work.scores_s += scored - begin;
    c->work.mix_s += clock_seconds() - scored;
    return true;
}

bool encoded_attend(const encoded_call *w, fault *f)
{
    const model_shape *s = w->c->shape;
    const size_t end = (size_t)w->first + (size_t)w->n, most = SCORES / (end * (size_t)s->n_heads);
    for (size_t first = (size_t)w->first, n; first < end; first += n) {
        n = end - first;
        if (n > most) n = most > 0 ? most : 1;
        block b = { .w = w,
                    .first = first,
                    .n = n,
                    .group = (size_t)s->n_heads / (size_t)s->n_kv_heads,
                    .dim = (size_t)s->head_dim,
                    .visible = (uint32_t)model_window(s, w->layer),
                    .scale = s->score_scale };
        if (!attend_block(&b, f)) return false;
    }
    return true;
}
