/* suite_tables.h - what a run of a suite found, as tables: what a report's HTML and Markdown both show.
 *
 * needle: a table for each kind, depths by lengths; attention: layers by heads, for weights and for outputs; the others
 * a row for each item. Cells have a shade where a colour says more than their number.
 */
#ifndef KVANT_APP_PAGE_SUITE_TABLES_H
#define KVANT_APP_PAGE_SUITE_TABLES_H

#include "app/page/gather.h"

typedef struct suite_cell_text {
    char *text;
    int shade; /* 0: nothing is lost ... SUITE_SHADES: all of it; -1: none */
} suite_cell_text;
enum { SUITE_SHADES = 5 };

typedef struct suite_table {
    char *title;
    bool heat; /* a heatmap: its first column names the rows */
    char **columns;
    size_t n_columns;
    bool text[16]; /* which of the first columns hold text, not numbers */
    suite_cell_text *cells;
    size_t n_cells, room; /* n_columns of each row */
} suite_table;

typedef struct suite_tables {
    suite_table *items;
    size_t n;
} suite_tables;

/* No table for what has no items. Without memory: false, and nothing is to be freed. */
bool suite_tables_make(const store_run *run, const suite_items *items, suite_tables *out, fault *f);
void suite_tables_free(suite_tables *t);

/* The runs that a report shows in full: the k-th of them, counted from 0; NULL: there are no more. *left: how many of
 * the set are not among them. */
enum { SUITES_SHOWN = 24 };
const page_run *page_suite_run(const page_set *set, size_t k, size_t *left);

#endif
