/* wrap.h - running text in columns.
 *
 *     wrap_text(stdout, text, 4, 4, 80);      every line indented by 4, no line longer than 80
 */
#ifndef KVANT_APP_WRAP_H
#define KVANT_APP_WRAP_H

#include <stdio.h>

/* Writes text word by word. column: where the first line already stands; indent: where the others begin. An empty line
 * in the text stays; a word longer than a line is not broken. Ends with a line feed. ASCII. */
void wrap_text(FILE *to, const char *text, int column, int indent, int width);

#endif
