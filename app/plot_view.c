/* Moving about: zooming, panning, and which point is meant. */
#include <math.h>

#include "app/plot_parts.h"

plot_view plot_seen(const plot *p)
{
    return (plot_view){ p->x.lo, p->x.hi, p->y.lo, p->y.hi };
}

typedef struct span {
    double lo, hi;
} span;

/* The range as the screen has it: equal steps are equal lengths. */
static span span_of(const scale *s)
{
    return s->log ? (span){ log(s->lo), log(s->hi) } : (span){ s->lo, s->hi };
}

/* Back to values; what a double cannot hold leaves the axis as it was. */
static void set_range(const scale *s, span to, double *lo, double *hi)
{
    double a = s->log ? exp(to.lo) : to.lo, b = s->log ? exp(to.hi) : to.hi;
    bool holds = isfinite(a) && isfinite(b) && a < b && (!s->log || a > 1e-290) && fabs(a) < 1e300 && b < 1e300;
    *lo = holds ? a : s->lo;
    *hi = holds ? b : s->hi;
}

/* From a millionth of everything to four times it. */
static void zoom_axis(const scale *s, const scale *all, double factor, double c, double *lo, double *hi)
{
    span now = span_of(s), whole = span_of(all);
    double size = now.hi - now.lo, most = 4 * fmax(whole.hi - whole.lo, size / 4), least = 1e-6 * (whole.hi - whole.lo);
    double wanted = fmin(fmax(size * factor, fmin(least, size)), most);
    double at = now.lo + c * size;
    set_range(s, (span){ at - c * wanted, at + (1 - c) * wanted }, lo, hi);
}

plot_view plot_zoom(const plot *p, double factor, double cx, double cy)
{
    plot_view v = plot_seen(p);
    if (!isfinite(factor) || factor <= 0) return v;
    zoom_axis(&p->x, &p->all_x, factor, cx, &v.x_lo, &v.x_hi);
    zoom_axis(&p->y, &p->all_y, factor, cy, &v.y_lo, &v.y_hi);
    return v;
}

plot_view plot_zoom_at(const plot *p, double factor, int row, int column)
{
    double cx = p->columns > 1 ? (double)(column - p->left) / (p->columns - 1) : 0.5;
    double cy = p->y_rows > 1 ? 1 - (double)(row - p->top) / (p->y_rows - 1) : 0.5;
    return plot_zoom(p, factor, fmin(fmax(cx, 0), 1), fmin(fmax(cy, 0), 1));
}

/* The middle stays where there is something. */
static void pan_axis(const scale *s, const scale *all, double part, double *lo, double *hi)
{
    span now = span_of(s), whole = span_of(all);
    double half = (now.hi - now.lo) / 2, middle = now.lo + half + 2 * half * part;
    middle = fmin(fmax(middle, whole.lo), whole.hi);
    set_range(s, (span){ middle - half, middle + half }, lo, hi);
}

plot_view plot_pan(const plot *p, double dx, double dy)
{
    plot_view v = plot_seen(p);
    if (dx != 0) pan_axis(&p->x, &p->all_x, dx, &v.x_lo, &v.x_hi);
    if (dy != 0) pan_axis(&p->y, &p->all_y, dy, &v.y_lo, &v.y_hi);
    return v;
}

/* ---- points ---- */

bool plot_place(const plot *p, size_t i, int *row, int *column)
{
    if (i >= p->n || !p->spots[i].visible) return false;
    *row = p->top + (int)lround(p->spots[i].row);
    *column = p->left + (int)lround(p->spots[i].column);
    return true;
}

/* On the screen a cell is about twice as high as it is wide. */
static double distance(double d_column, double d_row)
{
    return hypot(d_column, 2 * d_row);
}

ptrdiff_t plot_nearest(const plot *p, int row, int column)
{
    enum { NEAR = 3 };
    ptrdiff_t best = -1;
    double least = NEAR + 1e-9;
    for (size_t i = 0; i < p->n; i++) {
        int r, c;
        if (!plot_place(p, i, &r, &c)) continue;
        double d = distance(c - column, r - row);
        bool over = best >= 0 && d == least && /* the one that is seen where several are */
                    plot_mark_of(&p->spots[i].point)->rank > plot_mark_of(&p->spots[best].point)->rank;
        if (d > least || (d == least && best >= 0 && !over)) continue;
        least = d;
        best = (ptrdiff_t)i;
    }
    return best;
}

static size_t nearest_middle(const plot *p, size_t i)
{
    double least = INFINITY;
    size_t best = i;
    for (size_t k = 0; k < p->n; k++) {
        const plot_spot *s = &p->spots[k];
        if (!s->visible) continue;
        double d = distance(s->column - p->columns / 2.0, s->row - p->rows / 2.0);
        if (d < least) best = k;
        least = fmin(least, d);
    }
    return best;
}

/* The next by number of those that lie exactly on this one. */
static size_t next_of_equals(const plot *p, size_t i, int direction)
{
    const plot_spot *from = &p->spots[i];
    for (size_t k = i + (size_t)direction; k < p->n; k += (size_t)direction) {
        const plot_spot *s = &p->spots[k];
        if (s->visible && s->column == from->column && s->row == from->row) return k;
    }
    return i;
}

size_t plot_step(const plot *p, size_t i, int dx, int dy)
{
    if (i >= p->n || !p->spots[i].placed) return nearest_middle(p, i);
    const plot_spot *from = &p->spots[i];
    size_t best = next_of_equals(p, i, dx + dy > 0 ? 1 : -1);
    if (best != i) return best;
    double least = INFINITY;
    for (size_t k = 0; k < p->n; k++) {
        const plot_spot *s = &p->spots[k];
        double along = dx * (s->column - from->column) - 2 * dy * (s->row - from->row);
        double across = dx ? 2 * (s->row - from->row) : s->column - from->column;
        if (k == i || !s->visible || along <= 0) continue;
        /* What lies within the direction's quarter of the plane comes before what does not. */
        double cost = hypot(along, 2 * across) + (fabs(across) > 2 * along ? 1e6 : 0);
        if (cost < least) best = k;
        least = fmin(least, cost);
    }
    return best;
}
