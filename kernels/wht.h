/* wht.h - the fixed rotation of rows: random signs, a Walsh-Hadamard transform, random signs.
 *
 * R x = D(s2) · A/√n · D(s1) · x with s1, s2 fixed signs. R is orthogonal, so inner products survive, and it spreads
 * every input over all outputs: the coordinates of any rotated row are close to N(0, |x|²/n). For n a power of two A is
 * the Sylvester-Hadamard matrix H, in natural order. Otherwise n = m · 2^k with m odd, and A = C ⊗ H of order 2^k, with
 * C the discrete Hartley matrix of order m, C[i][j] = cos(2πij/m) + sin(2πij/m): symmetric, C·C = m·I, and without a
 * zero for odd m, so no padding is needed and every output still depends on every input.
 *
 * Signs: entry i < 128 comes from TurboQuant's published masks (llama-cpp-turboquant), shorter rows use their first n
 * entries; entries from 128 on are the top bits of random_bits(WHT_KEY + 1 or 2, i), 1 for minus. For n = 128 the
 * operations are in the order of that project's CPU reference, and so are the bits of the result.
 *
 * Cost: n log2(2^k) additions and n·m multiplications per row; in place; no allocation.
 *
 *     wht rotation;
 *     wht_init(&rotation, 128);                   once
 *     wht_forward(&rotation, rows, n_rows);       there
 *     wht_inverse(&rotation, rows, n_rows);       and back
 */
#ifndef KVANT_KERNELS_WHT_H
#define KVANT_KERNELS_WHT_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/lanes.h"

enum { WHT_MIN = 16, WHT_MAX = 512, WHT_ODD_MAX = 31 };
#define WHT_KEY 0x6b76616e74000000u

struct wht {
    int n, odd;                 /* n = odd · 2^k */
    float scale;                /* 1/√n */
    float hartley[WHT_ODD_MAX]; /* cos(2πi/m) + sin(2πi/m) */
    float s1[WHT_MAX], s2[WHT_MAX];
    const lanes *lanes; /* for many rows at once; NULL: one by one */
};

/* Even numbers from 16 to 512 whose odd part is at most 31; every multiple of 16 in that range is one. */
bool wht_takes(int n);

/* Prepares the rotation of rows of n values, for this machine's level of kernels/cpu.h, which changes no bit of a
 * result; false, and nothing written, when wht_takes(n) is false. [any thread] */
bool wht_init(wht *w, int n);

/* Replaces the signs of a prepared rotation: s1 and s2 hold n values, 1 or -1. [any thread] */
void wht_set_signs(wht *w, const float *s1, const float *s2);

/* Rotates n_rows rows of n f32 each, row-major, in place. Values up to FLT_MAX/(2n) in magnitude stay finite.
 * [any thread] */
void wht_forward(const wht *w, float *rows, size_t n_rows);

/* The inverse, which is the transpose: D(s1) · A/√n · D(s2). [any thread] */
void wht_inverse(const wht *w, float *rows, size_t n_rows);

#endif
