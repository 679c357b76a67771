#include "kernels/block_q.h"

#include <math.h>

#include "kernels/half.h"

/* 1/d; 0 where d is 0, or so small that the quotient is infinite and the f16 scale 0 anyway. */
static float reciprocal(float d)
{
    const float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    return isfinite(inverse) ? inverse : 0.0f;
}

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

size_t block_q4_0_encode(const float *values, size_t n, uint8_t *bytes)
{
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const float *x = values + b * BLOCK_Q;
        uint8_t *out = bytes + b * BLOCK_Q4_0_BYTES;
        float largest = 0.0f, extreme = 0.0f;
        for (int i = 0; i < BLOCK_Q; i++)
            if (fabsf(x[i]) > largest) {
                largest = fabsf(x[i]);
                extreme = x[i];
            }

        const float d = extreme / -8.0f, inverse = reciprocal(d);
        const uint16_t scale = half_from_float(d);
        if (half_is_special(scale)) return b;
        half_store(out, scale);
        for (int i = 0; i < BLOCK_Q / 2; i++) {
            const int low = (int)(x[i] * inverse + 8.5f), high = (int)(x[i + BLOCK_Q / 2] * inverse + 8.5f);
            out[2 + i] = (uint8_t)((low < 15 ? low : 15) | (high < 15 ? high : 15) << 4);
        }
    }
    return n / BLOCK_Q;
}

size_t block_q4_0_decode(const uint8_t *bytes, size_t n, float *values)
{
    for (size_t b = 0; b < n / BLOCK_Q; b++) {
        const uint8_t *in = bytes + b * BLOCK_Q4_0_BYTES;
        float *x = values + b * BLOCK_Q;
        const uint16_t scale = half_load(in);
        if (half_is_special(scale)) return b;
        const float d = half_to_float(scale);
        for (int i = 0; i < BLOCK_Q / 2; i++) {
            x[i] = (float)((in[2 + i] & 15) - 8) * d;
            x[i + BLOCK_Q / 2] = (float)((in[2 + i] >> 4) - 8) * d;
        }
    }
    return n / BLOCK_Q;
}
