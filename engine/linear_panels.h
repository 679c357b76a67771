/* linear_panels.h - the panels of a matrix of weights. Private to engine/linear*.c.
 */
#ifndef KVANT_ENGINE_LINEAR_PANELS_H
#define KVANT_ENGINE_LINEAR_PANELS_H

#include "engine/linear.h"

enum { LINEAR_ALIGNMENT = 64 };

/* Do these weights go through these products? by: or NULL. */
bool linear_coded(const linear *l, const products *by);

/* How many there are, and bytes of one, `width` rows of W each. */
size_t linear_n_panels(const linear *l, size_t width);
size_t linear_panel_bytes(const linear *l, size_t width);

/* Rows p*width … of W as one panel, as `by` takes it. */
void linear_make_panel(const linear *l, const products *by, size_t width, size_t p, uint8_t *panel);

#endif
