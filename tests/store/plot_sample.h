/* plot_sample.h - some runs to plot, and how. Include it behind cmocka.h. */
#ifndef KVANT_TESTS_STORE_PLOT_SAMPLE_H
#define KVANT_TESTS_STORE_PLOT_SAMPLE_H

#include <math.h>

#include "app/plot.h"

#define NONE NAN, NAN

static inline plot *make(const plot_point *points, size_t n, plot_style style)
{
    fault f = { 0 };
    plot *p = plot_create(points, n, &style, &f);
    assert_non_null(p);
    return p;
}

static const plot_style small = { .width = 60,
                                  .height = 14,
                                  .log_y = true,
                                  .labels = true,
                                  .limit = NAN,
                                  .x_title = "compression ratio",
                                  .y_title = "mean KLD, nats" };

static const plot_point runs[] = {
    { 1, 0, 0, 0, PLOT_FRONTIER, "identity", .family = -1 },
    { 1.88, 0.001, NONE, PLOT_FRONTIER, "q8_0", .family = -1 },
    { 3.76, 0.01, 0.008, 0.2, PLOT_FRONTIER, "turbo4", .family = -1 },
    { 3.5, 0.05, NONE, PLOT_DOMINATED, "q4_0", .family = -1 },
    { 5, 0.1, NONE, PLOT_FRONTIER, "turbo3", .family = -1 },
    { 2.5, NAN, NONE, PLOT_FAILED, "broken", .family = -1 },
    { NAN, NAN, NONE, PLOT_FAILED, "gone", .family = -1 },
    { 2, NAN, NONE, PLOT_DOMINATED, "odd", .family = -1 },
};
enum { RUNS = sizeof runs / sizeof runs[0] };

#endif
