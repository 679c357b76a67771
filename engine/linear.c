#include "engine/linear.h"

#include <stdlib.h>
#include <string.h>

/* A stretch of a panel that has become f32 stays in the first-level cache; rows of a task in the second. */
enum { K_STRETCH = 256, ROWS_PER_TASK = 512, FEW_ROWS = 2, PANELS_MOST = 8, TASKS_PER_THREAD = 4, ALIGNMENT = 64 };

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

/* Every thread gets at least so many bytes of scratch. */
static bool grow_scratch(linear_work *w, size_t bytes, fault *f)
{
    if (bytes <= w->scratch_bytes) return true;
    for (int i = 0; i < pool_threads(w->crew); i++) {
        free(w->scratch[i]);
        w->scratch[i] = NULL;
        w->scratch_bytes = 0;
    }
    for (int i = 0; i < pool_threads(w->crew); i++) {
        w->scratch[i] = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (!w->scratch[i]) return fault_memory(f, "unpacking weights");
    }
    w->scratch_bytes = bytes;
    return true;
}

/* ---- panels ---- */

static size_t n_panels(const linear *l, size_t width)
{
    return (l->n_out + width - 1) / width;
}

static size_t panel_bytes(const linear *l, size_t width)
{
    return packed_panel_bytes(l->type->form, (int)width, l->n_in);
}

/* Rows p*width … of W as one panel. */
static void make_panel(const linear *l, size_t width, size_t p, uint8_t *panel)
{
    const tensor_type *type = l->type;
    const size_t first = p * width, n = l->n_out - first < width ? l->n_out - first : width;
    packed_block block;
    if (n < width) memset(panel, 0, panel_bytes(l, width));
    for (size_t lane = 0; lane < n; lane++) {
        const uint8_t *from = l->rows + (first + lane) * l->row_bytes;
        if (!type->take_apart) {
            packed_put_numbers(type->form, (int)width, (int)lane, from, l->n_in, panel);
            continue;
        }
        for (size_t k = 0; k < l->n_in; k += type->block, from += type->bytes) {
            type->take_apart(from, &block);
            packed_put(type->form, (int)width, (int)lane, k, &block, panel);
        }
    }
}

static void keep_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const linear *l = arg;
    const size_t width = (size_t)l->width;
    make_panel(l, width, task, l->panels + task * panel_bytes(l, width));
}

size_t linear_bytes(const linear *l, const linear_work *w)
{
    const size_t width = (size_t)w->simd->width;
    return (n_panels(l, width) * panel_bytes(l, width) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void linear_keep(linear *l, const linear_work *w, uint8_t *panels)
{
    l->panels = panels;
    l->width = w->simd->width;
    pool_run(w->crew, n_panels(l, (size_t)l->width), keep_task, l);
}

void linear_release(linear *l)
{
    free(l->bias);
    *l = (linear){ 0 };
}

void linear_row(const linear *l, size_t i, float *row)
{
    const tensor_type *type = l->type;
    if (!l->panels) {
        type->to_f32(l->rows + i * l->row_bytes, row, l->n_in);
        return;
    }
    const size_t width = (size_t)l->width;
    packed_row(type->form, l->width, (int)(i % width), type->levels, l->panels + i / width * panel_bytes(l, width),
               l->n_in, row);
}

/* ---- products ---- */

typedef struct product {
    const linear_round *r;
    const linear_work *w;
    size_t width;
    size_t per_task;  /* panels */
    size_t row_tasks; /* that the rows are cut into */
} product;

/* A thread's scratch: a stretch of a panel in f32, two panels' sums of one row, and a whole panel of weights that are
 * not kept. */
typedef struct space {
    float *stretch, *sums;
    uint8_t *panel;
} space;

static space space_of(const product *p, int thread)
{
    float *scratch = p->w->scratch[thread];
    const size_t stretch = K_STRETCH * p->width;
    return (space){ scratch, scratch + stretch, (uint8_t *)(scratch + stretch + 2 * p->width) };
}

static size_t space_bytes(const linear_round *r, size_t width)
{
    size_t panel = 0;
    for (size_t i = 0; i < r->n; i++)
        if (!r->parts[i].l->panels && panel_bytes(r->parts[i].l, width) > panel)
            panel = panel_bytes(r->parts[i].l, width);
    return (K_STRETCH + 2) * width * sizeof(float) + panel;
}

static const uint8_t *panel_at(const linear *l, size_t width, size_t i, const space *s)
{
    if (l->panels) return l->panels + i * panel_bytes(l, width);
    make_panel(l, width, i, s->panel);
    return s->panel;
}

/* One row of x against `n` panels (one, or two when they are kept) from panel i on. */
static void multiply_row(const product *p, const linear_part *part, const float *x, float *y, size_t i, size_t n,
                         const space *s)
{
    const linear *l = part->l;
    const size_t first = i * p->width, count = l->n_out - first < n * p->width ? l->n_out - first : n * p->width;
    const uint8_t *panel = panel_at(l, p->width, i, s);
    memset(s->sums, 0, n * p->width * sizeof *s->sums);
    if (l->bias) memcpy(s->sums, l->bias + first, count * sizeof *s->sums);
    p->w->simd->packed[l->type->form].dot(panel, n == 2 ? panel + panel_bytes(l, p->width) : NULL, l->type->levels,
                                          l->n_in, x, s->sums);
    memcpy(y + first, s->sums, count * sizeof *y);
}

/* m rows of x against `n` panels (one, or more when they are kept) from panel i on, a stretch of all of them at a time:
 * that much of the rows stays in the second-level cache. */
static void multiply_rows(const product *p, const linear_part *part, const float *x, size_t m, float *y, size_t i,
                          size_t n, const space *s)
{
    const linear *l = part->l;
    const simd *level = p->w->simd;
    const tensor_type *type = l->type;
    const size_t bytes = panel_bytes(l, p->width);
    const uint8_t *panels = panel_at(l, p->width, i, s);
    const size_t first = i * p->width, count = l->n_out - first < n * p->width ? l->n_out - first : n * p->width;
    if (l->bias)
        for (size_t row = 0; row < m; row++)
            memcpy(y + row * l->n_out + first, l->bias + first, count * sizeof *y);
    for (size_t k = 0; k < l->n_in; k += K_STRETCH) {
        const size_t steps = l->n_in - k < K_STRETCH ? l->n_in - k : K_STRETCH;
        const uint8_t *from = panels + packed_panel_bytes(type->form, (int)p->width, k);
        for (size_t j = 0; j < count; j += p->width, from += bytes) {
            const int columns = (int)(count - j < p->width ? count - j : p->width);
            level->packed[type->form].unpack(from, type->levels, steps, s->stretch);
            level->panel(x + k, l->n_in, m, s->stretch, p->width, steps, y + first + j, l->n_out, columns,
                         l->bias || k > 0);
        }
    }
}

static void multiply(const product *p, const linear_part *part, size_t row, size_t m, size_t from, size_t to,
                     const space *s)
{
    const linear *l = part->l;
    const float *x = p->r->x + row * l->n_in;
    float *y = part->y + row * l->n_out;
    const size_t step = !l->panels ? 1 : m < FEW_ROWS ? 2 : to - from;
    for (size_t i = from; i < to; i += step) {
        const size_t n = to - i < step ? to - i : step;
        if (m < FEW_ROWS)
            multiply_row(p, part, x, y, i, n, s);
        else
            multiply_rows(p, part, x, m, y, i, n, s);
    }
}

/* What follows the product, for columns first … first+n-1. */
static void finish(const linear_round *r, const linear_part *part, size_t row, size_t m, size_t first, size_t n)
{
    const size_t stride = part->l->n_out;
    for (size_t i = row; i < row + m; i++) {
        float *y = part->y + i * stride + first;
        if (r->gate) r->gate(y, r->parts[1].y + i * stride + first, n);
        if (!part->onto) continue;
        float *onto = part->onto + i * stride + first;
        for (size_t j = 0; j < n; j++)
            onto[j] += y[j];
    }
}

static size_t panel_tasks(const product *p, const linear *l)
{
    return (n_panels(l, p->width) + p->per_task - 1) / p->per_task;
}

static void run_task(void *arg, size_t task, int thread)
{
    const product *p = arg;
    const linear_round *r = p->r;
    const space s = space_of(p, thread);
    const size_t row = task % p->row_tasks * ROWS_PER_TASK;
    const size_t m = r->m - row < ROWS_PER_TASK ? r->m - row : ROWS_PER_TASK;
    const linear_part *part = r->parts;
    size_t at = task / p->row_tasks;
    for (; !r->gate && at >= panel_tasks(p, part->l); part++)
        at -= panel_tasks(p, part->l);
    const size_t all = n_panels(part->l, p->width), from = at * p->per_task;
    const size_t to = all - from < p->per_task ? all : from + p->per_task;
    if (r->gate) multiply(p, part + 1, row, m, from, to, &s);
    multiply(p, part, row, m, from, to, &s);
    const size_t first = from * p->width, end = to * p->width < part->l->n_out ? to * p->width : part->l->n_out;
    if (r->gate || part->onto) finish(r, part, row, m, first, end - first);
}

/* Panels that a task does one after the other: several where there are many, so that rows of x are used again. */
static size_t panels_per_task(const linear_round *r, const linear_work *w)
{
    size_t panels = 0;
    for (size_t i = 0; i < r->n; i++)
        panels += n_panels(r->parts[i].l, (size_t)w->simd->width);
    const size_t n = panels / (size_t)(pool_threads(w->crew) * TASKS_PER_THREAD) / 2 * 2;
    return n < 2 ? 2 : n > PANELS_MOST ? PANELS_MOST : n;
}

bool linear_run(const linear_round *r, linear_work *w, fault *f)
{
    if (!grow_scratch(w, space_bytes(r, (size_t)w->simd->width), f)) return false;
    product p = { .r = r, .w = w, .width = (size_t)w->simd->width, .per_task = panels_per_task(r, w) };
    p.row_tasks = (r->m + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    size_t tasks = 0;
    for (size_t i = 0; i < (r->gate ? 1 : r->n); i++)
        tasks += panel_tasks(&p, r->parts[i].l);
    pool_run(w->crew, tasks * p.row_tasks, run_task, &p);
    return true;
}

bool linear_apply(const linear *l, linear_work *w, const float *x, size_t m, float *y, fault *f)
{
    const linear_round r = { .x = x, .m = m, .n = 1, .parts = { { l, y, NULL } } };
    return linear_run(&r, w, f);
}
