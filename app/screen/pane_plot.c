/* The frontier: the plot of the runs that can be compared, to be moved about in. */
#include "app/screen/pane.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/axes.h"
#include "app/plot.h"

enum { LEAST_HEIGHT = 3, MOST_FAMILIES = 64, UNSEEN_WIDTH = 80, UNSEEN_HEIGHT = 24 };

typedef struct plot_pane {
    pane base;
    plot *picture; /* as it was drawn last; NULL: nothing was */
    int64_t *ids;  /* the run of each of its points */
    size_t n;
    bool plain;     /* no braille */
    plot_view seen; /* lo >= hi: everything */
    size_t set;     /* what `seen` is a part of */
    const store_metric *x, *y;
} plot_pane;

/* ---- from the board ---- */

static plot_point point_of(const view *v, const board_point *p)
{
    static const plot_class classes[] = { PLOT_FRONTIER, PLOT_DOMINATED, PLOT_FAILED, PLOT_DOMINATED };
    return (plot_point){ .x = p->x,
                         .y = p->y,
                         .lo = p->y_lo,
                         .hi = p->y_hi,
                         .class = classes[p->where],
                         .label = p->row->config,
                         .family = p->row->family,
                         .chosen = p->row->id == v->chosen,
                         .like_chosen = p->like_chosen,
                         .pinned = p->row->pinned };
}

static void forget(plot_pane *p)
{
    plot_free(p->picture);
    free(p->ids);
    p->picture = NULL;
    p->ids = NULL;
    p->n = 0;
}

/* The names of the families that are there, by number. */
static size_t name_families(const view *v, const plot_point *points, size_t n, const char *names[MOST_FAMILIES])
{
    size_t end = 0;
    memset(names, 0, MOST_FAMILIES * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        const int family = points[i].family;
        if (family < 0 || family >= MOST_FAMILIES) continue;
        names[family] = board_family_name(v->board, family);
        if ((size_t)family >= end) end = (size_t)family + 1;
    }
    return end;
}

static void make_picture(plot_pane *p, const view *v, int width, int height)
{
    const size_t n = board_n_points(v->board);
    const char *families[MOST_FAMILIES];
    char x_title[96], y_title[96];
    plot_point *points = calloc(n + 1, sizeof *points);
    forget(p);
    p->ids = calloc(n + 1, sizeof *p->ids);
    for (size_t i = 0; points && p->ids && i < n; i++) {
        const board_point *from = board_point_at(v->board, i);
        points[i] = point_of(v, from);
        p->ids[i] = from->row->id;
    }
    axes_title(v->x, x_title, sizeof x_title);
    axes_title(v->y, y_title, sizeof y_title);
    plot_style style = { .width = width,
                         .height = height,
                         .log_y = v->y->flags & STORE_DECADES,
                         .y_up = v->y->direction > 0,
                         .marks = !v->tui->terminal.utf8 ? PLOT_ASCII
                                  : p->plain             ? PLOT_UTF8
                                                         : PLOT_BRAILLE,
                         .labels = true,
                         .letters = !v->tui->terminal.color,
                         .limit = v->limit,
                         .x_title = x_title,
                         .y_title = y_title,
                         .view = p->seen,
                         .families = families };
    if (points) style.n_families = name_families(v, points, n, families);
    p->picture = points && p->ids ? plot_create(points, n, &style, NULL) : NULL;
    p->n = p->picture ? n : 0;
    free(points);
}

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
    forget(p);
    if (below.height < LEAST_HEIGHT) return;
    make_picture(p, v, below.width, below.height);
    if (!p->picture) return;
    rect shown = below;
    if (shown.width > plot_width(p->picture)) shown.width = plot_width(p->picture);
    if (shown.height > plot_height(p->picture)) shown.height = plot_height(p->picture);
    for (int row = 0; row < shown.height; row++)
        draw_row(v, p->picture, row, shown, focused);
}

/* ---- keys ---- */

/* The point of the chosen run; p->n: there is none. */
static size_t chosen_point(const plot_pane *p, const view *v)
{
    size_t i = 0;
    while (i < p->n && p->ids[i] != v->chosen)
        i++;
    return i;
}

static void choose(const plot_pane *p, view *v, size_t i)
{
    if (i < p->n) v->chosen = p->ids[i];
}

static void step(plot_pane *p, view *v, int dx, int dy)
{
    if (p->n) choose(p, v, plot_step(p->picture, chosen_point(p, v), dx, dy));
}

/* About the chosen point when it is to be seen, else about the middle. */
static void zoom(plot_pane *p, view *v, double factor)
{
    int row, column;
    if (plot_place(p->picture, chosen_point(p, v), &row, &column))
        p->seen = plot_zoom_at(p->picture, factor, row, column);
    else
        p->seen = plot_zoom(p->picture, factor, 0.5, 0.5);
}

static void zoom_in(plot_pane *p, view *v, int dx, int dy)
{
    (void)dx, (void)dy;
    zoom(p, v, 1 / 1.5);
}

static void zoom_out(plot_pane *p, view *v, int dx, int dy)
{
    (void)dx, (void)dy;
    zoom(p, v, 1.5);
}

static void see_all(plot_pane *p, view *v, int dx, int dy)
{
    (void)v, (void)dx, (void)dy;
    p->seen = (plot_view){ 0 };
}

static void pan(plot_pane *p, view *v, int dx, int dy)
{
    (void)v;
    p->seen = plot_pan(p->picture, 0.25 * dx, 0.25 * dy);
}

/* Along the frontier, whatever lies between. */
static void follow(plot_pane *p, view *v, int dx, int dy)
{
    (void)dy;
    const size_t n = board_n_points(v->board);
    size_t i = chosen_point(p, v);
    if (i >= n) i = dx > 0 ? SIZE_MAX : n;
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
static void limit_here(plot_pane *p, view *v, int dx, int dy)
{
    (void)p, (void)dx, (void)dy;
    char line[64] = "limit";
    const ptrdiff_t i = board_point_of(v->board, v->chosen);
    const double y = i < 0 ? NAN : board_point_at(v->board, (size_t)i)->y;
    if (isnan(v->limit) && isnan(y)) return;
    if (isnan(v->limit)) snprintf(line, sizeof line, "limit %.10g", rounded(y, v->y->direction));
    console_run(v->console, line);
}

static void change_marks(plot_pane *p, view *v, int dx, int dy)
{
    (void)v, (void)dx, (void)dy;
    p->plain = !p->plain;
}

static bool key(pane *base, view *v, int key)
{
    static const struct {
        int key, other;
        void (*act)(plot_pane *p, view *v, int dx, int dy);
        int dx, dy;
    } keys[] = {
        { 'h', TUI_LEFT, step, -1, 0 }, { 'l', TUI_RIGHT, step, 1, 0 }, { 'k', TUI_UP, step, 0, 1 },
        { 'j', TUI_DOWN, step, 0, -1 }, { 'H', 'H', pan, -1, 0 },       { 'L', 'L', pan, 1, 0 },
        { 'K', 'K', pan, 0, 1 },        { 'J', 'J', pan, 0, -1 },       { '+', '=', zoom_in, 0, 0 },
        { '-', '_', zoom_out, 0, 0 },   { '0', '0', see_all, 0, 0 },    { 'f', 'f', follow, 1, 0 },
        { 'F', 'F', follow, -1, 0 },    { 'c', 'c', limit_here, 0, 0 }, { 'b', 'b', change_marks, 0, 0 },
    };
    plot_pane *p = (plot_pane *)base;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].key != key && keys[i].other != key) continue;
        if (!p->picture) make_picture(p, v, UNSEEN_WIDTH, UNSEEN_HEIGHT); /* the pane just came up, or is too low */
        if (!p->picture) return false;
        keys[i].act(p, v, keys[i].dx, keys[i].dy);
        v->dirty = true;
        return true;
    }
    return false;
}

static bool mouse(pane *base, view *v, rect r, const tui_mouse *m)
{
    plot_pane *p = (plot_pane *)base;
    (void)r;
    if (!p->picture || m->row < 1) return false;
    if (m->wheel_up || m->wheel_down) {
        p->seen = plot_zoom_at(p->picture, m->wheel_up ? 1 / 1.25 : 1.25, m->row - 1, m->column);
    } else if (m->pressed) {
        const ptrdiff_t i = plot_nearest(p->picture, m->row - 1, m->column);
        if (i >= 0) choose(p, v, (size_t)i);
    } else {
        return false;
    }
    v->dirty = true;
    return true;
}

/* ---- the pane ---- */

static void release(pane *base)
{
    forget((plot_pane *)base);
    free(base);
}

static const pane_type type = { "frontier", "hjkl point  f along  + - zoom  HJKL pan  0 all  c limit", draw, key, mouse,
                                release };

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
