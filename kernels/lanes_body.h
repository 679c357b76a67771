/* lanes_body.h - the source of every level of lanes.h; included once by each lanes_*.c, which names the table
 * LANES_TABLE and the lanes of a register, N. Its parts are lanes_level.h, lanes_rotate.h, lanes_codes.h,
 * lanes_blocks.h, lanes_fp.h, lanes_range.h, lanes_lattice.h, lanes_lines.h and lanes_q8.h.
 *
 * Written with the compiler's own vectors; what they cannot say (a table lookup, a compare that yields codes) is in the
 * few functions of lanes_level.h. Every operation is one IEEE operation per lane, and contraction is off.
 */
#include "kernels/lanes.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#else
#include <arm_neon.h>
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

#include "kernels/lanes_level.h"

/* ---- plain rows -------------------------------------------------------------------------------------------------- */

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

static void spread(const float *tile, size_t have, float *columns, size_t stride)
{
    for (size_t i = 0; i < have; i++)
        store_f(columns + i * stride, load_f(tile + i * N));
}

#include "kernels/lanes_rotate.h"

/* ---- norms and scales ------------------------------------------------------------------------------------------- */

static void halves(const float *x, uint16_t *out)
{
    store_halves(out, load_f(x));
}

typedef uint16_t vh __attribute__((vector_size(2 * N)));

/* half_to_float of finite ones. The exponent is 112 too small; the product with 2^112 is exact and sets subnormals
 * right, too. */
INNER vf widened(vh h)
{
    const vu wide = __builtin_convertvector(h, vu);
    return (vf)((vu)((vf)((wide & 0x7fffu) << 13) * 0x1p112f) | (wide & 0x8000u) << 16);
}

static bool scales(const uint8_t *halves, size_t stride, float *out)
{
    vh h;
    uint32_t highest = 0;
    for (size_t r = 0; r < N; r++) {
        const uint16_t x = half_load(halves + r * stride);
        highest = x > highest ? x : highest;
        h[r] = x;
    }
    store_f(out, widened(h));
    return highest < 0x7c00u;
}

/* One more in the last place of the exponent carries into the sign's place for infinities and NaNs alone. */
static bool widen_all(const uint8_t *halves, size_t n, float *out)
{
    vh seen = { 0 };
    uint32_t rest = 0;
    size_t i = 0;
    for (; i + N <= n; i += N) {
        vh h;
        memcpy(&h, halves + 2 * i, sizeof h);
        seen |= (h & 0x7fffu) + 0x0400u;
        store_f(out + i, widened(h));
    }
    for (; i < n; i++) {
        const uint16_t h = half_load(halves + 2 * i);
        rest |= (h & 0x7fffu) + 0x0400u;
        out[i] = half_to_float(h);
    }
    for (int r = 0; r < N; r++)
        rest |= seen[r];
    return (rest & 0x8000u) == 0;
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

/* A row with itself: half of the conversions. A product of two f32 is exact in f64, so that fusing changes no bit. */
static void squares_f64(const float *a, size_t count, double *out)
{
    for (size_t side = 0; side < N; side += HALF) {
        vd sum[4] = { { 0 } };
        for (size_t i = 0; i < count; i += 4)
            for (size_t j = 0; j < 4; j++)
                sum[j] = fused_square(widen(a + (i + j) * N + side), sum[j]);
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
#include "kernels/lanes_fp.h"
#include "kernels/lanes_range.h"
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
    .spread = spread,
    .rotate = rotate,
    .scale_f64 = scale_f64,
    .squares = squares,
    .dot_f64 = dot_f64,
    .codes = find_codes,
    .values = values,
    .codes_norms = codes_norms,
    .halves = halves,
    .scales = scales,
    .widen = widen_all,
    .narrow = narrow_all,
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
    .bf16 = { bf16_encode, bf16_decode },
    .e4m3 = { e4m3_encode, e4m3_decode },
    .e5m2 = { e5m2_encode, e5m2_decode },
    .mxfp4 = { mxfp4_encode, mxfp4_decode },
    .nvfp4 = { nvfp4_encode, nvfp4_decode },
    .range_codes = range_codes,
    .range_values = range_values,
    .lattice_steps = try_steps,
    .nearest_lines = nearest_lines,
};
