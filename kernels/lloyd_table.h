/* lloyd_table.h - Lloyd-Max levels for a symmetric density that is given as a table.
 *
 * What lloyd.h does for two densities in closed form, for any other: a histogram of |t|, measured or integrated, whose
 * cells are taken as uniform. The levels start from the high-rate point density f^(1/3) and take plain Lloyd steps
 * (level = mean of its cell, boundary = midpoint), until none moves by 1e-9 of the largest or 1000 steps are done; by
 * then the error is within 5e-4 of the optimum. Cost: steps · 2^(bits-1) · log2(n).
 *
 *     double edge[N + 1], mass[N], work[2 * (N + 1)], level[16];
 *     lloyd_table(edge, mass, N, 4, work, level);
 */
#ifndef KVANT_KERNELS_LLOYD_TABLE_H
#define KVANT_KERNELS_LLOYD_TABLE_H

#include <stdbool.h>

enum { LLOYD_TABLE_BITS_MAX = 8 };

/* Writes the 2^bits levels, strictly ascending and exactly symmetric. Cell i of the positive half lies between edge[i]
 * and edge[i+1] (0 <= edge[0], strictly ascending, n + 1 of them) and holds mass[i] >= 0. bits: 1 …
 * LLOYD_TABLE_BITS_MAX; work: 2(n + 1) values of scratch. False when all mass is zero. [any thread] */
bool lloyd_table(const double *edge, const double *mass, int n, int bits, double *work, double *level);

#endif
