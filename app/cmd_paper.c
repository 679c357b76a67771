/* kvant paper: published tables, computed again.
 *
 * The command itself only picks the tables; codecs run in a child (kvant paper-child) that writes the answer.
 */
#include <stdio.h>
#include <string.h>

#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/paper/paper.h"
#include "app/report.h"
#include "app/wrap.h"
#include "base/nearest.h"

/* ---- the front ---- */

static int list_tables(const app_context *app, bool as_json)
{
    fault f = { 0 };
    cJSON *list = as_json ? cJSON_CreateArray() : NULL;
    const int most = app->out.is_tty ? terminal_width(&app->out) : PAPER_TEXT;
    const int width = most < PAPER_TEXT ? most : PAPER_TEXT;
    for (const paper_table *t = paper_tables; t->name; t++) {
        if (!as_json) {
            printf("  %-4s", t->name);
            wrap_text(stdout, t->title, 6, 6, width);
            printf("      ");
            wrap_text(stdout, t->source, 6, 6, width);
            continue;
        }
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "table", t->name);
        cJSON_AddStringToObject(o, "title", t->title);
        cJSON_AddStringToObject(o, "source", t->source);
        cJSON_AddItemToArray(list, o);
    }
    return !as_json || report_json(stdout, list, &f) ? FAULT_NONE : app_report(app, &f);
}

static bool check_names(const command_line *line, fault *f)
{
    for (size_t i = 0; i < line_n_args(line); i++) {
        const char *name = line_arg(line, i);
        if (paper_find(name) || strcmp(name, "all") == 0) continue;
        nearest n = nearest_to(name);
        for (const paper_table *t = paper_tables; t->name; t++)
            nearest_try(&n, t->name);
        return fault_set(f, FAULT_USAGE, "paper: no table \"%s\"; `kvant paper` lists them%s%s%s", name,
                         n.word ? "; did you mean \"" : "", n.word ? n.word : "", n.word ? "\"?" : "");
    }
    return true;
}

/* The names, a comma between: one word for the child. */
static void join_names(const command_line *line, char *text, size_t capacity)
{
    bool all = false;
    size_t n = 0;
    for (size_t i = 0; i < line_n_args(line); i++)
        if (strcmp(line_arg(line, i), "all") == 0) all = true;
    *text = 0;
    for (const paper_table *t = paper_tables; t->name; t++) {
        bool asked = all;
        for (size_t i = 0; i < line_n_args(line); i++)
            if (strcmp(line_arg(line, i), t->name) == 0) asked = true;
        if (asked && n < capacity) n += (size_t)snprintf(text + n, capacity - n, "%s%s", n ? "," : "", t->name);
    }
}

enum { NAMES = 256 };

/* With every plugin that the catalog has codecs of. */
static int run_child(app_context *app, const command_line *line, const catalog *known)
{
    fault f = { 0 };
    char names[NAMES];
    int status = 0;
    child_words words;
    join_names(line, names, sizeof names);
    child_words_begin(&words, app, "paper-child", line);
    child_words_argument(&words, names);
    for (size_t i = 0; i < known->n_codecs; i++)
        child_words_plugin(&words, known->codecs[i]->path);
    const bool ok = child_words_end(&words, "paper", &f) &&
                    child_run(app, "paper", words.at, line_real(line, "timeout"), &status, &f);
    return ok ? status : app_report(app, &f);
}

int cmd_paper(app_context *app, const command_line *line)
{
    fault f = { 0 };
    if (line_n_args(line) == 0) return list_tables(app, line_has(line, "json"));
    catalog *known = check_names(line, &f) ? lab_catalog(app, line, &f) : NULL;
    const int status = known ? run_child(app, line, known) : app_report(app, &f);
    catalog_free(known);
    return status;
}

/* ---- the child ---- */

static bool asked_for(const char *names, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = names; *at; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == 0)) return true;
    return false;
}

/* Fills and writes one table; *holds becomes false when a row of it does not. */
static bool show_table(paper *p, const paper_table *t, cJSON *list, const table_style *style, bool *holds, fault *f)
{
    bool ok = paper_fill(p, t, f);
    if (ok && !paper_holds(p)) *holds = false;
    if (ok && list)
        ok = cJSON_AddItemToArray(list, paper_json(p, t)) || fault_memory(f, "JSON");
    else if (ok)
        ok = paper_print(p, t, stdout, style, f);
    fflush(stdout);
    paper_clear(p);
    return ok;
}

int cmd_paper_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    bool holds = true;
    child_begin();
    registry *codecs = registry_create(&f);
    bool ok = codecs != NULL;
    for (size_t i = 1; ok && i < line_n_args(line); i++)
        ok = registry_load(codecs, line_arg(line, i), &f);
    paper p = { .codecs = codecs };
    cJSON *list = line_has(line, "json") ? cJSON_CreateArray() : NULL;
    const table_style style = { .utf8 = app->out.utf8, .width = app->out.is_tty ? terminal_width(&app->out) : 0 };
    for (const paper_table *t = paper_tables; ok && t->name; t++)
        if (asked_for(line_arg(line, 0), t->name)) ok = show_table(&p, t, list, &style, &holds, &f);
    if (ok && line_has(line, "json"))
        ok = report_json(stdout, list, &f);
    else
        cJSON_Delete(list);
    registry_destroy(codecs);
    return child_end(app, ok, holds ? CHILD_DONE : CHILD_NO, &f);
}
