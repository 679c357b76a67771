/* words.h - a typed line as words, quoted as in a shell.
 *
 * White space separates words. 'text' is taken as it is; in "text" a backslash keeps " and \ ; elsewhere a backslash
 * keeps any character. # at the start of a word begins a comment. ~/ at the start of a word without quotes is the home
 * directory. Nothing else is expanded.
 *
 *     words w;
 *     words_split("run 'k=q8_0 v=turbo3' --ctx 2k", getenv("HOME"), &w, &f);
 *     w.n, w.word[0 ... n-1];      words_free(&w) later
 */
#ifndef KVANT_APP_WORDS_H
#define KVANT_APP_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"

typedef struct words {
    int n;
    char **word;   /* NULL behind the last */
    char *letters; /* what they point into */
} words;

/* home: NULL leaves ~ alone. A quote that is not closed is FAULT_USAGE with its column; then there is nothing to free.
 * [any thread] */
bool words_split(const char *line, const char *home, words *w, fault *f);
void words_free(words *w);

/* The same for a line of which a part is not to be split. raw is asked before each word, with the words so far and the
 * part of the line where the next one begins: true makes all of that, without blanks at its end, the last word as it
 * is. [any thread] */
typedef bool (*words_raw)(void *arg, const words *so_far, const char *rest);
bool words_split_raw(const char *line, const char *home, words_raw raw, void *arg, words *w, fault *f);

/* Writes the word so that words_split and a shell read it back as it is: unchanged when nothing in it is special, else
 * in single quotes. Returns the length it has, or would have when capacity is too small (then it is cut). [any thread]
 */
size_t words_quote(const char *word, char *to, size_t capacity);

/* The same into a stream. False without memory, and then nothing is written. [any thread] */
bool words_put(FILE *to, const char *word);

#endif
