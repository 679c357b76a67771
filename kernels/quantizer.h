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

enum { QUANTIZER_LEVELS = 256, QUANTIZER_COUNTED = 16, QUANTIZER_GRID = 4096, QUANTIZER_CELLS = 32 };

/* A grid so coarse that it fits registers. The cell of v is the last five bits of the f32 v·scale + shift, clamped to
 * 2^23 … 2^23 + 31, where f32 has integers only: adding rounds to the cell. */
typedef struct quantizer_cells {
    bool ok; /* no cell holds two boundaries */
    float scale, shift;
    float boundary[QUANTIZER_CELLS]; /* the one in the cell, or NaN */
    uint32_t below[QUANTIZER_CELLS]; /* boundaries below the cell */
} quantizer_cells;

typedef struct quantizer {
    int n; /* levels */
    float level[QUANTIZER_LEVELS];
    float boundary[QUANTIZER_LEVELS]; /* n-1 of them, then NaN */
    int bits;                         /* of a code: the steps of a search by halves */
    float tree[QUANTIZER_LEVELS];     /* the boundaries as such a search meets them, quantizer_tree */
    quantizer_cells cells;            /* for 5 to QUANTIZER_COUNTED levels */
    float origin, per_unit;           /* grid cell of v: (v - origin) · per_unit, clamped */
    uint8_t below[QUANTIZER_GRID];    /* boundaries below a cell */
} quantizer;

/* n levels and n-1 boundaries between them, finite and strictly ascending. n: 2 … QUANTIZER_LEVELS. False when two
 * boundaries are closer than 1/4000 of their range and n > QUANTIZER_COUNTED. [any thread] */
bool quantizer_init(quantizer *q, const float *level, const float *boundary, int n);

/* The 2^bits - 1 boundaries as a tree: after s steps have found k, the next one asks for tree[2^s + k], and k becomes
 * 2k or, at or above it, 2k+1. tree has 2^bits entries, the first unused. [any thread] */
void quantizer_tree(const float *boundary, int bits, float *tree);

/* codes[i] = number of boundaries <= values[i]; values are not NaN. [any thread] */
void quantizer_codes(const quantizer *q, const float *values, size_t n, uint8_t *codes);

/* values[i] = level[codes[i]]; codes below n. [any thread] */
void quantizer_values(const quantizer *q, const uint8_t *codes, size_t n, float *values);

#endif
