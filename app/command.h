/* command.h - one table of commands, and reading a command line by it.
 *
 * A command is a row: its words, arguments, options, examples and function. The parser here, the help, the manual page,
 * the shell completion and the prompt's completion all read the same rows, so adding a command or an option is adding a
 * row. A line that was read hands typed values to the command's function:
 *
 *     command_line *line = command_parse(&cmd, n_words, words, session, &f);     words after the command's name
 *     int64_t ctx = line_int(line, "ctx");
 *     const char *model = line_text(line, "model");        NULL: neither given, nor set, nor with a default
 *     line_free(line);
 *
 * What a line may look like: options and arguments in any order; --name VALUE, --name=VALUE, -x VALUE, -xVALUE; "--"
 * makes everything after it an argument; "-" and negative numbers are arguments. Names are never abbreviated, so that a
 * script keeps its meaning when an option is added. Everything wrong with a line is FAULT_USAGE.
 *
 * A language with quotes of its own (SQL) is an ARGUMENT_RAW: on a line that is typed, options come first and the rest
 * is the argument as it stands; app/repl.h has the rule. The shell has split its words before kvant sees them.
 *
 * The tables are constant and may be read from any thread; a line is not shared.
 */
#ifndef KVANT_APP_COMMAND_H
#define KVANT_APP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/settings.h"
#include "base/fault.h"

typedef struct app_context app_context;
typedef struct command_line command_line;

typedef enum option_type {
    OPTION_FLAG,
    OPTION_INT,
    OPTION_SIZE, /* a whole number; k, M and G multiply it by 1024, 1024^2 and 1024^3 */
    OPTION_REAL,
    OPTION_TEXT,
    OPTION_CHOICE,
} option_type;

/* What a value names: completion offers it. */
typedef enum completion {
    COMPLETE_NONE,
    COMPLETE_FILE,
    COMPLETE_MODEL,      /* a GGUF file */
    COMPLETE_CODEC,      /* a codec's name */
    COMPLETE_EXPRESSION, /* a codec with its parameters */
    COMPLETE_CONFIG,     /* codecs with k= and v= in front */
    COMPLETE_METRIC,     /* a column of a run */
    COMPLETE_RUN,        /* a run's id */
    COMPLETE_COMMAND,    /* a name in this table */
    COMPLETE_SETTING,    /* an option a session keeps */
    COMPLETE_RECIPE,     /* a recipe kvant came with, or a file */
    COMPLETE_QUERY,      /* a saved question */
    COMPLETE_PROFILE,    /* a config's name */
} completion;

typedef struct command_option {
    const char *name; /* without the dashes; a table of options ends with NULL */
    char letter;      /* the short form; 0: none */
    option_type type;
    const char *argument; /* what help calls the value; NULL for a flag */
    completion completes;
    const char *standard; /* the default, as it would be typed; NULL: none */
    double min, max;      /* INT, SIZE, REAL: both ends allowed */
    const char *choices;  /* CHOICE: the words, one space between */
    unsigned flags;
    const char *help; /* one line, no full stop, unit included */
} command_option;

enum {
    OPTION_REPEATS = 1, /* may be given more than once: line_count, line_text_at */
    OPTION_SETTING = 2, /* `set NAME VALUE` keeps it for a session */
};

typedef struct command_argument {
    const char *name; /* in capitals; a list of arguments ends with NULL */
    completion completes;
    unsigned flags;
    const char *help;
    const char *choices; /* words to offer, one space between; NULL: none. The command itself checks what is given */
} command_argument;

enum {
    ARGUMENT_OPTIONAL = 1,
    ARGUMENT_REPEATS = 2, /* takes all that follow; only the last of a list */
    ARGUMENT_JOINED = 4,  /* takes all that follow as one text, a space between the words; only the last of a list */
    ARGUMENT_RAW = 8,     /* with one of the last two: on a typed line what follows is one word, quotes and all */
};

typedef struct command_example {
    const char *line; /* without "kvant"; a list of examples ends with NULL */
    const char *what;
} command_example;

typedef struct command {
    const char *name;                                       /* a table ends with NULL */
    const char *section;                                    /* heading in the list of commands */
    const char *summary;                                    /* one line, no full stop */
    const command_argument *arguments;                      /* NULL: none */
    const command_option *options[9];                       /* tables of options, ended by NULL */
    const char *text;                                       /* paragraphs, an empty line between */
    const command_example *examples;                        /* NULL: none */
    int (*run)(app_context *app, const command_line *line); /* returns the exit status */
    unsigned flags;
} command;

enum {
    COMMAND_HIDDEN = 1,      /* for kvant itself: in no list, no help, no completion */
    COMMAND_LAB_ONLY = 2,    /* only means something at the prompt */
    COMMAND_CLI_ONLY = 4,    /* only means something to a shell */
    COMMAND_SCREEN_ONLY = 8, /* with COMMAND_LAB_ONLY: only means something on the lab's screen */
};

/* All commands: tables one after another, ended by NULL. */
typedef struct command_table {
    const command *const *parts;
} command_table;

/* The i-th command; NULL past the end. */
const command *command_at(const command_table *t, size_t i);
const command *command_find(const command_table *t, const char *name);

/* The same, with a fault that names the nearest command. Hidden ones are found too. */
const command *command_need(const command_table *t, const char *name, fault *f);

/* The i-th option over all the command's tables; NULL past the end. */
const command_option *command_option_at(const command *c, size_t i);
const command_option *command_option_named(const command *c, const char *name);

/* Is a word written as an option is: -x, --name, --name=VALUE, "--" itself; not "-" and no number? */
bool command_is_option(const char *word);

/* The option that such a word names, NULL: the command has none. *wants_next: its value is the next word. */
const command_option *command_option_typed(const command *c, const char *word, bool *wants_next);

/* One value as the option reads it. `text` lives as long as the string it was read from. */
typedef struct option_value {
    const char *text;
    int64_t i;
    double r;
} option_value;

/* Reads and checks one value; the fault names the option, the value and what is allowed. who: put in front of the
 * fault, for instance the command's name. */
bool option_read(const command_option *o, const char *who, const char *text, option_value *value, fault *f);

/* Reads the words after the command's name. Options not given take the session's value (session may be NULL), then the
 * row's default. The line owns copies of everything. NULL with a fault on any mistake. */
command_line *command_parse(const command *c, int n_words, const char *const *words, const settings *session, fault *f);
void line_free(command_line *line);

const command *line_command(const command_line *line);

/* Values by option name. An option the command has no row for reads as absent: false, NULL, 0. */
bool line_has(const command_line *line, const char *name);   /* has a value: given, set or default */
bool line_given(const command_line *line, const char *name); /* stands on this very line */
const char *line_text(const command_line *line, const char *name);
int64_t line_int(const command_line *line, const char *name); /* INT and SIZE */
double line_real(const command_line *line, const char *name);

/* Options that repeat, in the order given. */
size_t line_count(const command_line *line, const char *name);
const char *line_text_at(const command_line *line, const char *name, size_t i);

size_t line_n_args(const command_line *line);
const char *line_arg(const command_line *line, size_t i); /* NULL past the end */

#endif
