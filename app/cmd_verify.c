/* kvant verify: does a codec keep its promises?
 *
 * The command finds out which codecs are meant and runs one child for each expression (kvant verify-child), which
 * writes its results into a file that both have open; a codec that crashes or hangs fails the check it was in. What
 * came of a codec is kept (app/verify.h) for `kvant codecs` to show.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/report.h"
#include "app/verify.h"
#include "app/verify_subjects.h"
#include "base/clock.h"

/* Of a wrapper's expressions the first INNERS are run that it does not refuse, and always the last ALWAYS. */
enum { INNERS = 2, ALWAYS = 2 };

/* ---- one expression in a child ---- */

typedef struct answer {
    verify_report report;
    double seconds;
} answer;

/* Puts the fault of a child that did not come to its end into the check it was in. */
static void add_death(verify_report *r, const fault *f, const char *what)
{
    const size_t n = strlen(what);
    const bool named = strncmp(f->text, what, n) == 0 && strncmp(f->text + n, ": ", 2) == 0;
    verify_report_add(r, r->running[0] ? r->running : "load", VERIFY_FAIL, f->text + (named ? n + 2 : 0),
                      "the codec lives");
}

/* False when interrupted, or when there is nobody to ask. */
static bool run_child(app_context *app, const command_line *line, const spec *s, answer *out, fault *f)
{
    FILE *results = tmpfile();
    if (!results) return fault_set(f, FAULT_INTERNAL, "verify: no temporary file for the results");
    char fd[16];
    int status = 0;
    child_words words;
    snprintf(fd, sizeof fd, "%d", fileno(results));
    child_words_begin(&words, app, "verify-child", line);
    child_words_argument(&words, s->text);
    child_words_argument(&words, fd);
    child_words_plugins(&words, s);
    fault why = { 0 };
    const double start = clock_seconds();
    const bool ok = child_words_end(&words, "verify", f);
    const bool lived = ok && child_run(app, s->text, words.at, line_real(line, "timeout"), &status, &why);
    out->seconds = clock_seconds() - start;
    rewind(results);
    verify_report_read(&out->report, results);
    fclose(results);
    if (ok && !lived && (why.code == FAULT_INTERRUPTED || why.code == FAULT_INTERNAL)) {
        *f = why;
        return false;
    }
    if (ok && lived && !out->report.complete)
        fault_set(&why, FAULT_INPUT, "its process ended with status %d before the last check", status);
    if (ok && (!lived || !out->report.complete)) add_death(&out->report, &why, s->text);
    return ok;
}

/* ---- what came of it ---- */

typedef struct totals {
    app_context *app;
    shelf kept;
    cJSON *json; /* NULL: for people */
    bool brief;  /* for people, of all codecs: only what fails */
    size_t codecs, failed;
} totals;

static void print_report(totals *t, const char *text, const char *path, const answer *v)
{
    const verify_report *r = &v->report;
    const terminal *out = &t->app->out;
    if (t->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "codec", text);
        cJSON_AddStringToObject(o, "plugin", path);
        cJSON_AddBoolToObject(o, "passed", r->failed == 0);
        cJSON_AddNumberToObject(o, "seconds", v->seconds);
        cJSON_AddItemToObject(o, "checks", verify_report_json(r));
        cJSON_AddItemToArray(t->json, o);
        return;
    }
    if (!t->brief) {
        printf("%s%s%s (%s)\n", terminal_style(out, STYLE_BOLD), text, terminal_style(out, STYLE_PLAIN), path);
        verify_report_print(r, stdout, out, false);
    }
    printf("%s%s%s: %zu passed, %zu failed, %zu not applicable, %.2f s\n",
           terminal_style(out, r->failed ? STYLE_BAD : STYLE_GOOD), text, terminal_style(out, STYLE_PLAIN),
           r->n - r->failed - r->not_applicable, r->failed, r->not_applicable, v->seconds);
    if (t->brief)
        verify_report_print(r, stdout, out, true);
    else
        putchar('\n');
    fflush(stdout);
}

static void print_kept(totals *t, const catalog_codec *c, const verify_kept *kept)
{
    char when[40] = "";
    const time_t at = (time_t)kept->when;
    struct tm local;
    if (localtime_r(&at, &local)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
    const bool passed = kept->standing == VERIFY_PASSED;
    if (t->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "codec", c->name);
        cJSON_AddStringToObject(o, "plugin", c->path);
        cJSON_AddBoolToObject(o, "passed", passed);
        cJSON_AddNumberToObject(o, "verified", (double)kept->when);
        cJSON_AddItemToArray(t->json, o);
    } else {
        printf("%s: %s on %s%s%s\n", c->name, passed ? "passed" : "failed", when, passed ? "" : ": ", kept->first);
    }
}

/* The first failure as one line. */
static void note_failure(verify_kept *kept, const verify_report *r)
{
    for (size_t i = 0; i < r->n && kept->standing == VERIFY_PASSED; i++) {
        if (r->results[i].outcome != VERIFY_FAIL) continue;
        kept->standing = VERIFY_FAILED;
        snprintf(kept->first, sizeof kept->first, "%s: %.200s", r->results[i].check, r->results[i].measured);
    }
}

/* Why a wrapper does not take this inner codec; NULL: it does, or fails otherwise. */
static const char *refuses_inner(const verify_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const verify_result *one = &r->results[i];
        if (one->outcome != VERIFY_FAIL) continue;
        const bool refused =
            strncmp(one->measured, "KVANT_E_PARAM: ", 15) == 0 || strncmp(one->measured, "KVANT_E_SHAPE: ", 15) == 0;
        return strcmp(one->check, "create") == 0 && refused ? one->measured + 15 : NULL;
    }
    return NULL;
}

static void print_refusal(const totals *t, const char *text, const char *why)
{
    if (!t->json && !t->brief) printf("%s: %s\n\n", text, why);
}

static bool verify_one(totals *t, const command_line *line, const verify_subject *s, fault *f)
{
    verify_kept kept = { 0 };
    t->codecs++;
    if (line_has(line, "cached") && s->whole) verify_kept_get(&t->kept, s->codec, &kept);
    if (kept.standing != VERIFY_UNKNOWN) {
        print_kept(t, s->codec, &kept);
        t->failed += kept.standing == VERIFY_FAILED;
        return true;
    }
    kept = (verify_kept){ .standing = VERIFY_PASSED, .when = (int64_t)time(NULL) };
    for (size_t i = 0, taken = 0; i < s->n; i++) {
        answer v = { 0 };
        if (taken >= INNERS && i + ALWAYS < s->n) continue;
        if (!run_child(t->app, line, s->specs[i], &v, f)) return false;
        const char *no = s->n > 1 && i + 1 < s->n ? refuses_inner(&v.report) : NULL;
        if (no) {
            print_refusal(t, s->specs[i]->text, no);
            continue;
        }
        taken++;
        print_report(t, s->specs[i]->text, s->codec->path, &v);
        note_failure(&kept, &v.report);
    }
    t->failed += kept.standing == VERIFY_FAILED;
    fault unkept = { 0 };
    if (s->whole && !line_has(line, "quick") && !verify_kept_put(&t->kept, s->codec, &kept, &unkept))
        fprintf(stderr, "kvant: note: %s\n", unkept.text);
    return true;
}

/* The problems of a file that was named are failures of it. */
static void report_problems(totals *t, const catalog *known, const char *path)
{
    for (size_t i = 0; i < known->n_problems; i++) {
        if (strcmp(known->problems[i].path, path) != 0) continue;
        answer v = { 0 };
        verify_report_add(&v.report, "load", VERIFY_FAIL, known->problems[i].reason, "a plugin of this ABI");
        print_report(t, path, path, &v);
        t->codecs++;
        t->failed++;
    }
}

static bool choose(totals *t, const command_line *line, const catalog *known, verify_subjects *chosen, fault *f)
{
    if (line_n_args(line) == 0 || line_has(line, "all")) {
        t->brief = true;
        for (size_t i = 0; i < known->n_problems; i++)
            fprintf(stderr, "kvant: note: %s: %s\n", known->problems[i].path, known->problems[i].reason);
        return verify_add_codecs(known, chosen, NULL, f);
    }
    for (size_t i = 0; i < line_n_args(line); i++) {
        const char *arg = line_arg(line, i);
        char path[PATH_MAX];
        if (!verify_is_file(arg)) {
            if (!verify_add_text(known, chosen, arg, f)) return false;
            continue;
        }
        if (!realpath(arg, path)) return fault_set(f, FAULT_INPUT, "%s: no such file", arg);
        report_problems(t, known, path);
        if (!verify_add_codecs(known, chosen, path, f)) return false;
    }
    return true;
}

int cmd_verify(app_context *app, const command_line *line)
{
    fault f = { 0 };
    totals t = { .app = app, .json = line_has(line, "json") ? cJSON_CreateArray() : NULL };
    verify_subjects chosen = { 0 };
    catalog *known = verify_catalog(app, line, &f);
    bool ok = known && shelf_open(&t.kept, app->places.cache, &f) && choose(&t, line, known, &chosen, &f);
    for (size_t i = 0; ok && i < chosen.n; i++)
        ok = app_cancelled(app) ? fault_set(&f, FAULT_INTERRUPTED, "interrupted")
                                : verify_one(&t, line, &chosen.items[i], &f);
    if (ok && t.json)
        ok = report_json(stdout, t.json, &f);
    else
        cJSON_Delete(t.json);
    if (ok && !line_has(line, "json"))
        printf("%zu codec%s, %zu failed\n", t.codecs, t.codecs == 1 ? "" : "s", t.failed);
    verify_subjects_free(&chosen);
    catalog_free(known);
    if (!ok) return app_report(app, &f);
    return t.failed ? FAULT_NO : FAULT_NONE;
}
