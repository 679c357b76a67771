/* kvant checklist: is a codec the rotation and the Lloyd-Max codebook that it says it is?
 *
 * Two children run the codec: one for its fingerprint, so that the rotation is known to be the same in two processes,
 * and one for the items (app/checklist.h), which writes results into a file that both have open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist.h"
#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/report.h"

typedef struct front {
    app_context *app;
    const command_line *line;
    const spec *spec;
    int dim;
} front;

/* Runs a child over the codec. print: the fingerprint to compare with, "-": make one. `results` is what it wrote, from
 * its beginning; the caller closes it. status: the child's. False with a fault when it crashed or hung. */
static bool run_child(const front *t, const char *print, FILE **results, int *status, fault *f)
{
    char fd[16], dim[16];
    child_words words;
    *results = tmpfile();
    if (!*results) return fault_set(f, FAULT_INTERNAL, "checklist: no temporary file for the results");
    snprintf(fd, sizeof fd, "%d", fileno(*results));
    snprintf(dim, sizeof dim, "%d", t->dim);
    child_words_begin(&words, t->app, "checklist-child", t->line);
    child_words_argument(&words, t->spec->text);
    child_words_argument(&words, dim);
    child_words_argument(&words, fd);
    child_words_argument(&words, print);
    child_words_plugins(&words, t->spec);
    const bool ok = child_words_end(&words, "checklist", f) &&
                    child_run(t->app, t->spec->text, words.at, line_real(t->line, "timeout"), status, f);
    rewind(*results);
    return ok;
}

static bool fingerprint(const front *t, char print[CHECKLIST_PRINT], int *status, fault *f)
{
    FILE *results = NULL;
    bool ok = run_child(t, "-", &results, status, f);
    if (ok && *status == FAULT_NONE &&
        (!fgets(print, CHECKLIST_PRINT, results) || strlen(print) != CHECKLIST_PRINT - 1))
        ok = fault_set(f, FAULT_INPUT, "%s: the codec ended its process without a word", t->spec->text);
    if (results) fclose(results);
    return ok;
}

/* A codec that dies of an item has failed it. */
static void add_death(verify_report *r, const fault *f)
{
    verify_report_add(r, r->running[0] ? r->running : "load", VERIFY_FAIL, f->text, "the codec lives");
}

static bool measure(const front *t, const char *print, verify_report *r, int *status, fault *f)
{
    FILE *results = NULL;
    fault why = { 0 };
    const bool lived = run_child(t, print, &results, status, &why);
    if (results) {
        verify_report_read(r, results);
        fclose(results);
    }
    if (lived && *status == FAULT_NONE && !r->complete)
        fault_set(&why, FAULT_INPUT, "%s: the codec ended its process before the last item", t->spec->text);
    else if (lived)
        return true;
    if (why.code != FAULT_INPUT) {
        *f = why;
        return false;
    }
    add_death(r, &why);
    return true;
}

static bool print_report(const front *t, const verify_report *r, fault *f)
{
    const size_t passed = r->n - r->failed - r->not_applicable;
    if (line_has(t->line, "json")) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "codec", t->spec->text);
        cJSON_AddNumberToObject(o, "dim", t->dim);
        cJSON_AddItemToObject(o, "items", verify_report_json(r));
        cJSON_AddNumberToObject(o, "passed", (double)passed);
        cJSON_AddNumberToObject(o, "failed", (double)r->failed);
        cJSON_AddNumberToObject(o, "not_applicable", (double)r->not_applicable);
        return report_json(stdout, o, f);
    }
    printf("%s, rows of %d\n", t->spec->text, t->dim);
    verify_report_print(r, stdout, &t->app->out, false);
    printf("%zu passed, %zu failed, %zu not applicable\n", passed, r->failed, r->not_applicable);
    return true;
}

int cmd_checklist(app_context *app, const command_line *line)
{
    fault f = { 0 };
    front t = { .app = app, .line = line };
    verify_report report = { 0 };
    char print[CHECKLIST_PRINT] = "";
    int status = FAULT_NONE;
    catalog *known = lab_catalog(app, line, &f);
    spec *s = known ? spec_parse(known, line_arg(line, 0), &f) : NULL;
    bool ok = s != NULL;
    if (ok) {
        t.spec = s;
        t.dim = line_has(line, "dim") ? (int)line_int(line, "dim") : checklist_dim(s);
        ok = spec_check_dim(s, line_arg(line, 0), t.dim, &f);
    }
    ok = ok && fingerprint(&t, print, &status, &f);
    if (ok && status == FAULT_NONE) ok = measure(&t, print, &report, &status, &f);
    if (ok && (status == FAULT_NONE || report.failed > 0)) {
        ok = print_report(&t, &report, &f);
        if (report.failed > 0) status = FAULT_NO;
    }
    spec_free(s);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}
