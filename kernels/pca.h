/* pca.h - the directions in which the rows of a block vary most, exactly or by a randomised sketch.
 *
 * For weighted rows x_i:  mean = Σ w_i x_i / Σ w_i,  S = Σ w_i (x_i - mean)(x_i - mean)' / Σ w_i.  The exact way forms
 * S and diagonalises it. The sketch (Halko, Martinsson, Tropp 2011, randomised subspace iteration) never forms it: with
 * A the rows √w_i (x_i - mean) and Ω Gaussian, Z = orth(A'Ω), then `power` times Y = orth(A Z), Z = orth(A'Y), and the
 * directions are those of A within the span of Z. Without the orthogonalisations every column of Z would turn to the
 * first direction, and faster the wider the singular values are spread.
 *
 *     pca_input in = { rows, NULL, 512, 128 };
 *     pca_mean(&in, mean);
 *     pca_exact(&in, mean, work, values, vectors, NULL);    values descending, vectors as rows
 *     size_t rank = pca_rank(values, 128, 0.95);        as many as hold 95 % of the variance
 *     pca_project(rows, 512, 128, mean32, basis32, rank, z, space, NULL);
 *     pca_restore(z, 512, rank, mean32, basis32, 128, rows);
 *
 * Sums are in f64 and in a fixed order, whatever the SIMD level and the threads: these (NULL: none) share tiles of a
 * result, not parts of a sum. Memory is the caller's. [any thread]
 */
#ifndef KVANT_KERNELS_PCA_H
#define KVANT_KERNELS_PCA_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/fan.h"

enum { PCA_PAD = 64 }; /* floats behind a matrix that pca_restore reads, and of a strip in pca_project_space */

typedef struct pca_input {
    const float *rows;    /* n x dim, finite */
    const float *weights; /* n, positive; NULL: 1 for all */
    size_t n, dim;        /* both at least 1 */
} pca_input;

/* dim values. */
void pca_mean(const pca_input *in, double *mean);

/* The trace of S: Σ w_i |x_i - mean|² / Σ w_i. */
double pca_variance(const pca_input *in, const double *mean);

/* dim eigenvalues of S, descending, and as many unit eigenvectors, the rows of vectors (dim x dim), each with a
 * positive largest component. work: dim·dim doubles. False when memory is short or the iteration does not
 * end. */
bool pca_exact(const pca_input *in, const double *mean, double *work, double *values, double *vectors,
               const fan *threads);

/* The columns a sketch for `rank` directions can have: rank + oversample, but no more than n or dim. */
size_t pca_sketch_width(const pca_input *in, size_t rank, size_t oversample);

/* Doubles of work for pca_sketch. */
size_t pca_sketch_work(const pca_input *in, size_t width);

/* The same from a sketch: `width` values and vectors (width x dim). omega: n x width standard normals, row-major; it is
 * overwritten. Values are never above the exact ones of the same index. */
bool pca_sketch(const pca_input *in, const double *mean, size_t width, int power, double *omega, double *work,
                double *values, double *vectors, const fan *threads);

/* The least m >= 1 with the first m of n values holding `share` (clamped to 0 … 1) of their sum, negative ones counted
 * as 0; n when share >= 1, however small the last ones are. */
size_t pca_rank(const double *values, size_t n, double share);

/* Floats of space for pca_project. */
size_t pca_project_space(size_t n_rows, size_t dim);

/* z (n_rows x rank) = (x - mean) U' for the rows of U (rank x dim) in basis. f32, over the columns ascending. */
void pca_project(const float *rows, size_t n_rows, size_t dim, const float *mean, const float *basis, size_t rank,
                 float *z, float *space, const fan *threads);

/* rows (n_rows x dim) = mean + z U. PCA_PAD floats behind basis must be readable. */
void pca_restore(const float *z, size_t n_rows, size_t rank, const float *mean, const float *basis, size_t dim,
                 float *rows);

#endif
