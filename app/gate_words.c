/* Lines of other commands as the gate gives them. */
#include <stdio.h>
#include <string.h>

#include "app/gate_work.h"

static bool add(gate_words *to, const char *word, fault *f)
{
    if (to->n == GATE_WORDS - 1) return fault_set(f, FAULT_USAGE, "gate: too many options and plugins");
    to->at[to->n++] = word;
    to->at[to->n] = NULL;
    return true;
}

/* "--NAME", which is kept here. */
static bool add_name(gate_words *to, const char *name, size_t n, fault *f)
{
    if (to->used + n + 3 > GATE_NAMES) return fault_set(f, FAULT_USAGE, "gate: its options are too long");
    char *at = to->names + to->used;
    snprintf(at, n + 3, "--%.*s", (int)n, name);
    to->used += n + 3;
    return add(to, at, f);
}

/* The options that both have, as they stand on the gate's line; not those that mean something else there. */
static bool add_shared(const gate_work *w, const command *c, gate_words *to, fault *f)
{
    static const char *const shared[] = {
        "model", "text", "threads", "seed", "calibration", "no-cache", "db", "plugin"
    };
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        const command_option *o = command_option_named(c, shared[i]);
        const size_t n = !o ? 0 : o->flags & OPTION_REPEATS ? line_count(w->line, o->name) : line_has(w->line, o->name);
        for (size_t j = 0; j < n; j++)
            if (!add_name(to, o->name, strlen(o->name), f) ||
                (o->type != OPTION_FLAG && !add(to, line_text_at(w->line, o->name, j), f)))
                return false;
    }
    return true;
}

/* --set COMMAND.OPTION=VALUE, of this command. */
static bool add_set(const gate_work *w, const command *c, gate_words *to, fault *f)
{
    const size_t name = strlen(c->name);
    for (size_t i = 0; i < line_count(w->line, "set"); i++) {
        const char *set = line_text_at(w->line, "set", i);
        if (strncmp(set, c->name, name) != 0 || set[name] != '.') continue;
        const char *option = set + name + 1, *equals = strchr(option, '=');
        if (!add_name(to, option, equals ? (size_t)(equals - option) : strlen(option), f) ||
            (equals && !add(to, equals + 1, f)))
            return false;
    }
    return true;
}

bool gate_words_of(const gate_work *w, const command *c, const char *const *extra, gate_words *to, fault *f)
{
    to->n = to->used = 0;
    bool ok = add(to, w->app->places.executable, f) && add(to, c->name, f) && add_shared(w, c, to, f);
    for (; ok && extra && *extra; extra++)
        ok = add(to, *extra, f);
    return ok && add_set(w, c, to, f) && add(to, "--", f) && add(to, w->config->text, f);
}

command_line *gate_line_of(const gate_work *w, const command *c, const char *const *extra, fault *f)
{
    gate_words words;
    if (!gate_words_of(w, c, extra, &words, f)) return NULL;
    return command_parse(c, (int)words.n - 2, words.at + 2, w->app->session, f);
}
