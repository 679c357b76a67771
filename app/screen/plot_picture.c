#include "app/screen/plot_picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/axes.h"

enum { MOST_FAMILIES = 64 };

static plot_point point_of(const board_point *p)
{
    static const plot_class classes[] = { PLOT_FRONTIER, PLOT_DOMINATED, PLOT_FAILED, PLOT_DOMINATED };
    return (plot_point){ .x = p->x,
                         .y = p->y,
                         .lo = p->y_lo,
                         .hi = p->y_hi,
                         .class = classes[p->where],
                         .label = p->row->config,
                         .family = p->row->family,
                         .pinned = p->row->pinned };
}

void plot_picture_forget(plot_picture *p)
{
    plot_free(p->plot);
    free(p->ids);
    free(p->alike);
    p->plot = NULL;
    p->ids = NULL;
    p->alike = NULL;
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

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same(const plot_subject *a, const plot_subject *b)
{
    return a->changes == b->changes && a->width == b->width && a->height == b->height && a->seen.x_lo == b->seen.x_lo &&
           a->seen.x_hi == b->seen.x_hi && a->seen.y_lo == b->seen.y_lo && a->seen.y_hi == b->seen.y_hi &&
           a->marks == b->marks && a->color == b->color && same_number(a->limit, b->limit);
}

static void make(plot_picture *p, const view *v, const plot_subject *of)
{
    const size_t n = board_n_points(v->board);
    const char *families[MOST_FAMILIES];
    char x_title[96], y_title[96];
    plot_point *points = calloc(n + 1, sizeof *points);
    plot_picture_forget(p);
    p->ids = calloc(n + 1, sizeof *p->ids);
    p->alike = calloc(n + 1, sizeof *p->alike);
    for (size_t i = 0; points && p->ids && i < n; i++) {
        const board_point *from = board_point_at(v->board, i);
        points[i] = point_of(from);
        p->ids[i] = from->row->id;
    }
    axes_title(v->x, x_title, sizeof x_title);
    axes_title(v->y, y_title, sizeof y_title);
    plot_style style = { .width = of->width,
                         .height = of->height,
                         .log_y = v->y->flags & STORE_DECADES,
                         .y_up = v->y->direction > 0,
                         .marks = of->marks,
                         .labels = true,
                         .letters = !of->color,
                         .limit = of->limit,
                         .x_title = x_title,
                         .y_title = y_title,
                         .view = of->seen,
                         .families = families };
    if (points) style.n_families = name_families(v, points, n, families);
    p->plot = points && p->ids && p->alike ? plot_create(points, n, &style, NULL) : NULL;
    p->n = p->plot ? n : 0;
    p->of = *of;
    free(points);
}

size_t plot_picture_chosen(const plot_picture *p, const view *v)
{
    size_t i = 0;
    while (i < p->n && p->ids[i] != v->chosen)
        i++;
    return i;
}

static void choose(plot_picture *p, const view *v)
{
    const size_t at = plot_picture_chosen(p, v);
    plot_choice choice = { .chosen = at < p->n ? at : SIZE_MAX, .alike = p->alike };
    if (at < p->n) choice.label = board_point_at(v->board, at)->row->config;
    const bool compared = board_compared(v->board) == v->chosen;
    for (size_t i = 0; compared && i < p->n; i++)
        if (board_point_at(v->board, i)->like_chosen) p->alike[choice.n_alike++] = i;
    plot_choose(p->plot, &choice);
}

void plot_picture_draw(plot_picture *p, const view *v, const plot_subject *of)
{
    if (!p->plot || !same(of, &p->of)) make(p, v, of);
    if (p->plot) choose(p, v);
}
