/* scalar.h - exact distortions of scalar quantisers: closed forms and integrals of their own.
 *
 * What `kvant paper` holds a codec against must not come from the code the codec uses: nothing here calls kernels/.
 * Distortions are E(y - ŷ)² for E y² = 1. `dim` names the density of y: 0 for N(0, 1), else √dim times a coordinate of
 * a uniform point on the unit sphere in dim dimensions, dim even, 4 or more.
 *
 *     scalar_optimum(128, 3, NULL);        0.033966
 */
#ifndef KVANT_APP_PAPER_SCALAR_H
#define KVANT_APP_PAPER_SCALAR_H

#include <stddef.h>

/* The best quantiser of 2^bits levels, bits 1 … 8, by Max's recursion (1960): the innermost level determines the next
 * boundary, that the next level, and so on; the innermost is sought for which the outermost is its cell's mean. The
 * entropy of its codes, in bits, goes to *entropy unless that is NULL. */
double scalar_optimum(int dim, int bits, double *entropy);

/* E(|x - x̂|²) of a unit row in dim dimensions whose best levels are stretched, row by row, to <x, x̂> = 1: D/(1-D) and
 * the term in 1/dim, from the variances of <y, c> and |c|² at fixed |y|. */
double scalar_unbiased(int dim, int bits);

/* A uniform quantiser of N(0, 1) without end, a cell of width `step` around 0, levels the cells' means: what it leaves,
 * and the entropy of its codes in bits. */
double scalar_uniform(double step, double *entropy);

/* The same at the step whose entropy is `rate` bits: entropy-coded scalar quantisation (Gish and Pierce 1968). */
double scalar_entropy_coded(double rate);

/* N(0, 1) against n fixed levels, ascending. */
double scalar_levels(const double *level, size_t n);

/* n independent N(0, 1) against k levels, ascending, times a scale that follows from the largest magnitude. That value
 * itself stands at the low end: its sign is the table's to choose. */
double scalar_absmax(int n, const double *level, size_t k, double (*scale)(double largest, const void *arg),
                     const void *arg);

/* n independent N(0, 1) against k levels evenly spaced from the least to the largest of them. */
double scalar_minmax(int n, int k);

/* P(|y| > t), t >= 0. */
double scalar_beyond(int dim, double t);

/* E(max |y_i|)² of n independent N(0, 1). */
double scalar_largest_square(int n);

#endif
