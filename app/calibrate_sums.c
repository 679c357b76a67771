#include "app/calibrate_sums.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"
#include "kernels/dense.h"

enum {
    TILE = 16,   /* positions whose attention is computed at once */
    PART = 64,   /* positions of a task */
    PACKED = 256 /* keys that a task packs: whole panels */
};

typedef struct piece_work {
    const calibrate_piece *p;
    head_sums *sums;
    const simd *level;
    const dense *loops;
    size_t heads, group, dim, n_rows, parts;
    size_t panel_floats, scratch_floats, stride; /* of a head's keys, of a thread, of a row of scores */
    float *panels;                               /* [kv head] */
    float *turned;                               /* [kv head][position][query head of the group][dim], after RoPE */
    float *scratch;                              /* [thread]: rows to be packed, or scores */
    double *attention;                           /* [kv head][part][row] */
} piece_work;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t parts_of(size_t n, size_t part)
{
    return (n + part - 1) / part;
}

static bool open_work(piece_work *w, const calibrate_piece *p, pool *crew, head_sums *sums, fault *f)
{
    const model_shape *shape = p->shape;
    *w = (piece_work){ .p = p,
                       .sums = sums,
                       .level = simd_best(),
                       .loops = dense_best(),
                       .heads = (size_t)shape->n_kv_heads,
                       .group = (size_t)(shape->n_heads / shape->n_kv_heads),
                       .dim = (size_t)shape->head_dim,
                       .n_rows = p->first + p->n,
                       .parts = parts_of(p->n, PART) };
    const size_t width = (size_t)w->level->width, threads = (size_t)pool_threads(crew);
    w->stride = parts_of(w->n_rows, width) * width;
    w->panel_floats = attention_panel_floats(w->level, w->n_rows, shape->head_dim);
    w->scratch_floats = TILE * w->group * w->stride + width * w->dim;
    w->panels = reallocarray(NULL, w->heads, w->panel_floats * sizeof *w->panels);
    w->turned = reallocarray(NULL, w->heads * p->n, w->group * w->dim * sizeof *w->turned);
    w->scratch = reallocarray(NULL, threads, w->scratch_floats * sizeof *w->scratch);
    w->attention = calloc(w->heads * w->parts, w->n_rows * sizeof *w->attention);
    return (w->panels && w->turned && w->scratch && w->attention) || fault_memory(f, "attention");
}

static void close_work(piece_work *w)
{
    free(w->panels);
    free(w->turned);
    free(w->scratch);
    free(w->attention);
}

/* ---- keys ---- */

static void pack_task(void *arg, size_t task, int thread)
{
    const piece_work *w = arg;
    const size_t ranges = parts_of(w->n_rows, PACKED), head = task / ranges, first = task % ranges * PACKED;
    const float *keys = kv_rows(w->p->cache, &w->p->cache->layers[w->p->layer].k, (int)head);
    attention_pack_keys(w->level, keys, first, least(PACKED, w->n_rows - first), (int)w->dim, w->p->rope,
                        w->panels + head * w->panel_floats + first * w->dim,
                        w->scratch + (size_t)thread * w->scratch_floats);
}

/* ---- attention ---- */

static const float *query_of(const piece_work *w, size_t head, size_t at, size_t g)
{
    return w->p->q + ((at * w->heads + head) * w->group + g) * w->dim;
}

static float *turned_of(const piece_work *w, size_t head, size_t at)
{
    return w->turned + (head * w->p->n + at) * w->group * w->dim;
}

static void turn_queries(const piece_work *w, size_t head, size_t at)
{
    for (size_t g = 0; g < w->group; g++) {
        float *turned = turned_of(w, head, at) + g * w->dim;
        memcpy(turned, query_of(w, head, at, g), w->dim * sizeof *turned);
        rope_rotate(w->p->rope, turned, (int)(w->p->first + at));
    }
}

/* n positions from `at` on: scores of all their queries, and what each row gets of them. */
static void score_tile(const piece_work *w, size_t head, size_t at, size_t n, float *scores, double *attention)
{
    const size_t width = (size_t)w->level->width, n_rows = w->p->first + at + n;
    const float *panels = w->panels + head * w->panel_floats;
    const uint32_t window = (uint32_t)model_window(w->p->shape, w->p->layer);
    for (size_t first = 0; first < n_rows; first += width)
        w->level->panel(turned_of(w, head, at), w->dim, n * w->group, panels + first * w->dim, width, w->dim,
                        scores + first, w->stride, w->level->width, false);
    for (size_t v = 0; v < n * w->group; v++, scores += w->stride) {
        const size_t j = w->p->first + at + v / w->group, from = attention_first(j, window), n_seen = j + 1 - from;
        w->level->softmax(scores + from, n_seen, n_seen, w->p->shape->score_scale);
        w->loops->add_weighted(attention + from, scores + from, (double)(j + 1), n_seen);
    }
}

static void attention_task(void *arg, size_t task, int thread)
{
    const piece_work *w = arg;
    const size_t head = task / w->parts, from = task % w->parts * PART, to = least(from + PART, w->p->n);
    for (size_t at = from; at < to; at++)
        turn_queries(w, head, at);
    for (size_t at = from; at < to; at += TILE)
        score_tile(w, head, at, least(TILE, to - at), w->scratch + (size_t)thread * w->scratch_floats,
                   w->attention + task * w->n_rows);
}

static void add_parts(const piece_work *w)
{
    for (size_t task = 0; task < w->heads * w->parts; task++) {
        double *sum = w->sums[task / w->parts].attention;
        for (size_t i = 0; i < w->n_rows; i++)
            sum[i] += w->attention[task * w->n_rows + i];
    }
}

/* ---- moments ---- */

/* Columns from … of `n` queries, the position's one after the other, from number `first` of the piece on. */
static void take(const piece_work *w, int form, size_t head, size_t first, size_t n, size_t from, double *out)
{
    const size_t columns = least(DENSE_BLOCK, w->dim - from);
    for (size_t v = first; v < first + n; v++, out += DENSE_BLOCK) {
        const float *q = form == CALIBRATE_PLAIN ? query_of(w, head, v / w->group, v % w->group)
                                                 : turned_of(w, head, 0) + v * w->dim;
        for (size_t d = 0; d < columns; d++)
            out[d] = (double)q[from + d];
    }
}

/* A tile of a moment to or from its place; what lies beyond the matrix is 0. */
static void copy_tile(const piece_work *w, double *moment, size_t row, size_t column, double *tile, bool back)
{
    const size_t rows = least(DENSE_BLOCK, w->dim - row), columns = least(DENSE_BLOCK, w->dim - column);
    for (size_t i = 0; i < rows; i++) {
        double *at = moment + (row + i) * w->dim + column, *here = tile + i * DENSE_BLOCK;
        memcpy(back ? at : here, back ? here : at, columns * sizeof *tile);
    }
}

static void moment_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const piece_work *w = arg;
    const size_t side = parts_of(w->dim, DENSE_BLOCK), n = w->p->n * w->group;
    const size_t row = task % side * DENSE_BLOCK, column = task / side % side * DENSE_BLOCK;
    const int form = task / (side * side) % 2 ? CALIBRATE_ROTATED : CALIBRATE_PLAIN;
    const size_t head = task / (side * side * 2);
    double tile[DENSE_BLOCK * DENSE_BLOCK] = { 0 }, x[PART * DENSE_BLOCK] = { 0 }, y[PART * DENSE_BLOCK] = { 0 };
    if (column > row) return;
    copy_tile(w, w->sums[head].moment[form], row, column, tile, false);
    for (size_t first = 0; first < n; first += PART) {
        const size_t some = least(PART, n - first);
        take(w, form, head, first, some, row, x);
        take(w, form, head, first, some, column, y);
        w->loops->add_products(tile, x, y, some);
    }
    copy_tile(w, w->sums[head].moment[form], row, column, tile, true);
}

bool calibrate_add(const calibrate_piece *p, pool *crew, head_sums *sums, fault *f)
{
    piece_work w;
    const bool ok = open_work(&w, p, crew, sums, f);
    if (ok) {
        const size_t side = parts_of(w.dim, DENSE_BLOCK);
        pool_run(crew, w.heads * parts_of(w.n_rows, PACKED), pack_task, &w);
        pool_run(crew, w.heads * w.parts, attention_task, &w);
        pool_run(crew, w.heads * 2 * side * side, moment_task, &w);
        add_parts(&w);
    }
    close_work(&w);
    return ok;
}
