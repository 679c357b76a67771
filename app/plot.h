/* plot.h - a scatter of runs in plain text.
 *
 *     plot_point points[] = { { 3.76, 0.01, 0.008, 0.013, PLOT_FRONTIER, "turbo4" }, ... };
 *     plot_draw(stdout, points, n, &(plot_style){ .width = 80, .height = 20, .log_y = true, .utf8 = true, .labels =
 * true, .x_title = "compression ratio", .y_title = "mean KLD, nats" }, &f);
 *
 * Runs of the frontier are drawn over all others, joined by dots, with their intervals as whiskers and, where there is
 * room, their labels. On a logarithmic axis a y of exactly 0 lies on a line of its own at the bottom. A failed run
 * without y stands at the upper edge; what has no place at all is counted below the picture.
 */
#ifndef KVANT_APP_PLOT_H
#define KVANT_APP_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"

typedef enum plot_class { PLOT_FRONTIER, PLOT_DOMINATED, PLOT_FAILED } plot_class;

typedef struct plot_point {
    double x, y;
    double lo, hi; /* the interval of y; NaN: none */
    plot_class class;
    const char *label; /* or NULL */
} plot_point;

typedef struct plot_style {
    int width, height; /* columns and lines of the whole picture; at least 40 x 10 are taken */
    bool log_y;
    bool utf8;
    bool color;  /* the terminal's own colours */
    bool labels; /* of the frontier */
    const char *x_title, *y_title;
} plot_style;

/* Fails without memory only; errors of the stream are found where it is closed. [any thread] */
bool plot_draw(FILE *out, const plot_point *points, size_t n, const plot_style *style, fault *f);

#endif
