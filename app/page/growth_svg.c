#include "app/page/growth_svg.h"

#include <math.h>
#include <string.h>

#include "app/growth_show.h"
#include "app/page/escape.h"
#include "app/scale.h"

enum { WIDTH = 560, HEIGHT = 380, LEFT = 70, RIGHT = 16, TOP = 36, BOTTOM = 44, LINE = 18, COLOURS = 9 };

/* One question's panel; its corner is the origin. */
typedef struct panel {
    const growth_series *series;
    size_t n;
    scale x, y;
} panel;

static const char style[] =
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#57606a}.paper{fill:#fff}"
    ".head{font-size:14px;font-weight:600;fill:#1f2328}.frame{fill:none;stroke:#d0d7de}.grid{stroke:#eaeef2;fill:none}"
    ".line{fill:none;stroke:currentColor;stroke-width:1.8}.again{stroke-dasharray:9 4}.should{fill:none;stroke:currentColor;stroke-width:1;"
    "stroke-dasharray:2 4;stroke-opacity:.8}.whisker{fill:none;stroke:currentColor}.mark{fill:currentColor}"
    ".f0{color:#2f7fd6}.f1{color:#cc6a14}.f2{color:#2a9a58}.f3{color:#b8529a}.f4{color:#8a6be0}.f5{color:#a28010}"
    ".f6{color:#d6455a}.f7{color:#148f9f}.f8{color:#7d8590}"
    "@media(prefers-color-scheme:dark){text{fill:#9198a1}.paper{fill:#0d1117}.head{fill:#e6edf3}"
    ".frame{stroke:#30363d}.grid{stroke:#1c2128}}";

/* ---- where things lie ---- */

static double at_x(const panel *p, double n)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * scale_place(&p->x, n);
}

static double at_y(const panel *p, double seconds)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * scale_place(&p->y, seconds);
}

static panel make_panel(const growth_series *series, size_t n)
{
    panel p = { series, n, { 0 }, { 0 } };
    const growth_bounds b = growth_find_bounds(series, n);
    p.x = scale_within(b.n_lo / 1.15, b.n_hi * 1.15, true, 7);
    p.y = scale_make(fmax(b.lo, 1e-12), b.hi, true, 8);
    return p;
}

/* ---- axes ---- */

static void write_axes(FILE *to, const panel *p, const growth_question *q)
{
    const double floor = HEIGHT - BOTTOM, right = WIDTH - RIGHT;
    char text[GROWTH_TIME];
    fprintf(to, "<text class=\"head\" x=\"%d\" y=\"22\">", LEFT);
    escape_markup(to, q->of);
    fprintf(to, "</text>\n<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%.0f\"/>\n", LEFT, TOP,
            right - LEFT, floor - TOP);
    for (int i = 0; i < p->x.n_ticks; i++) {
        const double x = at_x(p, p->x.ticks[i]);
        fprintf(
            to,
            "<path class=\"grid\" d=\"M%.1f %dV%.0f\"/><text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%.4g</text>\n",
            x, TOP, floor, x, floor + 16, p->x.ticks[i]);
    }
    for (int i = 0; i < p->y.n_ticks; i++) {
        const double y = at_y(p, p->y.ticks[i]);
        growth_time_text(p->y.ticks[i], 3, text);
        fprintf(to,
                "<path class=\"grid\" d=\"M%d %.1fH%.0f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                LEFT, y, right, LEFT - 6, y + 4, text);
    }
    fprintf(to, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">", (LEFT + right) / 2, floor + 34);
    escape_markup(to, q->x_title);
    fputs("</text>\n", to);
}

/* ---- series ---- */

/* Only what lies in the frame: from the first size on that is not below it. */
static void write_should(FILE *to, const panel *p, const growth_series *s)
{
    const growth_point *last = &s->points[s->n - 1];
    bool begun = false;
    for (size_t i = 0; i < s->n; i++) {
        const double y = last->seconds.value * s->points[i].cost / last->cost;
        if (y < p->y.lo || y > p->y.hi) continue;
        fprintf(to, "%s%.1f %.1f", begun ? "L" : "<path class=\"should\" d=\"M", at_x(p, s->points[i].n), at_y(p, y));
        begun = true;
    }
    if (begun) fputs("\"/>\n", to);
}

/* Colours that come again are of broken lines. */
static const char *ends(size_t series)
{
    return series < COLOURS ? "\" d=\"M" : " again\" d=\"M";
}

static void write_series(FILE *to, const panel *p, size_t i)
{
    const growth_series *s = &p->series[i];
    if (s->n == 0) return;
    fprintf(to, "<g class=\"f%zu\">\n", i % COLOURS);
    write_should(to, p, s);
    for (size_t k = 0; k < s->n; k++)
        fprintf(to, "%s%s%.1f %.1f", k ? "L" : "<path class=\"line", k ? "" : ends(i), at_x(p, s->points[k].n),
                at_y(p, s->points[k].seconds.value));
    fputs("\"/>\n", to);
    for (size_t k = 0; k < s->n; k++) {
        const growth_point *q = &s->points[k];
        char time[GROWTH_TIME], size[GROWTH_TIME];
        growth_time_text(q->seconds.value, 3, time);
        growth_size_text(q->n, size);
        fprintf(
            to,
            "<path class=\"whisker\" d=\"M%.1f %.1fV%.1f\"/><circle class=\"mark\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.8\"><title>",
            at_x(p, q->n), at_y(p, q->seconds.lo), at_y(p, q->seconds.hi), at_x(p, q->n), at_y(p, q->seconds.value));
        escape_markup(to, s->name);
        fprintf(to, ": %s at %s</title></circle>\n", time, size);
    }
    fputs("</g>\n", to);
}

static void write_legend(FILE *to, const panel *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const growth_series *s = &p->series[i];
        const double y = HEIGHT + 4 + LINE * (double)i;
        fprintf(to, "<g class=\"f%zu\"><path class=\"line%s%d %.0fh18\"/></g><text x=\"%d\" y=\"%.0f\">", i % COLOURS,
                ends(i), LEFT, y, LEFT + 26, y + 4);
        escape_markup(to, s->name);
        if (!isnan(s->exponent.value)) fprintf(to, ": n^%.2f", s->exponent.value);
        if (!isnan(s->exponent.lo)) fprintf(to, " [%.2f, %.2f]", s->exponent.lo, s->exponent.hi);
        fputs(", at most ", to);
        escape_markup(to, s->theory);
        if (!isnan(s->expected)) fprintf(to, ": %.2f", s->expected);
        fputs("</text>\n", to);
    }
}

/* ---- the whole ---- */

/* The panels below each other, the tallest of a line decides its height. Measures only without `to`. */
static double write_panels(FILE *to, const growth *g, int across)
{
    double top = 0, tallest = 0;
    int column = 0;
    for (size_t first = 0, n; first < g->n; first += n) {
        n = growth_n_of_question(g, first);
        const double height = HEIGHT + LINE * (double)n + 16;
        if (column == across) {
            top += tallest;
            tallest = column = 0;
        }
        if (to) {
            const panel p = make_panel(g->series + first, n);
            fprintf(to, "<g transform=\"translate(%d %.0f)\">\n", column * WIDTH, top);
            write_axes(to, &p, growth_question_named(g->series[first].what));
            for (size_t i = 0; i < n; i++)
                write_series(to, &p, i);
            write_legend(to, &p);
            fputs("</g>\n", to);
        }
        tallest = fmax(tallest, height);
        column++;
    }
    return top + tallest;
}

void growth_svg_write(FILE *to, const growth *g)
{
    const int across = growth_n_of_question(g, 0) < g->n ? 2 : 1;
    const double height = write_panels(NULL, g, across);
    fprintf(
        to,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
        "width=\"%d\" height=\"%.0f\" role=\"img\" aria-labelledby=\"t\">\n<title id=\"t\">How cost grows: processor "
        "time over size, both logarithmic; dashed: the most it should grow</title>\n<style>%s</style>\n"
        "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
        across * WIDTH, height, across * WIDTH, height, style);
    write_panels(to, g, across);
    fputs("</svg>\n", to);
}
