#include "app/child_words.h"

#include <stdio.h>
#include <string.h>

static void add(child_words *w, const char *word)
{
    if (w->n == CHILD_WORDS - 1)
        w->full = true;
    else
        w->at[w->n++] = (char *)word;
}

static void add_name(child_words *w, const char *name)
{
    char *at = w->names + w->n_names;
    const size_t room = sizeof w->names - w->n_names, n = (size_t)snprintf(at, room, "--%s", name) + 1;
    if (n > room) {
        w->full = true;
        return;
    }
    w->n_names += n;
    add(w, at);
}

void child_words_begin(child_words *w, app_context *app, const char *name, const command_line *line)
{
    *w = (child_words){ 0 };
    add(w, app->places.executable);
    add(w, name);
    const command *child = command_find(&app->commands, name);
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(child, i)); i++) {
        const size_t n = o->flags & OPTION_REPEATS ? line_count(line, o->name) : line_has(line, o->name);
        for (size_t j = 0; j < n; j++) {
            add_name(w, o->name);
            if (o->type != OPTION_FLAG) add(w, line_text_at(line, o->name, j));
        }
    }
    add(w, "--");
}

void child_words_argument(child_words *w, const char *word)
{
    add(w, word);
}

void child_words_plugin(child_words *w, const char *path)
{
    if (!w->plugins) w->plugins = w->n;
    for (int i = w->plugins; i < w->n; i++)
        if (strcmp(w->at[i], path) == 0) return;
    add(w, path);
}

void child_words_plugins(child_words *w, const spec *s)
{
    for (; s; s = s->inner)
        child_words_plugin(w, s->codec->path);
}

void child_words_config(child_words *w, const config *c)
{
    for (int side = KVANT_K; side <= KVANT_V; side++) {
        child_words_plugins(w, c->base[side]);
        for (size_t i = 0; i < c->n_exceptions; i++)
            child_words_plugins(w, c->exceptions[i].spec[side]);
    }
}

bool child_words_end(child_words *w, const char *what, fault *f)
{
    w->at[w->n] = NULL;
    return !w->full ||
           fault_set(f, FAULT_INPUT, "%s: more than %d words and plugins for one child", what, CHILD_WORDS - 2);
}
