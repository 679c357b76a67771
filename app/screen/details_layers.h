/* details_layers.h - the errors of a run's layers as bars, and a pen that writes line after line.
 *
 * Errors are squared and relative and span decades: bars are logarithmic, from the decade below the smallest error of
 * their side to its largest. A layer without error (kept exact) has no bar.
 */
#ifndef KVANT_APP_SCREEN_DETAILS_LAYERS_H
#define KVANT_APP_SCREEN_DETAILS_LAYERS_H

#include "app/screen/tui.h"
#include "db/store.h"

/* Writes downward; lines outside of the area are counted, but not seen. */
typedef struct pen {
    tui *tui;
    rect area;
    int line; /* of area, the next to write; may be negative */
} pen;

/* Text from a column on, on as many lines as it needs, broken at blanks and commas where possible. */
void pen_wrap(pen *p, int column, tui_look look, const char *text);

/* Each side with one character a layer, and which is the worst: on one line, or, for many layers, on two. */
void layers_sparks(pen *p, const store_layer *layers, size_t n);

/* A line for each layer, keys on the left, values on the right. */
void layers_bars(pen *p, const store_layer *layers, size_t n);

#endif
