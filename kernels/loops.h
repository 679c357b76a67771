/* loops.h - loops in which no value waits for another, once per instruction set.
 *
 * One source, compiled for each level of kernels/cpu.h: products and sums are rounded one by one and every sum has one
 * order, so all levels give the same bits.
 *
 *     const loops *l = loops_best();
 *     l->add_outer(moment, q, 128);
 */
#ifndef KVANT_KERNELS_LOOPS_H
#define KVANT_KERNELS_LOOPS_H

#include <stddef.h>

typedef struct loops {
    /* Turns pairs of values by (cos, sin) pairs, half of them: neighbours, or i and half + i. */
    void (*turn_neighbours)(float *row, const float *cos_sin, size_t half);
    void (*turn_halves)(float *row, const float *cos_sin, size_t half);

    /* m += x x' in the lower triangle of m (n x n). */
    void (*add_outer)(double *m, const float *x, size_t n);

    /* The same for four rows of n, one after the other: m += (a a' + b b') + (c c' + d d'). */
    void (*add_outer_four)(double *m, const double *rows, size_t n);

    /* *error += Σ (a-b)², *total += Σ a², each in eight sums of every eighth value, which are then added in pairs. */
    void (*add_squares)(const float *a, const float *b, size_t n, double *error, double *total);

    /* With v = x_j w_j for the n values of each line: sum[i] = Σ v and squares[i] = Σ v², each in four sums of every
     * fourth value, which are then added in pairs. */
    void (*line_moments)(const float *m, size_t lines, size_t n, const double *w, double *sum, double *squares);

    /* sum_j += v and squares_j += v² with v = x_j by. */
    void (*add_moments)(const float *x, double by, size_t n, double *sum, double *squares);
} loops;

/* The fastest level this processor runs, or the one that KVANT_SIMD names. Ask once. */
const loops *loops_best(void);

/* For a level of kernels/cpu.h that this processor runs. */
const loops *loops_at(int level);

#endif
