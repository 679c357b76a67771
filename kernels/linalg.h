/* linalg.h - dense linear algebra on small matrices.
 *
 * Row-major f64. Matrices are those of one head: a side is at most a few hundred. Products are summed here, over k
 * ascending, and do not depend on which BLAS is installed; the factorisations are LAPACK's, whose last bits may differ
 * between implementations but not between runs or threads of ours. Signs are fixed (see each function), so that equal
 * input gives equal bytes. Eigenvectors: kernels/eigen.h.
 *
 * All return false when an iteration does not converge, a matrix is not what it must be, or memory is short; outputs
 * are then undefined. Inputs must be finite. [any thread]
 */
#ifndef KVANT_KERNELS_LINALG_H
#define KVANT_KERNELS_LINALG_H

#include <stdbool.h>
#include <stddef.h>

/* c (m x n) = a' b for a (k x m), b (k x n). */
void linalg_multiply_transposed(const double *a, const double *b, double *c, size_t m, size_t k, size_t n);

/* Replaces a (m x n, m >= n) by an orthonormal basis of its columns (m x n). The triangular factor has a positive
 * diagonal. Where a has not full rank the basis is filled up with directions orthogonal to the others. */
bool linalg_orthonormal(double *a, size_t m, size_t n);

/* The lower triangle L with L L' = a, for a symmetric and positive definite (its lower triangle is read); zeros above
 * the diagonal. May be in place. False when a is not positive definite. */
bool linalg_cholesky(const double *a, size_t n, double *l);

#endif
