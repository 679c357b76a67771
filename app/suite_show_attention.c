/* attention: layers by heads, each cell 1 - cosine on a logarithmic scale. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_grid.h"
#include "app/suite_show_work.h"

enum { LAYER = 6, BETWEEN = 4, WORST = 10 };

static double loss(double cosine)
{
    return fmax(1 - cosine, 0);
}

/* One of the two heatmaps. */
typedef struct map {
    const char *title;
    double (*value)(const store_item *);
    suite_grid grid; /* x: layers, y: heads */
    double lo, hi;   /* of what is lost, above 0 */
} map;

static bool open_map(map *m, const suite_items *items)
{
    if (!suite_grid_make(items, NULL, m->value, &m->grid)) return false;
    m->lo = INFINITY;
    m->hi = 0;
    for (size_t i = 0; i < m->grid.n_x * m->grid.n_y; i++) {
        const suite_cell *c = &m->grid.cells[i];
        const double lost = c->n ? loss(c->lo) : 0;
        if (!(lost > 0) || isinf(lost)) continue;
        m->lo = fmin(m->lo, lost);
        m->hi = fmax(m->hi, lost);
    }
    return true;
}

/* One character for `per` heads: the worst of them. */
static void draw_cell(suite_sheet *to, const map *m, size_t layer, size_t head, size_t per)
{
    double worst = NAN;
    for (size_t i = head; i < head + per && i < m->grid.n_y; i++) {
        const suite_cell *c = suite_grid_at(&m->grid, layer, i);
        if (c->n) worst = fmax(worst, loss(c->lo));
    }
    if (isnan(worst)) {
        sheet_put(to, STYLE_DIM, "?");
        return;
    }
    const terminal_look look = worst > 0 && worst >= m->hi ? STYLE_BAD
                               : worst > ATTENTION_MARK    ? STYLE_WARN
                                                           : STYLE_PLAIN;
    sheet_put(to, look, sheet_step(to, sheet_level(worst, m->lo, m->hi)));
}

static void draw_maps(suite_sheet *to, const map *maps, int n, size_t room)
{
    const size_t layers = maps[0].grid.n_x, heads = maps[0].grid.n_y;
    const size_t per = (heads + room - 1) / room;
    const bool wide = per == 1 && 2 * heads <= room;
    const int width = wide ? 2 * (int)heads : (int)((heads + per - 1) / per);
    int step = width + BETWEEN;
    for (int k = 0; k < n; k++) {
        const int least = (int)strlen(maps[k].title) + BETWEEN;
        if (step < least) step = least;
    }
    sheet_put(to, STYLE_DIM, "layer");
    for (int k = 0; k < n; k++) {
        sheet_to(to, LAYER + k * step);
        sheet_put(to, STYLE_DIM, maps[k].title);
    }
    sheet_end(to);
    for (size_t layer = 0; layer < layers; layer++) {
        sheet_right(to, LAYER - 1, STYLE_DIM, "%s", item_text(maps[0].grid.xs[layer], 6).text);
        for (int k = 0; k < n; k++) {
            sheet_to(to, LAYER + k * step);
            for (size_t head = 0; head < heads; head += per) {
                draw_cell(to, &maps[k], layer, head, per);
                if (wide) sheet_to(to, to->column + 1);
            }
        }
        sheet_end(to);
    }
    if (per > 1) {
        sheet_print(to, STYLE_DIM, "%zu heads a sign, the worst of them", per);
        sheet_end(to);
    }
}

static void explain(suite_sheet *to, const map *m)
{
    if (m->hi > 0)
        sheet_wrap_print(to, 0, STYLE_DIM, "1 - cosine of %s, log scale: %s %.2g to %s %.2g", m->title,
                         sheet_step(to, 1), m->lo, sheet_step(to, SHEET_STEPS), m->hi);
    else
        sheet_wrap_print(to, 0, STYLE_DIM, "the cosine of %s is 1 everywhere", m->title);
}

static void picture(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    map maps[2] = { { .title = "weights", .value = suite_score_of }, { .title = "outputs", .value = suite_second_of } };
    const bool first = open_map(&maps[0], items), both = first && open_map(&maps[1], items);
    if (both) {
        const int half = (to->width - LAYER - BETWEEN) / 2, whole = to->width - LAYER;
        const size_t heads = maps[0].grid.n_y;
        const bool beside = (size_t)half >= heads || (half >= 32 && (size_t)whole < heads);
        for (int k = 0; k < (beside ? 1 : 2); k++)
            draw_maps(to, &maps[k], beside ? 2 : 1, (size_t)(beside ? half : whole));
        for (int k = 0; k < 2; k++)
            explain(to, &maps[k]);
    } else {
        sheet_put(to, STYLE_WARN, "too many layers and heads for a picture; --json has them");
        sheet_end(to);
    }
    for (int k = 0; k < 2; k++)
        suite_grid_free(&maps[k].grid);
}

/* ---- the worst heads ---- */

static int worst_first(const void *a, const void *b)
{
    const store_item *p = *(const store_item *const *)a, *q = *(const store_item *const *)b;
    if (p->score != q->score) return p->score > q->score ? 1 : -1;
    return (p > q) - (p < q);
}

static void rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    const store_item **all = calloc(items->n + 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; all && i < items->n; i++)
        if (items->items[i].score < 1) all[n++] = &items->items[i];
    if (n > 0) {
        qsort(all, n, sizeof *all, worst_first);
        sheet_end(to);
        sheet_put(to, STYLE_DIM, "layer  head     weights     outputs");
        sheet_end(to);
    }
    for (size_t i = 0; i < n && i < WORST; i++) {
        const store_item *h = all[i];
        sheet_right(to, 5, STYLE_PLAIN, "%s", item_text(h->x, 6).text);
        sheet_right(to, 11, STYLE_PLAIN, "%s", item_text(h->y, 6).text);
        sheet_right(to, 23, loss(h->score) > ATTENTION_MARK ? STYLE_WARN : STYLE_PLAIN, "%.6f", h->score);
        sheet_right(to, 35, STYLE_PLAIN, "%s", item_text(h->second, 6).text);
        if (*h->note) {
            sheet_to(to, 37);
            sheet_fit(to, STYLE_PLAIN, h->note, to->width);
        }
        sheet_end(to);
    }
    free(all);
}

static void summary(const store_run *run, const suite_items *items, char *text, size_t size)
{
    const store_item *worst = NULL;
    (void)run;
    for (size_t i = 0; i < items->n; i++) {
        const store_item *h = &items->items[i];
        if (!isnan(h->score) && (!worst || h->score < worst->score)) worst = h;
    }
    const int n = snprintf(text, size, "mean cosine of weights %s, of outputs %s",
                           item_text(item_mean(items, suite_score_of, false), 5).text,
                           item_text(item_mean(items, suite_second_of, false), 5).text);
    if (n < 0 || (size_t)n >= size || !worst) return;
    snprintf(text + n, size - (size_t)n, "; worst head %s of layer %s with %.5g", item_text(worst->y, 6).text,
             item_text(worst->x, 6).text, worst->score);
}

const suite_drawing drawing_attention = { "attention", picture, rest, summary };
