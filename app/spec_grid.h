/* spec_grid.h - the values a grid stands for: low..high and {a, b, c}. Used by app/spec.c and app/grid.c only. */
#ifndef KVANT_APP_SPEC_GRID_H
#define KVANT_APP_SPEC_GRID_H

#include "app/spec.h"

enum { GRID_LONGEST = 1000 }; /* values of one range */

/* Fills *grid with the texts `e`, a range or a set in `line`, stands for. p: the parameter whose step a range follows
 * (added, or multiplied by for KVANT_LOG; without one, 1 and 2 for int); NULL: codecs. Always returns false, for the
 * check stops here: with grid->n > 0, or with a message. */
bool spec_grid_read(spec_grid *grid, const char *line, const catalog_param *p, const expr *e, fault *f);

#endif
