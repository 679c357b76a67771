/* kvant recipe: an experiment as a list of commands in a file.
 *
 * A recipe is lines as they are typed at the prompt; a backslash at the end of one joins the next to it. Its first
 * comment lines say what question it answers; what is given with `kvant recipe` (model, text, protocol ...) is set for
 * its commands, and as it was again afterwards.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/repl.h"
#include "app/report.h"

static const char suffix[] = ".kvant";
enum { DEEPEST = 8, MOST_SETTINGS = 32, TITLE = 256 };

/* ---- finding ---- */

/* A recipe is a path, or the name of one kvant came with. */
static bool find_recipe(const app_context *app, const char *name, char path[PATH_MAX], fault *f)
{
    const bool own = strchr(name, '/') || access(name, R_OK) == 0 || !*app->places.recipes;
    const int n = own ? snprintf(path, PATH_MAX, "%s", name)
                      : snprintf(path, PATH_MAX, "%s/%s%s", app->places.recipes, name, suffix);
    if (n < 0 || n >= PATH_MAX) return fault_set(f, FAULT_INPUT, "recipe %.80s...: the path is too long", name);
    return strchr(name, '/') || access(path, R_OK) == 0 ||
           fault_set(f, FAULT_INPUT,
                     "recipe %s: no such file, and kvant came with none of that name; `kvant recipe` "
                     "lists them",
                     name);
}

/* The first comment line of a recipe, "" when there is none. */
static void read_title(const char *directory, const char *file, char title[TITLE])
{
    char path[PATH_MAX], line[TITLE];
    title[0] = '\0';
    const int n = snprintf(path, sizeof path, "%s/%s", directory, file);
    FILE *in = n > 0 && n < PATH_MAX ? fopen(path, "r") : NULL;
    if (in && fgets(line, sizeof line, in) && line[0] == '#') {
        line[strcspn(line, "\n")] = '\0';
        snprintf(title, TITLE, "%s", line + 1 + strspn(line + 1, " "));
    }
    if (in) fclose(in);
}

static int is_recipe(const struct dirent *e)
{
    const size_t n = strlen(e->d_name), end = sizeof suffix - 1;
    return n > end && strcmp(e->d_name + n - end, suffix) == 0;
}

static int list_recipes(app_context *app, bool as_json, fault *f)
{
    struct dirent **found = NULL;
    const char *directory = app->places.recipes;
    const int n = *directory ? scandir(directory, &found, is_recipe, alphasort) : 0;
    if (n < 0) fault_set(f, FAULT_INPUT, "%s: %s", directory, strerror(errno));
    cJSON *json = as_json ? cJSON_CreateArray() : NULL;
    for (int i = 0; i < n; i++) {
        char title[TITLE], name[NAME_MAX + 1];
        read_title(directory, found[i]->d_name, title);
        snprintf(name, sizeof name, "%.*s", (int)(strlen(found[i]->d_name) - (sizeof suffix - 1)), found[i]->d_name);
        if (as_json) {
            cJSON *one = cJSON_CreateObject();
            cJSON_AddStringToObject(one, "name", name);
            cJSON_AddStringToObject(one, "title", title);
            cJSON_AddItemToArray(json, one);
        } else {
            printf("%-16s %s\n", name, title);
        }
        free(found[i]);
    }
    free(found);
    if (n < 0) cJSON_Delete(json);
    if (n < 0 || (as_json && !report_json(stdout, json, f))) return app_report(app, f);
    return FAULT_NONE;
}

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

/* Shows each command before it runs. Stops at the first that fails. */
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

int cmd_recipe(app_context *app, const command_line *line)
{
    fault f = { 0 };
    char path[PATH_MAX];
    kept_setting kept[MOST_SETTINGS];
    size_t n_kept = 0;
    const char *name = line_arg(line, 0);
    if (!name) return list_recipes(app, line_has(line, "json"), &f);
    if (app->recipe_depth == DEEPEST) {
        fault_set(&f, FAULT_INPUT, "recipe %s: %d recipes run each other already", name, DEEPEST);
        return app_report(app, &f);
    }
    if (!find_recipe(app, name, path, &f)) return app_report(app, &f);
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
