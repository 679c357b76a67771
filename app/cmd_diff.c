/* kvant diff: what two runs differ in, and what of it is more than chance. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/difference.h"
#include "app/lab.h"
#include "app/number.h"
#include "app/report.h"
#include "app/run_number.h"
#include "app/suite_session_compare.h"
#include "app/table.h"

/* ---- the configs ---- */

/* The next item of a canonical config; *n is 0 at its end. */
static const char *next_item(const char *text, size_t *n)
{
    text += strspn(text, " ");
    *n = strcspn(text, " ");
    return text;
}

static bool has_item(const char *text, const char *item, size_t n)
{
    size_t length;
    for (const char *at = next_item(text, &length); length; at = next_item(at + length, &length))
        if (length == n && memcmp(at, item, n) == 0) return true;
    return false;
}

/* Calls each for what only one of the configs has, but for the codecs outside exceptions. */
static void each_own_item(const store_run *own, const store_run *other, void (*each)(void *to, const char *, size_t),
                          void *to)
{
    size_t n;
    for (const char *at = next_item(own->config.canonical, &n); n; at = next_item(at + n, &n))
        if ((*at == '@' || strncmp(at, "rope=", 5) == 0) && !has_item(other->config.canonical, at, n)) each(to, at, n);
}

static void print_item(void *to, const char *item, size_t n)
{
    printf("%s %.*s\n", (const char *)to, (int)n, item);
}

static void print_configs(const difference *d)
{
    const struct {
        const char *side, *a, *b;
    } sides[] = { { "keys", d->a->config.k, d->b->config.k }, { "values", d->a->config.v, d->b->config.v } };
    for (int i = 0; i < 2; i++)
        if (strcmp(sides[i].a, sides[i].b) != 0) printf("%-8s %s -> %s\n", sides[i].side, sides[i].a, sides[i].b);
    char only[2][48];
    snprintf(only[0], sizeof only[0], "only %" PRId64 "  ", d->a->id);
    snprintf(only[1], sizeof only[1], "only %" PRId64 "  ", d->b->id);
    each_own_item(d->a, d->b, print_item, only[0]);
    each_own_item(d->b, d->a, print_item, only[1]);
}

/* ---- the numbers ---- */

static void write_answer(const difference *d, const difference_metric *m, char *text, size_t size)
{
    difference_answer answer = difference_verdict(m);
    if (answer == DIFFERENCE_ALIKE)
        snprintf(text, size, "cannot be told apart");
    else if (answer == DIFFERENCE_OPPOSITE)
        snprintf(text, size, "differ, to either side of 0");
    else
        snprintf(text, size, "run %" PRId64 " is better", answer == DIFFERENCE_A ? d->a->id : d->b->id);
}

static bool add_metric(table *t, const difference *d, const difference_metric *m, fault *f)
{
    char name[64], a[32], b[32], by[32], range[64], answer[64];
    snprintf(name, sizeof name, "%s, %s", m->metric->flags & STORE_ABSOLUTE ? "change of perplexity" : m->metric->label,
             m->metric->unit);
    snprintf(a, sizeof a, "%.4g", m->a);
    snprintf(b, sizeof b, "%.4g", m->b);
    snprintf(by, sizeof by, "%+.4g", m->between.value);
    snprintf(range, sizeof range, "%+.3g to %+.3g", m->between.lo, m->between.hi);
    write_answer(d, m, answer, sizeof answer);
    return table_add(t,
                     (const table_cell[]){ table_text(name), table_real_as(m->a, a), table_real_as(m->b, b),
                                           table_real_as(m->between.value, by), table_text(range), table_text(answer) },
                     f);
}

/* What is no matter of chance. */
static bool add_exact(table *t, const char *name, double a, double b, const char *format, fault *f)
{
    char shown[2][32], by[32];
    snprintf(shown[0], sizeof shown[0], format, a);
    snprintf(shown[1], sizeof shown[1], format, b);
    by[0] = '\0';
    if (a != 0) snprintf(by, sizeof by, "x %.3f", b / a);
    return table_add(t,
                     (const table_cell[]){ table_text(name), table_real_as(a, shown[0]), table_real_as(b, shown[1]),
                                           table_real_as(b - a, by), table_text(""), table_text("") },
                     f);
}

static bool print_numbers(const app_context *app, const difference *d, fault *f)
{
    char head[2][32];
    snprintf(head[0], sizeof head[0], "run %" PRId64, d->a->id);
    snprintf(head[1], sizeof head[1], "run %" PRId64, d->b->id);
    table *t = table_create(6, (const char *const[]){ "", head[0], head[1], "difference", "95 %", "" }, f);
    bool ok = t && add_exact(t, "compression ratio", d->a->ratio, d->b->ratio, "%.3f", f) &&
              add_exact(t, "bits per value", d->a->bits_per_value, d->b->bits_per_value, "%.4f", f) &&
              add_exact(t, "bytes", (double)d->a->bytes, (double)d->b->bytes, "%.0f", f) &&
              add_exact(t, "bytes once per model", (double)d->a->side_bytes, (double)d->b->side_bytes, "%.0f", f);
    for (int i = 0; ok && i < DIFFERENCE_METRICS; i++)
        ok = add_metric(t, d, &d->metrics[i], f);
    table_style style = { TABLE_BOX, app->out.utf8, app->out.is_tty ? terminal_width(&app->out) : 0 };
    ok = ok && table_write(t, stdout, &style, f);
    table_free(t);
    return ok;
}

/* ---- layers ---- */

static const store_layer *same_layer(const difference *d, const store_layer *l)
{
    for (size_t i = 0; i < d->n_layers[1]; i++)
        if (d->layers[1][i].layer == l->layer && strcmp(d->layers[1][i].stream, l->stream) == 0)
            return &d->layers[1][i];
    return NULL;
}

static bool add_layer(table *t, const store_layer *a, const store_layer *b, fault *f)
{
    char error[2][32], factor[32] = "", codecs[256];
    snprintf(error[0], sizeof error[0], "%.4g", a->rel_error);
    snprintf(error[1], sizeof error[1], "%.4g", b->rel_error);
    if (a->rel_error > 0) snprintf(factor, sizeof factor, "x %.3f", b->rel_error / a->rel_error);
    bool same = strcmp(a->codec, b->codec) == 0;
    snprintf(codecs, sizeof codecs, "%.100s%s%.100s", a->codec, same ? "" : " -> ", same ? "" : b->codec);
    return table_add(t,
                     (const table_cell[]){ table_integer(a->layer), table_text(a->stream),
                                           table_real_as(a->rel_error, error[0]), table_real_as(b->rel_error, error[1]),
                                           table_text(factor), table_text(codecs) },
                     f);
}

static bool print_layers(const app_context *app, const difference *d, fault *f)
{
    char head[2][32];
    snprintf(head[0], sizeof head[0], "error in %" PRId64, d->a->id);
    snprintf(head[1], sizeof head[1], "error in %" PRId64, d->b->id);
    table *t = table_create(6, (const char *const[]){ "layer", "side", head[0], head[1], "", "codec" }, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < d->n_layers[0]; i++) {
        const store_layer *b = same_layer(d, &d->layers[0][i]);
        if (b) ok = add_layer(t, &d->layers[0][i], b, f);
    }
    table_style style = { TABLE_BOX, app->out.utf8, app->out.is_tty ? terminal_width(&app->out) : 0 };
    if (ok && table_rows(t)) {
        printf("\nErrors are squared and relative to what was encoded.\n");
        ok = table_write(t, stdout, &style, f);
    }
    table_free(t);
    return ok;
}

/* ---- all of it ---- */

static void print_notes(const app_context *app, const difference *d)
{
    const struct {
        const char *what, *a, *b;
    } notes[] = {
        { "kvant's engine was another (%.16s and %.16s)", d->a->environment.engine, d->b->environment.engine },
        { "they were calibrated differently (\"%.16s\" and \"%.16s\")", d->a->calibration.hash,
          d->b->calibration.hash },
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (strcmp(notes[i].a, notes[i].b) == 0) continue;
        char text[160];
        snprintf(text, sizeof text, notes[i].what, notes[i].a, notes[i].b);
        printf("%swarning%s  %s\n", terminal_style(&app->out, STYLE_WARN), terminal_style(&app->out, STYLE_PLAIN),
               text);
    }
}

/* turns: of two sessions; or NULL. */
static bool print(const app_context *app, const difference *d, const session_comparison *turns, fault *f)
{
    const char *bold = terminal_style(&app->out, STYLE_BOLD), *plain = terminal_style(&app->out, STYLE_PLAIN);
    printf("%srun %" PRId64 "%s   %s\n", bold, d->a->id, plain, d->a->config.canonical);
    printf("%srun %" PRId64 "%s   %s\n", bold, d->b->id, plain, d->b->config.canonical);
    print_configs(d);
    print_notes(app, d);
    putchar('\n');
    if (!print_numbers(app, d, f)) return false;
    if (turns && !session_comparison_print(app, turns, d->a->id, d->b->id, f)) return false;
    return print_layers(app, d, f);
}

static void add_item(void *to, const char *item, size_t n)
{
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)n, item);
    cJSON_AddItemToArray(to, cJSON_CreateString(text));
}

static cJSON *metric_json(const difference_metric *m)
{
    static const char *const answers[] = { "alike", "a", "b", "opposite" };
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "metric", m->metric->name);
    cJSON_AddItemToObject(one, "a", number_json(m->a));
    cJSON_AddItemToObject(one, "b", number_json(m->b));
    cJSON_AddItemToObject(one, "difference", number_json(m->between.value));
    cJSON_AddItemToObject(one, "lo", number_json(m->between.lo));
    cJSON_AddItemToObject(one, "hi", number_json(m->between.hi));
    cJSON_AddStringToObject(one, "better", answers[difference_verdict(m)]);
    return one;
}

static bool print_json(const difference *d, const session_comparison *turns, fault *f)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "a", report_run_json(d->a, d->layers[0], d->n_layers[0]));
    cJSON_AddItemToObject(json, "b", report_run_json(d->b, d->layers[1], d->n_layers[1]));
    each_own_item(d->a, d->b, add_item, cJSON_AddArrayToObject(json, "only_a"));
    each_own_item(d->b, d->a, add_item, cJSON_AddArrayToObject(json, "only_b"));
    cJSON_AddBoolToObject(json, "same_engine", strcmp(d->a->environment.engine, d->b->environment.engine) == 0);
    cJSON *compared = cJSON_AddArrayToObject(json, "metrics");
    for (int i = 0; i < DIFFERENCE_METRICS; i++)
        cJSON_AddItemToArray(compared, metric_json(&d->metrics[i]));
    if (turns) cJSON_AddItemToObject(json, "session", session_comparison_json(turns));
    return report_json(stdout, json, f);
}

/* Two sessions are compared turn by turn as well. */
static bool show(lab *l, const difference *d, fault *f)
{
    session_comparison turns = { 0 };
    const bool sessions = session_is(d->a) && session_is(d->b);
    bool ok = !sessions || session_compare(l->database, d->a->id, d->b->id, &turns, f);
    const session_comparison *shown = sessions ? &turns : NULL;
    if (ok) ok = line_has(l->line, "json") ? print_json(d, shown, f) : print(l->app, d, shown, f);
    session_comparison_release(&turns);
    return ok;
}

int cmd_diff(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    int64_t a, b;
    difference d;
    if (!run_number_read(line, 0, &a, &f) || !run_number_read(line, 1, &b, &f)) return app_report(app, &f);
    if (!lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    bool ok = difference_make(l.database, a, b, &d, &f);
    if (ok) {
        ok = show(&l, &d, &f);
        difference_release(&d);
    }
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
