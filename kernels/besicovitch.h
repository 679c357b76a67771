/* besicovitch.h - quantising a vector in small groups, each as a direction out of few and a magnitude.
 *
 * A vector of n values is cut into n/g groups of g. A group x becomes the index of the line nearest to it and its
 * signed length along that line, i = argmax |<x, d_i>|, alpha = <x, d_i>, x̂ = alpha d_i, with M = 2^direction_bits
 * lines:
 *
 *     g = 2     d_i = (cos(πi/M), sin(πi/M)): half a circle, evenly; the other half is alpha's sign
 *     g >= 3    t = (i+½)/M, z = 1-2t, r = √(1-z²), a = 2πi/φ (φ the golden ratio):
 *               d_i = (|z|, r cos a, r sin a, then 0.1 cos(2πi(k+1)/φ) for coordinates k >= 3), normalised
 *
 * and alpha one of 2^magnitude_bits levels times a scale of the whole vector:
 *
 *     BESI_PUBLISHED  scale max|alpha|, Lloyd-Max levels of N(0, 1), which reach to 2.15 (3 bits) where alpha/scale
 *                     ends at 1: half of the levels are never used. Kept to compare with what was measured that way.
 *     BESI_MENDED     scale rms(alpha), Lloyd-Max levels trained for alpha/rms of Gaussian x
 *     BESI_F16        no levels: every alpha as an f16
 *
 * Error on Gaussian vectors, n = 128, g = 2, mended: 0.0344 at 3 + 3 bits a group, 0.0189 at 3 + 4. What directions
 * alone lose is (1 - sinc(π/M))/2, sinc x = sin x / x.
 *
 * Bytes of one vector, G = n/g: ceil(G·direction_bits/8) of indices, then ceil(G·magnitude_bits/8) of level codes and
 * the scale as f16, or G f16; bits least significant first, what is left of a last byte is zero. The scale is the
 * vector's own: input needs no scaling, and whoever multiplies by a norm of his own keeps that apart.
 *
 *     besi b;                                            20 KiB
 *     besi_init(&b, 2, 3, 4, BESI_MENDED);               once
 *     float too_large = besi_encode(&b, x, 128, bytes);  besi_bytes(&b, 128) of them; 0: fine
 *     bool ok = besi_decode(&b, bytes, 128, y);
 */
#ifndef KVANT_KERNELS_BESICOVITCH_H
#define KVANT_KERNELS_BESICOVITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/lanes.h"
#include "kernels/quantizer.h"

enum {
    BESI_GROUP_MIN = 2,
    BESI_GROUP_MAX = 8,
    BESI_BITS_MAX = 8, /* of direction and of magnitude; both from 1 */
    BESI_LINES_MAX = 1 << BESI_BITS_MAX,
    BESI_N_MAX = 1024, /* values of a vector */
    BESI_GROUPS_MAX = BESI_N_MAX / BESI_GROUP_MIN,
};

typedef enum besi_magnitude { BESI_PUBLISHED, BESI_MENDED, BESI_F16 } besi_magnitude;

struct besi_lines {
    int group, bits, n; /* n = 2^bits lines in `group` coordinates */
    float at[BESI_GROUP_MAX][BESI_LINES_MAX];
    float border[2][BESI_LINES_MAX]; /* group 2: the direction half way from line i to line i+1 */
    float tree[2][BESI_LINES_MAX];   /* these as a search by halves meets them (quantizer_tree) */
    const lanes *lanes;              /* for many groups at once; NULL: one by one */
};

typedef struct besi {
    besi_lines lines;
    besi_magnitude magnitude;
    int magnitude_bits; /* 16 for BESI_F16 */
    quantizer table;
} besi;

/* ---- lines ---- */

/* False for a group or bits outside the limits above. [any thread] */
bool besi_lines_init(besi_lines *l, int group, int bits);

/* The nearest line to a group of finite values and the signed length along it; of two equally near ones the first, to
 * rounding. A group of zeros has line 0 and length 0. alpha may overflow to infinity. [any thread] */
int besi_nearest(const besi_lines *l, const float *x, float *alpha);

/* The same for many groups, one after another. [any thread] */
void besi_nearest_all(const besi_lines *l, const float *x, size_t groups, uint8_t *index, float *alpha);

/* x = alpha times line `index` (below l->n). [any thread] */
void besi_point(const besi_lines *l, int index, float alpha, float *x);

/* The levels for alpha/rms(alpha) of Gaussian groups: 2^bits values, ascending and symmetric. For group 2 the density
 * of alpha, a Rayleigh length times the cosine of an angle uniform up to π/2M, is in closed form; for others the
 * angle's part is measured on 4096 points of a fixed sequence. bits: 1 … BESI_BITS_MAX. About a millisecond. [any
 * thread] */
bool besi_levels(const besi_lines *l, int bits, double *level);

/* ---- vectors ---- */

/* Prepares lines and levels; magnitude_bits is not looked at for BESI_F16. False for values outside the limits.
 * [any thread] */
bool besi_init(besi *b, int group, int direction_bits, int magnitude_bits, besi_magnitude magnitude);

/* Bytes of one vector of n values, a multiple of the group up to BESI_N_MAX (as for all below). */
size_t besi_bytes(const besi *b, size_t n);

/* Of these, what is not codes: the f16 scale and unused bits. */
size_t besi_metadata(const besi *b, size_t n);

/* Writes besi_bytes(b, n) bytes for n finite values. Returns 0, or the scale (the alpha) that does not fit f16: then
 * the bytes are not to be used. A vector whose scale is 0 in f16 gets the bytes of a vector of zeros. [any thread] */
float besi_encode(const besi *b, const float *x, size_t n, uint8_t *bytes);

/* The reverse. False for bytes that besi_encode does not write: a scale (an alpha) that is not finite or a scale that
 * is negative, unused bits that are not 0. Values are finite. [any thread] */
bool besi_decode(const besi *b, const uint8_t *bytes, size_t n, float *x);

/* Are the bits of the last of bitpack_bytes(n, bits) bytes that no code fills zero? [any thread] */
bool besi_rest_is_zero(const uint8_t *bytes, size_t n, int bits);

#endif
