/* lloyd.h - Lloyd-Max quantisers: the levels with the least mean squared error for a known density.
 *
 * Two densities: a coordinate of a uniform point on the unit sphere in d dimensions,
 *     f(t) = Γ(d/2) / (√π Γ((d-1)/2)) · (1-t²)^((d-3)/2),  variance 1/d,
 * which is what a coordinate of a rotated unit row follows (TurboQuant, arXiv 2504.19874), and N(0, 1). Both are
 * symmetric and log-concave, so the optimum is unique (Fleischer 1964): level = mean of its cell, boundary = midpoint.
 * The levels start from the high-rate point density f^(1/3) and are brought to the optimum by Newton steps on the
 * tridiagonal system, a plain Lloyd step where Newton would leave the order; integrals in f64 by Gauss-Legendre panels.
 * About a millisecond for 256 levels.
 *
 *     double level[16];
 *     lloyd_max(128, 4, level);      -0.2377 … 0.2377
 */
#ifndef KVANT_KERNELS_LLOYD_H
#define KVANT_KERNELS_LLOYD_H

#include <stdbool.h>

enum {
    LLOYD_NORMAL = 0,  /* for `dim`: N(0, 1) instead of a sphere */
    LLOYD_DIM_MIN = 3, /* d = 3: uniform on [-1, 1] */
    LLOYD_DIM_MAX = 65536,
    LLOYD_BITS_MAX = 8,
    LLOYD_ANGLE_MAX = 4096,
};

/* Writes the 2^bits levels, ascending and exactly symmetric. dim: LLOYD_NORMAL or LLOYD_DIM_MIN … LLOYD_DIM_MAX;
 * bits: 1 … LLOYD_BITS_MAX; false for others. On return every level is its cell's mean to 1e-12 standard deviations;
 * false also when that was not reached. [any thread] */
bool lloyd_max(int dim, int bits, double *level);

/* The same for the angle θ in [0, π/2] between two radii, each the length of m independent N(0, 1): density
 *     f(θ) = Γ(m) / (2^(m-2) Γ(m/2)²) · sin(2θ)^(m-1),
 * which concentrates at π/4 as m grows (PolarQuant, arXiv 2502.02617). Levels are symmetric about π/4. m: 1 …
 * LLOYD_ANGLE_MAX, m = 1: uniform. [any thread] */
bool lloyd_angle(int m, int bits, double *level);

/* The 2^bits - 1 midpoints between levels. */
void lloyd_boundaries(const double *level, int bits, double *boundary);

/* E(t - nearest level)² in units of the density's variance, by the same integrals, for any ascending symmetric levels.
 * For the sphere this is E|x - x̂|² of a unit row. Arguments as for lloyd_max. [any thread] */
double lloyd_distortion(int dim, int bits, const double *level);

/* The mean of the density over the cell (low, high), 0 <= low < high; infinity is fine for high. [any thread] */
double lloyd_cell_mean(int dim, double low, double high);

#endif
