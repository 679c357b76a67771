/* The frontier: the plot of the runs that can be compared, to be moved about in. */
#include "app/screen/pane.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/screen/plot_picture.h"

enum { LEAST_HEIGHT = 3, UNSEEN_WIDTH = 80, UNSEEN_HEIGHT = 24 };

typedef struct plot_pane {
    pane base;
    plot_picture picture; /* as it was drawn last */
    bool plain;           /* no braille */
    plot_view seen;       /* lo >= hi: everything */
    size_t set;           /* what `seen` is a part of */
    const store_metric *x, *y;
} plot_pane;

/* ---- drawing ---- */

static tui_look look_of(int look, bool focused)
{
    static const tui_look looks[PLOT_FAMILY] = {
        [PLOT_PLAIN] = LOOK_PLAIN, [PLOT_FAINT] = LOOK_DIM,  [PLOT_STRONG] = LOOK_CHOSEN,
        [PLOT_ALARM] = LOOK_BAD,   [PLOT_LIMIT] = LOOK_WARN, [PLOT_ALIKE] = LOOK_ACCENT,
    };
    if (look >= PLOT_FAMILY) return LOOK_FAMILY + (look - PLOT_FAMILY) % 6;
    return look == PLOT_STRONG && !focused ? LOOK_MARKED : looks[look];
}

/* Cells of one look go together. */
static void draw_row(const view *v, const plot *picture, int row, rect r, bool focused)
{
    char text[512];
    size_t n = 0;
    int begin = 0, look = PLOT_PLAIN;
    for (int column = 0; column <= r.width; column++) {
        const plot_cell *cell = column < r.width ? plot_cell_at(picture, row, column) : NULL;
        if (n && (!cell || cell->look != look || n + sizeof cell->text > sizeof text)) {
            text[n] = '\0';
            tui_put(v->tui, r, row, begin, look_of(look, focused), text);
            n = 0;
        }
        if (!cell) break;
        if (!n) begin = column;
        look = cell->look;
        n = (size_t)(stpcpy(text + n, cell->text) - text);
    }
}

/* What stands at the right of the title: the answer to a limit, or how many points there are. */
static void describe(const view *v, char *text, size_t capacity)
{
    const size_t n = board_n_points(v->board);
    snprintf(text, capacity, "%zu point%s%s", n, n == 1 ? "" : "s", *board_filtered_by(v->board) ? ", filtered" : "");
    if (isnan(v->limit)) return;
    const ptrdiff_t i = board_cheapest(v->board, v->limit);
    const char *than = v->y->direction > 0 ? ">=" : "<=";
    if (i < 0)
        snprintf(text, capacity, "none %s %.3g", than, v->limit);
    else
        snprintf(text, capacity, "%s %.3g: %.40s", than, v->limit, board_point_at(v->board, (size_t)i)->row->config);
}

static void bring_up_to_date(plot_pane *p, const view *v, int width, int height)
{
    const plot_subject of = { .changes = board_changes(v->board),
                              .width = width,
                              .height = height,
                              .seen = p->seen,
                              .marks = !v->tui->terminal.utf8 ? PLOT_ASCII
                                       : p->plain             ? PLOT_UTF8
                                                              : PLOT_BRAILLE,
                              .color = v->tui->terminal.color,
                              .limit = v->limit };
    plot_picture_draw(&p->picture, v, &of);
}

static void draw(pane *base, view *v, rect r, bool focused)
{
    plot_pane *p = (plot_pane *)base;
    char title[128], right[96];
    if (p->set != v->set || p->x != v->x || p->y != v->y) p->seen = (plot_view){ 0 };
    p->set = v->set;
    p->x = v->x;
    p->y = v->y;
    const bool part = p->seen.x_lo < p->seen.x_hi;
    snprintf(title, sizeof title, "2 frontier: %s over %s%s", v->y->name, v->x->name, part ? ", a part (0: all)" : "");
    describe(v, right, sizeof right);
    tui_rule(v->tui, r, 0, focused ? LOOK_ACCENT : LOOK_DIM, title, right);
    const rect below = { r.row + 1, r.column, r.height - 1, r.width };
    if (below.height < LEAST_HEIGHT) {
        plot_picture_forget(&p->picture);
        return;
    }
    bring_up_to_date(p, v, below.width, below.height);
    const plot *picture = p->picture.plot;
    if (!picture) return;
    rect shown = below;
    if (shown.width > plot_width(picture)) shown.width = plot_width(picture);
    if (shown.height > plot_height(picture)) shown.height = plot_height(picture);
    for (int row = 0; row < shown.height; row++)
        draw_row(v, picture, row, shown, focused);
}

/* ---- keys ---- */

/* The picture that a key is about: what the key before it has changed is part of it already. It may be that the pane
 * just came up, or is too low to be seen. */
static const plot *picture_now(plot_pane *p, const view *v)
{
    const plot_view *was = &p->picture.of.seen, *is = &p->seen;
    const bool there = p->picture.plot != NULL;
    const bool same = was->x_lo == is->x_lo && was->x_hi == is->x_hi && was->y_lo == is->y_lo && was->y_hi == is->y_hi;
    if (!there || !same || p->picture.of.changes != board_changes(v->board))
        bring_up_to_date(p, v, there ? p->picture.of.width : UNSEEN_WIDTH,
                         there ? p->picture.of.height : UNSEEN_HEIGHT);
    return p->picture.plot;
}

static void choose(const plot_pane *p, view *v, size_t i)
{
    if (i < p->picture.n) v->chosen = p->picture.ids[i];
}

static void step(pane *base, view *v, int dx, int dy)
{
    plot_pane *p = (plot_pane *)base;
    const plot *picture = picture_now(p, v);
    if (picture && p->picture.n) choose(p, v, plot_step(picture, plot_picture_chosen(&p->picture, v), dx, dy));
}

/* About the chosen point when it is to be seen, else about the middle. */
static void zoom(pane *base, view *v, int more, int b)
{
    (void)b;
    plot_pane *p = (plot_pane *)base;
    const plot *picture = picture_now(p, v);
    const double factor = more > 0 ? 1 / 1.5 : 1.5;
    int row, column;
    if (!picture) return;
    if (plot_place(picture, plot_picture_chosen(&p->picture, v), &row, &column))
        p->seen = plot_zoom_at(picture, factor, row, column);
    else
        p->seen = plot_zoom(picture, factor, 0.5, 0.5);
}

static void see_all(pane *base, view *v, int a, int b)
{
    (void)v, (void)a, (void)b;
    ((plot_pane *)base)->seen = (plot_view){ 0 };
}

static void pan(pane *base, view *v, int dx, int dy)
{
    plot_pane *p = (plot_pane *)base;
    const plot *picture = picture_now(p, v);
    if (picture) p->seen = plot_pan(picture, 0.25 * dx, 0.25 * dy);
}

/* Along the frontier, whatever lies between. */
static void follow(pane *base, view *v, int dx, int b)
{
    (void)base, (void)b;
    const size_t n = board_n_points(v->board);
    const ptrdiff_t from = board_point_of(v->board, v->chosen);
    size_t i = from >= 0 ? (size_t)from : dx > 0 ? SIZE_MAX : n;
    for (i += (size_t)dx; i < n; i += (size_t)dx) {
        const board_point *q = board_point_at(v->board, i);
        if (q->where != STORE_FRONTIER) continue;
        v->chosen = q->row->id;
        return;
    }
}

/* To three digits, to the side where y itself is still good enough. */
static double rounded(double y, int direction)
{
    if (y == 0 || !isfinite(y)) return y;
    const double unit = pow(10, floor(log10(fabs(y))) - 2);
    const double steps = y / unit;
    return unit * (direction > 0 ? floor(steps) : ceil(steps));
}

/* A limit at the chosen point, or none where there was one. */
static void limit_here(pane *base, view *v, int a, int b)
{
    (void)base, (void)a, (void)b;
    char line[64] = "limit";
    const ptrdiff_t i = board_point_of(v->board, v->chosen);
    const double y = i < 0 ? NAN : board_point_at(v->board, (size_t)i)->y;
    if (isnan(v->limit) && isnan(y)) return;
    if (isnan(v->limit)) snprintf(line, sizeof line, "limit %.10g", rounded(y, v->y->direction));
    console_run(v->console, line);
}

static void change_marks(pane *base, view *v, int a, int b)
{
    (void)v, (void)a, (void)b;
    plot_pane *p = (plot_pane *)base;
    p->plain = !p->plain;
}

static const pane_key keys[] = {
    { { 'h', TUI_LEFT }, step, -1, 0, "point", "the next run in that direction; arrows, too" },
    { { 'j', TUI_DOWN }, step, 0, -1, NULL, NULL },
    { { 'k', TUI_UP }, step, 0, 1, NULL, NULL },
    { { 'l', TUI_RIGHT }, step, 1, 0, NULL, NULL },
    { { 'f' }, follow, 1, 0, "along", "along the frontier, to more and to less of x" },
    { { 'F' }, follow, -1, 0, NULL, NULL },
    { { '+', '=' }, zoom, 1, 0, "zoom", "show less, more, everything" },
    { { '-', '_' }, zoom, -1, 0, NULL, NULL },
    { { '0' }, see_all, 0, 0, NULL, NULL },
    { { 'H' }, pan, -1, 0, "pan", "look at the part beside" },
    { { 'J' }, pan, 0, -1, NULL, NULL },
    { { 'K' }, pan, 0, 1, NULL, NULL },
    { { 'L' }, pan, 1, 0, NULL, NULL },
    { { 'c' }, limit_here, 0, 0, "limit", "the cheapest run that is as good as the chosen one; again: no line" },
    { { 'b' }, change_marks, 0, 0, NULL, "braille dots, or not" },
    { { 0 }, NULL, 0, 0, NULL, NULL },
};

static bool mouse(pane *base, view *v, rect r, const tui_mouse *m)
{
    plot_pane *p = (plot_pane *)base;
    (void)r;
    const plot *picture = m->row >= 1 ? picture_now(p, v) : NULL;
    if (!picture) return false;
    if (m->wheel_up || m->wheel_down) {
        p->seen = plot_zoom_at(picture, m->wheel_up ? 1 / 1.25 : 1.25, m->row - 1, m->column);
    } else if (m->pressed) {
        const ptrdiff_t i = plot_nearest(picture, m->row - 1, m->column);
        if (i >= 0) choose(p, v, (size_t)i);
    } else {
        return false;
    }
    return true;
}

/* ---- the pane ---- */

static void release(pane *base)
{
    plot_picture_forget(&((plot_pane *)base)->picture);
    free(base);
}

static const pane_type type = { "frontier", keys, draw, mouse, release };

pane *pane_plot_create(fault *f)
{
    plot_pane *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "the plot");
        return NULL;
    }
    p->base.type = &type;
    return &p->base;
}
