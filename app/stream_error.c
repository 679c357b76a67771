#include "app/stream_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"
#include "kernels/loops.h"

void stream_error_add(stream_error *e, const float *exact, const float *decoded, size_t n)
{
    loops_best()->add_squares(exact, decoded, n, &e->error, &e->total);
}

static double relative(double error, double total)
{
    return error == 0 && total == 0 ? 0 : error / total;
}

double stream_error_rows(const stream_error *e)
{
    return relative(e->error, e->total);
}

double stream_error_queries(const stream_error *e)
{
    return relative(e->query_error, e->query_total);
}

/* Scratch of one call, one allocation. */
typedef struct query_work {
    float *queries; /* n * group vectors, rotated */
    float *panel, *row_scratch;
    float *exact, *decoded; /* logits of one panel: n * group x width */
} query_work;

static bool open_work(query_work *w, const simd *s, const query_sample *sample, size_t dim, fault *f)
{
    size_t vectors = sample->n * (size_t)sample->group, width = (size_t)s->width;
    w->queries = reallocarray(NULL, vectors * (dim + 2 * width) + 2 * width * dim, sizeof(float));
    if (!w->queries) return fault_memory(f, "the sampled queries");
    w->panel = w->queries + vectors * dim;
    w->row_scratch = w->panel + width * dim;
    w->exact = w->row_scratch + width * dim;
    w->decoded = w->exact + vectors * width;
    return true;
}

static void rotate_sample(const query_work *w, const rope_table *rope, const query_sample *sample, size_t dim)
{
    size_t group = (size_t)sample->group;
    for (size_t j = 0; j < sample->n; j++)
        for (size_t g = 0; g < group; g++) {
            float *q = w->queries + (j * group + g) * dim;
            memcpy(q, sample->queries + j * sample->stride + sample->offset + g * dim, dim * sizeof *q);
            rope_rotate(rope, q, sample->position(sample->ctx, (int)j));
        }
}

/* Logits of the query vectors from `from` on against the panel of keys that begins at row `first`. */
static void panel_logits(const query_work *w, const simd *s, const rope_table *rope, const float *rows, size_t first,
                         size_t n, size_t dim, size_t from, size_t vectors, float *logits)
{
    size_t width = (size_t)s->width;
    attention_pack_keys(s, rows, first, n, (int)dim, rope, w->panel, w->row_scratch);
    s->panel(w->queries + from * dim, dim, vectors - from, w->panel, width, dim, logits + from * width, width, s->width,
             false);
}

bool stream_error_add_queries(stream_error *e, const simd *s, const rope_table *rope, bool rotated, const float *exact,
                              const float *decoded, size_t n_rows, int dim, const query_sample *sample, fault *f)
{
    query_work w = { 0 };
    size_t d = (size_t)dim, width = (size_t)s->width, group = (size_t)sample->group;
    if (!open_work(&w, s, sample, d, f)) return false;
    rotate_sample(&w, rope, sample, d);
    const rope_table *turn = rotated ? NULL : rope;
    size_t from = 0; /* vectors before it are at positions before the panel's keys */
    for (size_t first = 0; first < n_rows; first += width) {
        size_t n = n_rows - first < width ? n_rows - first : width;
        while (from < sample->n * group && (size_t)sample->position(sample->ctx, (int)(from / group)) < first)
            from++;
        if (from == sample->n * group) break;
        panel_logits(&w, s, turn, exact, first, n, d, from, sample->n * group, w.exact);
        panel_logits(&w, s, turn, decoded, first, n, d, from, sample->n * group, w.decoded);
        for (size_t v = from; v < sample->n * group; v++) {
            size_t last = (size_t)sample->position(sample->ctx, (int)(v / group));
            const size_t low = attention_first(last, sample->window);
            for (size_t i = low > first ? low - first : 0; i < n && first + i <= last; i++) {
                double x = (double)w.exact[v * width + i], diff = x - (double)w.decoded[v * width + i];
                e->query_error += diff * diff;
                e->query_total += x * x;
            }
        }
    }
    free(w.queries);
    return true;
}
