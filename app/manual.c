/* The manual page in man(7) macros, written from the table of commands. */
#include "app/commands.h"

#include <string.h>

#include "app/options.h"

/* Text for roff: a backslash and a hyphen are escaped, a line does not begin with a control character, and each
 * sentence ends its line where the text does so. */
static void put_text(const char *text)
{
    bool line_start = true;
    for (const char *c = text; *c; c++) {
        if (strncmp(c, "\n\n", 2) == 0) {
            fputs("\n.PP\n", stdout);
            c++;
            line_start = true;
            continue;
        }
        if (line_start && (*c == '.' || *c == '\'')) fputs("\\&", stdout);
        line_start = *c == '\n';
        if (*c == '\\')
            fputs("\\e", stdout);
        else if (*c == '-')
            fputs("\\-", stdout);
        else if (*c == '\'')
            fputs("\\(aq", stdout);
        else if (*c == '~')
            fputs("\\(ti", stdout);
        else if (*c == '^')
            fputs("\\(ha", stdout);
        else if (strncmp(c, ". ", 2) == 0 && c[2] >= 'A' && c[2] <= 'Z') {
            fputs(".\n", stdout);
            c++;
        } else
            fputc(*c, stdout);
    }
}

static void put_line(const char *text)
{
    put_text(text);
    fputc('\n', stdout);
}

static void put_option(const command_option *o)
{
    puts(".TP");
    if (o->letter) printf("\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", stdout);
    put_text(o->name);
    fputs("\\fR", stdout);
    if (o->argument) {
        fputs(" \\fI", stdout);
        put_text(o->argument);
        fputs("\\fR", stdout);
    }
    fputc('\n', stdout);
    put_text(o->help);
    if (o->choices) {
        fputs("; one of: ", stdout);
        put_text(o->choices);
    }
    if (o->standard) {
        fputs(" (default: ", stdout);
        put_text(o->standard);
        fputc(')', stdout);
    }
    puts(".");
}

static void put_options(const command_option *o)
{
    for (; o->name; o++)
        put_option(o);
}

static void put_command(const command *c)
{
    char arguments[256];
    help_arguments(c, arguments, sizeof arguments);
    fputs(".SS ", stdout);
    put_line(c->name);
    printf("%s\\fB", c->flags & COMMAND_LAB_ONLY ? "" : "\\fBkvant ");
    put_text(c->name);
    fputs("\\fR ", stdout);
    put_line(arguments);
    puts(".PP");
    put_line(c->text);
    for (const command_argument *a = c->arguments; a && a->name; a++) {
        fputs(".TP\n\\fI", stdout);
        put_text(a->name);
        fputs("\\fR\n", stdout);
        put_text(a->help);
        puts(".");
    }
    /* What every command has stands once, in a section of its own. */
    for (const command_option *const *table = c->options; *table; table++)
        if (*table != options_output) put_options(*table);
    if (!c->examples) return;
    puts(".PP\nExamples:");
    for (const command_example *e = c->examples; e->line; e++) {
        printf(".TP\n\\fB%s", c->flags & COMMAND_LAB_ONLY ? "" : "kvant ");
        put_text(e->line);
        fputs("\\fR\n", stdout);
        put_text(e->what);
        puts(".");
    }
}

typedef struct manual_entry {
    const char *name, *text;
} manual_entry;

static void put_entries(const char *section, const manual_entry *e)
{
    printf(".SH %s\n", section);
    for (; e->name; e++) {
        fputs(".TP\n\\fB", stdout);
        put_text(e->name);
        fputs("\\fR\n", stdout);
        put_line(e->text);
    }
}

static const manual_entry statuses[] = {
    { "0", "All went well." },
    { "1", "The answer is no: a gate failed." },
    { "2", "The command line is wrong." },
    { "3", "A file, text, config or database is wrong, or the output could not be written." },
    { "4", "kvant or the machine is at fault." },
    { "75", "Stopped on request. What was finished is kept and the rest can be resumed." },
    { 0 },
};

static const manual_entry variables[] = {
    { "KVANT_DB", "The database of runs." },
    { "KVANT_MODEL", "The model used when none is named." },
    { "KVANT_PLUGIN_PATH", "Directories of plugins, a colon between." },
    { "NO_COLOR", "Set to anything: no colour, unless --color=always asks for it." },
    { "LC_ALL, LC_CTYPE, LANG", "Whether output is drawn in UTF-8 or in ASCII." },
    { "COLUMNS, LINES", "The size of the page, instead of the terminal's own." },
    { "XDG_DATA_HOME, XDG_STATE_HOME, XDG_CACHE_HOME", "Where the database, the history and kept references are." },
    { 0 },
};

static const manual_entry files[] = {
    { "~/.local/share/kvant/kvant.db", "The database of runs." },
    { "~/.local/state/kvant/history", "The history of the prompt." },
    { "~/.cache/kvant", "Kept references; may be deleted." },
    { 0 },
};

int cmd_manual(app_context *app, const command_line *line)
{
    (void)line;
    printf(".TH KVANT 1 \"%s\" \"kvant %s\" \"User Commands\"\n", KVANT_DATE, KVANT_VERSION);
    puts(".SH NAME\nkvant \\- a terminal lab for KV\\-cache compression");
    puts(".SH SYNOPSIS\n.B kvant\n.RI [ COMMAND\n.RI [ OPTION ]...\n.RI [ ARGUMENT ]...]\n.br\n"
         ".B kvant \\-c\n.RI \\(dq COMMAND\\ ...\\(dq");
    puts(".SH DESCRIPTION");
    put_line(
        "kvant shows what compressing the KV cache of a language model costs and what it saves. It loads a model from a "
        "GGUF file, reads a text with it, and compares the model's predictions with a compressed cache to those with an "
        "exact one. Every run is kept in a database.\n\nWithout a command it opens the lab: a screen, or with --plain a prompt. Options and arguments may "
        "stand in any order; -- ends the options. Data goes to standard output, progress and errors go to standard error.");
    puts(".SH COMMANDS");
    const command *c;
    for (const char *const *section = command_sections; *section; section++)
        for (size_t i = 0; (c = command_at(&app->commands, i)); i++)
            if (!(c->flags & COMMAND_HIDDEN) && strcmp(c->section, *section) == 0) put_command(c);
    puts(".SH OPTIONS OF EVERY COMMAND");
    put_options(options_output);
    put_entries("EXIT STATUS", statuses);
    put_entries("ENVIRONMENT", variables);
    put_entries("FILES", files);
    return FAULT_NONE;
}
