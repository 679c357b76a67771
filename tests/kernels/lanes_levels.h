/* lanes_levels.h - what tests of kernels/lanes.h share.
 */
#ifndef KVANT_TESTS_KERNELS_LANES_LEVELS_H
#define KVANT_TESTS_KERNELS_LANES_LEVELS_H

#include "kernels/lanes.h"
#include "kernels/random.h"

/* Some of it tiny, some of it zero of either sign. */
static inline void fill(float *x, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)random_normal(key, i);
        if (i % 37 == 5) x[i] = i % 2 ? 0.0f : -0.0f;
        if (i % 41 == 7) x[i] *= 1e-30f;
    }
}

/* A loop over the levels that this processor runs, with the lanes of each. */
#define EACH_LEVEL(l, i)                                                                                               \
    const lanes *l;                                                                                                    \
    for (int i = 1; (l = lanes_at(i)); i++)

#endif
