#include "app/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/words.h"

typedef struct candidates {
    app_context *app;
    const char *prefix;
    complete_result *result;
} candidates;

static void add(void *to, const char *name, const char *help)
{
    (void)help;
    candidates *c = to;
    complete_result *r = c->result;
    if (strncmp(name, c->prefix, strlen(c->prefix)) != 0) return;
    char **names = realloc(r->names, (r->n + 1) * sizeof *names);
    if (!names) return;
    r->names = names;
    if ((names[r->n] = strdup(name))) r->n++;
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
    if (kind == COMPLETE_FILE || kind == COMPLETE_MODEL) to->result->files = true;
    if (kind == COMPLETE_COMMAND) add_commands(to);
    if (kind == COMPLETE_SETTING) add_settings(to);
    completion source = kind == COMPLETE_CONFIG ? COMPLETE_CODEC : kind;
    for (const app_name_source *s = to->app->names; s && s->kind != COMPLETE_NONE; s++)
        if (s->kind == source) s->names(to->app, add, to);
}

static void add_value(candidates *to, const command_option *o)
{
    if (o->type == OPTION_FLAG)
        add_split(to, "on off");
    else if (o->choices)
        add_split(to, o->choices);
    else
        add_kind(to, o->completes);
}

static const command_option *option_of_word(const command *c, const char *word)
{
    const command_option *o;
    if (strncmp(word, "--", 2) == 0) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        o = command_option_named(c, name);
        return o && o->type != OPTION_FLAG ? o : NULL;
    }
    for (size_t i = 0; word[0] == '-' && word[1] && !word[2] && (o = command_option_at(c, i)); i++)
        if (o->letter == word[1] && o->type != OPTION_FLAG) return o;
    return NULL;
}

static const command_option *setting_named(const app_context *app, const char *name)
{
    const command_option *o;
    for (size_t i = 0; (o = settings_option(app->session, i)); i++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

/* How many of the words are arguments, given that options take their values. */
static int count_arguments(const command *c, const words *w)
{
    int n = 0;
    for (int i = 1; i < w->n; i++) {
        const command_option *o = option_of_word(c, w->word[i]);
        if (o && !strchr(w->word[i], '='))
            i++;
        else if (w->word[i][0] != '-')
            n++;
    }
    return n;
}

static void add_argument(candidates *to, const command *c, const words *w)
{
    int at = count_arguments(c, w);
    for (const command_argument *a = c->arguments; a && a->name; a++, at--) {
        bool many = a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED);
        if (at > 0 && !many) continue;
        const command_option *set =
            a > c->arguments && a[-1].completes == COMPLETE_SETTING ? setting_named(to->app, w->word[w->n - 1]) : NULL;
        if (set)
            add_value(to, set);
        else
            add_kind(to, a->completes);
        return;
    }
}

/* The words that end before `start`; "k=" right before it belongs to the word being typed. */
static bool words_before(const char *line, size_t start, words *w, bool *attached)
{
    char *before = strndup(line, start);
    if (!before) return false;
    *attached = start > 0 && strchr("=(,", line[start - 1]) != NULL;
    bool good = words_split(before, NULL, w, NULL);
    free(before);
    return good;
}

void complete_line(app_context *app, const char *line, size_t start, complete_result *r)
{
    *r = (complete_result){ 0 };
    words w;
    bool attached;
    if (!words_before(line, start, &w, &attached)) return;
    candidates to = { app, line + start, r };
    const command *c = w.n ? command_find(&app->commands, w.word[0]) : NULL;
    const char *last = w.n > 1 ? w.word[w.n - 1] : "";
    const command_option *o = c ? option_of_word(c, last) : NULL;
    if (w.n == 0)
        add_commands(&to);
    else if (o && (attached || !strchr(last, '=')))
        add_value(&to, o);
    else if (c && line[start] == '-')
        add_options(&to, c);
    else if (c) {
        if (attached && w.n > 1) w.n--;
        add_argument(&to, c, &w);
    }
    words_free(&w);
}

void complete_prepare(app_context *app)
{
    (void)app;
}

void complete_forget(app_context *app)
{
    app->codecs = NULL;
}

void complete_free(complete_result *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->names[i]);
    free(r->names);
    *r = (complete_result){ 0 };
}
