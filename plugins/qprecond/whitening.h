/* whitening.h - rows seen through the Cholesky factor of a second moment.
 *
 * For S = M + ridge · mean(diag M) · I = L L', a row k becomes k L: the squared error of k L is (k - k̂) S (k - k̂)',
 * that of the inner products with vectors whose second moment is S. Rows are on the left: (k L)_j is the sum
 * over i ≥ j of k_i L_ij. The factor's entries are f32 values, so that a decoder that reads them has the same factor;
 * sums are f64 in a fixed order. n²/2 multiplications a row each way.
 */
#ifndef KVANT_PLUGINS_QPRECOND_WHITENING_H
#define KVANT_PLUGINS_QPRECOND_WHITENING_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/fan.h"

enum { WHITENING_MAX = 512 };

/* S of a moment (n x n, of which both triangles are averaged). */
void whitening_moment(const float *moment, size_t n, double ridge, double *s);

/* Writes L (n x n, row-major, zeros above the diagonal) for S. False when S is not positive definite. A moment of f32
 * has a factor whose entries f32 holds. */
bool whitening_factor(const double *s, size_t n, double *l);

/* In place, n_rows of n values; `heads` factors follow each other and row r takes that of r % heads. A value may come
 * out infinite, or, of unwhiten, NaN. */
void whitening_apply(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows, const fan *threads);
void whitening_undo(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows, const fan *threads);

#endif
