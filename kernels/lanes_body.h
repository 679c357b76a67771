/* lanes_body.h - the source of every level of lanes.h; included once by each lanes_*.c, which names the table
 * LANES_TABLE and the lanes of a register, N.
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

/* ---- rotation --------------------------------------------------------------------------------------------------- */

/* What a value is multiplied with on its way: first[i] and the lane's `by` before, last[i] after; NULL: nothing. */
typedef struct factors {
    const float *first, *by, *last;
} factors;

/* The log2(radix) stages from `stride` on, for `size` values, on what a register file holds at a time. The loops over k
 * must be unrolled, or v is memory. */
INNER void stages(int radix, float *tile, int size, int stride, factors x)
{
    for (int base = 0; base < size; base += radix * stride)
        for (int j = base; j < base + stride; j++) {
            vf v[RADIX];
            float *at = tile + (size_t)j * N;
            const size_t step = (size_t)stride * N;
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++)
                v[k] = load_f(at + (size_t)k * step);
            if (x.by) {
                const vf by = load_f(x.by);
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    v[k] *= by;
            }
            if (x.first)
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    v[k] *= x.first[j + k * stride];
#pragma GCC unroll 4
            for (int s = 1; s < radix; s *= 2)
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    if (!(k & s)) {
                        const vf a = v[k], b = v[k + s];
                        v[k] = a + b;
                        v[k + s] = a - b;
                    }
            if (x.last)
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    v[k] *= x.last[j + k * stride];
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++)
                store_f(at + (size_t)k * step, v[k]);
        }
}

static void stages_2(float *tile, int size, int stride, factors x)
{
    stages(2, tile, size, stride, x);
}

static void stages_4(float *tile, int size, int stride, factors x)
{
    stages(4, tile, size, stride, x);
}

static void stages_8(float *tile, int size, int stride, factors x)
{
    stages(8, tile, size, stride, x);
}

static void stages_most(float *tile, int size, int stride, factors x)
{
    stages(RADIX, tile, size, stride, x);
}

static void butterflies(float *tile, int size, factors x)
{
    factors here = { x.first, x.by, NULL };
    for (int stride = 1, radix; stride < size; stride *= radix) {
        const int left = size / stride;
        radix = left < RADIX ? left : RADIX;
        if (radix == left) here.last = x.last;
        if (radix == RADIX)
            stages_most(tile, size, stride, here);
        else if (radix == 8)
            stages_8(tile, size, stride, here);
        else if (radix == 4)
            stages_4(tile, size, stride, here);
        else
            stages_2(tile, size, stride, here);
        here = (factors){ 0 };
    }
}

static void hartley(const wht *w, float *tile, int size, const float *last)
{
    float pieces[WHT_MAX * N];
    const size_t n = (size_t)size * N;
    memcpy(pieces, tile, (size_t)w->n * N * sizeof *tile);
    for (int i = 0; i < w->odd; i++)
        for (int t = 0; t < size; t++) {
            const float *at = pieces + t * N;
            vf sum = load_f(at);
            for (int j = 1; j < w->odd; j++)
                sum += w->hartley[i * j % w->odd] * load_f(at + (size_t)j * n);
            store_f(tile + (i * size + t) * N, sum * last[i * size + t]);
        }
}

static void rotate(const wht *w, const float *first, const float *last, const float *by, float *tile)
{
    const int size = w->n / w->odd;
    float scaled[WHT_MAX];
    for (int i = 0; i < w->n; i++)
        scaled[i] = w->scale * last[i];
    for (int i = 0; i < w->n; i += size)
        butterflies(tile + i * N, size, (factors){ first + i, by, w->odd > 1 ? NULL : scaled });
    if (w->odd > 1) hartley(w, tile, size, scaled);
}

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

/* ---- codes ------------------------------------------------------------------------------------------------------ */

/* A search by halves: step s knows the upper s bits of the code and asks the boundary in the middle of what is left.
 * Boundaries past the last are NaN, which nothing reaches. */
INNER void search(int bits, const quantizer *q, const float *tile, size_t count, uint32_t *codes)
{
    float middle[4][16] = { { 0 } };
    for (int s = 0; s < bits; s++)
        for (int k = 0; k < 1 << s; k++)
            middle[s][k] = q->boundary[(2 * k + 1) * (1 << (bits - 1 - s)) - 1];
    for (size_t i = 0; i < count; i++) {
        const vf v = load_f(tile + i * N);
        vu k = at_least((vu){ 0 }, v, all(middle[0][0]));
        for (int s = 1; s < bits; s++)
            k = at_least(k, v, lookup_8(middle[s], k));
        store_u(codes + i * N, k);
    }
}

static void find_codes(const quantizer *q, const float *tile, size_t count, uint32_t *codes)
{
    if (q->n <= 2)
        search(1, q, tile, count, codes);
    else if (q->n <= 4)
        search(2, q, tile, count, codes);
    else if (q->n <= 8)
        search(3, q, tile, count, codes);
    else
        search(4, q, tile, count, codes);
}

static void values(const quantizer *q, const uint32_t *codes, size_t count, float *tile)
{
    if (q->n <= 8)
        for (size_t i = 0; i < count; i++)
            store_f(tile + i * N, lookup_8(q->level, load_u(codes + i * N)));
    else if (q->n <= 16)
        for (size_t i = 0; i < count; i++)
            store_f(tile + i * N, lookup_16(q->level, load_u(codes + i * N)));
    else
        for (size_t i = 0; i < count; i++)
            store_f(tile + i * N, lookup_256(q->level, load_u(codes + i * N)));
}

INNER vf squares_by(vf (*lookup)(const float *, vu), const quantizer *q, const uint32_t *codes, size_t count)
{
    vf sum = { 0 };
    for (size_t i = 0; i < count; i++) {
        const vf x = lookup(q->level, load_u(codes + i * N));
        sum += x * x;
    }
    return sum;
}

static void squares_of(const quantizer *q, const uint32_t *codes, size_t count, float *out)
{
    store_f(out, q->n <= 8    ? squares_by(lookup_8, q, codes, count)
                 : q->n <= 16 ? squares_by(lookup_16, q, codes, count)
                              : squares_by(lookup_256, q, codes, count));
}

/* ---- packing ---------------------------------------------------------------------------------------------------- */

/* 32 codes fill `bits` words in each lane. */
INNER void pack_group(int bits, const uint32_t *codes, int from, uint32_t *words)
{
    const uint32_t mask = (1u << bits) - 1u;
    vu word = { 0 };
    for (int i = 0, at = 0; i < WORD; i++) {
        const vu c = load_u(codes + i * N) >> from & mask;
        word |= c << at;
        at += bits;
        if (at < WORD) continue;
        store_u(words, word);
        words += N;
        at -= WORD;
        word = at ? c >> (bits - at) : (vu){ 0 };
    }
}

INNER void unpack_group(int bits, const uint32_t *words, int from, uint32_t *codes)
{
    const uint32_t mask = (1u << bits) - 1u;
    for (int i = 0; i < WORD; i++) {
        const int bit = i * bits, at = bit % WORD;
        const uint32_t *w = words + bit / WORD * N;
        vu c = load_u(w) >> at;
        if (at + bits > WORD) c |= load_u(w + N) << (WORD - at);
        c = (c & mask) << from;
        store_u(codes + i * N, from ? load_u(codes + i * N) | c : c);
    }
}

/* The group with its width as a constant. */
#define BY_BITS(call)                                                                                                  \
    switch (bits) {                                                                                                    \
    case 1: call(1); break;                                                                                            \
    case 2: call(2); break;                                                                                            \
    case 3: call(3); break;                                                                                            \
    case 4: call(4); break;                                                                                            \
    case 5: call(5); break;                                                                                            \
    case 6: call(6); break;                                                                                            \
    case 7: call(7); break;                                                                                            \
    default: call(8); break;                                                                                           \
    }

enum { WORDS_MOST = (WHT_MAX / LANES_CODES + 1) * 8 + N };

/* Words as f32 registers, which only move them. */
INNER void turn_words(const uint32_t *words, vf v[N])
{
    for (int c = 0; c < N; c++)
        v[c] = (vf)load_u(words + c * N);
    turn(v);
}

static void put_words(const uint32_t *words, size_t n, uint8_t *bytes, size_t stride)
{
    for (size_t i = 0; i < n; i += N, bytes += 4 * N) {
        const size_t left = n - i;
        vf v[N];
        turn_words(words + i * N, v);
        for (size_t r = 0; r < N; r++)
            if (left >= N)
                memcpy(bytes + r * stride, &v[r], sizeof v[r]);
            else if (left == HALF)
                memcpy(bytes + r * stride, &v[r], sizeof v[r] / 2);
            else
                memcpy(bytes + r * stride, &v[r], 4 * left);
    }
}

static void get_words(const uint8_t *bytes, size_t stride, size_t n, uint32_t *words)
{
    for (size_t i = 0; i < n; i += N, bytes += 4 * N) {
        const size_t left = n - i;
        vf v[N];
        for (size_t r = 0; r < N; r++) {
            v[r] = (vf){ 0 };
            if (left >= N)
                memcpy(&v[r], bytes + r * stride, sizeof v[r]);
            else if (left == HALF)
                memcpy(&v[r], bytes + r * stride, sizeof v[r] / 2);
            else
                memcpy(&v[r], bytes + r * stride, 4 * left);
        }
        turn(v);
        for (int c = 0; c < N; c++)
            store_u(words + (i + (size_t)c) * N, (vu)v[c]);
    }
}

static void pack(const uint32_t *codes, size_t count, int from, int bits, uint8_t *bytes, size_t stride)
{
    uint32_t words[WORDS_MOST * N];
    const size_t groups = count / LANES_CODES;
#define CALL(constant)                                                                                                 \
    for (size_t g = 0; g < groups; g++)                                                                                \
    pack_group(constant, codes + g * LANES_CODES * N, from, words + g * constant * N)
    BY_BITS(CALL)
#undef CALL
    put_words(words, groups * (size_t)bits, bytes, stride);
}

static void unpack(const uint8_t *bytes, size_t stride, size_t count, int from, int bits, uint32_t *codes)
{
    uint32_t words[WORDS_MOST * N];
    const size_t groups = count / LANES_CODES;
    get_words(bytes, stride, groups * (size_t)bits, words);
#define CALL(constant)                                                                                                 \
    for (size_t g = 0; g < groups; g++)                                                                                \
    unpack_group(constant, words + g * constant * N, from, codes + g * LANES_CODES * N)
    BY_BITS(CALL)
#undef CALL
}

/* ---- q8_0 ------------------------------------------------------------------------------------------------------- */

#if N >= 8
#include "kernels/lanes_q8.h"
#else
#define q8_0_encode NULL
#define q8_0_decode NULL
#endif

extern const lanes LANES_TABLE;
const lanes LANES_TABLE = { .n = N,
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
                            .q8_0_encode = q8_0_encode,
                            .q8_0_decode = q8_0_decode };
