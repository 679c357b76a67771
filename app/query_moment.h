/* query_moment.h - the second moment of queries as keys before RoPE meet them.
 *
 * A key at position i and a query at position j >= i meet at the angle of their distance: <R_j q, R_i k> =
 * <R_(j-i) q, k>. So what a key before RoPE meets is not q q' but R q q' R', averaged over all pairs of positions of a
 * sequence. With the same moment M at every position that is the sum over distances d of (T - d) R_d M R_d', divided by
 * T (T + 1)/2; where queries see a window of W positions only, distances end at W - 1, and so do the pairs counted.
 */
#ifndef KVANT_APP_QUERY_MOMENT_H
#define KVANT_APP_QUERY_MOMENT_H

#include <stddef.h>

#include "kernels/rope.h"

/* Writes the moment that keys meet into met (dim x dim), from the lower triangle of plain (dim x dim). rope: ready for
 * `positions` positions. window: positions a query sees, 0 for all. scratch: dim x dim floats. O(positions · dim²).
 * [any thread] */
void query_moment_met(const rope_table *rope, const double *plain, size_t dim, size_t positions, size_t window,
                      float *scratch, double *met);

#endif
