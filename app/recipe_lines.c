#include "app/recipe_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/repl.h"

enum { MOST_SETTINGS = 64 };

/* ---- settings for the time it runs ---- */

typedef struct kept_setting {
    const char *name;
    char *before; /* NULL: it was not set */
} kept_setting;

/* Puts back what was there; newest first. */
static void restore(app_context *app, kept_setting *kept, size_t n)
{
    while (n--) {
        if (kept[n].before)
            settings_set(app->session, kept[n].name, kept[n].before, NULL);
        else
            settings_unset(app->session, kept[n].name, NULL);
        free(kept[n].before);
    }
}

/* Keeps all settings as they are and makes those of the line hold. */
static bool set_given(app_context *app, const command_line *line, kept_setting *kept, size_t *n, fault *f)
{
    const command_option *o;
    for (size_t i = 0; (o = settings_option(app->session, i)) && i < MOST_SETTINGS; i++) {
        const char *before = settings_get(app->session, o->name);
        kept[*n] = (kept_setting){ o->name, before ? strdup(before) : NULL };
        if (before && !kept[*n].before) return fault_memory(f, "the settings");
        (*n)++;
        if (!line_given(line, o->name)) continue;
        const char *text = o->type == OPTION_FLAG ? "on" : line_text(line, o->name);
        if (!settings_set(app->session, o->name, text, f)) return false;
    }
    return true;
}

/* ---- running ---- */

typedef struct lines {
    FILE *in;
    char *text; /* the line read last, with those it continues on */
    size_t room;
    long number;
} lines;

/* The next line; one that ends with a backslash goes on in the next. False at the end, and where reading fails. */
static bool next_line(lines *l)
{
    ssize_t n = getline(&l->text, &l->room, l->in);
    if (n < 0) return false;
    l->number++;
    while (n >= 2 && l->text[n - 1] == '\n' && l->text[n - 2] == '\\') {
        char *more = NULL;
        size_t room = 0;
        const ssize_t m = getline(&more, &room, l->in);
        char *joined = m >= 0 ? realloc(l->text, (size_t)(n + m)) : NULL;
        if (joined) {
            memcpy(joined + n - 2, more, (size_t)m + 1);
            l->text = joined;
            l->room = (size_t)(n + m);
            l->number++;
        }
        free(more);
        if (!joined && m >= 0) return false; /* out of memory: half a command is none */
        if (m < 0) l->text[n - 2] = '\0';
        n = m < 0 ? 0 : n - 2 + m;
    }
    return true;
}

static int run_lines(app_context *app, FILE *in, const char *path)
{
    lines l = { .in = in };
    int status = FAULT_NONE;
    while (!status && !app->leaving && next_line(&l)) {
        const char *typed = l.text + strspn(l.text, " \t\r\n");
        if (*typed && *typed != '#') {
            fflush(stdout);
            fprintf(stderr, "> %s%s", typed, strchr(typed, '\n') ? "" : "\n");
        }
        status = repl_line(app, l.text);
        if (app_cancelled(app)) status = FAULT_INTERRUPTED;
        if (status) fprintf(stderr, "kvant: %s: stopped at line %ld\n", path, l.number);
    }
    free(l.text);
    if (!status && !app->leaving && !feof(in)) {
        fault f = { 0 };
        fault_set(&f, FAULT_INPUT, "%s: reading failed after line %ld: %s", path, l.number, strerror(errno));
        status = app_report(app, &f);
    }
    return status;
}

int recipe_lines(app_context *app, const command_line *line, const char *path)
{
    fault f = { 0 };
    kept_setting kept[MOST_SETTINGS];
    size_t n_kept = 0;
    FILE *in = fopen(path, "r");
    if (!in) {
        fault_set(&f, FAULT_INPUT, "recipe %s: %s", path, strerror(errno));
        return app_report(app, &f);
    }
    const bool at_prompt = app->at_prompt;
    app->recipe_depth++;
    app->at_prompt = true;
    const bool ok = set_given(app, line, kept, &n_kept, &f);
    const int status = ok ? run_lines(app, in, path) : app_report(app, &f);
    restore(app, kept, n_kept);
    app->at_prompt = at_prompt;
    app->recipe_depth--;
    fclose(in);
    return status;
}
