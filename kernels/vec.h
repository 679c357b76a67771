/* vec.h - one vector register of f32 under one set of names, for the level a file is compiled for.
 *
 * Private to kernels/simd_body.h. The portable level is one lane wide: its loops are the definition of what the others
 * compute. Every operation is one IEEE operation per lane.
 */
#ifndef KVANT_KERNELS_VEC_H
#define KVANT_KERNELS_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)

#include <immintrin.h>
#define VEC_LANES 16
#define VEC_TILE  8 /* rows of a GEMM tile; columns are 2 registers */
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

#elif defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>
#define VEC_LANES        8
#define VEC_TILE         6
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

#elif defined(__ARM_NEON) && defined(__aarch64__)

#include <arm_neon.h>
#define VEC_LANES        4
#define VEC_TILE         8
typedef float32x4_t vec;
#define vec_load(p)      vld1q_f32(p)
#define vec_store(p, a)  vst1q_f32(p, a)
#define vec_all(x)       vdupq_n_f32(x)
#define vec_fma(a, b, c) vfmaq_f32(c, a, b)
#define vec_add(a, b)    vaddq_f32(a, b)
#define vec_mul(a, b)    vmulq_f32(a, b)
#define vec_div(a, b)    vdivq_f32(a, b)
#define vec_max(a, b)    vbslq_f32(vcgtq_f32(a, b), a, b)
#define vec_min(a, b)    vbslq_f32(vcltq_f32(a, b), a, b)
#define vec_round(a)     vrndnq_f32(a)
#define vec_exp2i(n)     vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23))

#else

#define VEC_LANES        1
#define VEC_TILE         4
typedef float vec;
#define vec_load(p)      (*(p))
#define vec_store(p, a)  (*(p) = (a))
#define vec_all(x)       (x)
#define vec_fma(a, b, c) fmaf(a, b, c)
#define vec_add(a, b)    ((a) + (b))
#define vec_mul(a, b)    ((a) * (b))
#define vec_div(a, b)    ((a) / (b))
#define vec_max(a, b)    ((a) > (b) ? (a) : (b))
#define vec_min(a, b)    ((a) < (b) ? (a) : (b))
#define vec_round(a)     nearbyintf(a)
static inline float vec_exp2i(float n)
{
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif

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
