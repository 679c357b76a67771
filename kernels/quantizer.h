/* quantizer.h - the code of each value against a sorted table of levels.
 *
 * The code of v is the number of boundaries b with v >= b: a value equal to a boundary goes up. Up to 16 levels the
 * boundaries are simply counted, without a branch, which compilers turn into vector compares. Above that a uniform grid
 * says how many boundaries lie below a value's grid cell, and one compare settles the cell itself; the grid is fine
 * enough that no cell holds two boundaries. Both give the same codes as a search.
 *
 *     quantizer q;
 *     quantizer_init(&q, level, boundary, 16);
 *     quantizer_codes(&q, row, 128, codes);
 *     quantizer_values(&q, codes, 128, row);
 */
#ifndef KVANT_KERNELS_QUANTIZER_H
#define KVANT_KERNELS_QUANTIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUANTIZER_LEVELS = 256, QUANTIZER_COUNTED = 16, QUANTIZER_GRID = 4096 };

typedef struct quantizer {
    int n; /* levels */
    float level[QUANTIZER_LEVELS];
    float boundary[QUANTIZER_LEVELS]; /* n-1 of them, then NaN */
    float origin, per_unit;           /* grid cell of v: (v - origin) · per_unit, clamped */
    uint8_t below[QUANTIZER_GRID];    /* boundaries below a cell */
} quantizer;

/* n levels and n-1 boundaries between them, finite and strictly ascending. n: 2 … QUANTIZER_LEVELS. False when two
 * boundaries are closer than 1/4000 of their range and n > QUANTIZER_COUNTED. [any thread] */
bool quantizer_init(quantizer *q, const float *level, const float *boundary, int n);

/* codes[i] = number of boundaries <= values[i]; values are not NaN. [any thread] */
void quantizer_codes(const quantizer *q, const float *values, size_t n, uint8_t *codes);

/* values[i] = level[codes[i]]; codes below n. [any thread] */
void quantizer_values(const quantizer *q, const uint8_t *codes, size_t n, float *values);

#endif
