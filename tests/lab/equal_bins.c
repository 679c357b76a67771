/* polar with a table that was once shipped as Lloyd-Max: the means of 2^bits equally probable cells, which is where
 * Lloyd's iteration begins. At 4 bits it leaves 2.1 times the error. For the test that `kvant paper` notices. */
#include <math.h>

#include "kernels/sphere.h"

/* The value that N(0, 1) stays below with this probability. */
static double quantile(double probability)
{
    double low = -10, high = 10;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        *(0.5 * erfc(-middle / sqrt(2)) < probability ? &low : &high) = middle;
    }
    return low;
}

static double bell(double y)
{
    return exp(-0.5 * y * y) * 0.39894228040143268;
}

static bool equal_bins(sphere *s, size_t n, int bits)
{
    float level[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS];
    const int levels = 1 << bits;
    for (int i = 0; i < levels; i++)
        level[i] = (float)(levels * (bell(quantile((double)i / levels)) - bell(quantile((i + 1.0) / levels))) /
                           sqrt((double)n));
    for (int i = 0; i + 1 < levels; i++)
        boundary[i] = 0.5f * (level[i] + level[i + 1]);
    return sphere_init(s, n, bits) && quantizer_init(&s->table, level, boundary, levels);
}

#define sphere_init equal_bins
#include "plugins/polar/polar.c"
