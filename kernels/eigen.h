/* eigen.h - eigenvalues and eigenvectors of a symmetric matrix.
 *
 * Householder reflections make it tridiagonal, Wilkinson's implicit QL iteration diagonal (Bowdler, Martin, Reinsch,
 * Wilkinson 1968). The reflections and rotations are kept and then applied to the vectors, a block of columns at a
 * time: nearly all of the work, out of the first-level cache, and one block knows nothing of the others. About 6 n³
 * products; the result is the same, to the last bit, on every SIMD level and for every fan.
 */
#ifndef KVANT_KERNELS_EIGEN_H
#define KVANT_KERNELS_EIGEN_H

#include <stdbool.h>

#include "kernels/fan.h"

/* Eigenvalues, descending, and unit eigenvectors as the rows of vectors (n x n) of a symmetric n x n matrix, of which
 * the lower triangle is read. The largest component of each vector, the first of equals, is positive. Errors are some
 * 1e-16 of the largest eigenvalue. n: 1 … 4096; vectors may be the matrix itself. False when memory is short, the
 * iteration does not end, or an entry is not finite. [any thread] */
bool eigen_symmetric(const double *symmetric, size_t n, double *values, double *vectors, const fan *threads);

#endif
