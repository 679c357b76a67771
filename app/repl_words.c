/* A typed line as words, with an argument that is kept as it stands. */
#include "app/repl.h"

#include <stdlib.h>
#include <string.h>

#include "app/words.h"

/* What is known of the words so far. */
typedef struct reading {
    const command_table *commands;
    const command *command; /* NULL: unknown, or one without a raw argument */
    int seen;               /* words looked at */
    bool value_next;        /* the next word is an option's value */
    bool ended;             /* "--" has been: no options follow */
    bool argument;          /* an argument has been, as an ordinary word */
} reading;

static bool ends_raw(const command *c)
{
    const command_argument *last = NULL;
    for (const command_argument *a = c ? c->arguments : NULL; a && a->name; a++)
        last = a;
    return last && last->flags & ARGUMENT_RAW;
}

/* `rest` may be a word, or go on behind it. */
static bool begins_option(const char *rest)
{
    return command_is_option(rest) && !strchr(" \t\r\n\v\f", rest[1]);
}

static void take_word(reading *r, int i, const char *word)
{
    if (i == 0) {
        const command *c = command_find(r->commands, word);
        r->command = ends_raw(c) ? c : NULL;
    } else if (r->value_next) {
        r->value_next = false;
    } else if (!r->ended && strcmp(word, "--") == 0) {
        r->ended = true;
    } else if (!r->ended && r->command && begins_option(word)) {
        command_option_typed(r->command, word, &r->value_next); /* unknown ones are command_parse's to complain about */
    } else {
        r->argument = true;
    }
}

static bool is_raw(void *arg, const words *so_far, const char *rest)
{
    reading *r = arg;
    for (; r->seen < so_far->n; r->seen++)
        take_word(r, r->seen, so_far->word[r->seen]);
    if (!r->command || r->value_next || r->argument) return false;
    return (r->ended || !begins_option(rest)) && *rest != '\'' && *rest != '"';
}

bool repl_words(const command_table *commands, const char *line, words *w, fault *f)
{
    reading r = { .commands = commands };
    return words_split_raw(line, getenv("HOME"), is_raw, &r, w, f);
}
