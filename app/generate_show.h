/* generate_show.h - what is written about generated texts, and a text on its own. */
#ifndef KVANT_APP_GENERATE_SHOW_H
#define KVANT_APP_GENERATE_SHOW_H

#include <stdio.h>

#include "app/generate_answer.h"
#include "app/terminal.h"

/* Writes what has come of the text behind *from bytes and moves it: whole characters alone until the answer is over. On
 * a terminal what could harm it is shown instead of sent; elsewhere bytes that are no UTF-8 become U+FFFD. */
void generate_show_text(FILE *to, const terminal *t, const generate_answer *a, size_t *from);

/* The same of any text: all of it. */
void generate_show_all(FILE *to, const terminal *t, const char *bytes, size_t n);

/* One line: tokens, speed, bytes of the cache. named: with the config in front. */
void generate_show_figures(FILE *to, const generate_answer *a, bool named);

/* Where the others leave the first: one line for each. */
void generate_show_parting(FILE *to, const terminal *t, const generate_answer *answers, size_t n);

/* NULL without memory. */
cJSON *generate_show_json(const generate_job *j, const generate_answer *answers, size_t n);

#endif
