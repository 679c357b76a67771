/* finite.h - the first value of an array that is not a number, or too large to work with. */
#ifndef KVANT_KERNELS_FINITE_H
#define KVANT_KERNELS_FINITE_H

#include <stddef.h>

/* The index of the first NaN or infinity, or n. [any thread] */
size_t finite_scan(const float *values, size_t n);

/* The index of the first value whose magnitude is above limit, or that is NaN; or n. [any thread] */
size_t finite_scan_within(const float *values, size_t n, float limit);

#endif
