#include "app/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/catalog_cache.h"
#include "app/complete_config.h"
#include "app/complete_files.h"
#include "app/complete_role.h"

typedef struct candidates {
    app_context *app;
    const char *line;  /* up to the cursor */
    size_t start;      /* names take its place from here on */
    const char *typed; /* what a candidate begins with */
    complete_result *result;
} candidates;

static void say(complete_result *r, const char *first, const char *second)
{
    snprintf(r->hint, sizeof r->hint, "%s%s%s", first, *first && *second ? "  " : "", second);
}

/* A candidate: what is typed of it stays as it stands on the line, the rest goes behind. */
static void add_open(candidates *c, const char *name, const char *help, bool open)
{
    complete_result *r = c->result;
    const size_t typed = strlen(c->typed);
    if (strncmp(name, c->typed, typed) != 0) return;
    const char *begin = c->line + c->start;
    if (!*begin && !name[typed]) return;
    const size_t room = strlen(begin) + strlen(name) - typed + 1;
    char **names = realloc(r->names, (r->n + 1) * sizeof *names);
    if (names) r->names = names;
    char **helps = names ? realloc(r->helps, (r->n + 1) * sizeof *helps) : NULL;
    if (helps) r->helps = helps;
    char *text = helps ? malloc(room) : NULL, *about = text ? strdup(help ? help : "") : NULL;
    if (!about) {
        free(text);
        return;
    }
    snprintf(text, room, "%s%s", begin, name + typed);
    names[r->n] = text;
    helps[r->n] = about;
    r->open = r->n++ == 0 && open;
}

static void add(void *to, const char *name, const char *help)
{
    add_open(to, name, help, false);
}

static void add_path(void *to, const char *path, bool is_directory)
{
    add_open(to, path, NULL, is_directory);
}

static void add_split(candidates *to, const char *list)
{
    char word[64];
    for (size_t n; *list; list += n + (list[n] == ' ')) {
        n = strcspn(list, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, list);
        add(to, word, NULL);
    }
}

static void add_commands(candidates *to)
{
    const command *c;
    for (size_t i = 0; (c = command_at(&to->app->commands, i)); i++)
        if (!(c->flags & (COMMAND_HIDDEN | COMMAND_CLI_ONLY))) add(to, c->name, c->summary);
}

static void add_settings(candidates *to)
{
    const command_option *o;
    for (size_t i = 0; (o = settings_option(to->app->session, i)); i++)
        add(to, o->name, o->help);
}

static void add_options(candidates *to, const command *c)
{
    char name[72];
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++) {
        snprintf(name, sizeof name, "--%s", o->name);
        add(to, name, o->help);
    }
}

static void add_kind(candidates *to, completion kind)
{
    if (kind == COMPLETE_FILE || kind == COMPLETE_MODEL || kind == COMPLETE_RECIPE) to->result->files = true;
    if (kind == COMPLETE_COMMAND) add_commands(to);
    if (kind == COMPLETE_SETTING) add_settings(to);
    if (kind == COMPLETE_MODEL) complete_files(to->typed, ".gguf", add_path, to);
    for (const app_name_source *s = to->app->names; s && s->kind != COMPLETE_NONE; s++)
        if (s->kind == kind) s->names(to->app, add, to);
}

/* ---- configs ---- */

static const char profile[] = "profile=";

/* Behind "profile=": its name. */
static const char *profile_begun(const char *text)
{
    size_t begin = strlen(text);
    while (begin && !strchr(" \t", text[begin - 1]))
        begin--;
    return strncmp(text + begin, profile, strlen(profile)) == 0 ? text + begin + strlen(profile) : NULL;
}

/* What stands behind the last profile that is named: it reads as a config of its own. */
static const char *behind_profiles(const char *text)
{
    const char *rest = text;
    for (const char *at = text; (at = strstr(at, profile)); at++) {
        const size_t name = strcspn(at, " \t");
        if ((at == text || strchr(" \t", at[-1])) && at[name]) rest = at + name;
    }
    return rest;
}

static void add_profiles(candidates *to, const char *name)
{
    to->typed = name;
    say(to->result, "a profile's name", "");
    add_kind(to, COMPLETE_PROFILE);
}

static void add_config(candidates *to, const char *text, place_grammar grammar)
{
    const bool names = grammar == PLACE_CONFIG || grammar == PLACE_GRID;
    if (names && profile_begun(text)) {
        add_profiles(to, profile_begun(text));
        return;
    }
    const char *rest = names ? behind_profiles(text) : text;
    const bool first = names && rest == text;
    text = rest;
    const catalog *known = complete_catalog(to->app);
    if (!known) {
        say(to->result, "looking for codecs", "");
        return;
    }
    config_next next;
    config_next_find(known, text, grammar, &next);
    to->typed = text + next.at;
    for (size_t i = 0; i < next.n; i++)
        add_open(to, next.offers[i].text, next.offers[i].help, next.offers[i].open);
    if (first && next.at == 0 && strncmp(profile, text, strlen(text)) == 0)
        add_open(to, profile, "a config by its name", true);
    say(to->result, next.hint, "");
    config_next_free(&next);
}

/* ---- values and arguments ---- */

/* "a number  1 to 8 (4)" of an option that is no choice and no name. */
static void say_option(candidates *to, const command_option *o)
{
    char range[128] = "";
    if (o->type == OPTION_INT || o->type == OPTION_SIZE || o->type == OPTION_REAL)
        snprintf(range, sizeof range, "%.15g to %.15g%s%s%s", o->min, o->max, o->standard ? " (" : "",
                 o->standard ? o->standard : "", o->standard ? ")" : "");
    else if (o->standard)
        snprintf(range, sizeof range, "(%s)", o->standard);
    say(to->result, o->help, range);
}

static void add_value(candidates *to, const command_option *o)
{
    say_option(to, o);
    if (o->type == OPTION_FLAG)
        add_split(to, "on off");
    else if (o->choices)
        add_split(to, o->choices);
    else if (o->completes == COMPLETE_CONFIG)
        add_config(to, to->typed, PLACE_LIST);
    else
        add_kind(to, o->completes);
}

static void add_argument(candidates *to, const complete_role *r)
{
    const command_argument *a = r->argument;
    const bool is_setting = a > r->command->arguments && a[-1].completes == COMPLETE_SETTING;
    const command_option *set = is_setting ? settings_option_named(to->app->session, r->before) : NULL;
    if (set) {
        add_value(to, set);
    } else if (a->completes == COMPLETE_CONFIG && a->flags & ARGUMENT_JOINED) {
        add_config(to, r->joined, PLACE_CONFIG);
    } else if (a->completes == COMPLETE_CONFIG) {
        add_config(to, r->typed, a->flags & ARGUMENT_REPEATS ? PLACE_GRID : PLACE_CONFIG);
    } else if (a->completes == COMPLETE_EXPRESSION) {
        add_config(to, r->typed, PLACE_EXPRESSION);
    } else {
        say(to->result, a->help, "");
        if (a->choices) add_split(to, a->choices);
        if (!(a->flags & ARGUMENT_RAW) || !*r->before) add_kind(to, a->completes);
    }
}

static void add_role(candidates *to, const complete_role *r)
{
    switch (r->kind) {
    case ROLE_COMMAND: add_commands(to); break;
    case ROLE_OPTION: add_options(to, r->command); break;
    case ROLE_VALUE: add_value(to, r->option); break;
    case ROLE_ARGUMENT:
        if (r->argument) add_argument(to, r);
        break;
    default: break;
    }
}

void complete_line(app_context *app, const char *line, size_t start, complete_result *result)
{
    *result = (complete_result){ 0 };
    complete_role r;
    if (start > strlen(line) || !complete_role_find(&app->commands, line, &r)) return;
    candidates to = { .app = app, .line = line, .start = start, .typed = r.typed, .result = result };
    add_role(&to, &r);
    complete_role_free(&r);
}

void complete_free(complete_result *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->names[i]);
        free(r->helps[i]);
    }
    free(r->names);
    free(r->helps);
    *r = (complete_result){ 0 };
}

/* ---- codecs ---- */

const catalog *complete_catalog(app_context *app)
{
    catalog_cache *codecs = complete_codecs(app);
    return codecs ? catalog_cache_get(codecs) : NULL;
}

void complete_prepare(app_context *app)
{
    catalog_cache *codecs = complete_codecs(app);
    if (codecs) catalog_cache_begin(codecs);
}

void complete_forget(app_context *app)
{
    catalog_cache_free(app->codecs);
    app->codecs = NULL;
}
