#include "engine/linear.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_TASK = 256 };

bool linear_work_open(linear_work *w, int threads, fault *f)
{
    *w = (linear_work){ .simd = simd_best() };
    w->crew = pool_create(threads, f);
    if (!w->crew) return false;
    w->scratch = calloc((size_t)threads, sizeof *w->scratch);
    if (w->scratch) return true;
    linear_work_close(w);
    return fault_memory(f, "the threads' scratch space");
}

void linear_work_close(linear_work *w)
{
    for (int i = 0; w->scratch && i < pool_threads(w->crew); i++)
        free(w->scratch[i]);
    free(w->scratch);
    pool_destroy(w->crew);
    *w = (linear_work){ 0 };
}

/* Every thread gets at least `floats` of scratch. */
static bool grow_scratch(linear_work *w, size_t floats, fault *f)
{
    if (floats <= w->scratch_floats) return true;
    for (int i = 0; i < pool_threads(w->crew); i++) {
        free(w->scratch[i]);
        w->scratch[i] = NULL;
        w->scratch_floats = 0;
    }
    for (int i = 0; i < pool_threads(w->crew); i++) {
        w->scratch[i] = reallocarray(NULL, floats, sizeof **w->scratch);
        if (!w->scratch[i]) return fault_memory(f, "unpacking weights");
    }
    w->scratch_floats = floats;
    return true;
}

static size_t n_panels(const linear *l, const simd *s)
{
    return (l->n_out + (size_t)s->width - 1) / (size_t)s->width;
}

/* Rows p*width … of W as one f32 panel; rows: width * n_in floats of scratch. */
static void make_panel(const linear *l, const simd *s, size_t p, float *rows, float *panel)
{
    size_t first = p * (size_t)s->width;
    int n = (int)(l->n_out - first < (size_t)s->width ? l->n_out - first : (size_t)s->width);
    for (int i = 0; i < n; i++)
        linear_row(l, first + (size_t)i, rows + (size_t)i * l->n_in);
    s->pack(rows, l->n_in, n, l->n_in, panel);
}

bool linear_keep(linear *l, const linear_work *w, fault *f)
{
    size_t floats = (size_t)w->simd->width * l->n_in;
    float *rows = reallocarray(NULL, floats, sizeof *rows);
    float *panels = reallocarray(NULL, n_panels(l, w->simd), floats * sizeof *panels);
    if (!rows || !panels) {
        free(rows);
        free(panels);
        return fault_memory(f, "the weights");
    }
    for (size_t p = 0; p < n_panels(l, w->simd); p++)
        make_panel(l, w->simd, p, rows, panels + p * floats);
    free(rows);
    free(l->panels);
    l->panels = panels;
    return true;
}

void linear_release(linear *l)
{
    free(l->bias);
    free(l->panels);
    *l = (linear){ 0 };
}

typedef struct product {
    const linear *l;
    const linear_work *w;
    const float *x;
    float *y;
    size_t m, n_row_tasks;
} product;

static void multiply(void *arg, size_t task, int thread)
{
    const product *p = arg;
    const linear *l = p->l;
    const simd *s = p->w->simd;
    size_t width = (size_t)s->width, panel_floats = width * l->n_in;
    size_t at = task / p->n_row_tasks, from = task % p->n_row_tasks * ROWS_PER_TASK;
    size_t count = p->m - from < ROWS_PER_TASK ? p->m - from : ROWS_PER_TASK;
    const float *panel;
    if (l->panels) {
        panel = l->panels + at * panel_floats;
    } else {
        float *scratch = p->w->scratch[thread];
        make_panel(l, s, at, scratch + panel_floats, scratch);
        panel = scratch;
    }
    size_t first = at * width;
    size_t n = l->n_out - first < width ? l->n_out - first : width;
    float *y = p->y + from * l->n_out + first;
    if (l->bias)
        for (size_t i = 0; i < count; i++)
            memcpy(y + i * l->n_out, l->bias + first, n * sizeof *y);
    s->panel(p->x + from * l->n_in, l->n_in, count, panel, width, l->n_in, y, l->n_out, (int)n, l->bias != NULL);
}

bool linear_apply(const linear *l, linear_work *w, const float *x, size_t m, float *y, fault *f)
{
    if (!l->panels && !grow_scratch(w, 2 * (size_t)w->simd->width * l->n_in, f)) return false;
    product p = { l, w, x, y, m, (m + ROWS_PER_TASK - 1) / ROWS_PER_TASK };
    pool_run(w->crew, n_panels(l, w->simd) * p.n_row_tasks, multiply, &p);
    return true;
}

void linear_row(const linear *l, size_t i, float *row)
{
    l->type->to_f32(l->rows + i * l->row_bytes, row, l->n_in);
}
