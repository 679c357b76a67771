/* test_layouts.h - kakeya in every layout, and a check of each at several dimensions. Include it behind cmocka.h. */
#ifndef KVANT_PLUGINS_KAKEYA_TEST_LAYOUTS_H
#define KVANT_PLUGINS_KAKEYA_TEST_LAYOUTS_H

#include "plugins/kakeya/test_trial.h"

/* Every layout and every optional part of it, small: groups of 32 or 64 rows. */
static const char *const layouts[] = {
    "block=32",
    "block=32 centres=0",
    "block=32 shared=2 outlier=1.5",
    "block=32 variance=0.8 outlier=0.5",
    "block=32 skeleton=f32 outlier=2 gain=lsq",
    "block=32 pca=rsvd residual=besi",
    "block=32 header=published",
    "block=32 header=published centres=0 bits=5",
    "block=32 header=published shared=2 outlier=1.5 variance=0.9",
    "block=32 header=published skeleton=f32 outlier=1",
    "block=32 header=published residual=besi magnitude=f16",
    "block=32 centres=64 rank=5 bits=1",
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts, N = 128 };
static const int dims[] = { 2, 7, 20, 64 };
enum { DIMS = sizeof dims / sizeof *dims };

static inline void for_each_layout(void (*check)(test_instance *t, const char *settings, int dim))
{
    for (size_t i = 0; i < LAYOUTS; i++)
        for (size_t k = 0; k < DIMS; k++) {
            test_instance t;
            trial_open(&t, dims[k], layouts[i]);
            check(&t, layouts[i], dims[k]);
            test_close(&t);
        }
}

#define demand(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("kakeya(%s), dimension %d: ", settings, dim);                                                  \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

#endif
