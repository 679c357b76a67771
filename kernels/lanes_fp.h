/* lanes_fp.h - rows as short floating-point numbers; part of lanes_body.h. The formats of kernels/block_fp.h and f16, a
 * register of values at a time, the same bits.
 *
 * An encoder or decoder ends in front of the register (the blocks) in which something does not fit, or which is not
 * full; block_fp.c goes on from there and knows which it is.
 */
#include "kernels/block_fp.h"
#include "kernels/short_float.h"

INNER vu signs(vf x)
{
    return (vu)x & 0x80000000u;
}

/* magnitude_code of kernels/block_fp.c. Bits that are dropped round and carry in integers; below the smallest normal
 * number the sum with a number whose last place is the format's step rounds. */
INNER vu short_codes(const short_float *f, vf m)
{
    const int drop = 23 - f->fraction;
    const uint32_t place = (uint32_t)(127 + f->lowest - f->fraction + 23) << 23;
    const vu bits = (vu)m, odd = bits >> drop & 1u;
    const vu normal = ((bits + ((1u << (drop - 1)) - 1u) + odd) >> drop) - ((uint32_t)(126 + f->lowest) << f->fraction);
    const vu small = (vu)(m + (vf)((vu){ 0 } + place)) - place;
    const vf least = (vf)((vu){ 0 } + ((uint32_t)(127 + f->lowest) << 23));
    return (vu)where_more(least, m, (vf)small, (vf)normal);
}

/* value_of of kernels/block_fp.c, of a code without its sign: below the smallest normal number the fraction stands
 * behind a one that is taken away. */
INNER vf short_values(const short_float *f, vu code)
{
    const uint32_t least = (uint32_t)(127 + f->lowest) << 23;
    const vu one = (vu){ 0 } + least;
    const vf normal = (vf)((code << (23 - f->fraction)) + (least - (1u << 23)));
    const vf small = (vf)((code << (23 - f->fraction)) + least) - (vf)one;
    return where_more((vf)one, normal, small, normal);
}

/* ---- casts ------------------------------------------------------------------------------------------------------ */

/* One more in the last place of the exponent carries into the sign's place for infinities and NaNs alone. */
INNER bool any_special_bf16(vu half)
{
    return any_set(((half & 0x7fffu) + 0x80u) & 0x8000u);
}

static size_t bf16_encode(const float *values, size_t n, uint8_t *bytes)
{
    size_t i = 0;
    for (; i + N <= n; i += N) {
        const vu bits = (vu)load_f(values + i), rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
        if (any_special_bf16(rounded)) break;
        store_low_halves(bytes + 2 * i, rounded);
    }
    return i + block_bf16_encode(values + i, n - i, bytes + 2 * i);
}

static size_t bf16_decode(const uint8_t *bytes, size_t n, float *values)
{
    size_t i = 0;
    for (; i + N <= n; i += N) {
        vh narrow;
        memcpy(&narrow, bytes + 2 * i, sizeof narrow);
        const vu half = __builtin_convertvector(narrow, vu);
        if (any_special_bf16(half)) break;
        store_f(values + i, (vf)(half << 16));
    }
    return i + block_bf16_decode(bytes + 2 * i, n - i, values + i);
}

/* f16: false when one does not fit, or is none. */
static bool narrow_all(const float *x, size_t n, uint8_t *halves)
{
    size_t i = 0;
    for (; i + N <= n; i += N) {
        uint16_t h[N];
        const vf v = load_f(x + i);
        if (any_set(~(vu)(magnitude(v) < 65520.0f))) return false;
        store_halves(h, v);
        memcpy(halves + 2 * i, h, sizeof h);
    }
    for (; i < n; i++) {
        const uint16_t h = half_from_float(x[i]);
        if (half_is_special(h)) return false;
        half_store(halves + 2 * i, h);
    }
    return true;
}

INNER size_t cast(const short_float *f, const float *values, size_t n, uint8_t *bytes)
{
    size_t i = 0;
    for (; i + N <= n; i += N) {
        const vf x = load_f(values + i);
        const vu code = short_codes(f, magnitude(x));
        if (any_set((vu)((vi)code > f->largest))) break;
        store_low_bytes(bytes + i, code | signs(x) >> 24);
    }
    return i;
}

INNER size_t uncast(const short_float *f, const uint8_t *bytes, size_t n, float *values)
{
    const uint32_t digits = (uint32_t)f->sign - 1u;
    size_t i = 0;
    for (; i + N <= n; i += N) {
        const vu code = widen_bytes(bytes + i);
        if (any_set((vu)((vi)(code & digits) > f->largest))) break;
        store_f(values + i, (vf)((vu)short_values(f, code & digits) | (code & (uint32_t)f->sign) << 24));
    }
    return i;
}

#define CAST_KERNELS(name)                                                                                             \
    static size_t name##_encode(const float *values, size_t n, uint8_t *bytes)                                         \
    {                                                                                                                  \
        const size_t i = cast(&short_##name, values, n, bytes);                                                        \
        return i + block_##name##_encode(values + i, n - i, bytes + i);                                                \
    }                                                                                                                  \
    static size_t name##_decode(const uint8_t *bytes, size_t n, float *values)                                         \
    {                                                                                                                  \
        const size_t i = uncast(&short_##name, bytes, n, values);                                                      \
        return i + block_##name##_decode(bytes + i, n - i, values + i);                                                \
    }
CAST_KERNELS(e4m3)
CAST_KERNELS(e5m2)

/* ---- blocks of E2M1 --------------------------------------------------------------------------------------------- */

static const float e2m1_values[16] = { 0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                       -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f };

/* Saturated; 6 is the largest number. */
INNER vu e2m1_codes(vf x)
{
    return short_codes(&short_e2m1, smaller(magnitude(x), all(6.0f))) | signs(x) >> 28;
}

/* Of as many blocks of n values as there are lanes, each lane the largest magnitude of one. */
INNER vf block_extremes(const float *x, size_t n)
{
    vf v[N];
#pragma GCC unroll 16
    for (size_t r = 0; r < N; r++)
        v[r] = magnitudes(x + r * n, n);
    return largest_of_each(v);
}

static size_t mxfp4_encode(const float *values, size_t n, uint8_t *bytes)
{
    enum { HALF_OF_IT = BLOCK_MXFP4 / 2 };
    const size_t blocks = n / BLOCK_MXFP4;
    size_t b = 0;
    for (; b + N <= blocks; b += N) {
        uint32_t scale[N];
        float inverse[N];
        const vi over = (vi)((vu)block_extremes(values + b * BLOCK_MXFP4, BLOCK_MXFP4) >> 23) - 2;
        const vu scales = (vu)(over & ~(over >> 31));
        store_u(scale, scales);
        store_f(inverse, (vf)((254u - scales) << 23));
        for (size_t r = 0; r < N; r++) {
            const float *x = values + (b + r) * BLOCK_MXFP4;
            uint8_t *out = bytes + (b + r) * BLOCK_MXFP4_BYTES;
            *out++ = (uint8_t)scale[r];
            for (size_t i = 0; i < HALF_OF_IT; i += N)
                store_low_bytes(out + i, e2m1_codes(load_f(x + i) * inverse[r]) |
                                             e2m1_codes(load_f(x + i + HALF_OF_IT) * inverse[r]) << 4);
        }
    }
    return b + block_mxfp4_encode(values + b * BLOCK_MXFP4, n - b * BLOCK_MXFP4, bytes + b * BLOCK_MXFP4_BYTES);
}

static size_t mxfp4_decode(const uint8_t *bytes, size_t n, float *values)
{
    enum { HALF_OF_IT = BLOCK_MXFP4 / 2 };
    size_t b = 0;
    for (; b < n / BLOCK_MXFP4 && bytes[b * BLOCK_MXFP4_BYTES] <= BLOCK_MXFP4_SCALE_MAX; b++) {
        const uint8_t *in = bytes + b * BLOCK_MXFP4_BYTES;
        const vu bits = (vu){ 0 } + (in[0] ? (uint32_t)in[0] << 23 : 1u << 22); /* 2^-127 is subnormal */
        float *x = values + b * BLOCK_MXFP4;
        for (size_t i = 0; i < HALF_OF_IT; i += N) {
            const vu both = widen_bytes(in + 1 + i);
            store_f(x + i, lookup_16(e2m1_values, both & 15u) * (vf)bits);
            store_f(x + i + HALF_OF_IT, lookup_16(e2m1_values, both >> 4) * (vf)bits);
        }
    }
    return b;
}

static size_t nvfp4_encode(const float *values, size_t n, uint8_t *bytes)
{
    const size_t blocks = n / BLOCK_NVFP4;
    size_t b = 0;
    for (; b + N <= blocks; b += N) {
        uint32_t code[N];
        float scale[N];
        const vu codes = short_codes(&short_e4m3, block_extremes(values + b * BLOCK_NVFP4, BLOCK_NVFP4) / 6.0f);
        if (any_set((vu)((vi)codes > short_e4m3.largest))) break;
        store_u(code, codes);
        store_f(scale, short_values(&short_e4m3, codes));
        for (size_t r = 0; r < N; r++) {
            const float *x = values + (b + r) * BLOCK_NVFP4;
            uint8_t *out = bytes + (b + r) * BLOCK_NVFP4_BYTES, digits[BLOCK_NVFP4] = { 0 };
            out[0] = (uint8_t)code[r];
            for (size_t i = 0; code[r] && i < BLOCK_NVFP4; i += N)
                store_low_bytes(digits + i, e2m1_codes(load_f(x + i) / scale[r]));
            join_nibbles(digits, out + 1);
        }
    }
    return b + block_nvfp4_encode(values + b * BLOCK_NVFP4, n - b * BLOCK_NVFP4, bytes + b * BLOCK_NVFP4_BYTES);
}

static size_t nvfp4_decode(const uint8_t *bytes, size_t n, float *values)
{
    size_t b = 0;
    for (; b < n / BLOCK_NVFP4 && bytes[b * BLOCK_NVFP4_BYTES] <= short_e4m3.largest; b++) {
        const uint8_t *in = bytes + b * BLOCK_NVFP4_BYTES;
        const vf scale = short_values(&short_e4m3, (vu){ 0 } + (uint32_t)in[0]);
        uint8_t digits[BLOCK_NVFP4];
        split_nibbles(in + 1, digits);
        for (size_t i = 0; i < BLOCK_NVFP4; i += N)
            store_f(values + b * BLOCK_NVFP4 + i, lookup_16(e2m1_values, widen_bytes(digits + i)) * scale);
    }
    return b;
}
