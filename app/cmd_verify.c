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
#include "app/commands.h"
#include "app/lab.h"
#include "app/plugin_files.h"
#include "app/report.h"
#include "app/scan.h"
#include "app/verify.h"
#include "base/clock.h"

enum { MOST_FILES = 64, MOST_WORDS = 64, MOST_EXPRESSIONS = 8, INNERS = 2, ALWAYS = 2 };

/* ---- what is meant ---- */

/* Is this argument a file rather than an expression? */
static bool is_file(const char *arg)
{
    const size_t n = strlen(arg);
    return strchr(arg, '/') != NULL || (n > 3 && strcmp(arg + n - 3, ".so") == 0);
}

/* As lab_catalog, with the files among the arguments in front of all others. */
static catalog *find_codecs(app_context *app, const command_line *line, fault *f)
{
    const char *files[MOST_FILES];
    size_t n = 0;
    const size_t n_args = line_n_args(line), n_plugins = line_count(line, "plugin");
    for (size_t i = 0; i < n_args + n_plugins; i++) {
        const char *file = i < n_args ? line_arg(line, i) : line_text_at(line, "plugin", i - n_args);
        if (i < n_args && !is_file(file)) continue;
        if (n == MOST_FILES) {
            fault_set(f, FAULT_USAGE, "more than %d plugins are named", MOST_FILES);
            return NULL;
        }
        files[n++] = file;
    }
    const char *dirs[] = { app->places.plugins[0], app->places.plugins[1] };
    const plugin_search where = { files, n, getenv("KVANT_PLUGIN_PATH"), dirs, sizeof dirs / sizeof *dirs };
    const char *const describer[] = { app->places.executable, "describe", NULL };
    plugin_files found = { 0 };
    catalog *known = plugin_files_find(&found, &where, f) ? catalog_scan(describer, &found, NULL, f) : NULL;
    plugin_files_free(&found);
    return known;
}

/* One codec to be verified by one expression; a wrapper by the first two of several that it does not refuse, and the
 * last two. */
typedef struct subject {
    const catalog_codec *codec;
    bool whole; /* the codec as such, not one expression of it: its result is kept */
    spec *specs[MOST_EXPRESSIONS];
    size_t n;
} subject;

typedef struct subjects {
    subject *items;
    size_t n;
} subjects;

static void free_subjects(subjects *s)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->items[i].n; k++)
            spec_free(s->items[i].specs[k]);
    free(s->items);
}

static subject *add_subject(subjects *s, const catalog_codec *codec, bool whole, fault *f)
{
    subject *grown = realloc(s->items, (s->n + 1) * sizeof *grown);
    if (!grown) {
        fault_memory(f, "the codecs to verify");
        return NULL;
    }
    s->items = grown;
    s->items[s->n] = (subject){ .codec = codec, .whole = whole };
    return &s->items[s->n++];
}

/* Around a codec that keeps everything and around one that does not, or around those that follow when it refuses these;
 * and, ALWAYS, around one with calibration and one with blocks and weights. */
static bool add_wrapper(const catalog *known, subject *to, fault *f)
{
    const char *const inners[] = {
        catalog_inner(to->codec)->inner, "identity", "polar", "turbo4", "q4_0", "center(polar)", "kakeya(block=64)"
    };
    for (size_t i = 0; i < sizeof inners / sizeof *inners; i++) {
        char text[1024];
        if (!inners[i] || strcmp(inners[i], to->codec->name) == 0) continue;
        snprintf(text, sizeof text, "%s(%.900s)", to->codec->name, inners[i]);
        spec *s = spec_parse(known, text, f);
        if (s) to->specs[to->n++] = s;
    }
    if (to->n == 0) return fault_prefix(f, "%s: no codec to put inside", to->codec->name);
    *f = (fault){ 0 };
    return true;
}

static bool add_whole(const catalog *known, subjects *s, const catalog_codec *codec, fault *f)
{
    subject *to = add_subject(s, codec, true, f);
    if (!to) return false;
    if (catalog_inner(codec)) return add_wrapper(known, to, f);
    to->specs[0] = spec_parse(known, codec->name, f);
    to->n = to->specs[0] != NULL;
    return to->n > 0;
}

/* A codec's name, or an expression. */
static bool add_text(const catalog *known, subjects *s, const char *text, fault *f)
{
    const catalog_codec *codec = catalog_find(known, text);
    if (codec) return add_whole(known, s, codec, f);
    spec *parsed = spec_parse(known, text, f);
    if (!parsed) return false;
    subject *to = add_subject(s, parsed->codec, false, f);
    if (!to) {
        spec_free(parsed);
        return false;
    }
    to->specs[to->n++] = parsed;
    return true;
}

static bool add_codecs_of(const catalog *known, subjects *s, const char *path, fault *f)
{
    for (size_t i = 0; i < known->n_codecs; i++)
        if ((!path || strcmp(known->codecs[i]->path, path) == 0) && !add_whole(known, s, known->codecs[i], f))
            return false;
    return true;
}

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

static bool add_plugin_word(char **words, int first, int *n, char *path, fault *f)
{
    for (int i = first; i < *n; i++)
        if (strcmp(words[i], path) == 0) return true;
    if (*n == MOST_WORDS - 1) return fault_set(f, FAULT_INPUT, "verify: the codec needs too many plugins");
    words[(*n)++] = path;
    return true;
}

/* False when interrupted, or when there is nobody to ask. */
static bool run_child(app_context *app, const command_line *line, const spec *s, answer *out, fault *f)
{
    FILE *results = tmpfile();
    if (!results) return fault_set(f, FAULT_INTERNAL, "verify: no temporary file for the results");
    char fd[16], *words[MOST_WORDS];
    int n = 0, status = 0;
    snprintf(fd, sizeof fd, "%d", fileno(results));
    words[n++] = app->places.executable;
    words[n++] = "verify-child";
    words[n++] = "--timeout";
    words[n++] = (char *)line_text(line, "timeout");
    if (line_has(line, "quick")) words[n++] = "--quick";
    words[n++] = "--";
    words[n++] = s->text;
    words[n++] = fd;
    const int first = n;
    bool ok = true;
    for (const spec *at = s; ok && at; at = at->inner)
        ok = add_plugin_word(words, first, &n, at->codec->path, f);
    words[n] = NULL;
    fault why = { 0 };
    const double start = clock_seconds();
    const bool lived = ok && child_run(app, s->text, words, line_real(line, "timeout"), &status, &why);
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
    printf("%s%s%s (%s)\n", terminal_style(out, STYLE_BOLD), text, terminal_style(out, STYLE_PLAIN), path);
    verify_report_print(r, stdout, out);
    printf("%s%s%s: %zu passed, %zu failed, %zu not applicable, %.2f s\n\n",
           terminal_style(out, r->failed ? STYLE_BAD : STYLE_GOOD), text, terminal_style(out, STYLE_PLAIN),
           r->n - r->failed - r->not_applicable, r->failed, r->not_applicable, v->seconds);
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
    if (!t->json) printf("%s: %s\n\n", text, why);
}

static bool verify_subject(totals *t, const command_line *line, const subject *s, fault *f)
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

static bool choose(totals *t, const command_line *line, const catalog *known, subjects *chosen, fault *f)
{
    if (line_n_args(line) == 0 || line_has(line, "all")) {
        for (size_t i = 0; i < known->n_problems; i++)
            fprintf(stderr, "kvant: note: %s: %s\n", known->problems[i].path, known->problems[i].reason);
        return add_codecs_of(known, chosen, NULL, f);
    }
    for (size_t i = 0; i < line_n_args(line); i++) {
        const char *arg = line_arg(line, i);
        char path[PATH_MAX];
        if (!is_file(arg)) {
            if (!add_text(known, chosen, arg, f)) return false;
            continue;
        }
        if (!realpath(arg, path)) return fault_set(f, FAULT_INPUT, "%s: no such file", arg);
        report_problems(t, known, path);
        if (!add_codecs_of(known, chosen, path, f)) return false;
    }
    return true;
}

int cmd_verify(app_context *app, const command_line *line)
{
    fault f = { 0 };
    totals t = { .app = app, .json = line_has(line, "json") ? cJSON_CreateArray() : NULL };
    subjects chosen = { 0 };
    catalog *known = find_codecs(app, line, &f);
    bool ok = known && shelf_open(&t.kept, app->places.cache, &f) && choose(&t, line, known, &chosen, &f);
    for (size_t i = 0; ok && i < chosen.n; i++)
        ok = app_cancelled(app) ? fault_set(&f, FAULT_INTERRUPTED, "interrupted")
                                : verify_subject(&t, line, &chosen.items[i], &f);
    if (ok && t.json)
        ok = report_json(stdout, t.json, &f);
    else
        cJSON_Delete(t.json);
    if (ok && !line_has(line, "json")) printf("%zu codecs, %zu failed\n", t.codecs, t.failed);
    free_subjects(&chosen);
    catalog_free(known);
    if (!ok) return app_report(app, &f);
    return t.failed ? FAULT_NO : FAULT_NONE;
}
