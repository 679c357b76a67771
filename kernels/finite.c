#include "kernels/finite.h"

#include <float.h>
#include <math.h>

size_t finite_scan(const float *values, size_t n)
{
    return finite_scan_within(values, n, FLT_MAX);
}

size_t finite_scan_within(const float *values, size_t n, float limit)
{
    enum { PIECE = 256 };
    size_t at = 0;
    for (; at < n; at += PIECE) { /* a piece at a time without a branch inside, so that it vectorises */
        const size_t m = n - at < PIECE ? n - at : PIECE;
        int outside = 0;
        for (size_t i = 0; i < m; i++)
            outside |= !(fabsf(values[at + i]) <= limit);
        if (outside) break;
    }
    while (at < n && fabsf(values[at]) <= limit)
        at++;
    return at < n ? at : n;
}
