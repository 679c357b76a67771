#include "engine/linear.h"

#include <stdlib.h>
#include <string.h>

#include "engine/linear_panels.h"

bool linear_work_open(linear_work *w, int threads, fault *f)
{
    *w = (linear_work){ .simd = simd_best() };
    if (w->simd->width == PRODUCTS_WIDTH) w->products = products_best();
    w->crew = pool_create(threads, f);
    if (!w->crew) return false;
    w->scratch = calloc((size_t)threads, sizeof *w->scratch);
    if (w->scratch) return true;
    linear_work_close(w);
    return fault_memory(f, "the threads' scratch space");
}

void linear_work_rest(linear_work *w)
{
    free(w->digits);
    w->digits = NULL;
    w->digits_bytes = 0;
}

void linear_work_close(linear_work *w)
{
    for (int i = 0; w->scratch && i < pool_threads(w->crew); i++)
        free(w->scratch[i]);
    free(w->scratch);
    linear_work_rest(w);
    pool_destroy(w->crew);
    *w = (linear_work){ 0 };
}

/* ---- panels ---- */

bool linear_coded(const linear *l, const products *by)
{
    return by && by->few[l->type->form];
}

static packed_order order_of(const linear *l, const products *by)
{
    return linear_coded(l, by) ? PACKED_FOURS : PACKED_ONES;
}

size_t linear_n_panels(const linear *l, size_t width)
{
    return (l->n_out + width - 1) / width;
}

size_t linear_panel_bytes(const linear *l, size_t width)
{
    return packed_panel_bytes(l->type->form, (int)width, l->n_in);
}

void linear_make_panel(const linear *l, const products *by, size_t width, size_t p, uint8_t *panel)
{
    const packed_order order = order_of(l, by);
    const tensor_type *type = l->type;
    const size_t first = p * width, n = l->n_out - first < width ? l->n_out - first : width;
    packed_block block;
    if (n < width) memset(panel, 0, linear_panel_bytes(l, width));
    for (size_t lane = 0; lane < n; lane++) {
        const uint8_t *from = l->rows + (first + lane) * l->row_bytes;
        if (!type->take_apart) {
            packed_put_numbers(type->form, (int)width, (int)lane, from, l->n_in, panel);
            continue;
        }
        for (size_t k = 0; k < l->n_in; k += type->block, from += type->bytes) {
            type->take_apart(from, &block);
            packed_put(type->form, order, (int)width, (int)lane, k, &block, panel);
        }
    }
}

static void keep_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const linear *l = arg;
    const size_t width = (size_t)l->width;
    linear_make_panel(l, l->products, width, task, l->panels + task * linear_panel_bytes(l, width));
}

size_t linear_bytes(const linear *l, const linear_work *w)
{
    const size_t width = (size_t)w->simd->width;
    return (linear_n_panels(l, width) * linear_panel_bytes(l, width) + LINEAR_ALIGNMENT - 1) / LINEAR_ALIGNMENT *
           LINEAR_ALIGNMENT;
}

void linear_keep(linear *l, const linear_work *w, uint8_t *panels)
{
    l->panels = panels;
    l->width = w->simd->width;
    l->products = w->products;
    pool_run(w->crew, linear_n_panels(l, (size_t)l->width), keep_task, l);
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
    packed_row(type->form, order_of(l, l->products), l->width, (int)(i % width), type->levels,
               l->panels + i / width * linear_panel_bytes(l, width), l->n_in, row);
}
