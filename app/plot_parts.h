/* plot_parts.h - what the files of the plot share. */
#ifndef KVANT_APP_PLOT_PARTS_H
#define KVANT_APP_PLOT_PARTS_H

#include "app/columns.h"
#include "app/plot.h"
#include "app/scale.h"

enum { PLOT_MOST_WIDTH = 1000, PLOT_MOST_HEIGHT = 500 };

/* What lies in a cell, later ones over earlier ones. */
enum { LAYER_EMPTY, LAYER_LINE, LAYER_WHISKER, LAYER_LIMIT, LAYER_MARK, LAYER_TEXT = LAYER_MARK + 16 };

typedef struct plot_spot {
    plot_point point;   /* the label is the plot's own, and there for those that may be labelled */
    double column, row; /* cells from the picture's upper left; a cell's middle is a whole number */
    bool placed, visible;
} plot_spot;

/* height x width of each. */
typedef struct plot_paper {
    plot_cell *cells;
    unsigned char *layers;
    unsigned char *dots; /* of braille, a bit for each */
} plot_paper;

struct plot {
    plot_style style; /* titles and families are the plot's own */
    int width, height;
    int left, top, columns, rows; /* the picture, between the axes */
    scale all_x, all_y;           /* what holds everything */
    scale x, y;
    int y_rows;        /* rows of the scale; below it, apart, the line of zeros when there is one */
    bool zeros, any_y; /* zeros: there is that line; any_y: the scale has values */
    plot_spot *spots;
    size_t n, n_visible;
    const plot_spot **best; /* of the frontier, by x */
    size_t n_best;
    size_t no_value, no_failed, outside; /* what is not shown */
    plot_paper paper;                    /* what is seen */
    plot_paper drawn;                    /* as it is whatever is chosen: lines, whiskers and marks */
};

/* How a point of this class and state is drawn. Of two in one cell the one with the higher rank is seen. */
typedef struct plot_mark {
    const char *utf8, *ascii, *name;
    int rank;
} plot_mark;
const plot_mark *plot_mark_of(const plot_point *p);
int plot_look_of(const plot_point *p);
enum { PLOT_LEGEND = 9 };
const plot_mark *plot_mark_at(int i); /* all of them, in the order of the legend */

/* Writes what fits of a text into `width` columns; returns the column after it. */
int plot_text(plot *p, const columns *c, int row, int column, const char *text, int width, int look, int layer);
void plot_put(plot *p, int row, int column, const char *text, int look, int layer);

/* plot_draw.c: lines and marks, false without memory; then what depends on the choice, labels among it.
 * plot_frame.c: titles, axes and notes. */
bool plot_draw_points(plot *p);
void plot_draw_choice(plot *p, const columns *c);
void plot_draw_frame(plot *p, const columns *c);
int plot_gutter(const plot *p); /* columns of the widest number beside the picture */

/* The row of a value on the scale, as it comes. */
double plot_row_of(const plot *p, double y);
double plot_column_of(const plot *p, double x);

#endif
