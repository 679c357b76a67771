/* lattice.h - nearest points of Z^8, D4 and E8 inside a box, and points as numbers.
 *
 * D4: integer vectors of 4 with an even sum. E8: integer vectors of 8 with an even sum, and the same moved by ½ in
 * every coordinate. The box is [-Q, Q] in each coordinate, so for the moved half of E8 it ends at ±(Q-½): every point
 * here is a point of its lattice. A block's nearest point is exact, also where the box cuts: in each coset the nearest
 * integers inside the box, and where their sum is odd the one change of a coordinate by 1 that costs least (Conway and
 * Sloane 1982, with the box as a constraint of its own); of E8's two cosets the nearer, the integer one when they are
 * equal. Without the box the mean squared error per coordinate and unit volume is 0.083333 (Z), 0.076603 (D4), 0.071682
 * (E8).
 *
 * Points are written as twice their coordinates. A point's number: its coordinates plus Q (less ½ when moved) are the
 * digits of an integer N in base 2Q+1 (moved: 2Q), first coordinate first. Z: N. D4 and E8: N/2, rounded down, since
 * the even sum gives the lost bit back. For E8 then, `dense`: moved points are counted on after the others; else the
 * number is doubled and 1 added for moved ones. Values and bits of a number:
 *     Z         (2Q+1)^8                   ceil(8 log2(2Q+1))
 *     D4        ((2Q+1)^4 + 1)/2           ceil(4 log2(2Q+1) - 1)
 *     E8        (2Q+1)^8 + 1               ceil(8 log2(2Q+1))
 *     E8 dense  ((2Q+1)^8 + 1 + (2Q)^8)/2  a bit less for 17 of all Q, among them 1 … 4, 7, 10 … 13
 * Numbers of a row stand one after another, least significant bit first, without gaps. They need up to 72 bits and are
 * put together in 128.
 */
#ifndef KVANT_KERNELS_LATTICE_H
#define KVANT_KERNELS_LATTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/lanes.h"

typedef enum lattice_kind { LATTICE_Z, LATTICE_D4, LATTICE_E8 } lattice_kind;

enum { LATTICE_N_MAX = 8, LATTICE_Q_MAX = 255 };

struct lattice {
    lattice_kind kind;
    int n, q; /* coordinates of a block; the box */
    bool dense;
    int bits;           /* of a point's number */
    uint64_t half[2];   /* (2Q+1)^(n/2), (2Q)^(n/2): half of the digits of a number */
    const lanes *lanes; /* for many steps at once; NULL: one by one */
};

/* False for q outside 1 … LATTICE_Q_MAX. dense: of E8 alone. [any thread] */
bool lattice_init(lattice *l, lattice_kind kind, int q, bool dense);

/* The nearest point in the box to v[n], |v| up to 1e6, as twice its coordinates. Returns the squared distance.
 * [any thread] */
float lattice_nearest(const lattice *l, const float *v, int16_t *twice);

/* For each of n_steps numbers p: the points w nearest to the blocks of p·unit[dim], as along = Σ <unit, w> and square =
 * Σ |w|², which say how well a step of 1/p does. dim: a multiple of n. [any thread] */
void lattice_steps(const lattice *l, const float *unit, size_t dim, const float *per_step, size_t n_steps,
                   double *along, double *square);

/* Writes the numbers of n_blocks points (n values each) to (n_blocks · bits + 7)/8 bytes; bits left over are 0.
 * [any thread] */
void lattice_put(const lattice *l, const int16_t *twice, size_t n_blocks, uint8_t *bytes);

/* The reverse; false when a number belongs to no point, or a bit left over is not 0. [any thread] */
bool lattice_get(const lattice *l, const uint8_t *bytes, size_t n_blocks, int16_t *twice);

/* (n_blocks · bits + 7)/8. */
size_t lattice_bytes(const lattice *l, size_t n_blocks);

#endif
