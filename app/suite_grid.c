#include "app/suite_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool has_place(const store_item *i, const char *label)
{
    return !isnan(i->x) && !isnan(i->y) && (!label || strcmp(i->label, label) == 0);
}

static double *axis(const suite_items *items, const char *label, bool y, size_t *n)
{
    double *values = calloc(items->n + 1, sizeof *values);
    size_t all = 0;
    *n = 0;
    if (!values) return NULL;
    for (size_t i = 0; i < items->n; i++)
        if (has_place(&items->items[i], label)) values[all++] = y ? items->items[i].y : items->items[i].x;
    qsort(values, all, sizeof *values, ascending);
    for (size_t i = 0; i < all; i++)
        if (*n == 0 || values[*n - 1] != values[i]) values[(*n)++] = values[i];
    return values;
}

static size_t place(const double *values, size_t n, double value)
{
    const double *found = bsearch(&value, values, n, sizeof *values, ascending);
    return (size_t)(found - values);
}

static void add(suite_cell *c, double value)
{
    c->items++;
    if (isnan(value)) return;
    c->lo = c->n ? fmin(c->lo, value) : value;
    c->hi = c->n ? fmax(c->hi, value) : value;
    c->sum += value;
    c->n++;
}

bool suite_grid_make(const suite_items *items, const char *label, double (*value)(const store_item *), suite_grid *out)
{
    suite_grid g = { 0 };
    g.xs = axis(items, label, false, &g.n_x);
    g.ys = axis(items, label, true, &g.n_y);
    if (g.xs && g.ys && g.n_x > 0 && g.n_x <= SUITE_GRID_MOST / g.n_y) g.cells = calloc(g.n_x * g.n_y, sizeof *g.cells);
    if (!g.cells) {
        suite_grid_free(&g);
        return false;
    }
    for (size_t i = 0; i < items->n; i++) {
        const store_item *one = &items->items[i];
        if (!has_place(one, label)) continue;
        add(&g.cells[place(g.ys, g.n_y, one->y) * g.n_x + place(g.xs, g.n_x, one->x)], value(one));
    }
    *out = g;
    return true;
}

void suite_grid_free(suite_grid *g)
{
    free(g->xs);
    free(g->ys);
    free(g->cells);
    *g = (suite_grid){ 0 };
}

const suite_cell *suite_grid_at(const suite_grid *g, size_t x, size_t y)
{
    return &g->cells[y * g->n_x + x];
}

size_t suite_labels(const suite_items *items, const char **labels, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < items->n && n < most; i++) {
        size_t k = 0;
        while (k < n && strcmp(labels[k], items->items[i].label) != 0)
            k++;
        if (k == n) labels[n++] = items->items[i].label;
    }
    return n;
}

double suite_score_of(const store_item *i)
{
    return i->score;
}

double suite_second_of(const store_item *i)
{
    return i->second;
}
