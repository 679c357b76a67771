/* sphere.h - one row as a length, a rotation and the Lloyd-Max codes of a point on the sphere.
 *
 * n = |x|; y = R x/n with the rotation of kernels/wht.h; codes against the Lloyd-Max levels for a coordinate of a
 * uniform point on the sphere of this dimension (kernels/lloyd.h); x̂ = s · R⁻¹ c, where c are the chosen levels. This
 * is TurboQuant_mse (arXiv 2504.19874) with a choice of s as in EDEN (arXiv 2108.08842).
 *
 * In bytes: s as f16, then the codes, packed as in kernels/bitpack.h.
 *
 *     sphere s;
 *     sphere_init(&s, 128, 3);
 *     sphere_encode(&s, SPHERE_NORM, row, bytes);      sphere_bytes(128, 3) bytes
 *     sphere_decode(&s, bytes, row);
 */
#ifndef KVANT_KERNELS_SPHERE_H
#define KVANT_KERNELS_SPHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/bitpack.h"
#include "kernels/quantizer.h"
#include "kernels/wht.h"

enum {
    SPHERE_PLAIN,    /* s = n: the codebook's own optimum on average */
    SPHERE_NORM,     /* |x̂| = |x| */
    SPHERE_MSE,      /* least |x - x̂| */
    SPHERE_UNBIASED, /* <x, x̂> = |x|² */
};

enum { SPHERE_SCALE_BYTES = 2 };

typedef struct sphere {
    size_t n;
    int bits;
    wht rotation;
    quantizer table;
} sphere;

/* n: what wht_takes and a multiple of 4; bits: 1 … 8. False for others. [any thread] */
bool sphere_init(sphere *s, size_t n, int bits);

static inline size_t sphere_bytes(size_t n, int bits)
{
    return SPHERE_SCALE_BYTES + bitpack_bytes(n, bits);
}

/* Writes sphere_bytes bytes for a row of finite values. Rows too small for an f16 scale give the bytes of a row of
 * zeros. Returns 0, or, when f16 cannot hold the scale, that scale; the bytes are then undefined. [any thread] */
double sphere_encode(const sphere *s, int scale, const float *row, uint8_t *out);

/* False when the scale is not finite or has a sign: no encode writes that. [any thread] */
bool sphere_decode(const sphere *s, const uint8_t *in, float *row);

/* The same for n_rows rows and their bytes, one after another; faster than one by one. Returns n_rows, or the first row
 * that sphere_encode or sphere_decode would refuse; of it, and of what follows it, bytes or values are undefined. [any
 * thread] */
size_t sphere_encode_rows(const sphere *s, int scale, const float *rows, size_t n_rows, uint8_t *out);
size_t sphere_decode_rows(const sphere *s, const uint8_t *in, float *rows, size_t n_rows);

/* sphere_decode_rows on their side: value i of row r at columns[i*stride + r]. [any thread] */
size_t sphere_decode_columns(const sphere *s, const uint8_t *in, float *columns, size_t stride, size_t n_rows);

#endif
