/* needle: a heatmap of depth by length for each kind of task, with what was found of what the reference finds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite.h"
#include "app/suite_grid.h"
#include "app/suite_show_work.h"

/* ---- counts ---- */

static int trials_of(const store_run *run)
{
    int trials;
    fault f = { 0 };
    return suite_option_int(run->suite_options, "trials", 1, 1 << 20, &trials, &f) ? trials : 1;
}

store_item *needle_counts(const store_run *run, const suite_items *items)
{
    const double trials = trials_of(run);
    store_item *counts = calloc(items->n + 1, sizeof *counts);
    for (size_t i = 0; counts && i < items->n; i++) {
        store_item *to = &counts[i];
        *to = items->items[i];
        const bool na = !isfinite(to->score) || !isfinite(to->score_ref);
        to->second = na ? 0 : round(fmin(fmax(to->score_ref, 0), 1) * trials);
        to->score = na || to->second == 0 ? NAN : round(fmin(fmax(to->score, 0), 1) * to->second);
    }
    return counts;
}

/* ---- heatmaps ---- */

enum { KINDS = 16, BLOCKS = KINDS * SUITE_LIST, DEPTH = 7, BETWEEN = 4 };

/* Some columns of one kind's heatmap: as many as stand beside each other. */
typedef struct block {
    const char *kind;
    const suite_grid *grid, *asked;
    size_t from, to; /* columns */
    int cell, width;
} block;

static int digits(double value)
{
    char text[40];
    return snprintf(text, sizeof text, "%.6g", value);
}

/* Columns that a cell of this heatmap takes, with what is between it and the one before. */
static int cell_width(const suite_grid *g, const suite_grid *asked)
{
    int widest = 3;
    for (size_t x = 0; x < g->n_x; x++) {
        const int length = digits(g->xs[x]);
        if (length > widest) widest = length;
        for (size_t y = 0; y < g->n_y; y++) {
            const suite_cell *c = suite_grid_at(g, x, y);
            const int found = 2 + digits(c->sum) + 1 + digits(suite_grid_at(asked, x, y)->sum);
            if (c->n > 0 && found > widest) widest = found;
        }
    }
    return widest + 2;
}

static size_t cut_into_blocks(const char *kind, const suite_grid *g, const suite_grid *asked, int width, block *to,
                              size_t room)
{
    const int cell = cell_width(g, asked);
    const size_t fit = width - DEPTH >= cell ? (size_t)((width - DEPTH) / cell) : 1;
    size_t n = 0;
    for (size_t from = 0; from < g->n_x && n < room; from += fit, n++) {
        const size_t end = from + fit < g->n_x ? from + fit : g->n_x;
        to[n] = (block){ kind, g, asked, from, end, cell, DEPTH + (int)(end - from) * cell };
    }
    return n;
}

static void draw_cell(suite_sheet *to, const suite_cell *c, double asked, int end)
{
    if (c->n == 0) {
        sheet_right(to, end, STYLE_DIM, c->items ? "-" : "");
        return;
    }
    const double part = c->sum / asked;
    const char *mark = part >= 1     ? sheet_sign(to, "█", "#")
                       : part >= 0.5 ? sheet_sign(to, "▓", "+")
                       : part > 0    ? sheet_sign(to, "░", ".")
                                     : "x";
    sheet_right(to, end,
                part >= 1  ? STYLE_GOOD
                : part > 0 ? STYLE_WARN
                           : STYLE_BAD,
                "%s %.6g/%.6g", mark, c->sum, asked);
}

/* Line 0 is the title, 1 the lengths, the others one for each depth. */
static void draw_line(suite_sheet *to, const block *b, int at, size_t line)
{
    const suite_grid *g = b->grid;
    if (line >= g->n_y + 2) return;
    if (at > to->column) sheet_to(to, at);
    if (line == 0) {
        sheet_fit(to, STYLE_BOLD, b->kind, b->width);
        if (b->from > 0) sheet_put(to, STYLE_DIM, " (more lengths)");
        return;
    }
    if (line == 1)
        sheet_put(to, STYLE_DIM, "depth");
    else
        sheet_right(to, at + 5, STYLE_DIM, "%.3g %%", 100 * g->ys[line - 2]);
    for (size_t x = b->from; x < b->to; x++) {
        const int end = at + DEPTH + (int)(x - b->from + 1) * b->cell;
        if (line == 1)
            sheet_right(to, end, STYLE_DIM, "%.6g", g->xs[x]);
        else
            draw_cell(to, suite_grid_at(g, x, line - 2), suite_grid_at(b->asked, x, line - 2)->sum, end);
    }
}

/* As many blocks as fit beside each other, line by line; returns how many. */
static size_t draw_row(suite_sheet *to, const block *blocks, size_t n)
{
    size_t taken = 0, lines = 0;
    int width = 0;
    while (taken < n && (taken == 0 || width + BETWEEN + blocks[taken].width <= to->width)) {
        width += (taken ? BETWEEN : 0) + blocks[taken].width;
        const size_t needs = blocks[taken].grid->n_y + 2;
        if (needs > lines) lines = needs;
        taken++;
    }
    for (size_t line = 0; line < lines; line++) {
        int at = 0;
        for (size_t i = 0; i < taken; i++) {
            draw_line(to, &blocks[i], at, line);
            at += blocks[i].width + BETWEEN;
        }
        sheet_end(to);
    }
    return taken;
}

static void draw_blocks(suite_sheet *to, const suite_items *counts)
{
    const char *kinds[KINDS];
    suite_grid grids[KINDS][2];
    block blocks[BLOCKS];
    size_t n = 0, made = 0;
    const size_t n_kinds = suite_labels(counts, kinds, KINDS);
    for (size_t i = 0; i < n_kinds; i++) {
        suite_grid *g = grids[made];
        if (!suite_grid_make(counts, kinds[i], suite_score_of, &g[0])) {
            sheet_fit(to, STYLE_WARN, kinds[i], 20);
            sheet_put(to, STYLE_WARN, ": too many lengths and depths for a picture; --json has them");
            sheet_end(to);
            continue;
        }
        if (!suite_grid_make(counts, kinds[i], suite_second_of, &g[1])) {
            suite_grid_free(&g[0]);
            continue;
        }
        n += cut_into_blocks(kinds[i], &g[0], &g[1], to->width, blocks + n, BLOCKS - n);
        made++;
    }
    for (size_t i = 0; i < n;)
        i += draw_row(to, blocks + i, n - i);
    for (size_t i = 0; i < made; i++) {
        suite_grid_free(&grids[i][0]);
        suite_grid_free(&grids[i][1]);
    }
}

static void picture(suite_sheet *to, const store_run *run, const suite_items *items)
{
    store_item *counts = needle_counts(run, items);
    if (counts) draw_blocks(to, &(suite_items){ counts, items->n });
    free(counts);
    sheet_wrap(to, 0, STYLE_DIM,
               "found of what the reference finds, by length in tokens; -: the reference finds nothing");
}

/* ---- what was said ---- */

static double rank(const store_item *i)
{
    return i->score < 1 ? 1 + (isnan(i->kld) ? 0 : i->kld) : 0;
}

static void head(const store_item *i, char *text, size_t size)
{
    snprintf(text, size, "%s, %s tokens, depth %s %%%s%s", i->label, item_text(i->x, 6).text,
             item_text(100 * i->y, 3).text, *i->note ? ": " : "", i->note);
}

static void rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    draw_said(to, items, &(said_choice){ rank, head, 8 });
}

static void summary(const store_run *run, const suite_items *items, char *text, size_t size)
{
    store_item *counts = needle_counts(run, items);
    double asked = 0, found = 0;
    size_t na = 0;
    for (size_t i = 0; counts && i < items->n; i++) {
        const bool is = !isnan(counts[i].score);
        na += !is;
        asked += is ? counts[i].second : 0;
        found += is ? counts[i].score : 0;
    }
    free(counts);
    const int n = snprintf(text, size, "found %.6g of the %.6g the reference finds", found, asked);
    if (na > 0 && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, "; %zu of %zu cells n/a", na, items->n);
}

const suite_drawing drawing_needle = { "needle", picture, rest, summary };
