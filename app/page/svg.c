#include "app/page/svg.h"

#include <math.h>
#include <string.h>

#include "app/page/escape.h"
#include "app/page/scatter.h"

/* ---- marks: around the point they begin at, so that "M x y" in front puts them there ---- */

static const char *const shapes[SVG_FAMILIES] = {
    "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",              /* circle */
    "m-3.3-3.3h6.6v6.6h-6.6z",                                       /* square */
    "m0-4.6l4.6 4.6-4.6 4.6-4.6-4.6z",                               /* diamond */
    "m0-4.4l4.4 7.4h-8.8z",                                          /* triangle */
    "m0 4.4l4.4-7.4h-8.8z",                                          /* triangle upside down */
    "m-2-3.6h4l2.2 3.6-2.2 3.6h-4l-2.2-3.6z",                        /* hexagon */
    "m-1.4-4.2h2.8v2.8h2.8v2.8h-2.8v2.8h-2.8v-2.8h-2.8v-2.8h2.8z",   /* cross */
    "m0-5l1.4 3.6 3.6 1.4-3.6 1.4-1.4 3.6-1.4-3.6-3.6-1.4 3.6-1.4z", /* star */
};

/* ---- parts ---- */

static void write_number(FILE *to, const char *before, double value)
{
    fprintf(to, "%s%.4g", before, value == 0 ? 0 : value);
}

static void write_axis_title(FILE *to, const store_metric *m)
{
    escape_markup(to, m->label);
    if (*m->unit) {
        fputs(", ", to);
        escape_markup(to, strcmp(m->unit, "x") == 0 ? "\u00d7" : m->unit);
    }
}

static void write_axes(FILE *to, const scatter *s)
{
    double right = s->left + s->width, floor = s->top + s->height;
    fputs("<g class=\"axis\">", to);
    for (int i = 0; i < s->sx.n_ticks; i++) {
        double x = scatter_x(s, s->sx.ticks[i]);
        fprintf(to, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                x, s->top, floor, x, floor + 17);
        write_number(to, "", s->sx.ticks[i]);
        fputs("</text>", to);
    }
    for (int i = 0; i < s->sy.n_ticks; i++) {
        double y = scatter_y(s, s->sy.ticks[i]);
        fprintf(to, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                s->left, y, right, s->left - 8, y + 4);
        write_number(to, "", s->sy.ticks[i]);
        fputs("</text>", to);
    }
    if (!isnan(s->zero)) {
        fprintf(to, "<path class=\"zero\" d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                s->left, s->zero, right, s->left - 8, s->zero + 4);
        write_number(to, s->below ? "&lt; " : "", s->below ? s->sy.lo : 0);
        fputs("</text>", to);
    }
    fprintf(to, "<text class=\"title\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", s->left + s->width / 2,
            floor + 40);
    write_axis_title(to, s->x);
    fputs(s->x->direction > 0 ? " (more is better)" : " (less is better)", to);
    fprintf(to,
            "</text><text class=\"title upright\" transform=\"translate(14 %.1f) rotate(-90)\" text-anchor=\"middle\">",
            s->top + s->height / 2);
    write_axis_title(to, s->y);
    fputs(s->y->direction > 0 ? " (more is better)" : " (less is better)", to);
    fputs("</text></g>\n", to);
}

/* Dominated points, one path for each family: there may be thousands. */
static void write_dominated(FILE *to, const scatter *s, size_t n_families)
{
    enum { CROWD = 1000 };
    const char *crowd = s->set->n_runs > CROWD ? " crowd" : "";
    for (size_t family = 0; family < n_families; family++) {
        bool any = false;
        for (size_t i = 0; i < s->set->n_runs; i++) {
            const page_place *p = &s->places[i];
            if (p->where != PAGE_DOMINATED || s->set->runs[i].family != family || isnan(s->px[i])) continue;
            if (!any) fprintf(to, "<path class=\"dominated%s f%zu\" d=\"", crowd, family % SVG_FAMILIES);
            any = true;
            fprintf(to, "M%.1f %.1f%s", s->px[i], s->py[i], shapes[family % SVG_FAMILIES]);
        }
        if (any) fputs("\"/>\n", to);
    }
}

/* What the frontier's runs leave for others ends at these stairs: from a run on at its y to where the next one begins,
 * or at its x to the next one's y, as the better x lies to the right or to the left. */
static void write_stairs(FILE *to, const scatter *s)
{
    if (s->n_front < 2) return;
    fputs("<path class=\"stairs\" d=\"", to);
    for (size_t i = 0; i < s->n_front; i++) {
        const page_place *p = &s->places[s->front[i]];
        double x = scatter_x(s, p->x), y = scatter_y(s, p->y);
        if (i == 0)
            fprintf(to, "M%.1f %.1f", x, y);
        else if (s->x->direction > 0)
            fprintf(to, "V%.1fH%.1f", y, x);
        else
            fprintf(to, "H%.1fV%.1f", x, y);
    }
    fputs("\"/>\n", to);
}

static void write_whisker(FILE *to, const scatter *s, const page_place *p)
{
    if (isnan(p->lo) || isnan(p->hi) || p->lo == p->hi) return;
    double x = scatter_x(s, p->x), lo = scatter_y(s, p->lo), hi = scatter_y(s, p->hi);
    if (s->sy.log && p->lo < s->sy.lo && p->y >= s->sy.lo) lo = s->bottom;
    fprintf(to, "<path class=\"whisker\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh6M%.1f %.1fh6\"/>", x, lo, hi, x - 3, lo, x - 3,
            hi);
}

static void write_point_words(FILE *to, const scatter *s, size_t i)
{
    const page_place *p = &s->places[i];
    escape_markup(to, s->set->runs[i].run.config.canonical);
    fprintf(to, ": %s %.4g, %s %.4g", s->x->label, p->x, s->y->label, p->y);
    if (!isnan(p->lo)) fprintf(to, " [%.3g, %.3g]", p->lo, p->hi);
    if (p->alike) fputs(", not to be told apart from the one before", to);
}

static void write_front(FILE *to, const scatter *s)
{
    write_stairs(to, s);
    for (size_t k = 0; k < s->n_front; k++) {
        size_t i = s->front[k], family = s->set->runs[i].family % SVG_FAMILIES;
        const page_place *p = &s->places[i];
        if (isnan(s->px[i])) continue;
        fprintf(to, "<g class=\"pt f%zu\" data-i=\"%zu\"><title>", family, i);
        write_point_words(to, s, i);
        fputs("</title>", to);
        write_whisker(to, s, p);
        fprintf(to, "<path class=\"mark\" transform=\"translate(%.1f %.1f) scale(1.35)\" d=\"M0 0%s\"/></g>\n",
                s->px[i], s->py[i], shapes[family]);
    }
    fputs("<g class=\"labels\">", to);
    for (size_t k = 0; k < s->n_front; k++) {
        const scatter_label *label = &s->labels[k];
        if (!label->shown) continue;
        fprintf(to, "<text x=\"%.1f\" y=\"%.1f\">", label->x, label->y);
        escape_markup_cut(to, s->set->runs[s->front[k]].run.config.canonical, SCATTER_LABEL);
        fputs("</text>", to);
    }
    fputs("</g>\n", to);
}

static void write_picture(FILE *to, const page_report *r, const scatter *s)
{
    fprintf(to, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", s->left, s->top,
            s->width, s->height);
    write_axes(to, s);
    write_dominated(to, s, r->n_families);
    write_front(to, s);
}

/* ---- inside a page ---- */

static void write_map(FILE *to, const scatter *s)
{
    const double numbers[] = { s->left, s->width,  s->sx.log, s->sx.lo, s->sx.hi,
                               s->top,  s->bottom, s->sy.log, s->sy.lo, s->sy.hi };
    fputs(" data-map=\"[", to);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        fprintf(to, "%s%.10g", i ? "," : "", numbers[i]);
    fputc(',', to);
    escape_number(to, s->zero, 6);
    fputs("]\"", to);
}

static void write_description(FILE *to, const scatter *s)
{
    fputs("Scatter of ", to);
    write_axis_title(to, s->y);
    fputs(" against ", to);
    write_axis_title(to, s->x);
    fprintf(to, ": %zu runs on the frontier, joined by stairs, among %zu.", s->n_front,
            s->set->n_runs - s->n_unplaced[PAGE_OLDER]);
}

bool svg_write_element(FILE *to, const page_report *r, const page_set *set, size_t x, size_t y, fault *f)
{
    scatter s;
    if (!scatter_make(&s, r, set, x, y, SVG_WIDTH, SVG_HEIGHT, f)) return false;
    fprintf(to, "<svg class=\"plot x%zu y%zu\" viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"", x, y, SVG_WIDTH,
            SVG_HEIGHT);
    write_description(to, &s);
    fputc('"', to);
    write_map(to, &s);
    fputs(">\n", to);
    write_picture(to, r, &s);
    fputs("</svg>\n", to);
    scatter_free(&s);
    return true;
}

void svg_write_mark(FILE *to, size_t family, bool filled)
{
    family %= SVG_FAMILIES;
    fprintf(
        to,
        "<svg class=\"key f%zu\" viewBox=\"-6 -6 12 12\" aria-hidden=\"true\"><path class=\"%s\" d=\"M0 0%s\"/></svg>",
        family, filled ? "mark" : "dominated", shapes[family]);
}

/* ---- alone ---- */

enum { HEAD = 46, LEGEND_LINE = 20 };

/* Colours between light and dark, so that each stands out on both; what is not a point follows the preference. */
static const char style[] =
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#57606a}"
    ".paper{fill:#fff}.head{font-size:15px;font-weight:600;fill:#1f2328}.title{fill:#1f2328}"
    ".frame{fill:none;stroke:#d0d7de}.grid{stroke:#eaeef2;fill:none}.zero{stroke:#8c959f;stroke-dasharray:3 4;fill:none}"
    ".stairs{fill:none;stroke:#8c959f;stroke-width:1.5}.whisker{fill:none;stroke:currentColor;stroke-width:1.2}"
    ".mark{fill:currentColor;stroke:#fff;stroke-width:.7}.dominated{fill:none;stroke:currentColor;stroke-opacity:.7}.crowd{stroke-opacity:.3}"
    ".labels text{font:11px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;paint-order:stroke;"
    "stroke:#fff;stroke-width:3px;stroke-linejoin:round}"
    ".f0{color:#2f7fd6}.f1{color:#cc6a14}.f2{color:#2a9a58}.f3{color:#b8529a}.f4{color:#8a6be0}.f5{color:#a28010}"
    ".f6{color:#d6455a}.f7{color:#148f9f}"
    "@media(prefers-color-scheme:dark){text{fill:#9198a1}.paper{fill:#0d1117}.head,.title,.labels text{fill:#e6edf3}"
    ".frame{stroke:#30363d}.grid{stroke:#1c2128}.zero,.stairs{stroke:#6e7681}.mark,.labels text{stroke:#0d1117}}";

/* The families in a line or more; returns how many lines. Measures only without `to`. */
static int write_legend(FILE *to, const page_report *r, double top)
{
    double x = 74, limit = SVG_WIDTH - 18;
    int line = 0;
    for (size_t i = 0; i < r->n_families; i++) {
        double width = 26 + 7.2 * (double)strlen(r->families[i]);
        if (x + width > limit && x > 74) {
            x = 74;
            line++;
        }
        if (to) {
            fprintf(to, "<g class=\"f%zu\"><path class=\"mark\" d=\"M%.1f %.1f%s\"/></g><text x=\"%.1f\" y=\"%.1f\">",
                    i % SVG_FAMILIES, x + 5, top + LEGEND_LINE * line - 4, shapes[i % SVG_FAMILIES], x + 15,
                    top + LEGEND_LINE * line);
            escape_markup(to, r->families[i]);
            fputs("</text>\n", to);
        }
        x += width;
    }
    return line + 1;
}

/* How to read it, and what has no place. */
static void write_foot(FILE *to, const scatter *s, double y)
{
    fprintf(to, "<text x=\"74\" y=\"%.1f\">filled: the frontier, with 95 %% intervals; hollow: dominated", y);
    if (s->n_unplaced[PAGE_FAILED]) fprintf(to, "; not shown: %zu failed", s->n_unplaced[PAGE_FAILED]);
    if (s->n_unplaced[PAGE_UNMEASURED]) fprintf(to, "; not measured: %zu", s->n_unplaced[PAGE_UNMEASURED]);
    fputs("</text>\n", to);
}

bool svg_write_file(FILE *to, const page_report *r, const page_set *set, const char *title, fault *f)
{
    scatter s;
    if (!scatter_make(&s, r, set, 0, 0, SVG_WIDTH, SVG_HEIGHT, f)) return false;
    int lines = write_legend(NULL, r, 0);
    int height = HEAD + SVG_HEIGHT + LEGEND_LINE * (lines + 1) + 4;
    fprintf(
        to,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
        "width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">",
        SVG_WIDTH, height, SVG_WIDTH, height);
    escape_markup(to, title);
    fputs("</title>\n<desc id=\"d\">", to);
    write_description(to, &s);
    fprintf(to, "</desc>\n<style>%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n", style);
    fputs("<text class=\"head\" x=\"74\" y=\"30\">", to);
    escape_markup_cut(to, title, 100);
    fprintf(to, "</text>\n<g transform=\"translate(0 %d)\">\n", HEAD);
    write_picture(to, r, &s);
    fputs("</g>\n", to);
    write_legend(to, r, HEAD + SVG_HEIGHT + 14);
    write_foot(to, &s, HEAD + SVG_HEIGHT + 14 + LEGEND_LINE * lines);
    fputs("</svg>\n", to);
    scatter_free(&s);
    return true;
}
