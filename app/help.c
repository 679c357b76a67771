/* Help, written from the table of commands. */
#include "app/commands.h"

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>

#include "app/wrap.h"

const char *const command_sections[] = { "Models", "Codecs", "Runs", "Suites", "Program", "Prompt", "Screen", NULL };

void help_arguments(const command *c, char *text, size_t capacity)
{
    size_t n = (size_t)snprintf(text, capacity, "%s", command_option_at(c, 0) ? "[OPTION]..." : "");
    for (const command_argument *a = c->arguments; a && a->name && n < capacity; a++) {
        bool many = a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED), optional = a->flags & ARGUMENT_OPTIONAL;
        n += (size_t)snprintf(text + n, capacity - n, optional ? " [%s]%s" : " %s%s", a->name, many ? "..." : "");
    }
}

static void heading(FILE *to, const terminal *t, const char *text)
{
    fprintf(to, "\n%s%s%s\n", terminal_style(t, STYLE_BOLD), text, terminal_style(t, STYLE_PLAIN));
}

/* "  name" padded to the column where the explanation begins; a long name gets a line of its own. */
static void entry(FILE *to, const char *name, const char *text, int indent, int width)
{
    int n = fprintf(to, "  %s", name);
    if (n + 2 > indent) {
        fputc('\n', to);
        n = 0;
    }
    fprintf(to, "%*s", indent - n, "");
    wrap_text(to, text, indent, indent, width);
}

static void option_entry(FILE *to, const command_option *o, int width)
{
    char name[96], text[512];
    char letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(name, sizeof name, "%s--%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    size_t n = (size_t)snprintf(text, sizeof text, "%s", o->help);
    if (o->choices && n < sizeof text) n += (size_t)snprintf(text + n, sizeof text - n, "; one of: %s", o->choices);
    if (o->standard && n < sizeof text) snprintf(text + n, sizeof text - n, " (default: %s)", o->standard);
    entry(to, name, text, 26, width);
}

static int page_width(const terminal *t)
{
    int width = terminal_width(t);
    return width > 100 ? 100 : width;
}

void help_command(FILE *to, const terminal *t, const command *c)
{
    int width = page_width(t);
    char arguments[256];
    help_arguments(c, arguments, sizeof arguments);
    fprintf(to, "%s%s%s - %s\n\n", terminal_style(t, STYLE_BOLD), c->name, terminal_style(t, STYLE_PLAIN), c->summary);
    fprintf(to, "usage: %s%s %s\n\n", c->flags & COMMAND_LAB_ONLY ? "" : "kvant ", c->name, arguments);
    wrap_text(to, c->text, 0, 0, width);
    if (c->arguments) {
        heading(to, t, "Arguments");
        for (const command_argument *a = c->arguments; a->name; a++)
            entry(to, a->name, a->help, 12, width);
    }
    heading(to, t, "Options");
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        option_entry(to, o, width);
    if (!c->examples) return;
    heading(to, t, "Examples");
    for (const command_example *e = c->examples; e->line; e++) {
        fprintf(to, "  %s%s\n      ", c->flags & COMMAND_LAB_ONLY ? "" : "kvant ", e->line);
        wrap_text(to, e->what, 6, 6, width);
    }
}

void help_list(FILE *to, const terminal *t, const command_table *commands, bool at_prompt)
{
    unsigned left_out = COMMAND_HIDDEN | (at_prompt ? COMMAND_CLI_ONLY : COMMAND_LAB_ONLY);
    int width = page_width(t);
    if (!at_prompt) {
        fprintf(to, "usage: kvant [COMMAND [OPTION]... [ARGUMENT]...]\n       kvant -c \"COMMAND ...\"\n\n");
        wrap_text(to,
                  "A lab for KV-cache compression. Without a command it opens the lab, where all of these work too.", 0,
                  0, width);
    }
    for (const char *const *section = command_sections; *section; section++) {
        const command *c;
        bool begun = false;
        for (size_t i = 0; (c = command_at(commands, i)); i++) {
            if (c->flags & left_out || strcmp(c->section, *section) != 0) continue;
            if (!begun) heading(to, t, *section);
            begun = true;
            entry(to, c->name, c->summary, 16, width);
        }
    }
    fprintf(to, "\n\"%shelp COMMAND\" says everything about one.\n", at_prompt ? "" : "kvant ");
}

/* ---- the table as JSON ---- */

static const char *const type_names[] = {
    [OPTION_FLAG] = "flag", [OPTION_INT] = "int",   [OPTION_SIZE] = "size",
    [OPTION_REAL] = "real", [OPTION_TEXT] = "text", [OPTION_CHOICE] = "choice",
};

static cJSON *option_json(const command_option *o)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", o->name);
    if (o->letter) cJSON_AddStringToObject(json, "letter", (char[]){ o->letter, '\0' });
    cJSON_AddStringToObject(json, "type", type_names[o->type]);
    if (o->argument) cJSON_AddStringToObject(json, "argument", o->argument);
    if (o->standard) cJSON_AddStringToObject(json, "default", o->standard);
    if (o->choices) cJSON_AddStringToObject(json, "choices", o->choices);
    if (o->max > o->min) {
        cJSON_AddNumberToObject(json, "min", o->min);
        cJSON_AddNumberToObject(json, "max", o->max);
    }
    cJSON_AddStringToObject(json, "help", o->help);
    return json;
}

static cJSON *command_json(const command *c)
{
    char arguments[256];
    help_arguments(c, arguments, sizeof arguments);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", c->name);
    cJSON_AddStringToObject(json, "section", c->section);
    cJSON_AddStringToObject(json, "summary", c->summary);
    cJSON_AddStringToObject(json, "arguments", arguments);
    cJSON_AddStringToObject(json, "text", c->text);
    cJSON *options = cJSON_AddArrayToObject(json, "options");
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        cJSON_AddItemToArray(options, option_json(o));
    cJSON *examples = cJSON_AddArrayToObject(json, "examples");
    for (const command_example *e = c->examples; e && e->line; e++)
        cJSON_AddItemToArray(examples, cJSON_CreateString(e->line));
    return json;
}

static int print_json(app_context *app, cJSON *json)
{
    fault f = { 0 };
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    if (!text) {
        fault_memory(&f, "the table of commands as JSON");
        return app_report(app, &f);
    }
    puts(text);
    free(text);
    return FAULT_NONE;
}

int cmd_help(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *name = line_arg(line, 0);
    const command *c = name ? command_need(&app->commands, name, &f) : NULL;
    if (name && !c) return app_report(app, &f);
    bool as_json = line_has(line, "json");
    if (c && as_json) return print_json(app, command_json(c));
    if (as_json) {
        cJSON *all = cJSON_CreateArray();
        for (size_t i = 0; (c = command_at(&app->commands, i)); i++)
            if (!(c->flags & COMMAND_HIDDEN)) cJSON_AddItemToArray(all, command_json(c));
        return print_json(app, all);
    }
    if (c)
        help_command(stdout, &app->out, c);
    else
        help_list(stdout, &app->out, &app->commands, app->at_prompt);
    return FAULT_NONE;
}
