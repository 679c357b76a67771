/* haar.h - a random rotation: an orthogonal matrix drawn uniformly from all of them (the Haar measure).
 *
 * The orthonormal factor of a matrix of independent N(0, 1), with the triangular factor's diagonal made positive: only
 * then is the law uniform (Mezzadri, "How to generate random matrices from the classical compact groups", 2007). Row i,
 * column j of the Gaussian matrix is random_normal(seed, i·n + j), so the seed says it all.
 *
 *     double *turn = ...;                  n·n
 *     haar_matrix(128, 7, turn);           y = turn x: y[i] = Σ turn[i·n + j] x[j]
 */
#ifndef KVANT_KERNELS_HAAR_H
#define KVANT_KERNELS_HAAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes an n x n orthogonal matrix, row-major; 4n³/3 multiplications. False when memory is short. [any thread] */
bool haar_matrix(size_t n, uint64_t seed, double *out);

#endif
