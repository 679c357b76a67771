/* escape.h - text of strangers, made harmless where it is put.
 *
 * Names, configs and reasons come out of a database that anyone may have filled. Each function writes text so that the
 * format it is for shows it and never obeys it. Bytes that are no UTF-8, and characters the format cannot hold, become
 * U+FFFD. [any thread]
 */
#ifndef KVANT_APP_PAGE_ESCAPE_H
#define KVANT_APP_PAGE_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/* As text or as a quoted attribute, of HTML and of XML 1.0 alike. */
void escape_markup(FILE *to, const char *text);

/* The same of n bytes. */
void escape_markup_part(FILE *to, const char *text, size_t n);

/* The same, of at most `most` characters; a longer text ends in an ellipsis. */
void escape_markup_cut(FILE *to, const char *text, int most);

/* As a JSON string with its quotes, which may also stand inside a script element. */
void escape_json(FILE *to, const char *text);

/* As it is, but for bytes that are no UTF-8: JSON that was written with them. */
void escape_utf8(FILE *to, const char *text);

/* As running text of Markdown, in one line. Entities are used, not backslashes, so that it may pass through a writer of
 * tables. */
void escape_markdown(FILE *to, const char *text);

/* As code in a line of Markdown; a text that a code span cannot hold is written as running text. */
void escape_markdown_code(FILE *to, const char *text);

/* As lines of a fenced block of Markdown. */
void escape_block(FILE *to, const char *text);

/* The ticks that fence a block of Markdown holding this text: more than any run of ticks in it, at least 3. */
int escape_fence(const char *text);

/* A string of SQL with its quotes. */
void escape_sql(FILE *to, const char *text);

/* The number with at most `digits` digits, "null" when it is not finite. */
void escape_number(FILE *to, double value, int digits);

#endif
