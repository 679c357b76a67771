#include "app/spec_grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"

void spec_grid_free(spec_grid *grid)
{
    for (size_t i = 0; i < grid->n; i++)
        free(grid->texts[i]);
    free(grid->texts);
    *grid = (spec_grid){ 0 };
}

static bool add(spec_grid *grid, const char *text, size_t n, fault *f)
{
    char **grown = realloc(grid->texts, (grid->n + 1) * sizeof *grown);
    if (!grown) return fault_memory(f, "a grid");
    grid->texts = grown;
    char *copy = strndup(text, n);
    if (!copy) return fault_memory(f, "a grid");
    grid->texts[grid->n++] = copy;
    return true;
}

/* The k-th value from low. Multiples of a decimal step are rounded to the 12 digits a person would have written. */
static double point(const catalog_param *p, double low, double step, int k)
{
    double v = low;
    if (p->flags & KVANT_LOG)
        for (int i = 0; i < k; i++)
            v *= step;
    else
        v += k * step;
    if (p->type == KVANT_INT) return v;
    char rounded[NUMBER_TEXT];
    snprintf(rounded, sizeof rounded, "%.12g", v);
    return strtod(rounded, NULL);
}

static bool check_ends(const char *line, const catalog_param *p, const expr *e, fault *f)
{
    if (p->type != KVANT_INT && p->type != KVANT_REAL)
        return expr_fault(f, line, e->begin, "%s is not a number and has no range", p->name);
    for (const expr *end = e->first; end; end = end->next) {
        if (p->type == KVANT_INT && end->kind != EXPR_INT)
            return expr_fault(f, line, end->begin, "%s is a whole number", p->name);
        if (end->r >= p->min && end->r <= p->max) continue;
        char min[NUMBER_TEXT], max[NUMBER_TEXT];
        number_write(p->min, min);
        number_write(p->max, max);
        return expr_fault(f, line, end->begin, "%s is out of range: %s to %s", p->name, min, max);
    }
    if (e->first->r <= e->first->next->r) return true;
    return expr_fault(f, line, e->begin, "the range of %s runs backwards", p->name);
}

static bool add_range(spec_grid *grid, const char *line, const catalog_param *p, const expr *e, fault *f)
{
    if (!p) return expr_fault(f, line, e->begin, "a range of numbers where a codec is expected");
    if (!check_ends(line, p, e, f)) return false;
    bool geometric = (p->flags & KVANT_LOG) != 0;
    if (p->step == 0 && p->type == KVANT_REAL && !geometric)
        return expr_fault(f, line, e->begin, "%s has no step; list the values: {a, b}", p->name);
    double step = p->step != 0 ? p->step : geometric ? 2 : 1;
    double low = e->first->r, high = e->first->next->r;
    for (int k = 0;; k++) {
        double v = point(p, low, step, k);
        if (v > high) return true;
        if (k >= GRID_LONGEST) return expr_fault(f, line, e->begin, "a range of more than %d values", GRID_LONGEST);
        char text[NUMBER_TEXT];
        if (p->type == KVANT_INT)
            snprintf(text, sizeof text, "%.0f", v);
        else
            number_write(v, text);
        if (!add(grid, text, strlen(text), f)) return false;
    }
}

bool spec_grid_read(spec_grid *grid, const char *line, const catalog_param *p, const expr *e, fault *f)
{
    grid->begin = e->begin;
    grid->end = e->end;
    bool ok = true;
    if (e->kind == EXPR_RANGE)
        ok = add_range(grid, line, p, e, f);
    else
        for (const expr *item = e->first; ok && item; item = item->next)
            ok = add(grid, line + item->begin, item->end - item->begin, f);
    if (!ok) spec_grid_free(grid);
    return false;
}
