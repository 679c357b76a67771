/* lanes_lattice.h - nearest points of kernels/lattice.c with a step in each lane; part of lanes_body.h. */
#include "kernels/lattice.h"

INNER vf where(vu mask, vf x, vf y)
{
    return (vf)(((vu)x & mask) | ((vu)y & ~mask));
}

/* Where a lane's sum is odd: the one change that costs least, of equal ones the first. Adds its cost to the distance.
 */
INNER void mend_parities(const vf *v, int n, vf low, vf high, vu odd, vf *f, vf *distance)
{
    vf least = { 0 }, moved = { 0 }, at = { 0 };
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) {
        const vf off = v[i] - f[i], up = where_more(all(0.0f), off, all(-1.0f), all(1.0f)), there = f[i] + up;
        const vf step = where_more(there, high, -up, where_more(low, there, -up, up));
        const vf cost = 1.0f - 2.0f * off * step, to = f[i] + step;
        moved = i == 0 ? to : where_more(least, cost, to, moved);
        at = i == 0 ? at : where_more(least, cost, all((float)i), at);
        least = i == 0 ? cost : where_more(least, cost, cost, least);
    }
#pragma GCC unroll 8
    for (int i = 0; i < n; i++)
        f[i] = where((vu)(at == (float)i) & odd, moved, f[i]);
    *distance = where(odd, *distance + least, *distance);
}

/* The nearest integers between low and high, their sums even if that is asked for; the squared distances. */
INNER vf nearest_integers(const vf *v, int n, vf low, vf high, bool even, vf *f)
{
    const vf shift = all(12582912.0f);
    vf distance = { 0 };
    vi sum = { 0 };
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) {
        f[i] = smaller(larger(v[i], low), high) + shift - shift;
        distance += (v[i] - f[i]) * (v[i] - f[i]);
        sum += __builtin_convertvector(f[i], vi);
    }
    if (even) mend_parities(v, n, low, high, (vu)((sum & 1) != 0), f, &distance);
    return distance;
}

INNER void nearest_points(lattice_kind kind, const vf *v, float q, vf *f)
{
    const int n = kind == LATTICE_D4 ? 4 : 8;
    const vf distance = nearest_integers(v, n, all(-q), all(q), kind != LATTICE_Z, f);
    if (kind != LATTICE_E8) return;
    vf moved[8], g[8];
    for (int i = 0; i < 8; i++)
        moved[i] = v[i] - 0.5f;
    const vf other = nearest_integers(moved, 8, all(-q), all(q - 1.0f), true, g);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        f[i] = where_more(distance, other, g[i] + 0.5f, f[i]);
}

/* Sums run over the row in f64, as those of one step do. */
INNER void try_kind(lattice_kind kind, float q, const float *unit, size_t dim, vf per_step, double *along,
                    double *square)
{
    const size_t n = kind == LATTICE_D4 ? 4 : 8;
    vd a[2] = { { 0 } }, s[2] = { { 0 } };
    for (size_t at = 0; at < dim; at += n) {
        vf v[8], f[8];
        for (size_t i = 0; i < n; i++)
            v[i] = unit[at + i] * per_step;
        nearest_points(kind, v, q, f);
        for (size_t i = 0; i < n; i++) {
            float lanes_of[N];
            store_f(lanes_of, f[i]);
            for (size_t h = 0; h < 2; h++) {
                const vd p = widen(lanes_of + h * HALF);
                a[h] += p * (double)unit[at + i];
                s[h] += p * p;
            }
        }
    }
    for (size_t h = 0; h < 2; h++) {
        store_d(along + h * HALF, a[h]);
        store_d(square + h * HALF, s[h]);
    }
}

static void try_steps(const lattice *l, const float *unit, size_t dim, const float *per_step, double *along,
                      double *square)
{
    const vf steps = load_f(per_step);
    const float q = (float)l->q;
    if (l->kind == LATTICE_Z)
        try_kind(LATTICE_Z, q, unit, dim, steps, along, square);
    else if (l->kind == LATTICE_D4)
        try_kind(LATTICE_D4, q, unit, dim, steps, along, square);
    else
        try_kind(LATTICE_E8, q, unit, dim, steps, along, square);
}
