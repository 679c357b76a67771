/* table.h - a result set, written as a person or a program wants it.
 *
 *     table *t = table_create(2, (const char *const[]){ "config", "ratio" }, &f);
 *     table_add(t, (const table_cell[]){ table_text("turbo4"), table_real_as(3.7647, "3.76") }, &f);
 *     table_write(t, stdout, &(table_style){ .mode = TABLE_BOX, .utf8 = true, .width = 80 }, &f);
 *     table_free(t);
 *
 *     box        drawn, for a screen; columns of text are cut with an ellipsis to fit the width (and at 500 columns
 *                without one), numbers never
 *     line       one value per line, "name = value", an empty line between rows
 *     markdown   a table as GitHub reads it
 *     csv        RFC 4180: CRLF, quotes where needed; nothing for NULL and NaN, "" for an empty text
 *     json       an array of objects: numbers as numbers, null for NULL, NaN and infinities
 *
 * NaN means "not measured" and is shown as nothing. box, line and markdown show the given form of a number (or six
 * digits of it), csv and json the number itself with every digit. What text may hold: anything. For a screen, control
 * characters are made visible (app/columns.h); in JSON, bytes that are no UTF-8 become U+FFFD; CSV keeps the bytes.
 *
 * All rows are kept until they are written, for the widths. [one thread at a time]
 */
#ifndef KVANT_APP_TABLE_H
#define KVANT_APP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"

typedef enum table_kind { TABLE_NULL, TABLE_INTEGER, TABLE_REAL, TABLE_TEXT } table_kind;

typedef struct table_cell {
    table_kind kind;
    int64_t integer;
    double real;
    const char *text; /* TEXT: n bytes of it; numbers: the form to show, or NULL */
    size_t n;
} table_cell;

table_cell table_null(void);
table_cell table_integer(int64_t value);
table_cell table_real(double value);
table_cell table_real_as(double value, const char *shown);
table_cell table_text(const char *text); /* NULL gives a null */
table_cell table_bytes(const char *bytes, size_t n);

typedef struct table table;

typedef enum table_mode { TABLE_BOX, TABLE_LINE, TABLE_MARKDOWN, TABLE_CSV, TABLE_JSON } table_mode;

/* The mode's index by its word; -1 when there is none. table_modes: the words, in the order of the enum, NULL at the
 * end. */
extern const char *const table_modes[];
int table_mode_named(const char *word);

typedef struct table_style {
    table_mode mode;
    bool utf8; /* box and line: may draw outside ASCII */
    int width; /* box: columns of the terminal; 0: no limit */
} table_style;

/* Copies the names. At least one column. */
table *table_create(size_t n_columns, const char *const *names, fault *f);
void table_free(table *t); /* NULL is fine */

/* Adds a row of as many cells as there are columns; copies them. */
bool table_add(table *t, const table_cell *cells, fault *f);
size_t table_rows(const table *t);

/* Writes all rows. Fails without memory only; errors of the stream are found where it is closed. */
bool table_write(const table *t, FILE *out, const table_style *style, fault *f);

/* csv and json need not wait for the last row: writes the rows that are there and forgets them. first: of this table
 * nothing has been written; last: no more rows come. */
bool table_streams(table_mode mode);
void table_flush(table *t, FILE *out, table_mode mode, bool first, bool last);

#endif
