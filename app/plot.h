/* plot.h - a scatter of runs as a grid of characters, for stdout and for the screen.
 *
 *     plot_point points[] = { { .x = 3.76, .y = 0.01, .lo = 0.008, .hi = 0.013, .class = PLOT_FRONTIER,
 *                               .label = "turbo4", .family = 2 }, ... };
 *     plot *p = plot_create(points, n, &(plot_style){ .width = 80, .height = 20, .log_y = true, .marks = PLOT_BRAILLE,
 *                           .labels = true, .x_title = "compression ratio", .y_title = "mean KLD, nats" }, &f);
 *     plot_cell_at(p, row, column)                            what to show there
 *     plot_write(p, stdout, color);                           or all of it
 *     plot_free(p);
 *
 * Runs of the frontier are drawn filled over all others, joined by a line, with their intervals as whiskers and, where
 * there is room, their labels; dominated ones are hollow, failed ones crossed. With braille, lines, whiskers and axes'
 * ticks are drawn at 2 x 4 dots a cell (blanks are spaces, not U+2800); blocks of UTF-8 marks and ASCII do without. On
 * a logarithmic axis a y of exactly 0 lies on a line of its own at the bottom. A failed run without y stands at the
 * upper edge; what has no place at all is counted below the picture.
 *
 * The line that joins the frontier is the staircase of what can be had: between two runs there is nothing but the
 * better-compressed one's loss. The colour of a point says its family, its shape its class; in monochrome the letter a
 * ... z of its family stands beside a frontier point when style.letters is set. The chosen point, those alike and the
 * pinned ones have marks of their own; the first line explains what is there.
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
    int family;        /* -1: none */
    bool chosen, like_chosen, pinned;
} plot_point;

typedef enum plot_marks { PLOT_ASCII, PLOT_UTF8, PLOT_BRAILLE } plot_marks;

/* The part of the plane that is shown; lo >= hi on an axis: all of it (with a margin). */
typedef struct plot_view {
    double x_lo, x_hi, y_lo, y_hi;
} plot_view;

typedef struct plot_style {
    int width, height; /* columns and lines of the whole picture; at least 24 x 6 are taken */
    bool log_y;
    bool y_up; /* better is up: top-1 */
    plot_marks marks;
    bool labels;  /* of the frontier */
    bool letters; /* of families */
    double limit; /* a line across at this y, "the cheapest with y at most this"; NaN: none */
    const char *x_title, *y_title;
    plot_view view;
    const char *const
        *families; /* n_families names for a line that explains the colours (or letters), NULL for those to leave out */
    size_t n_families;
} plot_style;

/* How a cell looks; a screen has a colour pair for each, stdout an escape sequence. PLOT_FAMILY + i % PLOT_FAMILIES. */
typedef enum plot_look {
    PLOT_PLAIN,
    PLOT_FAINT,  /* axes, dominated */
    PLOT_STRONG, /* the chosen point */
    PLOT_ALARM,  /* failed */
    PLOT_LIMIT,
    PLOT_ALIKE,  /* not to be told apart from the chosen one */
    PLOT_FAMILY, /* and the PLOT_FAMILIES - 1 after it */
} plot_look;
enum { PLOT_FAMILIES = 6 };

typedef struct plot_cell {
    char text[8]; /* one character, UTF-8; "" behind one that is two columns wide */
    int look;     /* plot_look */
} plot_cell;

typedef struct plot plot;

/* Copies what it needs. NULL without memory only. [any thread] */
plot *plot_create(const plot_point *points, size_t n, const plot_style *style, fault *f);
void plot_free(plot *p); /* NULL is fine */

/* The same picture with another choice, as plot_create would draw it, in a small part of its time: what costs most,
 * where points stand and how they cover each other, does not depend on it. */
typedef struct plot_choice {
    size_t chosen;       /* a point; SIZE_MAX: none */
    const char *label;   /* its; or NULL. Copied; without memory it has none */
    const size_t *alike; /* the points that cannot be told apart from it */
    size_t n_alike;
} plot_choice;
void plot_choose(plot *p, const plot_choice *choice);

int plot_width(const plot *p);
int plot_height(const plot *p);
const plot_cell *plot_cell_at(const plot *p, int row, int column);

/* The view as it came out, for zooming and panning: plot_zoom keeps the plane's point at (cx, cy), both 0 ... 1 from
 * the lower left, where it is; factor < 1 shows less. plot_pan moves by a part of the view. Logarithmic axes move by
 * factors. */
plot_view plot_seen(const plot *p);
plot_view plot_zoom(const plot *p, double factor, double cx, double cy);
/* The same about the middle of a cell of the picture. */
plot_view plot_zoom_at(const plot *p, double factor, int row, int column);
plot_view plot_pan(const plot *p, double dx, double dy);

/* Where point i stands; false: outside the view, or nowhere. */
bool plot_place(const plot *p, size_t i, int *row, int *column);

/* The point nearest to a cell, as on the screen (a cell counts as 1 x 2); -1: there is none within 3 columns. */
ptrdiff_t plot_nearest(const plot *p, int row, int column);

/* The next visible point from point i in a direction (dx, dy one of -1, 0, 1; dy 1: up); i itself when there is none.
 * Points that lie on one another follow each other by number. When i is nowhere: the visible point nearest the middle.
 */
size_t plot_step(const plot *p, size_t i, int dx, int dy);

/* Errors of the stream are found where it is closed. color: the terminal's own colours. */
void plot_write(const plot *p, FILE *out, bool color);

#endif
