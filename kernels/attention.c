#include "kernels/attention.h"

#include <string.h>

enum {
    LINE = 16,               /* f32 of a cache line */
    STRETCH = 8192,          /* f32 of values that stay in the first-level cache while all queries meet them */
    MANY_ROWS = 64,          /* queries times heads that share what comes from far away */
    WEIGHTS_MOST = 1u << 20, /* f32 of weights, which are written once and read three times */
};

size_t attention_settled(size_t t, uint32_t block, uint32_t window)
{
    return t + 1 <= window ? 0 : (t + 1 - window) / block * block;
}

size_t attention_first(size_t t, uint32_t visible)
{
    return visible == 0 || t + 1 <= visible ? 0 : t + 1 - visible;
}

/* ---- keys ---- */

static size_t whole_panels(const simd *s, size_t n)
{
    const size_t width = (size_t)s->width;
    return (n + width - 1) / width * width;
}

size_t attention_panel_floats(const simd *s, size_t n_rows, int dim)
{
    return whole_panels(s, n_rows) * (size_t)dim;
}

void attention_pack_keys(const simd *s, const float *rows, size_t first, size_t n, int dim, const rope_table *rope,
                         float *panels, float *scratch)
{
    const size_t d = (size_t)dim, width = (size_t)s->width;
    for (size_t i = first; i < first + n; i += width) {
        const size_t count = first + n - i < width ? first + n - i : width;
        const float *from = rows + i * d;
        if (rope) {
            memcpy(scratch, from, count * d * sizeof *scratch);
            for (size_t r = 0; r < count; r++)
                rope_rotate(rope, scratch + r * d, (int)(i + r));
            from = scratch;
        }
        s->pack(from, d, (int)count, d, panels + (i - first) * d);
    }
}

/* ---- what a call works with ---- */

/* Rows are counted from `low`, a whole number of panels, below which no query sees any. A query's heads are rows of one
 * matrix: they meet the same keys and values. */
typedef struct call {
    const simd *s;
    const attention_head *head;
    size_t first, n, low, n_rows; /* of queries; rows */
    size_t group, dim;
    size_t stride; /* of weights */
    const float *q;
    float *weights, *open, *out, *edge;
} call;

/* An odd number of lines: rows of weights a power of two apart would all want the same few places of the cache. Grows
 * with n_rows. */
static size_t weights_stride(const simd *s, size_t n_rows)
{
    return ((whole_panels(s, n_rows) + LINE - 1) / LINE | 1) * LINE;
}

static size_t first_panel(const simd *s, const attention_head *head, size_t first)
{
    const size_t width = (size_t)s->width;
    return attention_first(first, head->visible) / width * width;
}

/* Rows of values that stay close while all queries meet them. */
static size_t stretch_rows(const attention_head *head)
{
    return STRETCH / (size_t)head->dim + 1;
}

static bool is_open(const attention_head *head)
{
    return head->k.open || head->v.open;
}

size_t attention_together(const attention_head *head, size_t n_rows)
{
    size_t rows = WEIGHTS_MOST / (n_rows + 1);
    rows = rows > MANY_ROWS ? MANY_ROWS : rows < LINE ? LINE : rows;
    return (rows + (size_t)head->group - 1) / (size_t)head->group;
}

size_t attention_scratch_floats(const simd *s, const attention_head *head, size_t n, size_t n_rows)
{
    const size_t rows = n * (size_t)head->group, width = (size_t)s->width, most = (size_t)head->visible + n + width;
    const size_t seen = head->visible > 0 && most < n_rows ? most : n_rows;
    return rows * weights_stride(s, seen) * (is_open(head) ? 2 : 1) + 2 * rows * (size_t)head->dim +
           stretch_rows(head) * width;
}

static call begin(const simd *s, const attention_head *head, size_t first, size_t n, float *scratch)
{
    call c = { .s = s, .head = head, .first = first, .n = n, .low = first_panel(s, head, first) };
    c.n_rows = first + n - c.low;
    c.group = (size_t)head->group;
    c.dim = (size_t)head->dim;
    c.stride = weights_stride(s, c.n_rows);
    const size_t rows = n * c.group;
    c.weights = scratch;
    c.open = c.weights + rows * c.stride;
    c.out = is_open(head) ? c.open + rows * c.stride : c.open;
    c.edge = c.out + 2 * rows * c.dim;
    return c;
}

typedef struct range {
    size_t from, to;
} range;

/* The rows of the matrix whose queries see any of rows from … to-1. */
static range seeing(const call *c, size_t from, size_t to)
{
    const size_t visible = c->head->visible, begins = c->low + from, ends = c->low + to;
    range r = { begins > c->first ? begins - c->first : 0, c->n };
    if (visible > 0 && ends + visible - 1 < c->first + c->n)
        r.to = ends + visible - 1 > c->first ? ends + visible - 1 - c->first : 0;
    if (r.to < r.from) r.to = r.from;
    return (range){ r.from * c->group, r.to * c->group };
}

/* ---- scores ---- */

/* Scores of rows from … to-1, a panel of keys at a time, of the queries that see any of it. */
static void scores(const call *c, const float *panels, range of, float *out)
{
    const size_t width = (size_t)c->s->width;
    for (size_t j = of.from / width * width; j < of.to; j += width) {
        const range r = seeing(c, j, j + width);
        c->s->panel(c->q + r.from * c->dim, c->dim, r.to - r.from, panels + (c->low + j) * c->dim, width, c->dim,
                    out + r.from * c->stride + j, c->stride, (int)width, false);
    }
}

/* Where open rows begin for query i. */
static size_t open_from(const call *c, const attention_side *side, size_t i)
{
    const size_t settled = attention_settled(c->first + i, side->block, side->window);
    return settled > c->low ? settled - c->low : 0;
}

/* The rows that some query sees settled, and open. */
static range settled_rows(const call *c, const attention_side *side)
{
    return (range){ 0, side->open ? open_from(c, side, c->n - 1) : c->n_rows };
}

static range open_rows(const call *c, const attention_side *side)
{
    return (range){ open_from(c, side, 0), c->n_rows };
}

static void all_scores(const call *c)
{
    const attention_side *k = &c->head->k;
    scores(c, k->settled, settled_rows(c, k), c->weights);
    if (!k->open) return;
    scores(c, k->open, open_rows(c, k), c->open);
    for (size_t i = 0; i < c->n; i++) {
        const size_t from = open_from(c, k, i), count = c->first + i + 1 - c->low - from;
        for (size_t row = i * c->group; row < (i + 1) * c->group; row++)
            memcpy(c->weights + row * c->stride + from, c->open + row * c->stride + from, count * sizeof *c->weights);
    }
}

/* Scores become weights, zero for what a query does not see. */
static void all_weights(const call *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const size_t from = attention_first(c->first + i, c->head->visible) - c->low;
        const size_t count = c->first + i + 1 - c->low - from;
        for (size_t row = i * c->group; row < (i + 1) * c->group; row++) {
            float *weights = c->weights + row * c->stride;
            memset(weights, 0, from * sizeof *weights);
            c->s->softmax(weights + from, count, c->n_rows - from, c->head->scale);
        }
    }
}

/* ---- values ---- */

/* Rows from … to-1, a stretch, of columns j … of the values: as they stand, or with the columns that are missing. */
static const float *columns(const call *c, const float *values, range of, size_t j, size_t n, size_t *stride)
{
    const size_t width = (size_t)c->s->width;
    const float *from = values + (c->low + of.from) * c->dim + j;
    *stride = c->dim;
    if (n == width) return from;
    *stride = width;
    for (size_t row = 0; row < of.to - of.from; row++) {
        memcpy(c->edge + row * width, from + row * c->dim, n * sizeof *from);
        memset(c->edge + row * width + n, 0, (width - n) * sizeof *from);
    }
    return c->edge;
}

/* out += weights · values of some rows, a stretch at a time, for the queries that see any of it. */
static void mix(const call *c, const float *values, range of, const float *weights)
{
    const size_t most = stretch_rows(c->head), width = (size_t)c->s->width;
    for (size_t at = of.from; at < of.to; at += most) {
        const range stretch = { at, of.to - at < most ? of.to : at + most };
        const range r = seeing(c, stretch.from, stretch.to);
        for (size_t j = 0; j < c->dim; j += width) {
            const size_t n = c->dim - j < width ? c->dim - j : width;
            size_t stride;
            const float *b = columns(c, values, stretch, j, n, &stride);
            c->s->panel(weights + r.from * c->stride + at, c->stride, r.to - r.from, b, stride,
                        stretch.to - stretch.from, c->out + r.from * c->dim + j, c->dim, (int)n, true);
        }
    }
}

/* Moves the weights of open rows to a matrix of their own. */
static void part_weights(const call *c)
{
    const attention_side *v = &c->head->v;
    const size_t begin = open_rows(c, v).from;
    for (size_t i = 0; i < c->n; i++) {
        const size_t from = open_from(c, v, i), bytes = (c->n_rows - from) * sizeof *c->weights;
        for (size_t row = i * c->group; row < (i + 1) * c->group; row++) {
            float *weights = c->weights + row * c->stride, *open = c->open + row * c->stride;
            memset(open + begin, 0, (from - begin) * sizeof *open);
            memcpy(open + from, weights + from, bytes);
            memset(weights + from, 0, bytes);
        }
    }
}

static void all_values(const call *c)
{
    const attention_side *v = &c->head->v;
    memset(c->out, 0, c->n * c->group * c->dim * sizeof *c->out);
    if (v->open) part_weights(c);
    mix(c, v->settled, settled_rows(c, v), c->weights);
    if (v->open) mix(c, v->open, open_rows(c, v), c->open);
}

/* ---- queries ---- */

/* One query with one version of every row: nothing but reading keys and values takes time. */
static void one_query(const simd *s, const attention_head *head, const float *q, size_t t, float *out, float *scratch)
{
    call c = begin(s, head, t, 1, scratch);
    c.q = q;
    all_scores(&c);
    all_weights(&c);
    s->far_rows(c.weights, c.stride, c.group, head->v.settled + c.low * c.dim, c.n_rows, c.dim, out, c.dim);
}

void attention_queries(const simd *s, const attention_head *head, const float *q, size_t q_stride, size_t first,
                       size_t n, float *out, size_t out_stride, float *scratch)
{
    if (n == 1 && !is_open(head)) {
        one_query(s, head, q, first, out, scratch);
        return;
    }
    call c = begin(s, head, first, n, scratch);
    const size_t row = c.group * c.dim;
    float *together = c.out + n * row;
    for (size_t i = 0; i < n; i++)
        memcpy(together + i * row, q + i * q_stride, row * sizeof *q);
    c.q = together;
    all_scores(&c);
    all_weights(&c);
    all_values(&c);
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * out_stride, c.out + i * row, row * sizeof *out);
}
