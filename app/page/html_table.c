#include "app/page/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/page/escape.h"
#include "app/page/svg.h"

typedef struct column {
    const char *key; /* page_table.js sorts by it */
    const char *title;
    bool number;
} column;

static const column columns[] = {
    { "id", "run", true },          { "config", "config", false },   { "ratio", "ratio", true },
    { "bits", "bits/value", true }, { "kld", "KLD, nats", true },    { "dppl", "Δppl, %", true },
    { "top1", "top-1, %", true },   { "verdict", "verdict", false }, { "class", "", false },
};

/* How good a verdict is, as a class of the page; "" for none. */
static const char *verdict_class(const char *verdict)
{
    static const struct {
        const char *begins, *class;
    } classes[] = { { "ACCEPT", "good" }, { "MARGINAL", "warn" }, { "REJECT", "bad" }, { "", "" } };
    size_t i = 0;
    while (strncmp(verdict, classes[i].begins, strlen(classes[i].begins)) != 0)
        i++;
    return classes[i].class;
}

/* With its star. */
static void put_verdict(FILE *to, const char *verdict)
{
    for (;;) {
        const size_t n = strcspn(verdict, "*");
        escape_markup_part(to, verdict, n);
        if (!verdict[n]) return;
        fputs("\u2605", to);
        verdict += n + 1;
    }
}

/* format: "g4" is 4 significant digits, ".3" 3 decimals, "+2" 2 with a sign. */
static void put_value(FILE *to, double value, const char *format)
{
    int digits = format[1] - '0';
    switch (*format) {
    case 'g': fprintf(to, "%.*g", digits, value); break;
    case '+': fprintf(to, "%+.*f", digits, value); break;
    default: fprintf(to, "%.*f", digits, value);
    }
}

static void put_number(FILE *to, double value, const char *format)
{
    fputs("<td class=\"n\">", to);
    if (!isnan(value)) put_value(to, value, format);
    fputs("</td>", to);
}

static void put_estimate(FILE *to, store_estimate e, const char *format, const char *ends)
{
    fputs("<td class=\"n\">", to);
    if (!isnan(e.value)) put_value(to, e.value, format);
    if (!isnan(e.value) && !isnan(e.lo) && !isnan(e.hi)) {
        fputs(" <small>[", to);
        put_value(to, e.lo, ends);
        fputs(", ", to);
        put_value(to, e.hi, ends);
        fputs("]</small>", to);
    }
    fputs("</td>", to);
}

static void put_row(FILE *to, const page_set *set, size_t i)
{
    const page_run *run = &set->runs[i];
    const store_run *r = &run->run;
    const char *class = page_class_names[set->places[0][0][i].where];
    fprintf(to, "<tr data-i=\"%zu\" class=\"%s\"><td class=\"n\">%" PRId64 "</td><td class=\"config\">", i, class,
            r->id);
    svg_write_mark(to, run->family, set->places[0][0][i].where == PAGE_FRONTIER);
    fputs("<code>", to);
    escape_markup(to, r->config.canonical);
    fputs("</code></td>", to);
    put_number(to, r->ratio, ".3");
    put_number(to, r->bits_per_value, ".3");
    put_estimate(to, r->kld, "g4", "g3");
    put_estimate(to, r->dppl, "+2", "+2");
    put_estimate(to, r->top1, ".2", ".2");
    fprintf(to, "<td class=\"verdict %s\">", verdict_class(r->verdict));
    put_verdict(to, r->verdict);
    fprintf(to, "</td><td class=\"class\">%s</td></tr>\n", class);
}

void html_write_table(FILE *to, const page_set *set)
{
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Runs\"><table><thead><tr>", to);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        fprintf(to, "<th scope=\"col\" data-key=\"%s\"%s>%s</th>", columns[i].key,
                columns[i].number ? " class=\"n\"" : "", columns[i].title);
    fputs("</tr></thead>\n<tbody>\n", to);
    for (size_t i = 0; i < set->n_runs && i < HTML_ROWS; i++)
        put_row(to, set, i);
    fputs("</tbody></table></div>\n", to);
    if (set->n_runs > HTML_ROWS)
        fprintf(
            to,
            "<noscript><p class=\"empty\">The first %d of %zu runs; `kvant report --format csv` has all.</p></noscript>\n",
            HTML_ROWS, set->n_runs);
}
