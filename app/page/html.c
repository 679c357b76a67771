/* A report as one HTML page. */
#include "app/page/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/page/csp.h"
#include "app/page/escape.h"
#include "app/page/formats.h"
#include "app/page/html_suite.h"
#include "app/page/svg.h"

/* ---- head ---- */

static void put_head(FILE *to, const char *title)
{
    char style[CSP_HASH], script[CSP_HASH];
    csp_hash(page_css, page_css_size, style);
    csp_hash(page_js, page_js_size, script);
    fprintf(
        to,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s'; "
        "base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
        style, script);
    escape_markup(to, title);
    fputs("</title>\n<style>", to);
    fwrite(page_css, 1, page_css_size, to);
    fputs("</style>\n</head>\n", to);
}

static void put_top(FILE *to, const page_report *r, const char *title)
{
    char made[GATHER_TIME];
    gather_time(r->made, made);
    fputs("<body>\n<header class=\"top\"><div><p class=\"brand\">kvant report</p><h1>", to);
    escape_markup(to, title);
    fprintf(to, "</h1><p class=\"made\">Made by kvant %s, %s UTC", KVANT_VERSION, made);
    if (r->request.where && *r->request.where) {
        fputs("; only runs with <code>", to);
        escape_markup(to, r->request.where);
        fputs("</code>", to);
    }
    fputs("</p></div><button class=\"button\" id=\"theme\" type=\"button\" hidden></button></header>\n", to);
}

/* ---- what was measured ---- */

static void put_fact(FILE *to, const char *name, const char *text)
{
    if (!*text) return;
    fprintf(to, "<div><dt>%s</dt><dd>", name);
    escape_markup(to, text);
    fputs("</dd></div>", to);
}

static void put_facts(FILE *to, const page_set *set)
{
    const store_run *r = &set->runs[0].run, *newest = r;
    for (size_t i = 0; i < set->n_runs; i++)
        if (set->runs[i].run.id > newest->id) newest = &set->runs[i].run;
    char last[GATHER_TIME];
    gather_time(newest->started, last);
    fputs("<dl class=\"facts\">", to);
    put_fact(to, "model", r->model.name);
    fputs("<div><dt>shape</dt><dd>", to);
    escape_markup(to, r->model.arch);
    fputs(", ", to);
    escape_markup(to, r->model.weight_type);
    fprintf(to, ", %" PRId64 " layers, %" PRId64 " kv heads of %" PRId64 "</dd></div>", r->model.layers,
            r->model.kv_heads, r->model.head_dim);
    put_fact(to, "text", r->text.name);
    fputs("<div><dt>protocol</dt><dd>", to);
    escape_markup(to, r->protocol);
    fprintf(to, ", ctx %" PRId64, r->ctx);
    if (r->eval > 0) fprintf(to, ", eval %" PRId64, r->eval);
    fprintf(to, ", %" PRId64 " passages</dd></div>", r->passages);
    if (!isnan(newest->ppl_ref))
        fprintf(to, "<div><dt>perplexity of the reference</dt><dd>%.4f</dd></div>", newest->ppl_ref);
    put_fact(to, "newest run, UTC", last);
    put_fact(to, "kvant", newest->environment.version);
    put_fact(to, "machine", newest->environment.cpu);
    fputs("</dl>\n", to);
}

/* ---- the best of each verdict ---- */

/* From the best to the least; a run belongs to the first that its verdict is, with or without a question mark. */
static const struct {
    const char *verdict, *words;
} levels[] = { { "ACCEPT*", "highest ratio with ACCEPT\u2605" },
               { "ACCEPT", "highest ratio with ACCEPT or better" },
               { "MARGINAL", "highest ratio with MARGINAL or better" } };

enum { LEVELS = sizeof levels / sizeof *levels };

static size_t level_of(const char *verdict)
{
    for (size_t i = 0; i < LEVELS; i++) {
        size_t n = strlen(levels[i].verdict);
        if (strncmp(verdict, levels[i].verdict, n) == 0 && (!verdict[n] || strcmp(verdict + n, "?") == 0)) return i;
    }
    return LEVELS;
}

static const page_run *best_within(const page_set *set, size_t level)
{
    const page_run *best = NULL;
    for (size_t i = 0; i < set->n_runs; i++) {
        const page_run *run = &set->runs[i];
        if (set->places[0][0][i].where == PAGE_OLDER || level_of(run->run.verdict) > level) continue;
        if (isfinite(run->run.ratio) && (!best || run->run.ratio > best->run.ratio)) best = run;
    }
    return best;
}

static size_t count(const page_set *set, page_class where)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_runs; i++)
        n += set->places[0][0][i].where == where;
    return n;
}

static void put_best(FILE *to, const page_set *set)
{
    const page_run *before = NULL;
    fputs("<ul class=\"best\">", to);
    for (size_t i = 0; i < LEVELS; i++) {
        const page_run *run = best_within(set, i);
        if (!run || run == before) continue;
        fprintf(to, "<li data-i=\"%zu\"><span class=\"what\">%s</span><b>%.2f\u00d7</b><code>",
                (size_t)(run - set->runs), levels[i].words, run->run.ratio);
        escape_markup(to, run->run.config.canonical);
        fputs("</code></li>", to);
        before = run;
    }
    size_t failed = count(set, PAGE_FAILED);
    fprintf(to, "<li><span class=\"what\">runs</span><b>%zu</b><span class=\"what\">%zu on the frontier", set->n_runs,
            count(set, PAGE_FRONTIER));
    if (failed) fprintf(to, ", %zu failed", failed);
    fputs("</span></li></ul>\n", to);
}

/* ---- the pictures ---- */

static void put_switch(FILE *to, size_t set, char axis, const store_metric *const *metrics, size_t n)
{
    fprintf(to, "<fieldset><legend>%c</legend><div class=\"switch\">", axis);
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "<label><input type=\"radio\" name=\"%c-%zu\" data-%c=\"%zu\"%s><span>", axis, set, axis, i,
                i == 0 ? " checked" : "");
        escape_markup(to, metrics[i]->label);
        fputs("</span></label>", to);
    }
    fputs("</div></fieldset>", to);
}

static void put_legend(FILE *to, const page_report *r, const page_set *set)
{
    fputs("<div class=\"legend\">", to);
    for (size_t family = 0; family < r->n_families; family++) {
        bool any = false;
        for (size_t i = 0; i < set->n_runs && !any; i++)
            any = set->runs[i].family == family;
        if (!any) continue;
        fputs("<span>", to);
        svg_write_mark(to, family, true);
        escape_markup(to, r->families[family]);
        fputs("</span>", to);
    }
    fputs("<span>filled: frontier, with 95 % intervals</span><span>hollow: dominated</span></div>", to);
}

static bool put_chart(FILE *to, const page_report *r, size_t k, fault *f)
{
    const page_set *set = &r->sets[k];
    const page_axes *axes = &r->request.axes;
    fputs("<div class=\"stage\"><div class=\"left\"><figure class=\"card chart\"><div class=\"axes\">", to);
    put_switch(to, k, 'y', axes->y, axes->n_y);
    put_switch(to, k, 'x', axes->x, axes->n_x);
    fputs("</div>\n<div class=\"canvas\">\n", to);
    for (size_t x = 0; x < axes->n_x; x++)
        for (size_t y = 0; y < axes->n_y; y++)
            if (!svg_write_element(to, r, set, x, y, f)) return false;
    fputs("</div>\n", to);
    put_legend(to, r, set);
    fputs("<div class=\"limit\" hidden></div><div class=\"tip\" hidden></div></figure>\n"
          "<div class=\"card again\" hidden></div></div>\n"
          "<aside class=\"card details\" aria-live=\"polite\" hidden></aside></div>\n",
          to);
    return true;
}

/* ---- below the table ---- */

static void put_item(FILE *to, const store_run *r, const char *what, const char *more)
{
    fprintf(to, "<li>run %" PRId64 ", <code>", r->id);
    escape_markup(to, r->config.canonical);
    fputs("</code>: ", to);
    escape_markup(to, what);
    if (*more) {
        fputs(" (", to);
        escape_markup(to, more);
        fputc(')', to);
    }
    fputs("</li>\n", to);
}

/* A list that is left out when it is empty; item writes run i when it belongs to it. */
static void put_list(FILE *to, const page_set *set, const char *title, bool open,
                     bool (*item)(FILE *to, const page_set *set, size_t i))
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_runs; i++)
        n += item(NULL, set, i);
    if (n == 0) return;
    fprintf(to, "<details class=\"card\"%s><summary>%s: %zu</summary><ul>\n", open ? " open" : "", title, n);
    for (size_t i = 0; i < set->n_runs; i++)
        item(to, set, i);
    fputs("</ul></details>\n", to);
}

static bool put_failure(FILE *to, const page_set *set, size_t i)
{
    const store_run *r = &set->runs[i].run;
    if (set->places[0][0][i].where != PAGE_FAILED) return false;
    if (to) put_item(to, r, r->reason, r->phase);
    return true;
}

static bool put_warning(FILE *to, const page_set *set, size_t i)
{
    const store_run *r = &set->runs[i].run;
    if (!*r->verdict_note || set->places[0][0][i].where == PAGE_OLDER) return false;
    if (to) put_item(to, r, r->verdict_note, "");
    return true;
}

static bool put_alike(FILE *to, const page_set *set, size_t i)
{
    if (!set->places[0][0][i].alike) return false;
    if (to)
        put_item(to, &set->runs[i].run,
                 "cannot be told apart from the run before it on the frontier; the interval of "
                 "their paired difference includes zero",
                 "");
    return true;
}

static void put_commands(FILE *to, const page_set *set)
{
    fputs(
        "<details class=\"card\"><summary>The commands that make the frontier's runs again</summary><pre class=\"commands\">",
        to);
    for (size_t k = 0; k < set->n_front[0][0]; k++) {
        const page_run *run = &set->runs[set->front[0][0][k]];
        escape_markup(to, run->command);
        fprintf(to, " # run %" PRId64 "\n", run->run.id);
    }
    fputs("</pre></details>\n", to);
}

static bool put_set(FILE *to, const page_report *r, size_t k, fault *f)
{
    const page_set *set = &r->sets[k];
    char *name = gather_set_name(set);
    if (!name) return fault_memory(f, "the page");
    fprintf(to, "<section class=\"set\" data-set=\"%zu\" data-name=\"", k);
    escape_markup(to, name);
    fputs("\">\n", to);
    if (r->n_sets > 1) {
        fputs("<h2>", to);
        escape_markup(to, name);
        fputs("</h2>\n", to);
    }
    free(name);
    put_facts(to, set);
    put_best(to, set);
    if (!put_chart(to, r, k, f)) return false;
    fputs("<section class=\"card runs\"><div class=\"bar\"><h3>Runs</h3></div>\n", to);
    html_write_table(to, set);
    fputs("</section>\n", to);
    if (!html_write_suites(to, set, f)) return false;
    put_list(to, set, "Failed runs", true, put_failure);
    put_list(to, set, "Warnings", true, put_warning);
    put_list(to, set, "Neighbours on the frontier that cannot be told apart", false, put_alike);
    put_commands(to, set);
    fputs("</section>\n", to);
    return true;
}

/* ---- all of it ---- */

static const char foot[] =
    "<footer class=\"foot\"><p>Ratio: bytes of an f16 cache over the bytes that must live in the compressed one, counted by "
    "the host. KLD: divergence of the predictions from those with an exact cache, mean per scored position, nats. Δppl: "
    "change of perplexity. Top-1: positions where the most likely token is the same. Brackets are 95 % intervals: block "
    "bootstrap, for top-1 Wilson's.</p><p>Frontier: no listed run is at least as good on both axes and better on one. "
    "Older: the config has a newer run. Verdicts: ACCEPT★ |Δppl| ≤ 1 % and top-1 ≥ 95 %; ACCEPT ≤ 3 % and ≥ 85 %; MARGINAL "
    "≤ 10 %; REJECT otherwise; a question mark where the interval reaches into a worse one.</p></footer>\n";

bool html_write(FILE *to, const page_report *r, fault *f)
{
    char *title = formats_title(r);
    if (!title) return fault_memory(f, "the page");
    put_head(to, title);
    put_top(to, r, title);
    free(title);
    fputs("<nav class=\"sets\" aria-label=\"Sets of runs\" hidden></nav>\n<main>\n", to);
    for (size_t k = 0; k < r->n_sets; k++)
        if (!put_set(to, r, k, f)) return false;
    fputs("</main>\n", to);
    fputs(foot, to);
    fputs("<script type=\"application/json\" id=\"data\">", to);
    html_write_data(to, r);
    fputs("</script>\n<script>", to);
    fwrite(page_js, 1, page_js_size, to);
    fputs("</script>\n</body>\n</html>\n", to);
    return true;
}
