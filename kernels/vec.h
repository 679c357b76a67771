/* vec.h - one vector register of f32 under one set of names, for the level a file is compiled for.
 *
 * Private to the sources that are compiled once per level (simd_body.h, packed_body.h, weights_body.h, fused_body.h).
 * The portable level, VEC_PORTABLE, is one lane wide whatever the compiler may use: its loops are the definition of
 * what the others compute. Every operation is one IEEE operation per lane.
 */
#ifndef KVANT_KERNELS_VEC_H
#define KVANT_KERNELS_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/half.h"

#if defined(__AVX512F__) && !defined(VEC_PORTABLE)

#include <immintrin.h>
#define VEC_LANES 16
#define VEC_TILE  8 /* rows of a GEMM tile; columns are 2 registers */
#define VEC_WIDE  8 /* registers beside each other for one or two rows */
typedef __m512 vec;
#define vec_load(p)      _mm512_loadu_ps(p)
#define vec_store(p, a)  _mm512_storeu_ps(p, a)
#define vec_all(x)       _mm512_set1_ps(x)
#define vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define vec_add(a, b)    _mm512_add_ps(a, b)
#define vec_mul(a, b)    _mm512_mul_ps(a, b)
#define vec_div(a, b)    _mm512_div_ps(a, b)
#define vec_max(a, b)    _mm512_max_ps(a, b)
#define vec_min(a, b)    _mm512_min_ps(a, b)
#define vec_round(a)     _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
/* 2^n for integral n in -126 … 127 */
#define vec_exp2i(n)                                                                                                   \
    _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23))
#define VEC_LOAD_128(p)   _mm_loadu_si128((const __m128i *)(const void *)(p))
#define VEC_LOAD_256(p)   _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vec_floats(p)     _mm512_loadu_ps(p)
#define vec_half(p)       _mm512_cvtph_ps(VEC_LOAD_256(p))
#define vec_upper_half(p) _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(VEC_LOAD_256(p)), 16))
#define vec_i8(p)         _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(VEC_LOAD_128(p)))
#define vec_u8(p)         _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(VEC_LOAD_128(p)))
typedef __m512 vec_levels; /* 16 f32 */
typedef __m512i vec_nibbles;
#define vec_no_levels()         _mm512_setzero_ps()
#define vec_levels_load(p)      vec_i8(p)
#define vec_nibbles_load(p)     _mm512_cvtepu8_epi32(VEC_LOAD_128(p))
#define vec_low(levels, codes)  _mm512_permutexvar_ps(codes, levels)
#define vec_high(levels, codes) _mm512_permutexvar_ps(_mm512_srli_epi32(codes, 4), levels)

#elif defined(__AVX2__) && defined(__FMA__) && !defined(VEC_PORTABLE)

#include <immintrin.h>
#define VEC_LANES        8
#define VEC_TILE         6
#define VEC_WIDE         4
typedef __m256 vec;
#define vec_load(p)      _mm256_loadu_ps(p)
#define vec_store(p, a)  _mm256_storeu_ps(p, a)
#define vec_all(x)       _mm256_set1_ps(x)
#define vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define vec_add(a, b)    _mm256_add_ps(a, b)
#define vec_mul(a, b)    _mm256_mul_ps(a, b)
#define vec_div(a, b)    _mm256_div_ps(a, b)
#define vec_max(a, b)    _mm256_max_ps(a, b)
#define vec_min(a, b)    _mm256_min_ps(a, b)
#define vec_round(a)     _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define vec_exp2i(n)                                                                                                   \
    _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23))
#define VEC_LOAD_64(p)    _mm_loadl_epi64((const __m128i *)(const void *)(p))
#define VEC_LOAD_128(p)   _mm_loadu_si128((const __m128i *)(const void *)(p))
#define VEC_WIDEN_I8(x)   _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x))
#define vec_floats(p)     _mm256_loadu_ps((const float *)(const void *)(p))
#define vec_upper_half(p) _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(VEC_LOAD_128(p)), 16))
#define vec_i8(p)         VEC_WIDEN_I8(VEC_LOAD_64(p))
#define vec_u8(p)         _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(VEC_LOAD_64(p)))
#if defined(__F16C__)
#define vec_half(p) _mm256_cvtph_ps(VEC_LOAD_128(p))
#endif
typedef __m128i vec_levels; /* 16 signed bytes */
typedef __m128i vec_nibbles;
#define vec_no_levels()         _mm_setzero_si128()
#define vec_levels_load(p)      VEC_LOAD_128(p)
#define vec_nibbles_load(p)     VEC_LOAD_64(p)
#define VEC_LEVEL(levels, code) VEC_WIDEN_I8(_mm_shuffle_epi8(levels, _mm_and_si128(code, _mm_set1_epi8(15))))
#define vec_low(levels, codes)  VEC_LEVEL(levels, codes)
#define vec_high(levels, codes) VEC_LEVEL(levels, _mm_srli_epi16(codes, 4))

#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(VEC_PORTABLE)

#include <arm_neon.h>
#define VEC_LANES               4
#define VEC_TILE                8
#define VEC_WIDE                8
typedef float32x4_t vec;
#define vec_load(p)             vld1q_f32(p)
#define vec_store(p, a)         vst1q_f32(p, a)
#define vec_all(x)              vdupq_n_f32(x)
#define vec_fma(a, b, c)        vfmaq_f32(c, a, b)
#define vec_add(a, b)           vaddq_f32(a, b)
#define vec_mul(a, b)           vmulq_f32(a, b)
#define vec_div(a, b)           vdivq_f32(a, b)
#define vec_max(a, b)           vbslq_f32(vcgtq_f32(a, b), a, b)
#define vec_min(a, b)           vbslq_f32(vcltq_f32(a, b), a, b)
#define vec_round(a)            vrndnq_f32(a)
#define vec_exp2i(n)            vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23))
typedef int8x16_t vec_levels; /* 16 signed bytes */
typedef uint8x8_t vec_nibbles;
#define vec_no_levels()         vdupq_n_s8(0)
#define vec_levels_load(p)      vld1q_s8(p)
#define VEC_WIDEN_I8(x)         vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(x))))
#define vec_low(levels, codes)  VEC_WIDEN_I8(vqtbl1_s8(levels, vand_u8(codes, vdup_n_u8(15))))
#define vec_high(levels, codes) VEC_WIDEN_I8(vqtbl1_s8(levels, vshr_n_u8(codes, 4)))
static inline float32x4_t vec_floats(const uint8_t *p)
{
    return vreinterpretq_f32_u8(vld1q_u8(p));
}
static inline float32x4_t vec_half(const uint8_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}
static inline float32x4_t vec_upper_half(const uint8_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p)), 16));
}
static inline uint8x8_t vec_nibbles_load(const uint8_t *p) /* four bytes */
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vcreate_u8(four);
}
static inline float32x4_t vec_i8(const uint8_t *p)
{
    return VEC_WIDEN_I8(vreinterpret_s8_u8(vec_nibbles_load(p)));
}
static inline float32x4_t vec_u8(const uint8_t *p)
{
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vec_nibbles_load(p)))));
}

#else

#define VEC_LANES               1
#define VEC_TILE                4
#define VEC_WIDE                4
typedef float vec;
#define vec_load(p)             (*(p))
#define vec_store(p, a)         (*(p) = (a))
#define vec_all(x)              (x)
#define vec_fma(a, b, c)        fmaf(a, b, c)
#define vec_add(a, b)           ((a) + (b))
#define vec_mul(a, b)           ((a) * (b))
#define vec_div(a, b)           ((a) / (b))
#define vec_max(a, b)           ((a) > (b) ? (a) : (b))
#define vec_min(a, b)           ((a) < (b) ? (a) : (b))
#define vec_round(a)            nearbyintf(a)
static inline float vec_exp2i(float n)
{
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
typedef const int8_t *vec_levels;
typedef uint8_t vec_nibbles;
#define vec_no_levels()         NULL
#define vec_levels_load(p)      (p)
#define vec_nibbles_load(p)     (*(p))
#define vec_low(levels, codes)  ((float)(levels)[(codes)&15])
#define vec_high(levels, codes) ((float)(levels)[(codes) >> 4])
#define vec_i8(p)               ((float)(int8_t) * (p))
#define vec_u8(p)               ((float)*(p))
#define vec_half(p)             half_to_float(half_load(p))
static inline float vec_floats(const uint8_t *p)
{
    float x;
    memcpy(&x, p, sizeof x);
    return x;
}
static inline float vec_upper_half(const uint8_t *p)
{
    const uint32_t bits = (uint32_t)half_load(p) << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif

/* Columns of a panel (kernels/simd.h). */
#define VEC_PANEL (VEC_LANES > 1 ? 2 * VEC_LANES : 4)

/* e^x within 2 ulp for -87 <= x <= 88; below, the smallest result is e^-87, about 1.6e-38. Cody-Waite reduction by ln 2
 * in two parts, then the Taylor polynomial of degree 7 on |r| <= ln(2)/2. */
static inline vec vec_exp(vec x)
{
    x = vec_min(vec_max(x, vec_all(-87.0f)), vec_all(88.0f));
    vec n = vec_round(vec_mul(x, vec_all(1.44269504088896341f)));
    vec r = vec_fma(n, vec_all(-0.693359375f), x);
    r = vec_fma(n, vec_all(2.12194440e-4f), r);
    vec p = vec_all(1.0f / 5040);
    p = vec_fma(p, r, vec_all(1.0f / 720));
    p = vec_fma(p, r, vec_all(1.0f / 120));
    p = vec_fma(p, r, vec_all(1.0f / 24));
    p = vec_fma(p, r, vec_all(1.0f / 6));
    p = vec_fma(p, r, vec_all(0.5f));
    p = vec_fma(p, r, vec_all(1.0f));
    p = vec_fma(p, r, vec_all(1.0f));
    return vec_mul(p, vec_exp2i(n));
}

#endif
