#include "app/settings.h"

#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "base/nearest.h"

typedef struct setting {
    const command_option *option;
    char *text;
} setting;

struct settings {
    size_t n;
    setting rows[];
};

static size_t collect(const command_option *const *tables, setting *rows)
{
    size_t n = 0;
    for (; *tables; tables++)
        for (const command_option *o = *tables; o->name; o++) {
            if (!(o->flags & OPTION_SETTING)) continue;
            if (rows) rows[n].option = o;
            n++;
        }
    return n;
}

settings *settings_create(const command_option *const *tables, fault *f)
{
    size_t n = collect(tables, NULL);
    settings *s = calloc(1, sizeof *s + n * sizeof s->rows[0]);
    if (!s) {
        fault_memory(f, "the session's settings");
        return NULL;
    }
    s->n = collect(tables, s->rows);
    return s;
}

void settings_free(settings *s)
{
    for (size_t i = 0; s && i < s->n; i++)
        free(s->rows[i].text);
    free(s);
}

static setting *find(const settings *s, const char *name)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (strcmp(s->rows[i].option->name, name) == 0) return (setting *)&s->rows[i];
    return NULL;
}

static setting *need(const settings *s, const char *name, fault *f)
{
    setting *row = find(s, name);
    if (row) return row;
    nearest n = nearest_to(name);
    for (size_t i = 0; i < s->n; i++)
        nearest_try(&n, s->rows[i].option->name);
    if (n.word)
        fault_set(f, FAULT_USAGE, "set: there is no setting \"%s\"; did you mean \"%s\"?", name, n.word);
    else
        fault_set(f, FAULT_USAGE, "set: there is no setting \"%s\"; \"set\" alone lists them", name);
    return NULL;
}

bool settings_set(settings *s, const char *name, const char *text, fault *f)
{
    setting *row = need(s, name, f);
    if (!row) return false;
    if (row->option->type == OPTION_FLAG) {
        if (strcmp(text, "off") == 0) return settings_unset(s, name, f);
        if (strcmp(text, "on") != 0)
            return fault_set(f, FAULT_USAGE, "set: %s is \"%s\", but can only be on or off", name, text);
    }
    option_value checked;
    if (!option_read(row->option, "set", text, &checked, f)) return false;
    char *copy = strdup(text);
    if (!copy) return fault_memory(f, "a setting");
    free(row->text);
    row->text = copy;
    return true;
}

bool settings_unset(settings *s, const char *name, fault *f)
{
    setting *row = need(s, name, f);
    if (!row) return false;
    free(row->text);
    row->text = NULL;
    return true;
}

const char *settings_get(const settings *s, const char *name)
{
    const setting *row = find(s, name);
    return row ? row->text : NULL;
}

const command_option *settings_option_named(const settings *s, const char *name)
{
    const setting *row = find(s, name);
    return row ? row->option : NULL;
}

const command_option *settings_option(const settings *s, size_t i)
{
    return i < s->n ? s->rows[i].option : NULL;
}
