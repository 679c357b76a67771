/* growth_svg.h - how cost grows, as a picture: a log-log panel for each question, in SVG.
 *
 * Points are medians with their intervals, lines join them, and a dashed line through a series' last point shows the
 * most it should grow. Colours stand out on light and dark; the rest follows the reader's preference.
 */
#ifndef KVANT_APP_PAGE_GROWTH_SVG_H
#define KVANT_APP_PAGE_GROWTH_SVG_H

#include <stdio.h>

#include "app/growth.h"

/* A whole file. g must have a series. */
void growth_svg_write(FILE *to, const growth *g);

#endif
