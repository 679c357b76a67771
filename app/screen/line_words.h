/* line_words.h - a line that is being typed: its words, where they stand, and what each is to the command.
 *
 *     line_words w;
 *     line_words_read(&commands, "run polar --ctx 5", 17, &w);
 *     w.command is run; w.word[1] is an argument, word[2] the option --ctx, word[3] its value
 *     line_words_free(&w);
 *
 * A quote that is still open is taken as closed at the line's end. [any thread]
 */
#ifndef KVANT_APP_SCREEN_LINE_WORDS_H
#define KVANT_APP_SCREEN_LINE_WORDS_H

#include "app/command.h"
#include "app/words.h"

enum { LINE_WORDS_MOST = 256 };

typedef enum line_role { WORD_COMMAND, WORD_OPTION, WORD_VALUE, WORD_ARGUMENT } line_role;

typedef struct line_word {
    size_t at; /* byte of the line where it begins */
    line_role role;
    const command_option *option; /* OPTION and VALUE; NULL: there is none of this name */
    bool wants_value;             /* OPTION: the next word is its value */
    int argument;                 /* ARGUMENT: 0, 1 ... */
} line_word;

typedef struct line_words {
    words words;
    const command *command; /* NULL: there is none of this name */
    line_word word[LINE_WORDS_MOST];
    int n;       /* of words; more than LINE_WORDS_MOST are not looked at */
    int current; /* the one with the cursor in it or at its end; -1: none */
} line_words;

/* False: out of memory. */
bool line_words_read(const command_table *commands, const char *line, size_t point, line_words *w);
void line_words_free(line_words *w);

/* The config at the cursor, as the command will read it: all the words of an argument that takes the rest, or one word;
 * or, when the line is a sweep's with a grid in it, all that it is given (predict.h). False: there is none. */
enum { LINE_CONFIG_MOST = 2048 };
typedef struct line_config {
    char text[LINE_CONFIG_MOST];
    int word[LINE_WORDS_MOST]; /* the words it is made of, and where in text they begin */
    size_t at[LINE_WORDS_MOST];
    int n;
    bool many; /* then the words are not told apart */
} line_config;
bool line_config_find(const line_words *w, line_config *c);

/* The value the line gives to an option; NULL: none. */
const char *line_option(const line_words *w, const char *name);

/* The byte of the line where column `column` (from 1) of the config stands. */
size_t line_config_place(const line_words *w, const line_config *c, const char *line, int column);

#endif
