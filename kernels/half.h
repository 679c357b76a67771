/* half.h - IEEE 754 binary16 ("f16") to f32 and back.
 *
 * Norms and scales of the codecs, f16 weights and f16 rows. Every one of the 65536 patterns widens exactly; narrowing
 * rounds to nearest, ties to even, gives subnormals below 2^-14 and infinity from 65520 on, and keeps a NaN a (quiet)
 * NaN. Integer arithmetic only: the same bits on every machine and in every rounding mode.
 * Format: IEEE 754-2019, 3.6.
 */
#ifndef KVANT_KERNELS_HALF_H
#define KVANT_KERNELS_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HALF_MAX 65504.0f /* the largest finite value */

/* The f32 with the same value; a signalling NaN comes back quiet. [any thread] */
static inline float half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, fraction = h & 0x3ffu;
    uint32_t bits;
    if (exponent == 31)
        bits = 0x7f800000u | fraction << 13 | (fraction ? 0x400000u : 0);
    else if (exponent)
        bits = (exponent + 112) << 23 | fraction << 13;
    else { /* zero and subnormals: fraction · 2^-24, exact in f32 */
        const float small = (float)fraction * 0x1p-24f;
        memcpy(&bits, &small, sizeof bits);
    }
    bits |= sign;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The nearest f16. [any thread] */
uint16_t half_from_float(float value);

/* n values at once. Source and destination do not overlap. [any thread] */
void half_to_floats(const uint16_t *half, float *values, size_t n);
void half_from_floats(const float *values, uint16_t *half, size_t n);

/* One f16 in a byte stream: little-endian, any alignment. [any thread] */
static inline uint16_t half_load(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline void half_store(uint8_t *bytes, uint16_t h)
{
    bytes[0] = (uint8_t)h;
    bytes[1] = (uint8_t)(h >> 8);
}

/* Infinity or NaN. */
static inline int half_is_special(uint16_t h)
{
    return (h & 0x7c00u) == 0x7c00u;
}

#endif
