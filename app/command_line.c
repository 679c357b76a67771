/* Reading the words of a command by its row. */
#include "app/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

typedef struct line_value {
    const command_option *option;
    char *text; /* owned; NULL for a flag */
    option_value value;
    bool given;
} line_value;

struct command_line {
    const command *command;
    line_value *values;
    size_t n_values, room_values;
    char **args;
    size_t n_args;
};

typedef struct reader {
    command_line *line;
    const char *const *words;
    int n, at;
    fault *f;
} reader;

void line_free(command_line *line)
{
    if (!line) return;
    for (size_t i = 0; i < line->n_values; i++)
        free(line->values[i].text);
    for (size_t i = 0; i < line->n_args; i++)
        free(line->args[i]);
    free(line->values);
    free(line->args);
    free(line);
}

/* ---- options ---- */

static bool add_value(command_line *line, const command_option *o, const char *text, bool given, fault *f)
{
    if (line->n_values == line->room_values) {
        size_t room = line->room_values * 2 + 8;
        line_value *values = realloc(line->values, room * sizeof *values);
        if (!values) return fault_memory(f, "the options of a command line");
        line->values = values;
        line->room_values = room;
    }
    line_value v = { .option = o, .given = given };
    if (o->type != OPTION_FLAG && !(v.text = strdup(text))) return fault_memory(f, "an option's value");
    if (!option_read(o, line->command->name, v.text, &v.value, f)) {
        free(v.text);
        return false;
    }
    line->values[line->n_values++] = v;
    return true;
}

static bool take_value(reader *r, const command_option *o, const char *text)
{
    const char *who = r->line->command->name;
    if (line_given(r->line, o->name) && !(o->flags & OPTION_REPEATS) && o->type != OPTION_FLAG)
        return fault_set(r->f, FAULT_USAGE, "%s: option --%s is given twice", who, o->name);
    return add_value(r->line, o, text, true, r->f);
}

/* The value is what stands behind the name, or else the next word. */
static bool take_option(reader *r, const command_option *o, const char *attached)
{
    const char *who = r->line->command->name;
    if (o->type == OPTION_FLAG) {
        if (attached)
            return fault_set(r->f, FAULT_USAGE, "%s: option --%s takes no value, but has \"%s\"", who, o->name,
                             attached);
        return take_value(r, o, NULL);
    }
    if (attached) return take_value(r, o, attached);
    if (r->at == r->n)
        return fault_set(r->f, FAULT_USAGE, "%s: option --%s needs a value (%s)", who, o->name, o->argument);
    const char *next = r->words[r->at];
    if (strncmp(next, "--", 2) == 0)
        return fault_set(r->f, FAULT_USAGE,
                         "%s: option --%s needs a value (%s), but \"%s\" follows; write --%s=%s if that is it", who,
                         o->name, o->argument, next, o->name, next);
    r->at++;
    return take_value(r, o, next);
}

static bool unknown_long(reader *r, const char *name)
{
    const command *c = r->line->command;
    nearest near = nearest_to(name);
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        nearest_try(&near, o->name);
    if (near.word)
        return fault_set(r->f, FAULT_USAGE, "%s: there is no option \"--%s\"; did you mean \"--%s\"?", c->name, name,
                         near.word);
    return fault_set(r->f, FAULT_USAGE, "%s: there is no option \"--%s\"; \"help %s\" lists them", c->name, name,
                     c->name);
}

static bool read_long(reader *r, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), word);
    const command_option *o = n < sizeof name ? command_option_named(r->line->command, name) : NULL;
    return o ? take_option(r, o, equals ? equals + 1 : NULL) : unknown_long(r, name);
}

static bool read_short(reader *r, const char *word)
{
    const command *c = r->line->command;
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        if (o->letter && o->letter == word[0]) return take_option(r, o, word[1] ? word + 1 : NULL);
    return fault_set(r->f, FAULT_USAGE, "%s: there is no option \"-%s\"; \"help %s\" lists them", c->name, word,
                     c->name);
}

/* ---- arguments ---- */

static bool add_argument(reader *r, const char *word)
{
    command_line *line = r->line;
    char **args = realloc(line->args, (line->n_args + 1) * sizeof *args);
    if (!args) return fault_memory(r->f, "the arguments of a command line");
    line->args = args;
    if (!(args[line->n_args] = strdup(word))) return fault_memory(r->f, "an argument");
    line->n_args++;
    return true;
}

/* Makes one text of the arguments from `first` on. */
static bool join_arguments(command_line *line, size_t first, fault *f)
{
    size_t size = 1;
    for (size_t i = first; i < line->n_args; i++)
        size += strlen(line->args[i]) + 1;
    char *text = malloc(size);
    if (!text) return fault_memory(f, "a joined argument");
    char *end = text;
    for (size_t i = first; i < line->n_args; i++) {
        size_t n = strlen(line->args[i]);
        if (i > first) *end++ = ' ';
        memcpy(end, line->args[i], n);
        end += n;
        free(line->args[i]);
    }
    *end = '\0';
    line->args[first] = text;
    line->n_args = first + 1;
    return true;
}

static bool check_arguments(command_line *line, fault *f)
{
    const command *c = line->command;
    size_t taken = 0;
    for (const command_argument *a = c->arguments; a && a->name; a++, taken++) {
        bool missing = taken >= line->n_args;
        if (missing && !(a->flags & ARGUMENT_OPTIONAL))
            return fault_set(f, FAULT_USAGE, "%s: %s is missing (%s)", c->name, a->name, a->help);
        if (missing || a->flags & ARGUMENT_REPEATS) return true;
        if (a->flags & ARGUMENT_JOINED) return join_arguments(line, taken, f);
    }
    if (line->n_args <= taken) return true;
    if (taken == 0)
        return fault_set(f, FAULT_USAGE, "%s: takes no arguments, but \"%s\" is given", c->name, line->args[0]);
    return fault_set(f, FAULT_USAGE, "%s: \"%s\" is one argument too many; it takes %zu", c->name, line->args[taken],
                     taken);
}

/* ---- the line ---- */

static bool read_words(reader *r)
{
    bool options = true;
    while (r->at < r->n) {
        const char *word = r->words[r->at++];
        bool good;
        if (options && strcmp(word, "--") == 0) {
            options = false;
            continue;
        }
        if (!options || !command_is_option(word))
            good = add_argument(r, word);
        else
            good = word[1] == '-' ? read_long(r, word + 2) : read_short(r, word + 1);
        if (!good) return false;
    }
    return true;
}

static bool fill_absent(command_line *line, const settings *session, fault *f)
{
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(line->command, i)); i++) {
        if (line_has(line, o->name)) continue;
        const char *set = o->flags & OPTION_SETTING ? settings_get(session, o->name) : NULL;
        const char *text = set ? set : o->standard;
        if (text && !add_value(line, o, text, false, f)) return false;
    }
    return true;
}

command_line *command_parse(const command *c, int n_words, const char *const *words, const settings *session, fault *f)
{
    command_line *line = calloc(1, sizeof *line);
    if (!line) {
        fault_memory(f, "a command line");
        return NULL;
    }
    line->command = c;
    reader r = { .line = line, .words = words, .n = n_words, .f = f };
    /* A line that asks for help needs nothing else to be there. */
    if (read_words(&r) && fill_absent(line, session, f) && (line_given(line, "help") || check_arguments(line, f)))
        return line;
    line_free(line);
    return NULL;
}

const command *line_command(const command_line *line)
{
    return line->command;
}

static const line_value *find(const command_line *line, const char *name, size_t skip)
{
    for (size_t i = 0; i < line->n_values; i++)
        if (strcmp(line->values[i].option->name, name) == 0 && skip-- == 0) return &line->values[i];
    return NULL;
}

bool line_has(const command_line *line, const char *name)
{
    return find(line, name, 0) != NULL;
}

bool line_given(const command_line *line, const char *name)
{
    const line_value *v = find(line, name, 0);
    return v && v->given;
}

const char *line_text(const command_line *line, const char *name)
{
    return line_text_at(line, name, 0);
}

int64_t line_int(const command_line *line, const char *name)
{
    const line_value *v = find(line, name, 0);
    return v ? v->value.i : 0;
}

double line_real(const command_line *line, const char *name)
{
    const line_value *v = find(line, name, 0);
    return v ? v->value.r : 0;
}

size_t line_count(const command_line *line, const char *name)
{
    size_t n = 0;
    while (find(line, name, n))
        n++;
    return n;
}

const char *line_text_at(const command_line *line, const char *name, size_t i)
{
    const line_value *v = find(line, name, i);
    return v ? v->text : NULL;
}

size_t line_n_args(const command_line *line)
{
    return line->n_args;
}

const char *line_arg(const command_line *line, size_t i)
{
    return i < line->n_args ? line->args[i] : NULL;
}
