/* noise.h - rows for tests. Include it behind cmocka.h. */
#ifndef KVANT_TESTS_APP_NOISE_H
#define KVANT_TESTS_APP_NOISE_H

#include <math.h>
#include <stdlib.h>

#include "kernels/random.h"

/* n values of N(0, scale^2), the same for the same key; the caller frees them. */
static inline float *noise(size_t n, uint64_t key, double scale)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * random_normal(key, i));
    return x;
}

/* Equal but for a part of b. */
static inline void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * fmax(1e-300, fabs(b)))) fail_msg("%.12g is not %.12g", a, b);
}

#endif
