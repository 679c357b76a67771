/* lanes_body.h - the source of every level of lanes.h; included once by each lanes_*.c, which names the table
 * LANES_TABLE and the lanes of a register, N. Its parts are lanes_rotate.h, lanes_codes.h,
 * lanes_blocks.h,
 * lanes_lattice.h, lanes_lines.h and lanes_q8.h.
 *
 * Written with the compiler's own vectors; what they cannot say (a table lookup, a compare that yields codes) is in the
 * few functions at the top, by level. Every operation is one IEEE operation per lane, and contraction is off.
 */
#include "kernels/lanes.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/half.h"
#include "kernels/wht.h"

#define INNER static inline __attribute__((always_inline))

enum { HALF = N / 2, RADIX = N == 16 ? 16 : 8, WORD = 32 };

typedef float vf __attribute__((vector_size(4 * N)));
typedef int32_t vi __attribute__((vector_size(4 * N)));
typedef uint32_t vu __attribute__((vector_size(4 * N)));
typedef float vfh __attribute__((vector_size(4 * HALF))); /* half of the lanes, */
typedef double vd __attribute__((vector_size(8 * HALF))); /* which fill a register as f64 */

#define LOADS(type, name, element)                                                                                     \
    INNER type load_##name(const element *p)                                                                           \
    {                                                                                                                  \
        type v;                                                                                                        \
        memcpy(&v, p, sizeof v);                                                                                       \
        return v;                                                                                                      \
    }                                                                                                                  \
    INNER void store_##name(element *p, type v)                                                                        \
    {                                                                                                                  \
        memcpy(p, &v, sizeof v);                                                                                       \
    }
LOADS(vf, f, float)
LOADS(vfh, fh, float)
LOADS(vd, d, double)
LOADS(vu, u, uint32_t)

INNER vf all(float x)
{
    return x - (vf){ 0 };
}

/* ---- what a level has of its own -------------------------------------------------------------------------------- */

/* table[k] for k < 8 (lookup_8), 16 … 256. at_least, more_than: 2k + (v >= b), 2k + (v > b). larger, smaller: a > b or
 * a < b ? a : b. where_more: a > b ? x : y. load_fours: four values at p of rows 0, 4 … N - 4; store_fours: the
 * reverse, in bytes. store_halves: half_from_float of what is no NaN.
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
    for (int i = 0; i < N; i++)
        out[i] = half_from_float(d[i]);
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
    for (int i = 0; i < N; i++)
        out[i] = half_from_float(d[i]);
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

#endif

/* ---- plain rows ---------------------------------------------------------------------------------------------------
 */

/* One more in the last place of the exponent carries into the sign for infinities and NaNs, and for nothing else. */
INNER uint32_t carries(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7fffffffu) + 0x00800000u;
}

static bool all_finite(const float *x, size_t n)
{
    vu seen[4] = { { 0 } };
    size_t i = 0;
    for (; i + 4 * N <= n; i += 4 * N)
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            seen[j] |= ((vu)load_f(x + i + j * N) & 0x7fffffffu) + 0x00800000u;
    const vu both = (seen[0] | seen[1]) | (seen[2] | seen[3]);
    uint32_t all_seen = 0;
    for (int j = 0; j < N; j++)
        all_seen |= both[j];
    for (; i < n; i++)
        all_seen |= carries(x[i]);
    return all_seen >> 31 == 0;
}

/* ---- there and back --------------------------------------------------------------------------------------------- */

/* Registers a and b as rows of 2x2 blocks of s lanes: their even blocks side by side, and their odd ones. */
#if N == 16
#define EVEN(a, b, s)                                                                                                  \
    __builtin_shufflevector(a, b, IX(0, s), IX(1, s), IX(2, s), IX(3, s), IX(4, s), IX(5, s), IX(6, s), IX(7, s),      \
                            IX(8, s), IX(9, s), IX(10, s), IX(11, s), IX(12, s), IX(13, s), IX(14, s), IX(15, s))
#define ODD(a, b, s)                                                                                                   \
    __builtin_shufflevector(a, b, IX(0, s) + s, IX(1, s) + s, IX(2, s) + s, IX(3, s) + s, IX(4, s) + s, IX(5, s) + s,  \
                            IX(6, s) + s, IX(7, s) + s, IX(8, s) + s, IX(9, s) + s, IX(10, s) + s, IX(11, s) + s,      \
                            IX(12, s) + s, IX(13, s) + s, IX(14, s) + s, IX(15, s) + s)
#elif N == 8
#define EVEN(a, b, s)                                                                                                  \
    __builtin_shufflevector(a, b, IX(0, s), IX(1, s), IX(2, s), IX(3, s), IX(4, s), IX(5, s), IX(6, s), IX(7, s))
#define ODD(a, b, s)                                                                                                   \
    __builtin_shufflevector(a, b, IX(0, s) + s, IX(1, s) + s, IX(2, s) + s, IX(3, s) + s, IX(4, s) + s, IX(5, s) + s,  \
                            IX(6, s) + s, IX(7, s) + s)
#else
#define EVEN(a, b, s) __builtin_shufflevector(a, b, IX(0, s), IX(1, s), IX(2, s), IX(3, s))
#define ODD(a, b, s)  __builtin_shufflevector(a, b, IX(0, s) + s, IX(1, s) + s, IX(2, s) + s, IX(3, s) + s)
#endif
#define IX(lane, s) (((lane) & (s)) ? (lane) - (s) + N : (lane))

#define TURN(v, s)                                                                                                     \
    for (int i = 0; i < N; i++)                                                                                        \
        if (!(i & (s))) {                                                                                              \
            const vf a = v[i], b = v[i + (s)];                                                                         \
            v[i] = EVEN(a, b, s);                                                                                      \
            v[i + (s)] = ODD(a, b, s);                                                                                 \
        }

/* The transpose of N x N. */
INNER void turn(vf v[N])
{
    TURN(v, 1)
    TURN(v, 2)
#if N >= 8
    TURN(v, 4)
#endif
#if N >= 16
    TURN(v, 8)
#endif
}

/* 4 x 4 turned within each quarter of the registers (half of AVX2's, NEON's whole). */
INNER void turn_quarters(vf v[4])
{
    const vf ab = EVEN(v[0], v[1], 1), ba = ODD(v[0], v[1], 1), de = EVEN(v[2], v[3], 1), ed = ODD(v[2], v[3], 1);
    v[0] = EVEN(ab, de, 2);
    v[1] = EVEN(ba, ed, 2);
    v[2] = ODD(ab, de, 2);
    v[3] = ODD(ba, ed, 2);
}

/* N x N turned, rows or columns: half of the shuffles are loads. Squares are added to sum in the order of the row. */
INNER void turn_square(const float *from, size_t stride, float *to, size_t to_stride, vf *sum)
{
#pragma GCC unroll 4
    for (size_t c = 0; c < N; c += 4) {
        vf v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = load_fours(from + c + k * stride, stride);
        turn_quarters(v);
        for (size_t k = 0; k < 4; k++) {
            store_f(to + (c + k) * to_stride, v[k]);
            if (sum) *sum += v[k] * v[k];
        }
    }
}

static void gather(const float *rows, size_t stride, size_t have, size_t want, float *tile)
{
    size_t i = 0;
    for (; i + N <= have; i += N)
        turn_square(rows + i, stride, tile + i * N, N, NULL);
    for (; i < have; i++)
        for (size_t r = 0; r < N; r++)
            tile[i * N + r] = rows[r * stride + i];
    memset(tile + have * N, 0, (want - have) * N * sizeof *tile);
}

static void gather_norms(const float *rows, size_t stride, size_t have, size_t want, float *tile, float *out)
{
    vf sum = { 0 };
    size_t i = 0;
    for (; i + N <= have; i += N)
        turn_square(rows + i, stride, tile + i * N, N, &sum);
    gather(rows + i, stride, have - i, want - i, tile + i * N);
    for (; i < have; i++) {
        const vf x = load_f(tile + i * N);
        sum += x * x;
    }
    store_f(out, roots(sum));
}

static void scatter(const float *tile, size_t have, float *rows, size_t stride)
{
    size_t i = 0;
    for (; i + N <= have; i += N)
        turn_square(tile + i * N, N, rows + i, stride, NULL);
    for (; i < have; i++)
        for (size_t r = 0; r < N; r++)
            rows[r * stride + i] = tile[i * N + r];
}

#include "kernels/lanes_rotate.h"

/* ---- norms and scales ------------------------------------------------------------------------------------------- */

INNER vd widen(const float *p)
{
    return __builtin_convertvector(load_fh(p), vd);
}

static void halves(const float *x, uint16_t *out)
{
    store_halves(out, load_f(x));
}

static void scale_f64(float *tile, size_t count, const double *by)
{
    const vd low = load_d(by), high = load_d(by + HALF);
    for (float *x = tile; x < tile + count * N; x += N) {
        const vd a = widen(x) * low, b = widen(x + HALF) * high;
        store_fh(x, __builtin_convertvector(a, vfh));
        store_fh(x + HALF, __builtin_convertvector(b, vfh));
    }
}

static void squares(const float *tile, size_t count, float *out)
{
    vf sum = { 0 };
    for (size_t i = 0; i < count; i++) {
        const vf x = load_f(tile + i * N);
        sum += x * x;
    }
    store_f(out, sum);
}

/* A row with itself: half of the conversions. */
static void squares_f64(const float *a, size_t count, double *out)
{
    for (size_t side = 0; side < N; side += HALF) {
        vd sum[4] = { { 0 } };
        for (size_t i = 0; i < count; i += 4)
            for (size_t j = 0; j < 4; j++) {
                const vd x = widen(a + (i + j) * N + side);
                sum[j] += x * x;
            }
        store_d(out + side, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
}

static void dot_f64(const float *a, const float *b, size_t count, double *out)
{
    if (a == b) {
        squares_f64(a, count, out);
        return;
    }
    for (size_t side = 0; side < N; side += HALF) {
        vd sum[4] = { { 0 } };
        for (size_t i = 0; i < count; i += 4)
            for (size_t j = 0; j < 4; j++) {
                const size_t at = (i + j) * N + side;
                sum[j] += widen(a + at) * widen(b + at);
            }
        store_d(out + side, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
}

#include "kernels/lanes_codes.h"

#include "kernels/lanes_blocks.h"
#include "kernels/lanes_lattice.h"
#include "kernels/lanes_lines.h"
#if N >= 8
#include "kernels/lanes_q8.h"
#endif

extern const lanes LANES_TABLE;
const lanes LANES_TABLE = {
    .n = N,
    .finite = all_finite,
    .gather = gather,
    .gather_norms = gather_norms,
    .scatter = scatter,
    .rotate = rotate,
    .scale_f64 = scale_f64,
    .squares = squares,
    .dot_f64 = dot_f64,
    .codes = find_codes,
    .values = values,
    .codes_norms = codes_norms,
    .halves = halves,
    .pack = pack,
    .unpack = unpack,
    .unpack_values = unpack_values,
#if N >= 8
    .q8_0 = { q8_0_encode, q8_0_decode },
#endif
    .q5_1 = { q5_1_encode, q5_1_decode },
    .q5_0 = { q5_0_encode, q5_0_decode },
    .q4_1 = { q4_1_encode, q4_1_decode },
    .q4_0 = { q4_0_encode, q4_0_decode },
    .iq4_nl = { iq4_nl_encode, iq4_nl_decode },
    .lattice_steps = try_steps,
    .nearest_lines = nearest_lines,
};
