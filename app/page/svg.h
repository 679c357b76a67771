/* svg.h - the runs of a set as a scatter, in SVG.
 *
 * Points of the frontier are filled, joined by the stairs that bound what is dominated, and carry the 95 % interval of
 * y and, where there is room, their config; dominated ones are hollow. Colour and shape say the family. Metrics that
 * span decades have a logarithmic axis, on which what is 0, or smaller than a hundred-thousandth of the largest, lies
 * on a line of its own at the bottom. Runs that failed or were not measured have no place; how many is said below.
 *
 * A picture that stands alone brings its styles, which follow the reader's light or dark preference, its words and a
 * legend. One inside a page takes the page's styles: its elements have the classes below, each point of the frontier is
 * <g class="pt fN" data-i="RUN">, and data-map says where the axes lie, as JSON.
 */
#ifndef KVANT_APP_PAGE_SVG_H
#define KVANT_APP_PAGE_SVG_H

#include <stdio.h>

#include "app/page/gather.h"

enum { SVG_FAMILIES = 8, SVG_WIDTH = 860, SVG_HEIGHT = 540 };

/* A picture of the set on the axes asked for, as a file. False with a fault without memory only. */
bool svg_write_file(FILE *to, const page_report *r, const page_set *set, const char *title, fault *f);

/* The same on axes x and y of the report, as an element of an HTML page. */
bool svg_write_element(FILE *to, const page_report *r, const page_set *set, size_t x, size_t y, fault *f);

/* The mark of a family as a small picture in HTML. */
void svg_write_mark(FILE *to, size_t family, bool filled);

#endif
