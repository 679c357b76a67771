#include "app/page/html_suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/page/escape.h"
#include "app/page/suite_tables.h"
#include "app/suite_show.h"
#include "app/suite_show_work.h"

/* ---- tables ---- */

static void put_table(FILE *to, const suite_table *t)
{
    fprintf(to, "<div class=\"scroll suite\" tabindex=\"0\" role=\"region\" aria-label=\"");
    escape_markup(to, t->title);
    fprintf(to, "\"><table%s><caption>", t->heat ? " class=\"heat\"" : "");
    escape_markup(to, t->title);
    fputs("</caption><thead><tr>", to);
    for (size_t i = 0; i < t->n_columns; i++) {
        const bool text = i < sizeof t->text / sizeof *t->text && t->text[i];
        fprintf(to, "<th scope=\"col\"%s>", text ? "" : " class=\"n\"");
        escape_markup(to, t->columns[i]);
        fputs("</th>", to);
    }
    fputs("</tr></thead>\n<tbody>", to);
    for (size_t i = 0; i < t->n_cells; i++) {
        const size_t k = i % t->n_columns;
        const bool text = k < sizeof t->text / sizeof *t->text && t->text[k];
        const suite_cell_text *c = &t->cells[i];
        if (k == 0) fputs("<tr>", to);
        if (c->shade >= 0)
            fprintf(to, "<td class=\"%sshade%d\">", text ? "" : "n ", c->shade);
        else
            fprintf(to, "<td%s>", text ? "" : " class=\"n\"");
        escape_markup(to, c->text);
        fputs("</td>", to);
        if (k + 1 == t->n_columns) fputs("</tr>\n", to);
    }
    fputs("</tbody></table></div>\n", to);
}

/* ---- the turns of a session ---- */

enum { WIDTH = 860, HEIGHT = 190, LEFT = 58, BOTTOM = 24, TOP = 10 };

typedef struct turn_scale {
    double lo, hi; /* decadic logarithms */
    double step;   /* of a turn */
} turn_scale;

static turn_scale scale_of(const suite_items *items)
{
    turn_scale s = { INFINITY, -INFINITY, (double)(WIDTH - LEFT) / (double)items->n };
    for (size_t i = 0; i < items->n; i++) {
        const double kld = items->items[i].kld;
        if (!(kld > 0) || isinf(kld)) continue;
        s.lo = fmin(s.lo, log10(kld));
        s.hi = fmax(s.hi, log10(kld));
    }
    if (s.lo > s.hi) s.lo = s.hi = -1;
    s.lo = floor(s.lo - 1e-9);
    s.hi = ceil(s.hi + 1e-9);
    return s;
}

static double place(const turn_scale *s, double log_kld)
{
    const double height = HEIGHT - BOTTOM - TOP;
    return HEIGHT - BOTTOM - (log_kld - s->lo) / (s->hi - s->lo) * height;
}

static void put_decades(FILE *to, const turn_scale *s)
{
    const int each = s->hi - s->lo > 8 ? (int)ceil((s->hi - s->lo) / 8) : 1;
    for (int d = (int)s->lo; d <= (int)s->hi; d += each) {
        const double y = place(s, d);
        fprintf(to, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">1e%d</text>",
                LEFT, y, WIDTH, LEFT - 6, y + 4, d);
    }
}

static void put_turn(FILE *to, const turn_scale *s, const store_item *t, size_t i)
{
    const double bottom = HEIGHT - BOTTOM, x = LEFT + s->step * ((double)i + 0.12), width = s->step * 0.76;
    const double top = t->kld > 0 && !isinf(t->kld) ? place(s, log10(t->kld)) : bottom - 1;
    const bool degraded = session_degraded(t);
    fprintf(to, "<rect%s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>turn ",
            degraded ? " class=\"bad\"" : "", x, top, width, fmax(bottom - top, 1));
    escape_markup(to, item_text(t->x, 6).text);
    fputs(", ", to);
    escape_markup(to, t->label);
    fprintf(to, ": KLD %s, quality %s (reference %s)", item_text(t->kld, 4).text, item_text(t->score, 3).text,
            item_text(t->score_ref, 3).text);
    if (*t->note) {
        fputs("; ", to);
        escape_markup(to, t->note);
    }
    fputs("</title></rect>", to);
    if (degraded)
        fprintf(to, "<text class=\"bad\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">▲ %s</text>", x + width / 2,
                HEIGHT - 8, item_text(t->x, 6).text);
}

/* The phases' names below their turns. */
static void put_phases(FILE *to, const turn_scale *s, const suite_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        const char *label = items->items[i].label;
        if (i > 0 && strcmp(label, items->items[i - 1].label) == 0) continue;
        const double x = LEFT + s->step * (double)i;
        if (i > 0) fprintf(to, "<path class=\"frame\" d=\"M%.1f %dV%d\"/>", x, TOP, HEIGHT - BOTTOM);
        fprintf(to, "<text x=\"%.1f\" y=\"%d\">", x + 3, HEIGHT - 8);
        escape_markup_cut(to, label, 16);
        fputs("</text>", to);
    }
}

static void put_turns(FILE *to, const suite_items *items)
{
    const turn_scale s = scale_of(items);
    fprintf(to, "<svg class=\"turns\" viewBox=\"0 0 %d %d\" role=\"img\"><title>KLD by turn, nats, logarithmic</title>",
            WIDTH, HEIGHT);
    put_decades(to, &s);
    put_phases(to, &s, items);
    for (size_t i = 0; i < items->n; i++)
        put_turn(to, &s, &items->items[i], i);
    fputs("</svg>\n", to);
}

/* ---- a run ---- */

static bool put_run(FILE *to, const page_run *run, bool open, fault *f)
{
    char summary[SUITE_SUMMARY];
    suite_tables tables;
    if (!suite_tables_make(&run->run, &run->items, &tables, f)) return false;
    suite_summary(&run->run, &run->items, summary);
    fprintf(to, "<details class=\"card suite\"%s><summary>", open ? " open" : "");
    escape_markup(to, run->run.suite);
    fprintf(to, ", run %" PRId64 ", <code>", run->run.id);
    escape_markup(to, run->run.config.canonical);
    fputs("</code></summary>\n<p>", to);
    escape_markup(to, summary);
    fputs("</p>\n", to);
    const bool turns = strcmp(run->run.suite, "session") == 0;
    if (turns) put_turns(to, &run->items);
    fputs(turns ? "<details><summary>Every turn</summary>" : "", to);
    fputs("<div class=\"suite-tables\">\n", to);
    for (size_t i = 0; i < tables.n; i++)
        put_table(to, &tables.items[i]);
    fputs(turns ? "</div></details></details>\n" : "</div></details>\n", to);
    suite_tables_free(&tables);
    return true;
}

bool html_write_suites(FILE *to, const page_set *set, fault *f)
{
    enum { OPEN = 4 };
    const page_run *run;
    size_t left = 0;
    for (size_t k = 0; (run = page_suite_run(set, k, &left)); k++)
        if (!put_run(to, run, k < OPEN, f)) return false;
    if (left) fprintf(to, "<p class=\"empty\">%zu more; <code>kvant show RUN</code> shows each.</p>\n", left);
    return true;
}
