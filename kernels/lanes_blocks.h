/* lanes_blocks.h - ggml's blocks of four and five bits; part of lanes_body.h. The operations of kernels/block_q.c in
 * its order, encoding with a block in each lane, decoding block by block.
 *
 * Encoding stops in front of the blocks among which one does not fit f16; whoever calls asks kernels/block_q.c which.
 */
#include <float.h>

#include "kernels/block_q.h"
#include "kernels/half.h"

typedef struct block_format {
    int largest;          /* code */
    bool has_minimum;     /* codes count from it; else from the middle */
    bool is_fitted;       /* iq4_nl */
    size_t bytes, scales; /* of a block; of its scale and minimum */
} block_format;

static const block_format format_q5_1 = { 31, true, false, BLOCK_Q5_1_BYTES, 4 };
static const block_format format_q5_0 = { 31, false, false, BLOCK_Q5_0_BYTES, 2 };
static const block_format format_q4_1 = { 15, true, false, BLOCK_Q4_1_BYTES, 4 };
static const block_format format_q4_0 = { 15, false, false, BLOCK_Q4_0_BYTES, 2 };
static const block_format format_iq4_nl = { 15, false, true, BLOCK_IQ4_NL_BYTES, 2 };

enum { HALF_BLOCK = BLOCK_Q / 2, CHAINS = 4, CHAIN = BLOCK_Q / CHAINS };

/* ---- scales -------------------------------------------------------------------------------------------------------
 */

INNER vf magnitude(vf x)
{
    return (vf)((vu)x & 0x7fffffffu);
}

/* Each lane the largest magnitude of those of n values that fall on it. */
INNER vf magnitudes(const float *x, size_t n)
{
    vf m = magnitude(load_f(x));
    for (size_t i = N; i < n; i += N)
        m = larger(m, magnitude(load_f(x + i)));
    return m;
}

/* Register r's largest lane in lane r. */
INNER vf largest_of_each(vf v[N])
{
#define FOLD(n, s)                                                                                                     \
    _Pragma("GCC unroll 8") for (int i = 0; i < (n); i++) v[i] =                                                       \
        larger(EVEN(v[2 * i], v[2 * i + 1], s), ODD(v[2 * i], v[2 * i + 1], s));
    FOLD(N / 2, 1)
    FOLD(N / 4, 2)
#if N >= 8
    FOLD(N / 8, 4)
#endif
#if N == 16
    FOLD(N / 16, 8)
#endif
#undef FOLD
    return v[0];
}

/* 1/d; 0 where that is not finite. */
INNER vf reciprocals(vf d)
{
    const vf q = 1.0f / d;
    return (vf)((vu)q & (vu)(magnitude(q) <= FLT_MAX));
}

/* False when one of the numbers does not fit. Row r's stands at out + r·stride. */
INNER bool put_halves(vf d, uint8_t *out, size_t stride)
{
    uint16_t halves[N];
    int special = 0;
    store_halves(halves, d);
    for (size_t r = 0; r < N; r++) {
        special |= half_is_special(halves[r]);
        half_store(out + r * stride, halves[r]);
    }
    return !special;
}

/* The first value of the largest magnitude. Four chains side by side, each of values that follow one another. */
INNER vf extremes(const float *tile)
{
    vf most[CHAINS] = { { 0 } }, extreme[CHAINS] = { { 0 } };
    for (size_t i = 0; i < CHAIN; i++)
        for (size_t c = 0; c < CHAINS; c++) {
            const vf x = load_f(tile + (c * CHAIN + i) * N), m = magnitude(x);
            extreme[c] = where_more(m, most[c], x, extreme[c]);
            most[c] = larger(m, most[c]);
        }
    for (int c = 1; c < CHAINS; c++) {
        extreme[0] = where_more(most[c], most[0], extreme[c], extreme[0]);
        most[0] = larger(most[c], most[0]);
    }
    return extreme[0];
}

/* Of equal ones the first, which says what sign a zero has. */
INNER void ranges(const float *tile, vf *low, vf *high)
{
    vf least[CHAINS], most[CHAINS];
    for (size_t c = 0; c < CHAINS; c++)
        least[c] = most[c] = load_f(tile + c * CHAIN * N);
    for (size_t i = 1; i < CHAIN; i++)
        for (size_t c = 0; c < CHAINS; c++) {
            const vf x = load_f(tile + (c * CHAIN + i) * N);
            least[c] = smaller(x, least[c]);
            most[c] = larger(x, most[c]);
        }
    *low = least[0];
    *high = most[0];
    for (int c = 1; c < CHAINS; c++) {
        *low = smaller(least[c], *low);
        *high = larger(most[c], *high);
    }
}

/* ---- codes --------------------------------------------------------------------------------------------------------
 */

/* (x - low)·inverse + plus without its fraction; low may be NULL. The clamp ends as the largest code. */
INNER void round_codes(const float *tile, const vf *low, vf inverse, float plus, int largest, uint32_t *codes)
{
    const vf shift = all(plus), most = all((float)largest + 0.5f);
    for (size_t i = 0; i < BLOCK_Q; i++) {
        const vf x = load_f(tile + i * N), v = (low ? x - *low : x) * inverse + shift;
        store_u(codes + i * N, (vu) __builtin_convertvector(smaller(v, most), vi));
    }
}

INNER bool centred(const float *tile, int largest, uint32_t *codes, uint8_t *out, size_t stride)
{
    const int half = (largest + 1) / 2;
    const vf d = extremes(tile) / (float)-half;
    round_codes(tile, NULL, reciprocals(d), (float)half + 0.5f, largest, codes);
    return put_halves(d, out, stride);
}

INNER bool from_minimum(const float *tile, int largest, uint32_t *codes, uint8_t *out, size_t stride)
{
    vf low, high;
    ranges(tile, &low, &high);
    const vf d = (high - low) / (float)largest;
    round_codes(tile, &low, reciprocals(d), 0.5f, largest, codes);
    const bool fits = put_halves(d, out, stride);
    return put_halves(low, out + 2, stride) && fits;
}

typedef struct fitted_levels {
    float level[16], tree[32]; /* half of the tree is never asked for; it is loaded */
} fitted_levels;

static void set_levels(fitted_levels *t)
{
    float middle[16] = { 0 };
    memset(t, 0, sizeof *t);
    for (int i = 0; i < 16; i++)
        t->level[i] = (float)block_iq4_nl_levels[i];
    for (int i = 0; i < 15; i++)
        middle[i] = 0.5f * (t->level[i] + t->level[i + 1]);
    quantizer_tree(middle, 4, t->tree);
}

INNER bool fitted(const fitted_levels *t, const float *tile, uint32_t *codes, uint8_t *out, size_t stride)
{
    const vf extreme = extremes(tile), inverse = 1.0f / (extreme / t->level[0]);
    const vu tiny = (vu)(magnitude(extreme) < 1e-15f);
    vf sum_lx = { 0 }, sum_ll = { 0 };
    for (size_t i = 0; i < BLOCK_Q; i++) {
        const vf x = load_f(tile + i * N), weight = x * x;
        const vu code = search(4, t->tree, inverse * x);
        const vf level = lookup_16(t->level, code);
        store_u(codes + i * N, (code & ~tiny) | (8u & tiny));
        sum_lx += weight * level * x;
        sum_ll += weight * level * level;
    }
    return put_halves((vf)((vu)(sum_lx / sum_ll) & ~tiny), out, stride);
}

/* The fifth bits, if there are, then the nibbles, of each lane. */
INNER void put_codes(const uint32_t *codes, bool five, uint8_t *out, size_t stride)
{
    vu words[4], high = { 0 };
    for (size_t w = 0; w < 4; w++) {
        words[w] = (vu){ 0 };
        for (size_t b = 0; b < 4; b++) {
            const size_t i = 4 * w + b;
            const vu low = load_u(codes + i * N), other = load_u(codes + (i + HALF_BLOCK) * N);
            words[w] |= ((low & 15u) | (other & 15u) << 4) << (8 * b);
            if (five) high |= (low >> 4) << i | (other >> 4) << (i + HALF_BLOCK);
        }
    }
    if (five) {
        uint32_t each[N];
        store_u(each, high);
        for (size_t r = 0; r < N; r++)
            memcpy(out + r * stride, &each[r], sizeof each[r]);
    }
    vf v[4] = { (vf)words[0], (vf)words[1], (vf)words[2], (vf)words[3] };
    turn_quarters(v);
    for (size_t k = 0; k < 4; k++)
        store_fours(out + 4 * five + k * stride, stride, v[k]);
}

INNER size_t encode_blocks_of(const block_format *f, const float *values, size_t n, uint8_t *bytes)
{
    _Alignas(LANES_ALIGN) float tile[BLOCK_Q * N];
    _Alignas(LANES_ALIGN) uint32_t codes[BLOCK_Q * N];
    fitted_levels t;
    if (f->is_fitted) set_levels(&t);
    const size_t blocks = n / BLOCK_Q;
    size_t b = 0;
    for (; b + N <= blocks; b += N) {
        uint8_t *out = bytes + b * f->bytes;
        for (size_t i = 0; i < BLOCK_Q; i += N)
            turn_square(values + b * BLOCK_Q + i, BLOCK_Q, tile + i * N, N, NULL);
        if (!(f->is_fitted     ? fitted(&t, tile, codes, out, f->bytes)
              : f->has_minimum ? from_minimum(tile, f->largest, codes, out, f->bytes)
                               : centred(tile, f->largest, codes, out, f->bytes)))
            break;
        put_codes(codes, f->largest > 15, out + f->scales, f->bytes);
    }
    return b;
}

/* ---- decoding -----------------------------------------------------------------------------------------------------
 */

INNER vf value_of(const block_format *f, const fitted_levels *t, vu code, float d, float m)
{
    if (f->is_fitted) return lookup_16(t->level, code) * d;
    if (f->has_minimum) return __builtin_convertvector((vi)code, vf) * d + m;
    return __builtin_convertvector((vi)code - (f->largest + 1) / 2, vf) * d;
}

INNER bool decode_one(const block_format *f, const fitted_levels *t, const uint8_t *in, float *x)
{
    const uint16_t scale = half_load(in), minimum = f->has_minimum ? half_load(in + 2) : 0;
    if (half_is_special(scale) || half_is_special(minimum) || (f->has_minimum && scale & 0x8000u)) return false;
    const float d = half_to_float(scale), m = half_to_float(minimum);
    const bool five = f->largest > 15;
    const uint8_t *nibbles = in + f->scales + 4 * five;
    uint32_t fifths = 0;
    if (five) memcpy(&fifths, in + f->scales, sizeof fifths);
    vu lane;
    for (int i = 0; i < N; i++)
        lane[i] = (uint32_t)i;
    for (size_t i = 0; i < HALF_BLOCK; i += N) {
        const vu both = widen_bytes(nibbles + i);
        vu low = both & 15u, high = both >> 4;
        if (five) {
            low |= ((fifths >> i) - (vu){ 0 }) >> lane << 4 & 16u;
            high |= ((fifths >> (i + HALF_BLOCK)) - (vu){ 0 }) >> lane << 4 & 16u;
        }
        store_f(x + i, value_of(f, t, low, d, m));
        store_f(x + i + HALF_BLOCK, value_of(f, t, high, d, m));
    }
    return true;
}

INNER size_t decode_blocks_of(const block_format *f, const uint8_t *bytes, size_t n, float *values)
{
    fitted_levels t;
    if (f->is_fitted) set_levels(&t);
    size_t b = 0;
    while (b < n / BLOCK_Q && decode_one(f, &t, bytes + b * f->bytes, values + b * BLOCK_Q))
        b++;
    return b;
}

/* Encoders go on one by one where lanes end: what is left, and which block does not fit. */
#define BLOCK_KERNELS(name)                                                                                            \
    static size_t name##_encode(const float *values, size_t n, uint8_t *bytes)                                         \
    {                                                                                                                  \
        const size_t b = encode_blocks_of(&format_##name, values, n, bytes);                                           \
        return b + block_##name##_encode(values + b * BLOCK_Q, n - b * BLOCK_Q, bytes + b * format_##name.bytes);      \
    }                                                                                                                  \
    static size_t name##_decode(const uint8_t *bytes, size_t n, float *values)                                         \
    {                                                                                                                  \
        return decode_blocks_of(&format_##name, bytes, n, values);                                                     \
    }
BLOCK_KERNELS(q5_1)
BLOCK_KERNELS(q5_0)
BLOCK_KERNELS(q4_1)
BLOCK_KERNELS(q4_0)
BLOCK_KERNELS(iq4_nl)
