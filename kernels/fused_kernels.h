/* fused_kernels.h - the inner loops of fused.h, a table of them for each level. Used by kernels/fused*.c alone.
 *
 * They see whole pieces of 16 values: `groups` groups of `pieces` pieces in each of n rows, row r at rows + r*stride.
 * Queries and sums are in the domain of the row, one after another at distances of ld. Each returns whether all it met
 * may have come from an encoder, as far as it looked: a scale that is no number it hands on to the results.
 */
#ifndef KVANT_KERNELS_FUSED_KERNELS_H
#define KVANT_KERNELS_FUSED_KERNELS_H

#include "kernels/fused.h"

typedef struct fused_part {
    const uint8_t *rows;
    size_t stride, groups, pieces;
} fused_part;

/* out[i*FUSED_ROWS + r]: scores of n <= FUSED_ROWS rows with a number of queries that the function's place says. */
typedef bool fused_scores_kernel(const fused *f, const fused_part *p, size_t n, const float *q, size_t ld, float *out);

/* sums[i*ld ...] += the rows that `list` names, with weights[i*ld_weights + row]. */
typedef bool fused_mix_kernel(const fused *f, const fused_part *p, const uint16_t *list, size_t n, const float *weights,
                              size_t ld_weights, float *sums, size_t ld);

/* The values of the rows that `list` names, row r's at out + r*groups*pieces*FUSED_LANES. */
typedef bool fused_unpack_kernel(const fused *f, const fused_part *p, const uint16_t *list, size_t n, float *out);

typedef struct fused_kernels {
    size_t queries_most;                      /* of a call: 1 ... 4, or so many */
    fused_unpack_kernel *unpack[FUSED_KINDS]; /* where it is faster to unpack rows first; else NULL */
    fused_scores_kernel *scores[FUSED_KINDS + 1][FUSED_QUERIES];
    fused_mix_kernel *mix[FUSED_KINDS + 1][FUSED_QUERIES];
} fused_kernels;

#endif
