#include "app/command.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

const command *command_at(const command_table *t, size_t i)
{
    for (const command *const *part = t->parts; *part; part++)
        for (const command *c = *part; c->name; c++)
            if (i-- == 0) return c;
    return NULL;
}

const command *command_find(const command_table *t, const char *name)
{
    const command *c;
    for (size_t i = 0; (c = command_at(t, i)); i++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

const command *command_need(const command_table *t, const char *name, fault *f)
{
    const command *c = command_find(t, name);
    if (c) return c;
    nearest near = nearest_to(name);
    for (size_t i = 0; (c = command_at(t, i)); i++)
        if (!(c->flags & COMMAND_HIDDEN)) nearest_try(&near, c->name);
    if (near.word)
        fault_set(f, FAULT_USAGE, "there is no command \"%s\"; did you mean \"%s\"?", name, near.word);
    else
        fault_set(f, FAULT_USAGE, "there is no command \"%s\"; \"help\" lists them", name);
    return NULL;
}

const command_option *command_option_at(const command *c, size_t i)
{
    for (const command_option *const *table = c->options; *table; table++)
        for (const command_option *o = *table; o->name; o++)
            if (i-- == 0) return o;
    return NULL;
}

const command_option *command_option_named(const command *c, const char *name)
{
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

bool command_is_option(const char *word)
{
    return word[0] == '-' && word[1] && !strchr(".0123456789", word[1]);
}

const command_option *command_option_typed(const command *c, const char *word, bool *wants_next)
{
    const bool is_long = word[1] == '-', has_value = is_long ? strchr(word, '=') != NULL : word[1] && word[2];
    const command_option *o = NULL;
    char name[64];
    if (is_long) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        o = command_option_named(c, name);
    }
    for (size_t i = 0; !is_long && word[1] && (o = command_option_at(c, i)); i++)
        if (o->letter == word[1]) break;
    *wants_next = o && o->type != OPTION_FLAG && !has_value;
    return o;
}
