/* grid.h - the many configs a sweep is asked for, out of few words.
 *
 *     polar(bits=2..4)                        bits 2, 3, 4: the parameter's own step
 *     polar(bits={2,4})  rotate({q4_0,q8_0})  the values listed; a listed value may be a range or hold a grid itself
 *     k={q8_0,turbo4} v=polar(bits=2..4)      every combination, the first grid turning slowest
 *     --k q8_0,turbo4 --v polar(bits=2..4)    the same, as two lists
 *
 * A run takes no grids: config_parse refuses them.
 */
#ifndef KVANT_APP_GRID_H
#define KVANT_APP_GRID_H

#include "app/config.h"

enum { GRID_MOST = 10000, GRID_LINES = 100000 }; /* configs of one sweep; lines looked at to find them */

typedef struct grid_configs {
    config **items;
    size_t n, n_lines;
} grid_configs;

/* Adds every config `line` stands for, those that are there already (by id) left out. Start with {0}; grid_free
 * afterwards, also on failure. A message shows the line with the grid's values put in. */
bool grid_add(grid_configs *configs, const catalog *known, const char *line, fault *f);

/* Adds every combination of a codec for k from one list and a codec for v from the other. A list is expressions with
 * commas between them; commas inside parentheses and braces are the expressions' own. NULL: f16. */
bool grid_add_lists(grid_configs *configs, const catalog *known, const char *k_list, const char *v_list, fault *f);
void grid_free(grid_configs *configs);

#endif
