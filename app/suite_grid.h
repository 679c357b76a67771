/* suite_grid.h - the items of a suite as a plane of cells: lengths by depths, layers by heads.
 *
 *     suite_grid g;
 *     if (suite_grid_make(items, "single", value, &g))
 *         suite_grid_at(&g, column, row)
 *     suite_grid_free(&g);
 *
 * Several items may be in one cell. Items without a place (x or y NaN) are in none.
 */
#ifndef KVANT_APP_SUITE_GRID_H
#define KVANT_APP_SUITE_GRID_H

#include "app/suite_items.h"

typedef struct suite_cell {
    size_t items, n;    /* all; those with a value */
    double sum, lo, hi; /* of the values; lo and hi mean nothing when n is 0 */
} suite_cell;

typedef struct suite_grid {
    double *xs, *ys; /* ascending */
    size_t n_x, n_y;
    suite_cell *cells; /* n_y rows of n_x */
} suite_grid;

enum { SUITE_GRID_MOST = 1 << 18 }; /* cells */

/* Of the items with this label (NULL: of all). False without memory, with more cells than that, and with none; then
 * there is nothing to free. */
bool suite_grid_make(const suite_items *items, const char *label, double (*value)(const store_item *), suite_grid *out);
void suite_grid_free(suite_grid *g);
const suite_cell *suite_grid_at(const suite_grid *g, size_t x, size_t y);

/* The labels in the order in which they come, `most` of them at most; returns how many. */
size_t suite_labels(const suite_items *items, const char **labels, size_t most);

double suite_score_of(const store_item *i);
double suite_second_of(const store_item *i);

#endif
