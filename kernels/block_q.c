#include "kernels/block_q.h"

#include <math.h>
#include <stdbool.h>

#include "kernels/half.h"

enum { HALF_BLOCK = BLOCK_Q / 2 };

/* 1/d; 0 where d is 0, or so small that the quotient is infinite and the f16 scale 0 anyway. */
static float reciprocal(float d)
{
    const float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    return isfinite(inverse) ? inverse : 0.0f;
}

/* The first value of the largest magnitude. */
static float extreme_of(const float *x)
{
    float largest = 0.0f, extreme = 0.0f;
    for (int i = 0; i < BLOCK_Q; i++)
        if (fabsf(x[i]) > largest) {
            largest = fabsf(x[i]);
            extreme = x[i];
        }
    return extreme;
}

static void range_of(const float *x, float *low, float *high)
{
    *low = *high = x[0];
    for (int i = 1; i < BLOCK_Q; i++) {
        *low = x[i] < *low ? x[i] : *low;
        *high = x[i] > *high ? x[i] : *high;
    }
}

static int at_most(int code, int largest)
{
    return code < largest ? code : largest;
}

static void put_nibbles(const uint8_t *codes, uint8_t *out)
{
    for (int i = 0; i < HALF_BLOCK; i++)
        out[i] = (uint8_t)((codes[i] & 15) | (codes[i + HALF_BLOCK] & 15) << 4);
}

static void get_nibbles(const uint8_t *in, uint8_t *codes)
{
    for (int i = 0; i < HALF_BLOCK; i++) {
        codes[i] = in[i] & 15;
        codes[i + HALF_BLOCK] = in[i] >> 4;
    }
}

/* 32 codes of five bits: the fifth bits, little-endian, then the nibbles. */
static void put_fives(const uint8_t *codes, uint8_t *out)
{
    for (int b = 0; b < 4; b++) {
        int high = 0;
        for (int i = 0; i < 8; i++)
            high |= (codes[8 * b + i] >> 4) << i;
        out[b] = (uint8_t)high;
    }
    put_nibbles(codes, out + 4);
}

static void get_fives(const uint8_t *in, uint8_t *codes)
{
    get_nibbles(in + 4, codes);
    for (int i = 0; i < BLOCK_Q; i++)
        codes[i] |= (uint8_t)((in[i / 8] >> i % 8 & 1) << 4);
}

/* ---- q8_0 ------------------------------------------------------------------------------------------------------- */

/* roundf as a conversion that vectorises; |v| <= 128. The fraction v - trunc(v) is exact, so halves go away from zero
 * and nothing else does. */
static int8_t round_away(float v)
{
    const int whole = (int)v;
    const float rest = v - (float)whole;
    return (int8_t)(whole + (rest >= 0.5f) - (rest <= -0.5f));
}

size_t block_q8_0_encode(const float *values, size_t n, uint8_t *bytes)
{
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const float *x = values + b * BLOCK_Q;
        uint8_t *out = bytes + b * BLOCK_Q8_0_BYTES;
        float largest = 0.0f;
        for (int i = 0; i < BLOCK_Q; i++)
            largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;

        const float d = largest / 127.0f, inverse = reciprocal(d);
        const uint16_t scale = half_from_float(d);
        if (half_is_special(scale)) return b;
        half_store(out, scale);
        for (int i = 0; i < BLOCK_Q; i++)
            out[2 + i] = (uint8_t)round_away(x[i] * inverse);
    }
    return n / BLOCK_Q;
}

size_t block_q8_0_decode(const uint8_t *bytes, size_t n, float *values)
{
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const uint8_t *in = bytes + b * BLOCK_Q8_0_BYTES;
        float *x = values + b * BLOCK_Q;
        const uint16_t scale = half_load(in);
        if (half_is_special(scale) || scale & 0x8000u) return b;
        const float d = half_to_float(scale);
        int lowest = 0;
        for (int i = 0; i < BLOCK_Q; i++) {
            const int code = (int8_t)in[2 + i];
            lowest = code < lowest ? code : lowest;
            x[i] = (float)code * d;
        }
        if (lowest < -127) return b;
    }
    return n / BLOCK_Q;
}

/* ---- q4_0, q5_0: levels about zero ------------------------------------------------------------------------------ */

/* The codes 0 … 2·half - 1 and the f16 scale; false when it does not fit. */
static bool centred(const float *x, int half, uint8_t *codes, uint8_t *scale_out)
{
    const float d = extreme_of(x) / (float)-half, inverse = reciprocal(d);
    const uint16_t scale = half_from_float(d);
    if (half_is_special(scale)) return false;
    half_store(scale_out, scale);
    for (int i = 0; i < BLOCK_Q; i++)
        codes[i] = (uint8_t)at_most((int)(x[i] * inverse + ((float)half + 0.5f)), 2 * half - 1);
    return true;
}

static bool from_centred(const uint8_t *scale_in, const uint8_t *codes, int half, float *x)
{
    const uint16_t scale = half_load(scale_in);
    if (half_is_special(scale)) return false;
    const float d = half_to_float(scale);
    for (int i = 0; i < BLOCK_Q; i++)
        x[i] = (float)(codes[i] - half) * d;
    return true;
}

/* ---- q4_1, q5_1: levels from the minimum up --------------------------------------------------------------------- */

/* The codes 0 … largest, the f16 scale and the f16 minimum; false when one does not fit. */
static bool from_minimum(const float *x, int largest, uint8_t *codes, uint8_t *out)
{
    float low, high;
    range_of(x, &low, &high);
    const float d = (high - low) / (float)largest, inverse = reciprocal(d);
    const uint16_t scale = half_from_float(d), minimum = half_from_float(low);
    if (half_is_special(scale) || half_is_special(minimum)) return false;
    half_store(out, scale);
    half_store(out + 2, minimum);
    for (int i = 0; i < BLOCK_Q; i++)
        codes[i] = (uint8_t)at_most((int)((x[i] - low) * inverse + 0.5f), largest);
    return true;
}

static bool to_minimum(const uint8_t *in, const uint8_t *codes, float *x)
{
    const uint16_t scale = half_load(in), minimum = half_load(in + 2);
    if (half_is_special(scale) || half_is_special(minimum) || scale & 0x8000u) return false;
    const float d = half_to_float(scale), m = half_to_float(minimum);
    for (int i = 0; i < BLOCK_Q; i++)
        x[i] = (float)codes[i] * d + m;
    return true;
}

/* ---- blocks of both --------------------------------------------------------------------------------------------- */

typedef struct format {
    int largest; /* code */
    bool is_centred;
    size_t bytes, scales; /* of a block; of its scale and minimum */
    void (*put)(const uint8_t *codes, uint8_t *out);
    void (*get)(const uint8_t *in, uint8_t *codes);
} format;

static const format q4_0 = { 15, true, BLOCK_Q4_0_BYTES, 2, put_nibbles, get_nibbles };
static const format q5_0 = { 31, true, BLOCK_Q5_0_BYTES, 2, put_fives, get_fives };
static const format q4_1 = { 15, false, BLOCK_Q4_1_BYTES, 4, put_nibbles, get_nibbles };
static const format q5_1 = { 31, false, BLOCK_Q5_1_BYTES, 4, put_fives, get_fives };

static inline size_t encode(const format *f, const float *values, size_t n, uint8_t *bytes)
{
    uint8_t codes[BLOCK_Q];
    for (size_t b = 0; b < n / BLOCK_Q; b++, values += BLOCK_Q, bytes += f->bytes) {
        if (!(f->is_centred ? centred(values, (f->largest + 1) / 2, codes, bytes)
                            : from_minimum(values, f->largest, codes, bytes)))
            return b;
        f->put(codes, bytes + f->scales);
    }
    return n / BLOCK_Q;
}

static inline size_t decode(const format *f, const uint8_t *bytes, size_t n, float *values)
{
    uint8_t codes[BLOCK_Q];
    for (size_t b = 0; b < n / BLOCK_Q; b++, values += BLOCK_Q, bytes += f->bytes) {
        f->get(bytes + f->scales, codes);
        if (!(f->is_centred ? from_centred(bytes, codes, (f->largest + 1) / 2, values)
                            : to_minimum(bytes, codes, values)))
            return b;
    }
    return n / BLOCK_Q;
}

size_t block_q4_0_encode(const float *values, size_t n, uint8_t *bytes)
{
    return encode(&q4_0, values, n, bytes);
}

size_t block_q4_0_decode(const uint8_t *bytes, size_t n, float *values)
{
    return decode(&q4_0, bytes, n, values);
}

size_t block_q5_0_encode(const float *values, size_t n, uint8_t *bytes)
{
    return encode(&q5_0, values, n, bytes);
}

size_t block_q5_0_decode(const uint8_t *bytes, size_t n, float *values)
{
    return decode(&q5_0, bytes, n, values);
}

size_t block_q4_1_encode(const float *values, size_t n, uint8_t *bytes)
{
    return encode(&q4_1, values, n, bytes);
}

size_t block_q4_1_decode(const uint8_t *bytes, size_t n, float *values)
{
    return decode(&q4_1, bytes, n, values);
}

size_t block_q5_1_encode(const float *values, size_t n, uint8_t *bytes)
{
    return encode(&q5_1, values, n, bytes);
}

size_t block_q5_1_decode(const uint8_t *bytes, size_t n, float *values)
{
    return decode(&q5_1, bytes, n, values);
}

/* ---- iq4_nl ----------------------------------------------------------------------------------------------------- */

const int8_t block_iq4_nl_levels[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

/* The number of midpoints that v reaches: of two levels equally near, the upper. */
static uint8_t iq4_code(float v)
{
    int code = 0;
    for (int i = 0; i < 15; i++)
        code += v >= 0.5f * (float)(block_iq4_nl_levels[i] + block_iq4_nl_levels[i + 1]);
    return (uint8_t)code;
}

/* The fitted scale. The sums run in ggml's order and precision, which its bytes depend on. */
static float iq4_fit(const float *x, float extreme, uint8_t *codes)
{
    const float inverse = 1.0f / (extreme / (float)block_iq4_nl_levels[0]);
    float sum_lx = 0.0f, sum_ll = 0.0f;
    for (int i = 0; i < BLOCK_Q; i++) {
        codes[i] = iq4_code(inverse * x[i]);
        const float level = (float)block_iq4_nl_levels[codes[i]], weight = x[i] * x[i];
        sum_lx += weight * level * x[i];
        sum_ll += weight * level * level;
    }
    return sum_lx / sum_ll;
}

size_t block_iq4_nl_encode(const float *values, size_t n, uint8_t *bytes)
{
    uint8_t codes[BLOCK_Q];
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const float *x = values + b * BLOCK_Q, extreme = extreme_of(x);
        uint8_t *out = bytes + b * BLOCK_IQ4_NL_BYTES;
        float d = 0.0f;
        if (fabsf(extreme) < 1e-15f) {
            for (int i = 0; i < BLOCK_Q; i++)
                codes[i] = 8;
        } else
            d = iq4_fit(x, extreme, codes);
        const uint16_t scale = half_from_float(d); /* where the sums overflowed d is no number either */
        if (half_is_special(scale)) return b;
        half_store(out, scale);
        put_nibbles(codes, out + 2);
    }
    return n / BLOCK_Q;
}

size_t block_iq4_nl_decode(const uint8_t *bytes, size_t n, float *values)
{
    uint8_t codes[BLOCK_Q];
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const uint8_t *in = bytes + b * BLOCK_IQ4_NL_BYTES;
        const uint16_t scale = half_load(in);
        if (half_is_special(scale)) return b;
        const float d = half_to_float(scale);
        get_nibbles(in + 2, codes);
        for (int i = 0; i < BLOCK_Q; i++)
            values[b * BLOCK_Q + i] = d * (float)block_iq4_nl_levels[codes[i]];
    }
    return n / BLOCK_Q;
}
