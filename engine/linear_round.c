/* Rounds of products: shared out, cut into stretches, and finished. */
#include <stdlib.h>
#include <string.h>

#include "engine/linear_panels.h"

/* A stretch of a panel that has become f32 stays in the first-level cache; rows of a task in the second. Blocks of rows
 * (products.h) divide those of a task. */
enum {
    K_STRETCH = 256,
    ROWS_MOST = 512,
    ROWS_LEAST = 128,
    FEW_ROWS = 2,
    PANELS_MOST = 8,
    TASKS_PER_THREAD = 4,
};

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
        w->scratch[i] =
            aligned_alloc(LINEAR_ALIGNMENT, (bytes + LINEAR_ALIGNMENT - 1) / LINEAR_ALIGNMENT * LINEAR_ALIGNMENT);
        if (!w->scratch[i]) return fault_memory(f, "unpacking weights");
    }
    w->scratch_bytes = bytes;
    return true;
}

static bool grow_digits(linear_work *w, size_t bytes, fault *f)
{
    if (bytes <= w->digits_bytes) return true;
    free(w->digits);
    w->digits = aligned_alloc(PRODUCTS_ALIGNMENT, bytes);
    w->digits_bytes = w->digits ? bytes : 0;
    return w->digits || fault_memory(f, "the digits of activations");
}

/* ---- a round ---- */

typedef struct product {
    const linear_round *r;
    const linear_work *w;
    size_t width;
    size_t per_task; /* panels */
    size_t row_tasks, rows_per_task;
    bool digits; /* does a part take them? */
} product;

/* A thread's scratch: a stretch of a panel in f32, or of PANELS_MOST panels as tiles; two panels' sums of one row; and
 * a whole panel of weights that are not kept. */
typedef struct space {
    float *stretch, *sums;
    uint8_t *panel;
} space;

enum { TILES_BYTES = 2 * PRODUCTS_WIDTH * K_STRETCH };

static size_t stretch_floats(const linear_work *w)
{
    return w->products ? PANELS_MOST * TILES_BYTES / sizeof(float) : K_STRETCH * (size_t)w->simd->width;
}

static space space_of(const product *p, int thread)
{
    float *scratch = p->w->scratch[thread];
    const size_t stretch = stretch_floats(p->w);
    return (space){ scratch, scratch + stretch, (uint8_t *)(scratch + stretch + 2 * p->width) };
}

static size_t space_bytes(const linear_round *r, const linear_work *w)
{
    const size_t width = (size_t)w->simd->width;
    size_t panel = 0;
    for (size_t i = 0; i < r->n; i++)
        if (!r->parts[i].l->panels && linear_panel_bytes(r->parts[i].l, width) > panel)
            panel = linear_panel_bytes(r->parts[i].l, width);
    return (stretch_floats(w) + 2 * width) * sizeof(float) + panel;
}

static const uint8_t *panel_at(const product *p, const linear *l, size_t i, const space *s)
{
    if (l->panels) return l->panels + i * linear_panel_bytes(l, p->width);
    linear_make_panel(l, p->w->products, p->width, i, s->panel);
    return s->panel;
}

/* Of n panels from the i-th on: the first column, and how many there are. */
typedef struct columns {
    size_t first, n;
} columns;

static columns columns_of(const product *p, const linear *l, size_t i, size_t n)
{
    const size_t first = i * p->width, left = l->n_out - first;
    return (columns){ first, left < n * p->width ? left : n * p->width };
}

/* y of these columns before anything is added. */
static void begin_with_bias(const linear *l, columns c, size_t m, float *y)
{
    for (size_t row = 0; l->bias && row < m; row++)
        memcpy(y + row * l->n_out + c.first, l->bias + c.first, c.n * sizeof *y);
}

/* One row of x against `n` panels (one, or two when they are kept) from panel i on. */
static void multiply_row(const product *p, const linear_part *part, const float *x, float *y, size_t i, size_t n,
                         const space *s)
{
    const linear *l = part->l;
    const columns c = columns_of(p, l, i, n);
    const uint8_t *panel = panel_at(p, l, i, s);
    memset(s->sums, 0, n * p->width * sizeof *s->sums);
    if (l->bias) memcpy(s->sums, l->bias + c.first, c.n * sizeof *s->sums);
    p->w->simd->packed[l->type->form].dot(panel, n == 2 ? panel + linear_panel_bytes(l, p->width) : NULL,
                                          l->type->levels, l->n_in, x, s->sums);
    memcpy(y + c.first, s->sums, c.n * sizeof *y);
}

/* m rows of x against `n` panels (one, or more when they are kept) from panel i on, a stretch of all of them at a time:
 * that much of the rows stays in the second-level cache. */
static void multiply_rows(const product *p, const linear_part *part, const float *x, size_t m, float *y, size_t i,
                          size_t n, const space *s)
{
    const linear *l = part->l;
    const simd *level = p->w->simd;
    const tensor_type *type = l->type;
    const size_t bytes = linear_panel_bytes(l, p->width);
    const uint8_t *panels = panel_at(p, l, i, s);
    const columns c = columns_of(p, l, i, n);
    begin_with_bias(l, c, m, y);
    for (size_t k = 0; k < l->n_in; k += K_STRETCH) {
        const size_t steps = l->n_in - k < K_STRETCH ? l->n_in - k : K_STRETCH;
        const uint8_t *from = panels + packed_panel_bytes(type->form, (int)p->width, k);
        for (size_t j = 0; j < c.n; j += p->width, from += bytes) {
            const int n_columns = (int)(c.n - j < p->width ? c.n - j : p->width);
            level->packed[type->form].unpack(from, type->levels, steps, s->stretch);
            level->panel(x + k, l->n_in, m, s->stretch, p->width, steps, y + c.first + j, l->n_out, n_columns,
                         l->bias || k > 0);
        }
    }
}

/* ---- products of digits ---- */

static size_t digit_block_bytes(const products *by, size_t k)
{
    return by->digits_bytes(PRODUCTS_ROWS, k);
}

/* Rows block*PRODUCTS_ROWS … of x. */
static int block_rows(size_t m, size_t block)
{
    const size_t left = m - block * PRODUCTS_ROWS;
    return (int)(left < PRODUCTS_ROWS ? left : PRODUCTS_ROWS);
}

static void spread_task(void *arg, size_t block, int thread)
{
    (void)thread;
    const product *p = arg;
    const products *by = p->w->products;
    const size_t k = p->r->parts[0].l->n_in;
    by->spread(p->r->x + block * PRODUCTS_ROWS * k, k, block_rows(p->r->m, block), k,
               p->w->digits + block * digit_block_bytes(by, k));
}

/* The digits of all rows. */
static bool spread_rows(const product *p, linear_work *w, fault *f)
{
    const size_t blocks = (p->r->m + PRODUCTS_ROWS - 1) / PRODUCTS_ROWS, k = p->r->parts[0].l->n_in;
    if (!grow_digits(w, blocks * digit_block_bytes(w->products, k), f)) return false;
    if (blocks == 1)
        spread_task((void *)p, 0, 0);
    else
        pool_run(w->crew, blocks, spread_task, (void *)p);
    return true;
}

/* Rows of one block against n panels from the i-th on, whose codes of values k ... are open. */
typedef struct opened {
    const uint8_t *panels, *codes;
    size_t i, n, k, steps;
} opened;

static void multiply_block(const product *p, const linear *l, const opened *o, size_t block, int rows, float *y)
{
    const products *by = p->w->products;
    const uint8_t *digits = p->w->digits + block * digit_block_bytes(by, l->n_in);
    const uint8_t *panel = o->panels, *codes = o->codes;
    for (size_t i = o->i; i < o->i + o->n; i++, panel += linear_panel_bytes(l, p->width), codes += TILES_BYTES) {
        const columns c = columns_of(p, l, i, 1);
        if (rows > PRODUCTS_FEW)
            by->many[l->type->form](panel, codes, o->k, o->steps, digits, rows, y + c.first, l->n_out, (int)c.n,
                                    l->bias || o->k > 0);
        else if (o->k == 0)
            by->few[l->type->form](panel, l->type->levels, l->n_in, digits, rows, y + c.first, l->n_out, (int)c.n,
                                   l->bias != NULL);
    }
}

/* m rows from `row` on, which begin a block, against n panels (one, or more when they are kept) from the i-th on. */
static void multiply_digits(const product *p, const linear_part *part, size_t row, size_t m, size_t i, size_t n,
                            const space *s)
{
    const linear *l = part->l;
    const products *by = p->w->products;
    float *y = part->y + row * l->n_out;
    opened o = { .panels = panel_at(p, l, i, s), .codes = (const uint8_t *)s->stretch, .i = i, .n = n };
    begin_with_bias(l, columns_of(p, l, i, n), m, y);
    for (; o.k < l->n_in; o.k += K_STRETCH) {
        o.steps = l->n_in - o.k < K_STRETCH ? l->n_in - o.k : K_STRETCH;
        for (size_t j = 0; m > PRODUCTS_FEW && j < n; j++)
            by->open[l->type->form](o.panels + j * linear_panel_bytes(l, p->width), l->type->levels, o.k, o.steps,
                                    (uint8_t *)s->stretch + j * TILES_BYTES);
        for (size_t at = 0; at < m; at += PRODUCTS_ROWS)
            multiply_block(p, l, &o, (row + at) / PRODUCTS_ROWS, block_rows(m, at / PRODUCTS_ROWS), y + at * l->n_out);
        if (m <= PRODUCTS_FEW) return;
    }
}

/* ---- tasks ---- */

static void multiply(const product *p, const linear_part *part, size_t row, size_t m, size_t from, size_t to,
                     const space *s)
{
    const linear *l = part->l;
    const float *x = p->r->x + row * l->n_in;
    float *y = part->y + row * l->n_out;
    const bool digits = linear_coded(l, p->w->products);
    const size_t step = !l->panels ? 1 : m < FEW_ROWS && !digits ? 2 : to - from;
    for (size_t i = from; i < to; i += step) {
        const size_t n = to - i < step ? to - i : step;
        if (digits)
            multiply_digits(p, part, row, m, i, n, s);
        else if (m < FEW_ROWS)
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
    return (linear_n_panels(l, p->width) + p->per_task - 1) / p->per_task;
}

static void run_task(void *arg, size_t task, int thread)
{
    const product *p = arg;
    const linear_round *r = p->r;
    const space s = space_of(p, thread);
    const size_t row = task % p->row_tasks * p->rows_per_task;
    const size_t m = r->m - row < p->rows_per_task ? r->m - row : p->rows_per_task;
    const linear_part *part = r->parts;
    size_t at = task / p->row_tasks;
    for (; !r->gate && at >= panel_tasks(p, part->l); part++)
        at -= panel_tasks(p, part->l);
    const size_t all = linear_n_panels(part->l, p->width), from = at * p->per_task;
    const size_t to = all - from < p->per_task ? all : from + p->per_task;
    if (r->gate) multiply(p, part + 1, row, m, from, to, &s);
    multiply(p, part, row, m, from, to, &s);
    const size_t first = from * p->width, end = to * p->width < part->l->n_out ? to * p->width : part->l->n_out;
    if (r->gate || part->onto) finish(r, part, row, m, first, end - first);
}

/* A task takes several panels one after the other where there are many, so that rows of x are used again. Tiles are so
 * fast that rows have to be in the first-level cache for 8 panels: then rather the rows are shared out. */
static void cut(product *p)
{
    const linear_round *r = p->r;
    const size_t wanted = (size_t)pool_threads(p->w->crew) * TASKS_PER_THREAD;
    size_t panels = 0, most = ROWS_MOST;
    for (size_t i = 0; i < r->n; i++)
        panels += linear_n_panels(r->parts[i].l, p->width);
    if (p->digits && r->m >= 2 * ROWS_LEAST) {
        const size_t rows = r->m * panels / (PANELS_MOST * wanted) / PRODUCTS_ROWS * PRODUCTS_ROWS;
        p->per_task = PANELS_MOST;
        most = rows < ROWS_LEAST ? ROWS_LEAST : rows > ROWS_MOST ? ROWS_MOST : rows;
    } else {
        const size_t n = panels / wanted / 2 * 2;
        p->per_task = n < 2 ? 2 : n > PANELS_MOST ? PANELS_MOST : n;
    }
    p->rows_per_task = most;
    p->row_tasks = (r->m + most - 1) / most;
}

bool linear_run(const linear_round *r, linear_work *w, fault *f)
{
    product p = { .r = r, .w = w, .width = (size_t)w->simd->width };
    for (size_t i = 0; i < r->n; i++)
        p.digits = p.digits || linear_coded(r->parts[i].l, w->products);
    if (!grow_scratch(w, space_bytes(r, w), f) || (p.digits && !spread_rows(&p, w, f))) return false;
    cut(&p);
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
