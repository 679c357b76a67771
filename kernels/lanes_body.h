/* lanes_body.h - the source of every level of lanes.h; included once by each lanes_*.c, which names the table
 * LANES_TABLE and the lanes of a register, N. Its parts are lanes_rotate.h, lanes_codes.h and lanes_q8.h.
 *
 * Written with the compiler's own vectors; what they cannot say (a table lookup, a compare that yields codes) is in the
 * few functions at the top, by level. Every operation is one IEEE operation per lane, and contraction is off.
 */
#include "kernels/lanes.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

/* table[k] for k < 8 (lookup_8), 16 and 256. at_least: 2k + (v >= b). load_fours: four values at p of rows 0, 4 … N
 * - 4.
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
INNER vf lookup_256(const float *table, vu k)
{
    return (vf)_mm512_i32gather_ps((__m512i)k, table, 4);
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
INNER vf lookup_256(const float *table, vu k)
{
    return (vf)_mm256_i32gather_ps(table, (__m256i)k, 4);
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
INNER vf load_fours(const float *p, size_t stride)
{
    (void)stride;
    return load_f(p);
}
#define lookup_8  lookup_256
#define lookup_16 lookup_256
INNER vu at_least(vu k, vf v, vf b)
{
    return k + k - (vu)(v >= b);
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

static bool finite(const float *x, size_t n)
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

/* N x N turned, as 4 x 4 within the quarters of registers: half of the shuffles are loads. */
INNER void gather_square(const float *rows, size_t stride, float *tile)
{
#pragma GCC unroll 4
    for (size_t c = 0; c < N; c += 4) {
        const vf a = load_fours(rows + c, stride), b = load_fours(rows + c + stride, stride);
        const vf d = load_fours(rows + c + 2 * stride, stride), e = load_fours(rows + c + 3 * stride, stride);
        const vf ab = EVEN(a, b, 1), ba = ODD(a, b, 1), de = EVEN(d, e, 1), ed = ODD(d, e, 1);
        store_f(tile + (c + 0) * N, EVEN(ab, de, 2));
        store_f(tile + (c + 1) * N, EVEN(ba, ed, 2));
        store_f(tile + (c + 2) * N, ODD(ab, de, 2));
        store_f(tile + (c + 3) * N, ODD(ba, ed, 2));
    }
}

static void gather(const float *rows, size_t stride, size_t have, size_t want, float *tile)
{
    size_t i = 0;
    for (; i + N <= have; i += N)
        gather_square(rows + i, stride, tile + i * N);
    for (; i < have; i++)
        for (size_t r = 0; r < N; r++)
            tile[i * N + r] = rows[r * stride + i];
    memset(tile + have * N, 0, (want - have) * N * sizeof *tile);
}

static void scatter(const float *tile, size_t have, float *rows, size_t stride)
{
    size_t i = 0;
    for (; i + N <= have; i += N) {
        vf v[N];
        for (int c = 0; c < N; c++)
            v[c] = load_f(tile + (i + (size_t)c) * N);
        turn(v);
        for (int r = 0; r < N; r++)
            store_f(rows + (size_t)r * stride + i, v[r]);
    }
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
#if N >= 8
#include "kernels/lanes_q8.h"
#endif

extern const lanes LANES_TABLE;
const lanes LANES_TABLE = {
    .n = N,
    .finite = finite,
    .gather = gather,
    .scatter = scatter,
    .rotate = rotate,
    .scale_f64 = scale_f64,
    .squares = squares,
    .dot_f64 = dot_f64,
    .codes = find_codes,
    .values = values,
    .squares_of = squares_of,
    .pack = pack,
    .unpack = unpack,
#if N >= 8
    .q8_0_encode = q8_0_encode,
    .q8_0_decode = q8_0_decode,
#endif
};
