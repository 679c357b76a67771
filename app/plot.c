#include "app/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot_parts.h"

enum {
    LEAST_WIDTH = 24,
    LEAST_HEIGHT = 6,
    MOST_WIDTH = PLOT_MOST_WIDTH,
    MOST_HEIGHT = PLOT_MOST_HEIGHT,
    TITLED = 10, /* lines from which the axis of x has a title of its own */
    NOTED = 8,   /* and from which what is not shown is counted */
    LISTED = 12, /* and from which families are explained */
};

static int clamp(int value, int lo, int hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

/* ---- what stands where ---- */

/* Whether y can stand on the axis; zero does on any. */
static bool y_stands(const plot_style *style, double y)
{
    return isfinite(y) && (!style->log_y || y >= 0);
}

static bool has_place(const plot_style *style, const plot_point *p)
{
    return isfinite(p->x) && (y_stands(style, p->y) || p->class == PLOT_FAILED);
}

double plot_column_of(const plot *p, double x)
{
    return scale_place(&p->x, x) * (p->columns - 1);
}

double plot_row_of(const plot *p, double y)
{
    if (p->style.log_y && y <= 0) return p->rows - 1;
    return (1 - scale_place(&p->y, y)) * (p->y_rows - 1);
}

/* Ranges that hold everything; false when nothing has a place. */
static bool survey(plot *p, double x[2], double y[2])
{
    x[0] = y[0] = INFINITY;
    x[1] = y[1] = -INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        const plot_point *q = &p->spots[i].point;
        p->spots[i].placed = has_place(&p->style, q);
        if (!p->spots[i].placed) {
            *(q->class == PLOT_FAILED ? &p->no_failed : &p->no_value) += 1;
            continue;
        }
        x[0] = fmin(x[0], q->x);
        x[1] = fmax(x[1], q->x);
        if (!y_stands(&p->style, q->y)) continue;
        if (p->style.log_y && q->y == 0) {
            p->zeros = true;
            continue;
        }
        y[0] = fmin(y[0], q->y);
        y[1] = fmax(y[1], q->y);
    }
    p->any_y = y[0] <= y[1];
    if (!p->any_y) y[0] = y[1] = 1;
    return x[0] <= x[1];
}

/* A range that holds the values, with a margin where the axis is linear; a logarithmic one ends on round values. */
static scale scale_around(const double ends[2], bool log, int wanted)
{
    double margin = (ends[1] - ends[0]) / 32;
    bool plain = !log && margin > 1e-9 * fmax(fabs(ends[0]), fabs(ends[1])) && margin > 1e-280 && margin < 1e290;
    return plain ? scale_within(ends[0] - margin, ends[1] + margin, false, wanted)
                 : scale_make(ends[0], ends[1], log, wanted);
}

static int ticks_down(int rows)
{
    return rows < 4 ? 3 : rows / 2 + 1;
}

/* What of the plane is shown. The line of zeros belongs to a view that reaches down to where the values begin. */
static void take_view(plot *p, const double x[2], const double y[2])
{
    const plot_view *v = &p->style.view;
    bool own_x = v->x_lo < v->x_hi && isfinite(v->x_lo) && isfinite(v->x_hi);
    bool own_y = v->y_lo < v->y_hi && isfinite(v->y_lo) && isfinite(v->y_hi) && (!p->style.log_y || v->y_lo > 0);
    int across = p->width / 11;
    p->all_x = scale_around(x, false, across);
    p->all_y = scale_around(y, p->style.log_y, 2);
    if (own_y && v->y_lo > p->all_y.lo * (1 + 1e-9)) p->zeros = false;
    p->y_rows = p->rows - (p->zeros ? p->rows < 6 ? 1 : 2 : 0); /* the line of zeros, and where there is room a gap */
    int down = ticks_down(p->y_rows);
    p->x = own_x ? scale_within(v->x_lo, v->x_hi, false, across) : p->all_x;
    p->y = own_y ? scale_within(v->y_lo, v->y_hi, p->style.log_y, down) : scale_around(y, p->style.log_y, down);
}

static bool inside(double at, int cells)
{
    return at > -0.5 && at < cells - 0.5;
}

static void place_spot(plot *p, plot_spot *s)
{
    const plot_point *q = &s->point;
    bool zero = p->style.log_y && q->y == 0;
    s->column = plot_column_of(p, q->x);
    if (y_stands(&p->style, q->y))
        s->row = plot_row_of(p, q->y);
    else
        s->row = p->style.y_up ? p->y_rows - 1 : 0; /* failed: at the worse end */
    bool in = zero ? p->zeros : inside(s->row, p->y_rows);
    s->visible = inside(s->column, p->columns) && in;
    if (zero && !p->zeros) s->row = 2.0 * p->rows; /* somewhere below */
}

static void place_spots(plot *p)
{
    p->n_visible = p->outside = 0;
    for (size_t i = 0; i < p->n; i++) {
        plot_spot *s = &p->spots[i];
        if (s->placed) place_spot(p, s);
        if (s->visible)
            p->n_visible++;
        else if (s->placed)
            p->outside++;
    }
}

/* ---- making ---- */

static char *copy_text(const char *text, bool *ok)
{
    char *copy = strdup(text ? text : "");
    *ok = *ok && copy;
    return copy;
}

static bool copy_all(plot *p, const plot_point *points, size_t n, const plot_style *style)
{
    bool ok = true;
    p->style.x_title = copy_text(style->x_title, &ok);
    p->style.y_title = copy_text(style->y_title, &ok);
    char **families = calloc(style->n_families + 1, sizeof *families);
    p->style.families = (const char *const *)families;
    p->style.n_families = families && style->families ? style->n_families : 0;
    for (size_t i = 0; i < p->style.n_families; i++)
        families[i] = style->families[i] ? copy_text(style->families[i], &ok) : NULL;
    p->spots = calloc(n + 1, sizeof *p->spots);
    p->n = p->spots ? n : 0;
    for (size_t i = 0; i < p->n; i++) {
        p->spots[i].point = points[i];
        bool labelled = points[i].label && (points[i].class == PLOT_FRONTIER || points[i].chosen);
        p->spots[i].point.label = style->labels && labelled ? copy_text(points[i].label, &ok) : NULL;
    }
    return ok && families && p->spots;
}

/* Lines above and below the picture, then columns left of it, which depend on the numbers beside it. */
static void lay_out(plot *p)
{
    double x[2], y[2];
    bool any = survey(p, x, y);
    if (!any) x[0] = x[1] = 1;
    p->top = p->style.n_families && p->height >= LISTED ? 2 : 1;
    int below = 2 + (p->height >= TITLED);
    bool own_view = p->style.view.x_lo < p->style.view.x_hi || p->style.view.y_lo < p->style.view.y_hi;
    if (p->height >= NOTED && (p->no_failed || p->no_value || own_view)) below++;
    p->rows = p->height - p->top - below;
    take_view(p, x, y);
    p->left = plot_gutter(p) + 2;
    p->columns = p->width - p->left;
    place_spots(p);
}

static bool open_paper(plot_paper *paper, size_t n)
{
    paper->cells = calloc(n, sizeof *paper->cells);
    paper->layers = calloc(n, 1);
    paper->dots = calloc(n, 1);
    for (size_t i = 0; paper->cells && i < n; i++)
        paper->cells[i].text[0] = ' ';
    return paper->cells && paper->layers && paper->dots;
}

static void close_paper(plot_paper *paper)
{
    free(paper->cells);
    free(paper->layers);
    free(paper->dots);
}

static size_t n_cells(const plot *p)
{
    return (size_t)p->width * (size_t)p->height;
}

static void copy_paper(const plot *p, plot_paper *to, const plot_paper *from)
{
    memcpy(to->cells, from->cells, n_cells(p) * sizeof *to->cells);
    memcpy(to->layers, from->layers, n_cells(p));
    memcpy(to->dots, from->dots, n_cells(p));
}

static bool any_placed(const plot *p)
{
    return p->n > p->no_failed + p->no_value;
}

/* The choice, and what must not be covered or is placed where there is room left, over what is drawn already. */
static void draw_over(plot *p)
{
    columns c;
    columns_enter(&c, p->style.marks != PLOT_ASCII);
    copy_paper(p, &p->paper, &p->drawn);
    if (any_placed(p)) {
        plot_draw_choice(p, &c);
        plot_draw_frame(p, &c);
    } else {
        plot_text(p, &c, p->height / 2, 0, "no run to plot", p->width, PLOT_PLAIN, LAYER_TEXT);
    }
    columns_leave(&c);
}

static bool draw(plot *p)
{
    if (!open_paper(&p->paper, n_cells(p)) || !open_paper(&p->drawn, n_cells(p))) return false;
    if (any_placed(p) && !plot_draw_points(p)) return false;
    copy_paper(p, &p->drawn, &p->paper);
    draw_over(p);
    return true;
}

void plot_choose(plot *p, const plot_choice *choice)
{
    for (size_t i = 0; i < p->n; i++) {
        plot_point *q = &p->spots[i].point;
        q->like_chosen = false;
        if (!q->chosen) continue;
        q->chosen = false;
        if (q->class == PLOT_FRONTIER) continue;
        free((char *)q->label);
        q->label = NULL;
    }
    for (size_t i = 0; i < choice->n_alike; i++)
        if (choice->alike[i] < p->n) p->spots[choice->alike[i]].point.like_chosen = true;
    if (choice->chosen < p->n) {
        plot_point *q = &p->spots[choice->chosen].point;
        q->chosen = true;
        if (!q->label && p->style.labels && choice->label) q->label = strdup(choice->label);
    }
    draw_over(p);
}

plot *plot_create(const plot_point *points, size_t n, const plot_style *style, fault *f)
{
    plot *p = calloc(1, sizeof *p);
    if (p) p->style = *style;
    if (p) p->width = clamp(style->width, LEAST_WIDTH, MOST_WIDTH);
    if (p) p->height = clamp(style->height, LEAST_HEIGHT, MOST_HEIGHT);
    bool ok = p && copy_all(p, points, n, style);
    if (ok) lay_out(p);
    if (ok && draw(p)) return p;
    plot_free(p);
    fault_memory(f, "a plot");
    return NULL;
}

void plot_free(plot *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n; i++)
        free((char *)p->spots[i].point.label);
    for (size_t i = 0; i < p->style.n_families; i++)
        free((char *)p->style.families[i]);
    free((char **)p->style.families);
    free((char *)p->style.x_title);
    free((char *)p->style.y_title);
    free(p->spots);
    free(p->best);
    close_paper(&p->paper);
    close_paper(&p->drawn);
    free(p);
}

int plot_width(const plot *p)
{
    return p->width;
}

int plot_height(const plot *p)
{
    return p->height;
}

const plot_cell *plot_cell_at(const plot *p, int row, int column)
{
    return &p->paper.cells[(size_t)row * (size_t)p->width + (size_t)column];
}
