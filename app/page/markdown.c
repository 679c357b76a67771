/* A report as Markdown. */
#include "app/page/formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/page/escape.h"
#include "app/page/markdown_suite.h"
#include "app/table.h"

/* What a cell shows of a number. */
typedef struct cell {
    char text[96];
} cell;

static cell decimals(double value)
{
    cell c;
    snprintf(c.text, sizeof c.text, "%.3f", value);
    return c;
}

/* More text, cut where the cell ends: numbers of a database may have hundreds of digits. */
static void append(cell *c, const char *format, double value)
{
    size_t n = strlen(c->text);
    snprintf(c->text + n, sizeof c->text - n, format, value);
}

static cell interval(store_estimate e, const char *value, const char *ends)
{
    cell c = { "" };
    if (isnan(e.value)) return c;
    append(&c, value, e.value);
    if (isnan(e.lo) || isnan(e.hi)) return c;
    append(&c, " [", 0);
    append(&c, ends, e.lo);
    append(&c, ", ", 0);
    append(&c, ends, e.hi);
    append(&c, "]", 0);
    return c;
}

/* The text through one of the escapes, to be freed. */
static char *escaped(void (*escape)(FILE *to, const char *text), const char *text)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    if (!to) return NULL;
    escape(to, text);
    if (fclose(to) == 0) return out;
    free(out);
    return NULL;
}

/* ---- tables ---- */

static const char *const columns[] = { "run",      "config",  "ratio", "bits/value", "KLD, nats", "Δppl, %",
                                       "top-1, %", "verdict", "" };
enum { COLUMNS = sizeof columns / sizeof *columns };

static table_cell number(double value, const char *text)
{
    return isnan(value) ? table_null() : table_real_as(value, text);
}

static bool add_run(table *t, const page_run *run, const char *note, fault *f)
{
    const store_run *r = &run->run;
    char *config = escaped(escape_markdown_code, r->config.canonical), *verdict = escaped(formats_verdict, r->verdict);
    char *safe = verdict ? escaped(escape_markdown, verdict) : NULL;
    cell ratio = decimals(r->ratio), bits = decimals(r->bits_per_value);
    cell kld = interval(r->kld, "%.4g", "%.3g"), dppl = interval(r->dppl, "%+.2f", "%+.2f"),
         top1 = interval(r->top1, "%.2f", "%.2f");
    bool ok = (config && safe) || fault_memory(f, "the table");
    ok = ok && table_add(t,
                         (const table_cell[]){ table_integer(r->id), table_text(config), number(r->ratio, ratio.text),
                                               number(r->bits_per_value, bits.text), table_text(kld.text),
                                               table_text(dppl.text), table_text(top1.text), table_text(safe),
                                               table_text(note) },
                         f);
    free(config);
    free(verdict);
    free(safe);
    return ok;
}

static bool write_front(FILE *to, const page_set *set, fault *f)
{
    table *t = table_create(COLUMNS, columns, f);
    bool ok = t != NULL;
    for (size_t k = 0; ok && k < set->n_front[0][0]; k++) {
        size_t i = set->front[0][0][k];
        const page_place *p = &set->places[0][0][i];
        ok = add_run(t, &set->runs[i], p->alike ? "as good as above" : "", f);
    }
    ok = ok && table_write(t, to, &(table_style){ .mode = TABLE_MARKDOWN }, f);
    table_free(t);
    return ok;
}

static bool write_runs(FILE *to, const page_set *set, fault *f)
{
    table *t = table_create(COLUMNS, columns, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < set->n_runs; i++) {
        const page_place *p = &set->places[0][0][i];
        ok = add_run(t, &set->runs[i], page_class_names[p->where], f);
    }
    ok = ok && table_write(t, to, &(table_style){ .mode = TABLE_MARKDOWN }, f);
    table_free(t);
    return ok;
}

/* ---- sections ---- */

static void put_fact(FILE *to, const char *name, const char *text)
{
    if (!*text) return;
    fprintf(to, "- %s: ", name);
    escape_markdown(to, text);
    fputc('\n', to);
}

static void write_facts(FILE *to, const page_set *set)
{
    const store_run *r = &set->runs[0].run;
    char first[GATHER_TIME], last[GATHER_TIME];
    int64_t lo = r->started, hi = r->started;
    for (size_t i = 0; i < set->n_runs; i++) {
        lo = set->runs[i].run.started < lo ? set->runs[i].run.started : lo;
        hi = set->runs[i].run.started > hi ? set->runs[i].run.started : hi;
    }
    gather_time(lo, first);
    gather_time(hi, last);
    put_fact(to, "model", r->model.name);
    fprintf(to, "- shape: ");
    escape_markdown(to, r->model.arch);
    fprintf(to, ", ");
    escape_markdown(to, r->model.weight_type);
    fprintf(to, ", %" PRId64 " layers, %" PRId64 " kv heads of %" PRId64 "\n", r->model.layers, r->model.kv_heads,
            r->model.head_dim);
    put_fact(to, "model's SHA-256", r->model.hash);
    put_fact(to, "text", r->text.name);
    fputs("- protocol: ", to);
    escape_markdown(to, r->protocol);
    fprintf(to, ", ctx %" PRId64, r->ctx);
    if (r->eval > 0) fprintf(to, ", eval %" PRId64, r->eval);
    fprintf(to, ", %" PRId64 " passages\n", r->passages);
    if (!isnan(r->ppl_ref)) fprintf(to, "- perplexity of the reference: %.4f\n", r->ppl_ref);
    put_fact(to, "engine", r->environment.engine);
    put_fact(to, "kvant", r->environment.version);
    put_fact(to, "machine", r->environment.cpu);
    fprintf(to, "- runs: %zu, from %s to %s UTC\n\n", set->n_runs, first, last);
}

/* What must be known to read a number rightly. */
static void write_warnings(FILE *to, const page_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_runs; i++) {
        const store_run *r = &set->runs[i].run;
        if (!*r->verdict_note || set->places[0][0][i].where == PAGE_OLDER) continue;
        if (n++ == 0) fputs("### Warnings\n\n", to);
        fprintf(to, "- run %" PRId64 ", ", r->id);
        escape_markdown_code(to, r->config.canonical);
        fputs(": ", to);
        escape_markdown(to, r->verdict_note);
        fputc('\n', to);
    }
    if (n) fputc('\n', to);
}

static void write_failures(FILE *to, const page_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_runs; i++) {
        const store_run *r = &set->runs[i].run;
        if (set->places[0][0][i].where != PAGE_FAILED) continue;
        if (n++ == 0) fputs("### Failed\n\n", to);
        fprintf(to, "- run %" PRId64 ", ", r->id);
        escape_markdown_code(to, r->config.canonical);
        fputs(": ", to);
        escape_markdown(to, r->reason);
        if (*r->phase && !strstr(r->reason, r->phase)) {
            fputs(" (", to);
            escape_markdown(to, r->phase);
            fputc(')', to);
        }
        fputc('\n', to);
    }
    if (n) fputc('\n', to);
}

static void write_commands(FILE *to, const page_set *set)
{
    int ticks = 3;
    for (size_t i = 0; i < set->n_runs; i++) {
        int needs = escape_fence(set->runs[i].command);
        if (needs > ticks) ticks = needs;
    }
    fputs("### The commands that make these runs\n\n", to);
    for (int i = 0; i < ticks; i++)
        fputc('`', to);
    fputs("sh\n", to);
    for (size_t i = 0; i < set->n_runs; i++) {
        escape_block(to, set->runs[i].command);
        fprintf(to, " # run %" PRId64 "\n", set->runs[i].run.id);
    }
    for (int i = 0; i < ticks; i++)
        fputc('`', to);
    fputs("\n\n", to);
}

static bool write_set(FILE *to, const page_report *r, const page_set *set, const char *picture, fault *f)
{
    char *name = gather_set_name(set);
    if (!name) return fault_memory(f, "the report");
    const store_metric *x = r->request.axes.x[0], *y = r->request.axes.y[0];
    fputs("## ", to);
    escape_markdown(to, name);
    fputs("\n\n", to);
    free(name);
    write_facts(to, set);
    fprintf(to, "### Frontier: %s against %s\n\n", y->label, x->label);
    if (picture) {
        fputs("![The frontier](<", to);
        for (const char *c = picture; *c; c++)
            fprintf(to, strchr(" <>\\\n\r%", *c) ? "%%%02X" : "%c", (unsigned char)*c);
        fputs(">)\n\n", to);
    }
    if (!write_front(to, set, f)) return false;
    fputs("\nBrackets are 95 % intervals. No listed run is at least as good as these on both axes and better on one; "
          "\"as good as above\": the interval of their paired difference includes zero.\n\n",
          to);
    write_warnings(to, set);
    write_failures(to, set);
    fprintf(to, "### All %zu runs\n\n", set->n_runs);
    if (!write_runs(to, set, f)) return false;
    fputc('\n', to);
    if (!markdown_write_suites(to, set, f)) return false;
    write_commands(to, set);
    return true;
}

bool markdown_write(FILE *to, const page_report *r, const char *const *pictures, fault *f)
{
    char *title = formats_title(r), made[GATHER_TIME];
    if (!title) return fault_memory(f, "the report");
    gather_time(r->made, made);
    fputs("# ", to);
    escape_markdown(to, title);
    free(title);
    fprintf(to, "\n\nMade by kvant %s, %s UTC.", KVANT_VERSION, made);
    if (r->request.where && *r->request.where) {
        fputs(" Only runs with ", to);
        escape_markdown_code(to, r->request.where);
        fputc('.', to);
    }
    fputs("\n\n", to);
    for (size_t i = 0; i < r->n_sets; i++)
        if (!write_set(to, r, &r->sets[i], pictures ? pictures[i] : NULL, f)) return false;
    return true;
}
