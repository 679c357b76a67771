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

/* A rotation turns planes of two coordinates, so a block of R M R' comes from one block of M by the angles of two
 * planes; what the sum over distances makes of them does not depend on M, and serves every head of a layer.
 *
 *     query_turn turns[64 * 64];                             query_planes(128) squared
 *     for (size_t p = 0; p < 64; p++) query_turns(rope, 128, 1024, 0, p, turns + p * 64);
 *     query_moment_met(rope, turns, plain, 128, met);
 */
typedef struct query_turn {
    double cos_cos, cos_sin, sin_cos, sin_sin; /* weighted means over distances, of the two planes' angles */
} query_turn;

static inline size_t query_planes(size_t dim)
{
    return (dim + 1) / 2; /* the last may be one coordinate that is not turned */
}

/* The turns of plane p with all query_planes(dim). rope: ready for `positions` positions. window: positions a query
 * sees, 0 for all. O(positions · dim). [any thread] */
void query_turns(const rope_table *rope, size_t dim, size_t positions, size_t window, size_t p, query_turn *turns);

/* Writes the moment that keys meet into met (dim x dim), from the lower triangle of plain (dim x dim) and the turns of
 * all planes. O(dim²). [any thread] */
void query_moment_met(const rope_table *rope, const query_turn *turns, const double *plain, size_t dim, double *met);

#endif
