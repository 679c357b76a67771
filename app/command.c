#include "app/command.h"

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
