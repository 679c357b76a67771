#include "app/page/scatter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"

/* Of a monospaced face of 11 pixels. */
const double scatter_label_width = 6.7, scatter_label_height = 13;

static bool has_place(const page_place *p)
{
    return (p->where == PAGE_FRONTIER || p->where == PAGE_DOMINATED) && isfinite(p->x) && isfinite(p->y);
}

double scatter_x(const scatter *s, double value)
{
    return s->left + s->width * scale_place(&s->sx, value);
}

double scatter_y(const scatter *s, double value)
{
    if (s->sy.log && value < s->sy.lo) return isnan(s->zero) ? s->bottom : s->zero;
    double place = fmin(fmax(scale_place(&s->sy, value), 0), 1);
    return s->bottom - (s->bottom - s->top) * place;
}

/* ---- axes ---- */

typedef struct range {
    double lo, hi;
} range;

static void include(range *r, double value)
{
    if (!isfinite(value)) return;
    r->lo = fmin(r->lo, value);
    r->hi = fmax(r->hi, value);
}

static bool any_zero(const scatter *s)
{
    for (size_t i = 0; i < s->set->n_runs; i++)
        if (has_place(&s->places[i]) && s->places[i].y <= 0) return true;
    return false;
}

/* What is smaller than this part of the largest shares the line below a logarithmic axis: an f16 cache, whose KLD is
 * 1e-8, would press all others together. */
static const double farthest = 1e-5;

static void make_axes(scatter *s)
{
    bool log = s->y->flags & STORE_DECADES;
    range x = { INFINITY, -INFINITY }, y = { INFINITY, -INFINITY };
    for (size_t i = 0; i < s->set->n_runs; i++) {
        const page_place *p = &s->places[i];
        s->n_unplaced[p->where] += !has_place(p);
        if (!has_place(p)) continue;
        include(&x, p->x);
        if (!log || p->y > 0) include(&y, p->y);
        if (p->where == PAGE_FRONTIER && (!log || p->hi > 0)) include(&y, p->hi);
        if (p->where == PAGE_FRONTIER && !log) include(&y, p->lo);
    }
    if (x.lo > x.hi) x = (range){ 0, 1 };
    if (y.lo > y.hi) y = log ? (range){ 0.001, 1 } : (range){ 0, 1 };
    double least = y.lo;
    if (log) y.lo = fmax(y.lo, y.hi * farthest);
    s->sx = scale_make(x.lo, x.hi, s->x->flags & STORE_DECADES && x.lo > 0, 9);
    s->sy = scale_make(y.lo, y.hi, log, 8);
    s->below = log && least < s->sy.lo;
    bool line = s->below || (log && any_zero(s));
    s->zero = line ? s->top + s->height : NAN;
    s->bottom = s->top + s->height - (line ? 34 : 0);
}

static bool make_marks(scatter *s)
{
    s->px = calloc(s->set->n_runs, sizeof *s->px);
    s->py = calloc(s->set->n_runs, sizeof *s->py);
    for (size_t i = 0; s->px && s->py && i < s->set->n_runs; i++) {
        const page_place *p = &s->places[i];
        s->px[i] = has_place(p) ? scatter_x(s, p->x) : NAN;
        s->py[i] = has_place(p) ? scatter_y(s, p->y) : NAN;
    }
    return s->px && s->py;
}

/* ---- labels ---- */

typedef struct box {
    double x, y, w, h;
} box;

static bool meet(box a, box b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static box mark_box(const scatter *s, size_t run, double radius)
{
    return (box){ s->px[run] - radius, s->py[run] - radius, 2 * radius, 2 * radius };
}

static int count_characters(const char *text)
{
    size_t n = strlen(text);
    int length = 0;
    int32_t point;
    for (size_t i = 0; i < n; length++)
        i += columns_decode(text + i, n - i, &point);
    return length < SCATTER_LABEL ? length : SCATTER_LABEL;
}

/* How many steps of the frontier's stairs run through it. */
static double crossed(const scatter *s, box label)
{
    double n = 0;
    for (size_t i = 1; i < s->n_front; i++) {
        double x = s->px[s->front[i - 1]], y = s->py[s->front[i - 1]];
        double next_x = s->px[s->front[i]], next_y = s->py[s->front[i]];
        bool rises_first = s->x->direction > 0; /* as svg.c draws them */
        box across = { x, rises_first ? next_y : y, next_x - x, 1 };
        box upright = { rises_first ? x : next_x, fmin(y, next_y), 1, fabs(next_y - y) };
        n += meet(label, across) + meet(label, upright);
    }
    return n;
}

/* What a label at this place would hide: INFINITY where it must not be. */
static double cost(const scatter *s, box label, const box *placed, size_t n_placed)
{
    if (label.x < s->left + 2 || label.x + label.w > s->left + s->width - 2) return INFINITY;
    if (label.y < s->top + 2 || label.y + label.h > s->top + s->height - 2) return INFINITY;
    for (size_t i = 0; i < n_placed; i++)
        if (meet(label, placed[i])) return INFINITY;
    double hidden = crossed(s, label);
    for (size_t i = 0; i < s->set->n_runs; i++)
        hidden += meet(label, mark_box(s, i, 3)); /* no box with a NaN meets another */
    return hidden;
}

enum { MOST_HIDDEN = 10 }; /* marks and stairs that a label may cover at most */

/* The best of the places around a mark. */
static bool place_label(const scatter *s, size_t run, const box *placed, size_t n_placed, box *best)
{
    static const struct {
        double side, x, y; /* side: of the label's width that lies left of the mark */
    } around[] = { { 0, 10, 0 },    { 1, -10, 0 },  { 0, 8, -14 },  { 0, 8, 14 },  { 1, -8, -14 },  { 1, -8, 14 },
                   { 0.5, 0, -17 }, { 0.5, 0, 17 }, { 0, 14, -28 }, { 0, 14, 28 }, { 1, -14, -28 }, { 1, -14, 28 } };
    double x = s->px[run], y = s->py[run], least = INFINITY;
    double w = scatter_label_width * count_characters(s->set->runs[run].run.config.canonical);
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        box b = { x + around[i].x - around[i].side * w, y + around[i].y - scatter_label_height / 2, w,
                  scatter_label_height };
        double c = cost(s, b, placed, n_placed) + 0.4 * (double)i;
        if (c >= least) continue;
        least = c;
        *best = b;
    }
    return least < MOST_HIDDEN;
}

static bool make_labels(scatter *s)
{
    box *placed = calloc(2 * s->n_front + 1, sizeof *placed);
    s->labels = calloc(s->n_front + 1, sizeof *s->labels);
    if (!placed || !s->labels) {
        free(placed);
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < s->n_front; i++)
        placed[n++] = mark_box(s, s->front[i], 6);
    for (size_t i = 0; i < s->n_front; i++) {
        box b;
        if (!place_label(s, s->front[i], placed, n, &b)) continue;
        s->labels[i] = (scatter_label){ b.x, b.y + 0.78 * scatter_label_height, true };
        placed[n++] = b;
    }
    free(placed);
    return true;
}

bool scatter_make(scatter *s, const page_report *r, const page_set *set, size_t x, size_t y, double width,
                  double height, fault *f)
{
    enum { LEFT = 74 };
    *s = (scatter){ .set = set,
                    .places = set->places[x][y],
                    .x = r->request.axes.x[x],
                    .y = r->request.axes.y[y],
                    .left = LEFT,
                    .top = 14,
                    .width = width - LEFT - 18,
                    .height = height - 14 - 50,
                    .n_front = set->n_front[x][y],
                    .front = set->front[x][y] };
    make_axes(s);
    if (make_marks(s) && make_labels(s)) return true;
    scatter_free(s);
    return fault_memory(f, "the picture");
}

void scatter_free(scatter *s)
{
    free(s->px);
    free(s->py);
    free(s->labels);
}
