/* lanes_level.h - what the compiler's vectors cannot say, by level; part of lanes_body.h. */

/* table[k] for k < 8 (lookup_8), 16 … 256. at_least, more_than: 2k + (v >= b), 2k + (v > b). larger, smaller: a > b or
 * a < b ? a : b. where_more: a > b ? x : y. load_fours: four values at p of rows 0, 4 … N - 4; store_fours: the
 * reverse, in bytes. widen: half a register of f64. fused_square: x x + sum. store_halves: half_from_float of what is
 * no NaN. any_set: is a bit set? store_low_halves, store_low_bytes: of each lane. join_nibbles: codes 2j (low) and 2j+1
 * of 16 in byte j of 8; split_nibbles: the reverse.
 */
#if N == 16

INNER vf lookup_16(const float *table, vu k)
{
    return (vf)_mm512_permutexvar_ps((__m512i)k, _mm512_loadu_ps(table));
}
#define lookup_8 lookup_16
INNER vu at_least(vu k, vf v, vf b)
{
    const __m512i twice = _mm512_add_epi32((__m512i)k, (__m512i)k);
    const __mmask16 m = _mm512_cmp_ps_mask((__m512)v, (__m512)b, _CMP_GE_OQ);
    return (vu)_mm512_mask_add_epi32(twice, m, twice, _mm512_set1_epi32(1));
}
INNER vu more_than(vu k, vf v, vf b)
{
    const __m512i twice = _mm512_add_epi32((__m512i)k, (__m512i)k);
    const __mmask16 m = _mm512_cmp_ps_mask((__m512)v, (__m512)b, _CMP_GT_OQ);
    return (vu)_mm512_mask_add_epi32(twice, m, twice, _mm512_set1_epi32(1));
}
INNER vf lookup_32(const float *table, vu k)
{
    return (vf)_mm512_permutex2var_ps(_mm512_loadu_ps(table), (__m512i)k, _mm512_loadu_ps(table + 16));
}
INNER vf lookup_64(const float *table, vu k)
{
    const __mmask16 upper = _mm512_test_epi32_mask((__m512i)k, _mm512_set1_epi32(32));
    return (vf)_mm512_mask_blend_ps(upper, (__m512)lookup_32(table, k), (__m512)lookup_32(table + 32, k));
}
INNER vf lookup_256(const float *table, vu k)
{
    return (vf)_mm512_i32gather_ps((__m512i)k, table, 4);
}
INNER vf larger(vf a, vf b)
{
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}
INNER vf smaller(vf a, vf b)
{
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
}
#define HAS_CELLS 1
typedef struct cells_held { /* in registers */
    vf scale, shift, boundary[2];
    vu below[2];
} cells_held;
INNER cells_held hold_cells(const quantizer_cells *c)
{
    return (cells_held){ all(c->scale),
                         all(c->shift),
                         { load_f(c->boundary), load_f(c->boundary + N) },
                         { load_u(c->below), load_u(c->below + N) } };
}
INNER vu code_by_cell(cells_held c, vf v)
{
    const vf first = all(8388608.0f), last = all(8388608.0f + QUANTIZER_CELLS - 1);
    const __m512i cell = (__m512i)smaller(larger(v * c.scale + c.shift, first), last);
    const __m512 boundary = _mm512_permutex2var_ps((__m512)c.boundary[0], cell, (__m512)c.boundary[1]);
    const __m512i below = _mm512_permutex2var_epi32((__m512i)c.below[0], cell, (__m512i)c.below[1]);
    const __mmask16 m = _mm512_cmp_ps_mask((__m512)v, boundary, _CMP_GE_OQ);
    return (vu)_mm512_mask_add_epi32(below, m, below, _mm512_set1_epi32(1));
}
INNER vf where_more(vf a, vf b, vf x, vf y)
{
    const __mmask16 more = _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
    return (vf)_mm512_mask_blend_ps(more, (__m512)y, (__m512)x);
}
INNER vf roots(vf x)
{
    return (vf)_mm512_sqrt_ps((__m512)x);
}
INNER void store_halves(uint16_t *out, vf d)
{
    _mm256_storeu_si256((__m256i *)(void *)out, _mm512_cvtps_ph((__m512)d, _MM_FROUND_TO_NEAREST_INT));
}
INNER bool any_set(vu v)
{
    return _mm512_test_epi32_mask((__m512i)v, (__m512i)v) != 0;
}
INNER void store_low_halves(uint8_t *p, vu v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16((__m512i)v));
}
INNER void store_low_bytes(uint8_t *p, vu v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8((__m512i)v));
}
INNER void store_fours(uint8_t *p, size_t stride, vf v)
{
    _mm_storeu_ps((float *)(void *)p, _mm512_castps512_ps128((__m512)v));
    _mm_storeu_ps((float *)(void *)(p + 4 * stride), _mm512_extractf32x4_ps((__m512)v, 1));
    _mm_storeu_ps((float *)(void *)(p + 8 * stride), _mm512_extractf32x4_ps((__m512)v, 2));
    _mm_storeu_ps((float *)(void *)(p + 12 * stride), _mm512_extractf32x4_ps((__m512)v, 3));
}
INNER vu widen_bytes(const uint8_t *p)
{
    return (vu)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}
INNER vd widen(const float *p)
{
    return (vd)_mm512_cvtps_pd(_mm256_loadu_ps(p));
}
INNER vd fused_square(vd x, vd sum)
{
    return (vd)_mm512_fmadd_pd((__m512d)x, (__m512d)x, (__m512d)sum);
}
INNER vf load_fours(const float *p, size_t stride)
{
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(p));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 4 * stride), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 8 * stride), 2);
    return (vf)_mm512_insertf32x4(v, _mm_loadu_ps(p + 12 * stride), 3);
}

#elif N == 8

INNER vf lookup_8(const float *table, vu k)
{
    return (vf)_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)k);
}
INNER vf lookup_16(const float *table, vu k)
{
    const __m256 high = _mm256_castsi256_ps(_mm256_slli_epi32((__m256i)k, 28));
    return (vf)_mm256_blendv_ps((__m256)lookup_8(table, k), (__m256)lookup_8(table + 8, k), high);
}
INNER vu at_least(vu k, vf v, vf b)
{
    return k + k - (vu)(v >= b);
}
INNER vu more_than(vu k, vf v, vf b)
{
    return k + k - (vu)(v > b);
}
INNER vf lookup_256(const float *table, vu k)
{
    return (vf)_mm256_i32gather_ps(table, (__m256i)k, 4);
}
#define lookup_32 lookup_256
#define lookup_64 lookup_256
INNER vf larger(vf a, vf b)
{
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}
INNER vf smaller(vf a, vf b)
{
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
}
INNER vf roots(vf x)
{
    return (vf)_mm256_sqrt_ps((__m256)x);
}
INNER vf where_more(vf a, vf b, vf x, vf y)
{
    return (vf)_mm256_blendv_ps((__m256)y, (__m256)x, (__m256)(a > b));
}
INNER void store_halves(uint16_t *out, vf d)
{
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_cvtps_ph((__m256)d, _MM_FROUND_TO_NEAREST_INT));
}
INNER bool any_set(vu v)
{
    return !_mm256_testz_si256((__m256i)v, (__m256i)v);
}
/* Of lanes below 2^16. */
INNER __m128i low_halves(vu v)
{
    return _mm_packus_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
}
INNER void store_low_halves(uint8_t *p, vu v)
{
    _mm_storeu_si128((__m128i *)(void *)p, low_halves(v));
}
INNER void store_low_bytes(uint8_t *p, vu v)
{
    const __m128i halves = low_halves(v);
    _mm_storel_epi64((__m128i *)(void *)p, _mm_packus_epi16(halves, halves));
}
INNER void store_fours(uint8_t *p, size_t stride, vf v)
{
    _mm_storeu_ps((float *)(void *)p, _mm256_castps256_ps128((__m256)v));
    _mm_storeu_ps((float *)(void *)(p + 4 * stride), _mm256_extractf128_ps((__m256)v, 1));
}
INNER vu widen_bytes(const uint8_t *p)
{
    return (vu)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}
INNER vd widen(const float *p)
{
    return (vd)_mm256_cvtps_pd(_mm_loadu_ps(p));
}
INNER vd fused_square(vd x, vd sum)
{
    return (vd)_mm256_fmadd_pd((__m256d)x, (__m256d)x, (__m256d)sum);
}
INNER vf load_fours(const float *p, size_t stride)
{
    return (vf)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * stride), 1);
}

#else

INNER vf lookup_256(const float *table, vu k)
{
    vf v;
    for (int r = 0; r < N; r++)
        v[r] = table[k[r]];
    return v;
}
INNER vf roots(vf x)
{
    for (int r = 0; r < N; r++)
        x[r] = sqrtf(x[r]);
    return x;
}
INNER vf where_more(vf a, vf b, vf x, vf y)
{
    const vu more = (vu)(a > b);
    return (vf)(((vu)x & more) | ((vu)y & ~more));
}
INNER vf larger(vf a, vf b)
{
    return where_more(a, b, a, b);
}
INNER vf smaller(vf a, vf b)
{
    return where_more(b, a, a, b);
}
INNER void store_halves(uint16_t *out, vf d)
{
    vst1_u16(out, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)d)));
}
INNER bool any_set(vu v)
{
    return vmaxvq_u32((uint32x4_t)v) != 0;
}
INNER void store_low_halves(uint8_t *p, vu v)
{
    const uint16x4_t halves = vmovn_u32((uint32x4_t)v);
    memcpy(p, &halves, sizeof halves);
}
INNER void store_low_bytes(uint8_t *p, vu v)
{
    for (int r = 0; r < N; r++)
        p[r] = (uint8_t)v[r];
}
INNER void store_fours(uint8_t *p, size_t stride, vf v)
{
    (void)stride;
    memcpy(p, &v, sizeof v);
}
INNER vu widen_bytes(const uint8_t *p)
{
    return (vu){ p[0], p[1], p[2], p[3] };
}
INNER vd widen(const float *p)
{
    return __builtin_convertvector(load_fh(p), vd);
}
INNER vd fused_square(vd x, vd sum)
{
    return x * x + sum;
}
INNER vf load_fours(const float *p, size_t stride)
{
    (void)stride;
    return load_f(p);
}
#define lookup_8  lookup_256
#define lookup_16 lookup_256
#define lookup_32 lookup_256
#define lookup_64 lookup_256
INNER vu at_least(vu k, vf v, vf b)
{
    return k + k - (vu)(v >= b);
}
INNER vu more_than(vu k, vf v, vf b)
{
    return k + k - (vu)(v > b);
}
INNER void join_nibbles(const uint8_t *codes, uint8_t *out)
{
    for (int j = 0; j < 8; j++)
        out[j] = (uint8_t)(codes[2 * j] | codes[2 * j + 1] << 4);
}
INNER void split_nibbles(const uint8_t *in, uint8_t *codes)
{
    for (int j = 0; j < 8; j++) {
        codes[2 * j] = in[j] & 15;
        codes[2 * j + 1] = in[j] >> 4;
    }
}

#endif

#if N >= 8

INNER void join_nibbles(const uint8_t *codes, uint8_t *out)
{
    const __m128i pairs =
        _mm_maddubs_epi16(_mm_loadu_si128((const __m128i *)(const void *)codes), _mm_set1_epi16(16 << 8 | 1));
    _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(pairs, pairs));
}
INNER void split_nibbles(const uint8_t *in, uint8_t *codes)
{
    const __m128i both = _mm_loadl_epi64((const __m128i *)(const void *)in), digit = _mm_set1_epi8(15);
    const __m128i low = _mm_and_si128(both, digit), high = _mm_and_si128(_mm_srli_epi16(both, 4), digit);
    _mm_storeu_si128((__m128i *)(void *)codes, _mm_unpacklo_epi8(low, high));
}

#endif
