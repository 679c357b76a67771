/* generate_columns.h - texts side by side on a terminal as they are made, the first token that differs marked.
 *
 *     generate_columns *v = generate_columns_open(stdout, &app->out, answers, n, &f);     headings
 *     generate_columns_show(v);            after new tokens: whole rows are written, the row that grows is redrawn
 *     generate_columns_close(v);           when all is over, or enough is: what is left of it
 *
 * A token is shown when it is known whether it is the first that differs from the first text's, so that the columns
 * stay together up to there. A mark in front of that token, and its colour, say where.
 */
#ifndef KVANT_APP_GENERATE_COLUMNS_H
#define KVANT_APP_GENERATE_COLUMNS_H

#include <stdio.h>

#include "app/generate_answer.h"
#include "app/terminal.h"

enum { GENERATE_SIDES = 4, GENERATE_NARROWEST = 16 }; /* columns of a side, at least */

typedef struct generate_columns generate_columns;

/* Columns a side would have; less than GENERATE_NARROWEST: the terminal is too narrow. */
int generate_columns_width(const terminal *t, size_t n);

/* n: 2 … GENERATE_SIDES; the answers must outlive it. NULL without memory. */
generate_columns *generate_columns_open(FILE *to, const terminal *t, const generate_answer *answers, size_t n,
                                        fault *f);
void generate_columns_show(generate_columns *v);
void generate_columns_close(generate_columns *v); /* NULL is fine */

/* What stands in front of the first token that differs. */
const char *generate_mark(const terminal *t);

#endif
