#include "kernels/attention.h"

#include <string.h>

size_t attention_settled(size_t t, uint32_t block, uint32_t window)
{
    return t + 1 <= window ? 0 : (t + 1 - window) / block * block;
}

size_t attention_first(size_t t, uint32_t visible)
{
    return visible == 0 || t + 1 <= visible ? 0 : t + 1 - visible;
}

enum { TOGETHER = 8 }; /* heads of a group whose single queries are answered side by side */

static size_t whole_panels(const simd *s, size_t n)
{
    size_t width = (size_t)s->width;
    return (n + width - 1) / width * width;
}

size_t attention_panel_floats(const simd *s, size_t n_rows, int dim)
{
    return whole_panels(s, n_rows) * (size_t)dim;
}

void attention_pack_keys(const simd *s, const float *rows, size_t first, size_t n, int dim, const rope_table *rope,
                         float *panels, float *scratch)
{
    size_t d = (size_t)dim, width = (size_t)s->width;
    for (size_t i = first; i < first + n; i += width) {
        size_t count = first + n - i < width ? first + n - i : width;
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

/* Two score matrices (the second for open rows) and one panel of values for head dimensions that do not fill one. */
size_t attention_scratch_floats(const simd *s, size_t n, size_t n_rows)
{
    if (n < TOGETHER) n = TOGETHER;
    return 2 * n * whole_panels(s, n_rows) + n_rows * (size_t)s->width;
}

static void scores(const simd *s, int dim, const float *panels, const float *q, size_t q_stride, size_t n,
                   size_t padded, float *out)
{
    size_t width = (size_t)s->width, d = (size_t)dim;
    for (size_t j = 0; j < padded; j += width)
        s->panel(q, q_stride, n, panels + j * d, width, d, out + j, padded, s->width, false);
}

/* out (+)= weights · values, a panel of columns at a time. */
static void mix(const simd *s, int dim, const float *values, const float *weights, size_t padded, size_t n,
                size_t n_rows, float *out, size_t out_stride, bool add, float *edge)
{
    for (int c = 0; c < dim; c += s->width) {
        int columns = dim - c < s->width ? dim - c : s->width;
        const float *b = values + c;
        size_t stride = (size_t)dim;
        if (columns < s->width) {
            stride = (size_t)s->width;
            for (size_t r = 0; r < n_rows; r++) {
                memcpy(edge + r * stride, b + r * (size_t)dim, (size_t)columns * sizeof *edge);
                memset(edge + r * stride + columns, 0, (size_t)(s->width - columns) * sizeof *edge);
            }
            b = edge;
        }
        s->panel(weights, padded, n, b, stride, n_rows, out + c, out_stride, columns, add);
    }
}

/* Where open rows begin for the query at position t, of the rows from `low` on. */
static size_t open_from(const attention_side *side, size_t t, size_t low)
{
    size_t settled = attention_settled(t, side->block, side->window);
    return settled > low ? settled - low : 0;
}

/* One query of each of the group's heads, with one version of every row: heads stand in for queries, and the cache is
 * read once for all of them. */
static void one_query(const simd *s, const attention_head *head, const float *q, size_t t, float *out, float *scratch)
{
    const size_t dim = (size_t)head->dim, low = attention_first(t, head->visible) / (size_t)s->width * (size_t)s->width;
    const size_t n_rows = t + 1 - low, padded = whole_panels(s, n_rows), from = attention_first(t, head->visible) - low;
    float *edge = scratch + 2 * TOGETHER * padded;
    for (size_t g = 0; g < (size_t)head->group; g += TOGETHER) {
        const size_t n = (size_t)head->group - g < TOGETHER ? (size_t)head->group - g : TOGETHER;
        scores(s, head->dim, head->k.settled + low * dim, q + g * dim, dim, n, padded, scratch);
        for (size_t i = 0; i < n; i++) {
            memset(scratch + i * padded, 0, from * sizeof *scratch);
            s->softmax(scratch + i * padded + from, n_rows - from, padded - from, head->scale);
        }
        mix(s, head->dim, head->v.settled + low * dim, scratch, padded, n, n_rows, out + g * dim, dim, false, edge);
    }
}

void attention_queries(const simd *s, const attention_head *head, const float *q, size_t q_stride, size_t first,
                       size_t n, float *out, size_t out_stride, float *scratch)
{
    if (n == 1 && !head->k.open && !head->v.open) {
        one_query(s, head, q, first, out, scratch);
        return;
    }
    /* Rows below `low`, a whole number of panels, are seen by none of the queries: everything counts from there. */
    size_t low = attention_first(first, head->visible) / (size_t)s->width * (size_t)s->width;
    size_t n_rows = first + n - low, padded = whole_panels(s, n_rows), skipped = low * (size_t)head->dim;
    float *weights = scratch, *second = weights + n * padded, *edge = second + n * padded;
    const attention_side *k = &head->k, *v = &head->v;
    for (int g = 0; g < head->group; g++) {
        float *o = out + (size_t)g * (size_t)head->dim;
        const float *qg = q + (size_t)g * (size_t)head->dim;
        scores(s, head->dim, k->settled + skipped, qg, q_stride, n, padded, weights);
        if (k->open) {
            scores(s, head->dim, k->open + skipped, qg, q_stride, n, padded, second);
            for (size_t i = 0; i < n; i++) {
                size_t from = open_from(k, first + i, low);
                memcpy(weights + i * padded + from, second + i * padded + from, (padded - from) * sizeof *weights);
            }
        }
        for (size_t i = 0; i < n; i++) {
            size_t from = attention_first(first + i, head->visible) - low, count = first + i + 1 - low - from;
            memset(weights + i * padded, 0, from * sizeof *weights);
            s->softmax(weights + i * padded + from, count, padded - from, head->scale);
        }
        if (v->open) {
            memset(second, 0, n * padded * sizeof *second);
            for (size_t i = 0; i < n; i++) {
                size_t from = open_from(v, first + i, low), count = padded - from;
                memcpy(second + i * padded + from, weights + i * padded + from, count * sizeof *weights);
                memset(weights + i * padded + from, 0, count * sizeof *weights);
            }
        }
        mix(s, head->dim, v->settled + skipped, weights, padded, n, n_rows, o, out_stride, false, edge);
        if (v->open) mix(s, head->dim, v->open + skipped, second, padded, n, n_rows, o, out_stride, true, edge);
    }
}
