/* products_shape.h - what products_few.c and products_amx.c share: how a panel of codes is laid out (packed.h), and
 * numbers of 23 bits. Private to these two, which are compiled for AVX-512. */
#ifndef KVANT_KERNELS_PRODUCTS_SHAPE_H
#define KVANT_KERNELS_PRODUCTS_SHAPE_H

#include <immintrin.h>
#include <stdbool.h>

#include "kernels/products.h"

#define INNER static inline __attribute__((always_inline))

enum { DIGITS = 3, LANES = 16 /* of a register */ };

/* ---- panels ---- */

/* A form, constant in each function made from what follows. */
typedef struct shape {
    packed_codes codes;
    packed_scales scales;
    bool base;
    size_t block, group;
} shape;

/* Where a group's scales and codes stand. */
typedef struct group_at {
    const uint8_t *halves;                 /* f16 of scales, then of bases */
    const uint8_t *scales, *bases, *codes; /* the first two of SUPER */
} group_at;

/* Bytes of a group's codes, all lanes. */
INNER size_t shape_code_bytes(shape s)
{
    return s.group * PRODUCTS_WIDTH / (s.codes == CODES_NIBBLES ? 2 : 1);
}

/* The group of values k … of a panel. */
INNER group_at shape_group(shape s, const uint8_t *panel, size_t k)
{
    const size_t halves = 2 * PRODUCTS_WIDTH * (s.base ? 2 : 1);
    const size_t small = s.scales == SCALES_SUPER ? (size_t)PRODUCTS_WIDTH * (s.base ? 2 : 1) : 0;
    const size_t group = small + shape_code_bytes(s), block = halves + s.block / s.group * group;
    const uint8_t *at = panel + k / s.block * block, *from = at + halves + k % s.block / s.group * group;
    return (group_at){ at, from, from + PRODUCTS_WIDTH, from + small };
}

/* Which of a row's sums of 32 numbers goes with the weights' group at k: that of all, of the first 16, of the last. */
INNER int shape_sum(shape s, size_t k)
{
    return s.group == PRODUCTS_GROUP ? 0 : k % PRODUCTS_GROUP == 0 ? 1 : 2;
}

INNER __m128i shape_bytes(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INNER __m512 shape_halves(const uint8_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

/* Scales of 16 lanes from `first` on. */
typedef struct lane_scales {
    __m512 step, base;
} lane_scales;

INNER lane_scales shape_scales(shape s, group_at at, size_t first)
{
    lane_scales l = { .step = shape_halves(at.halves + 2 * first), .base = _mm512_setzero_ps() };
    if (s.base) l.base = shape_halves(at.halves + 2 * (PRODUCTS_WIDTH + first));
    if (s.scales != SCALES_SUPER) return l;
    l.step = _mm512_mul_ps(l.step, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(shape_bytes(at.scales + first))));
    if (!s.base) return l;
    const __m512 bases = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(shape_bytes(at.bases + first)));
    l.base = _mm512_mul_ps(_mm512_mul_ps(l.base, _mm512_set1_ps(-1)), bases);
    return l;
}

/* The levels of 4-bit codes, for lookups in each 128 bits. */
INNER __m512i shape_levels(shape s, const int8_t *levels)
{
    return s.codes == CODES_NIBBLES ? _mm512_broadcast_i32x4(shape_bytes((const uint8_t *)levels))
                                    : _mm512_setzero_si512();
}

/* Codes of 16 lanes, 4 of each: those of the byte, or of its low or high half. */
INNER __m512i shape_low(shape s, __m512i levels, __m512i bytes)
{
    if (s.codes != CODES_NIBBLES) return bytes;
    return _mm512_shuffle_epi8(levels, _mm512_and_si512(bytes, _mm512_set1_epi8(15)));
}

INNER __m512i shape_high(__m512i levels, __m512i bytes)
{
    return _mm512_shuffle_epi8(levels, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15)));
}

/* ---- numbers ---- */

/* 32 values as whole numbers times a power of two; zeros times NaN, when one is not finite or far too large. */
typedef struct numbers {
    __m512i n[2];
    float unit;
} numbers;

INNER numbers numbers_of(const float *x)
{
    /* Exponents as they stand in f32: of the least unit that is not denormal, and of 2^80. */
    enum { LEAST = 22, TOO_LARGE = 127 + 80, BITS = 22, SHIFT = 23 };
    const __m512i any = _mm512_set1_epi32(0x7fffffff),
                  from[2] = { _mm512_loadu_si512(x), _mm512_loadu_si512(x + LANES) };
    const __m512i most = _mm512_max_epu32(_mm512_and_si512(from[0], any), _mm512_and_si512(from[1], any));
    uint32_t exponent = _mm512_reduce_max_epu32(most) >> SHIFT;
    if (exponent >= TOO_LARGE)
        return (numbers){ .n = { _mm512_setzero_si512(), _mm512_setzero_si512() }, .unit = __builtin_nanf("") };
    if (exponent < LEAST) exponent = LEAST;
    const __m512 inverse = _mm512_castsi512_ps(_mm512_set1_epi32((int)((254 + BITS - 1 - exponent) << SHIFT)));
    numbers a = { .unit = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128((int)((exponent - BITS + 1) << SHIFT)))) };
    for (int i = 0; i < 2; i++)
        a.n[i] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_castsi512_ps(from[i]), inverse));
    return a;
}

/* Sums of numbers, half[i] those of 16, as shape_sum has them. */
INNER void numbers_sums(const int32_t half[2], float unit, float sums[3])
{
    sums[0] = (float)(half[0] + half[1]) * unit;
    sums[1] = (float)half[0] * unit;
    sums[2] = (float)half[1] * unit;
}

/* The lowest digit of each of 16 numbers; what is left of them, divided by 256, stays. */
INNER __m512i numbers_digit(__m512i *n)
{
    const __m512i rest = _mm512_srai_epi32(_mm512_add_epi32(*n, _mm512_set1_epi32(128)), 8);
    const __m512i digit = _mm512_sub_epi32(*n, _mm512_slli_epi32(rest, 8));
    *n = rest;
    return digit;
}

/* fl(fl(65536 s[2] + 256 s[1]) + s[0]) */
INNER __m512 numbers_joined(const __m512i s[DIGITS])
{
    const __m512i high = _mm512_add_epi32(s[1], _mm512_slli_epi32(s[2], 8));
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(high), _mm512_set1_ps(256), _mm512_cvtepi32_ps(s[0]));
}

#endif
