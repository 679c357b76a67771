/* lanes_q8.h - q8_0 by the block, for the x86 levels of lanes_body.h: the operations of kernels/block_q.c.
 *
 * Halves go away from zero when the f32 below 0.5 is added with the value's sign and the sum truncated: from 0.5 -
 * 2^-25 on every fraction of at least a half carries, by rounding to even where it is exactly one, and no smaller one
 * does.
 */
#define BELOW_HALF 0.49999997f

#if N == 16

typedef struct block {
    __m512 a, b;
} block;

INNER block block_load(const float *x)
{
    return (block){ _mm512_loadu_ps(x), _mm512_loadu_ps(x + 16) };
}

INNER float block_largest(const float *x)
{
    const __m512 most = (__m512)magnitudes(x, BLOCK_Q);
    __m256 m = _mm256_max_ps(_mm512_castps512_ps256(most),
                             _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(most), 1)));
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* half_from_float of a finite number that is not negative. */
INNER uint16_t half_of(float d)
{
    const __m256i h = _mm512_cvtps_ph(_mm512_castps128_ps512(_mm_set_ss(d)), _MM_FROUND_TO_NEAREST_INT);
    return (uint16_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(h));
}

INNER __m128i round_16(__m512 x, __m512 inverse)
{
    const __m512i sign = _mm512_set1_epi32((int)0x80000000u);
    const __m512 v = _mm512_mul_ps(x, inverse);
    const __m512i half = _mm512_or_epi32(_mm512_and_epi32(_mm512_castps_si512(v), sign),
                                         _mm512_castps_si512(_mm512_set1_ps(BELOW_HALF)));
    return _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(_mm512_add_ps(v, _mm512_castsi512_ps(half))));
}

INNER void block_codes(block x, float inverse, uint8_t *out)
{
    const __m512 by = _mm512_set1_ps(inverse);
    _mm_storeu_si128((__m128i *)(void *)out, round_16(x.a, by));
    _mm_storeu_si128((__m128i *)(void *)(out + 16), round_16(x.b, by));
}

INNER void block_values(const uint8_t *in, float d, float *x)
{
    const __m512 by = _mm512_set1_ps(d);
    for (int i = 0; i < BLOCK_Q; i += 16) {
        const __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)(in + i));
        _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes)), by));
    }
}

#else

#define half_of half_from_float

typedef struct block {
    __m256 v[4];
} block;

INNER block block_load(const float *x)
{
    block b;
    for (int i = 0; i < 4; i++)
        b.v[i] = _mm256_loadu_ps(x + 8 * i);
    return b;
}

INNER float block_largest(const float *x)
{
    const __m256 m = (__m256)magnitudes(x, BLOCK_Q);
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

INNER void block_codes(block x, float inverse, uint8_t *out)
{
    const __m256 by = _mm256_set1_ps(inverse), sign = _mm256_set1_ps(-0.0f), below = _mm256_set1_ps(BELOW_HALF);
    __m256i q[4];
    for (int i = 0; i < 4; i++) {
        const __m256 v = _mm256_mul_ps(x.v[i], by);
        q[i] = _mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_or_ps(_mm256_and_ps(v, sign), below)));
    }
    /* packs works within halves of a register: dwords 0 … 7 hold four codes each in the order 0 2 4 6 1 3 5 7 */
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_permutevar8x32_epi32(bytes, order));
}

INNER void block_values(const uint8_t *in, float d, float *x)
{
    const __m256 by = _mm256_set1_ps(d);
    for (int i = 0; i < BLOCK_Q; i += 8) {
        const __m128i codes = _mm_loadl_epi64((const __m128i *)(const void *)(in + i));
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)), by));
    }
}

#endif

/* Does one of the 32 codes say -128? */
INNER int block_has_lowest(const uint8_t *in)
{
    const __m128i lowest = _mm_set1_epi8(-128);
    const __m128i a = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)in), lowest);
    const __m128i b = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(in + 16)), lowest);
    return _mm_movemask_epi8(_mm_or_si128(a, b)) != 0;
}

/* 1/d, and 0 where that is not finite. */
INNER float reciprocal(float d)
{
    const float quotient = d != 0.0f ? 1.0f / d : 0.0f;
    return quotient <= FLT_MAX ? quotient : 0.0f;
}

/* False when the scale does not fit f16. */
static bool encode_block(const float *x, uint8_t *out)
{
    const float d = block_largest(x) / 127.0f;
    const uint16_t scale = half_of(d);
    if (half_is_special(scale)) return false;
    half_store(out, scale);
    block_codes(block_load(x), reciprocal(d), out + 2);
    return true;
}

/* As many blocks as there are lanes, whose scales are found side by side; false when one of them is for encode_block to
 * refuse. */
static bool encode_blocks(const float *x, uint8_t *out)
{
    vf v[N];
    float inverse[N];
    uint16_t scales[N];
    int special = 0;
#pragma GCC unroll 16
    for (int r = 0; r < N; r++)
        v[r] = magnitudes(x + r * BLOCK_Q, BLOCK_Q);
    const vf d = largest_of_each(v) / 127.0f, quotient = 1.0f / d;
    store_f(inverse, (vf)((vu)quotient & (vu)(quotient <= FLT_MAX)));
    store_halves(scales, d);
    for (int r = 0; r < N; r++)
        special |= half_is_special(scales[r]);
    if (special) return false;
    for (int r = 0; r < N; r++, out += BLOCK_Q8_0_BYTES) {
        half_store(out, scales[r]);
        block_codes(block_load(x + r * BLOCK_Q), inverse[r], out + 2);
    }
    return true;
}

static size_t q8_0_encode(const float *values, size_t n, uint8_t *bytes)
{
    const size_t blocks = n / BLOCK_Q;
    size_t b = 0;
    while (b + N <= blocks && encode_blocks(values + b * BLOCK_Q, bytes + b * BLOCK_Q8_0_BYTES))
        b += N;
    while (b < blocks && encode_block(values + b * BLOCK_Q, bytes + b * BLOCK_Q8_0_BYTES))
        b++;
    return b;
}

static size_t q8_0_decode(const uint8_t *bytes, size_t n, float *values)
{
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const uint8_t *in = bytes + b * BLOCK_Q8_0_BYTES;
        const uint16_t scale = half_load(in);
        if (half_is_special(scale) || scale & 0x8000u || block_has_lowest(in + 2)) return b;
        block_values(in + 2, half_to_float(scale), values + b * BLOCK_Q);
    }
    return n / BLOCK_Q;
}
