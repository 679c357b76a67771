/* table_rows.h - what the writers of a table share. */
#ifndef KVANT_APP_TABLE_ROWS_H
#define KVANT_APP_TABLE_ROWS_H

#include "app/columns.h"
#include "app/table.h"

struct table {
    size_t n_columns, n_rows, capacity; /* capacity in rows */
    char **names;
    table_cell *cells; /* n_rows x n_columns; text is owned, zero-terminated */
};

/* A cell's text for people: its own, or the number's in `digits` digits (0: all). NULL cells give "". The text may lie
 * in `buffer`. */
typedef struct table_shown {
    const char *text;
    size_t n;
    char buffer[40];
} table_shown;

const table_shown *table_show(const table_cell *cell, int digits, table_shown *shown);

bool table_write_box(const table *t, FILE *out, const table_style *style, fault *f);
void table_write_line(const table *t, FILE *out, const table_style *style);
void table_write_markdown(const table *t, FILE *out);
void table_write_csv(const table *t, FILE *out, bool first);
void table_write_json(const table *t, FILE *out, bool first, bool last);

#endif
