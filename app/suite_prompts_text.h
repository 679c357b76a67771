/* suite_prompts_text.h - what the checkers of app/suite_prompts.h have in common: an answer as words and lines.
 *
 * [any thread]
 */
#ifndef KVANT_APP_SUITE_PROMPTS_TEXT_H
#define KVANT_APP_SUITE_PROMPTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/suite.h"

/* A piece of an answer: not ended by zero. */
typedef struct span {
    const char *at;
    size_t n;
} span;

/* The next line that is not blank, without blanks around it; false at the end. *at begins at the answer. */
bool span_line(const char **at, span *line);

/* Blanks, and an end of sentence or emphasis (". * ` \"") on both sides, are cut off. */
span span_trim(span s);

/* The next word, between anything that is no letter, digit, apostrophe or hyphen. */
bool span_word(span *rest, span *word);

bool span_is(span s, const char *text);
bool span_begins(span s, const char *text);
bool span_has(span s, const char *text);      /* as a part */
bool span_has_word(span s, const char *word); /* whole words, any case */

int count_lines(const char *text);
int count_words(span s);
int count_word(span s, const char *word); /* any case */

span span_of(const char *text);

/* Says what is wrong; false. */
bool prompt_wrong(char why[SUITE_NOTE], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
