/* plot_drawing.h - plots as text, and a cloud of points for them. Include it behind cmocka.h. */
#ifndef KVANT_TESTS_STORE_PLOT_DRAWING_H
#define KVANT_TESTS_STORE_PLOT_DRAWING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/store/plot_sample.h"

static inline char *written(const plot *p, bool color)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    plot_write(p, out, color);
    fclose(out);
    return text;
}

static inline char *draw(const plot_point *points, size_t n, plot_style style)
{
    plot *p = make(points, n, style);
    char *text = written(p, false);
    plot_free(p);
    return text;
}

static inline int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static const plot_marks all_marks[] = { PLOT_ASCII, PLOT_UTF8, PLOT_BRAILLE };

/* A cloud of points, the same each time, of all classes and states; some have no place. */
enum { CLOUD = 60 };

static inline void make_cloud(plot_point points[CLOUD], uint32_t seed)
{
    for (int i = 0; i < CLOUD; i++) {
        double u[3];
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525u + 1013904223u;
            u[k] = (seed >> 8) / 16777216.0;
        }
        points[i] = (plot_point){ .x = 1 + 6 * u[0],
                                  .y = u[2] < 0.05 ? 0 : exp(-9 * u[1]),
                                  .lo = NAN,
                                  .hi = NAN,
                                  .class = (plot_class)(i % 3),
                                  .label = "config",
                                  .family = i % 8 - 1,
                                  .like_chosen = i % 7 == 0,
                                  .pinned = i % 11 == 0,
                                  .chosen = i == 17 };
        if (i % 13 == 12) points[i].y = NAN;
        if (i % 29 == 28) points[i].x = NAN;
    }
}

#endif
