#include "kernels/block_fp.h"

#include <math.h>
#include <string.h>

#include "kernels/short_float.h"

static uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static float from_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The code of |v| to nearest, ties to even, as if exponents had no end; v is finite. Below the smallest normal number
 * the step stays, so that subnormals need no case of their own, and a carry out of the fraction is the next exponent.
 */
static int magnitude_code(const short_float *f, float v)
{
    const uint32_t bits = bits_of(v) & 0x7fffffffu;
    const int exponent = (int)(bits >> 23) - 127, own = exponent > f->lowest ? exponent : f->lowest;
    const int drop = 23 - f->fraction + own - exponent;
    if (drop > 24) return 0;
    const uint32_t significand = (bits & 0x7fffffu) | 0x800000u, half = 1u << (drop - 1);
    uint32_t q = significand >> drop;
    const uint32_t rest = significand & (2 * half - 1);
    q += rest > half || (rest == half && (q & 1));
    return ((own - f->lowest) << f->fraction) + (int)q;
}

static float value_of(const short_float *f, int code)
{
    const int magnitude = code & (f->sign - 1), exponent = magnitude >> f->fraction;
    const int significand = exponent ? magnitude - ((exponent - 1) << f->fraction) : magnitude;
    const int power = (exponent ? exponent - 1 : 0) + f->lowest - f->fraction;
    const float v = (float)significand * from_bits((uint32_t)(power + 127) << 23);
    return code & f->sign ? -v : v;
}

/* Beyond the largest number: the largest. */
static int saturated(const short_float *f, float v)
{
    const int code = magnitude_code(f, v);
    return (code < f->largest ? code : f->largest) | (signbit(v) ? f->sign : 0);
}

static float largest_of(const float *x, int n)
{
    float largest = 0.0f;
    for (int i = 0; i < n; i++)
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    return largest;
}

/* ---- casts ------------------------------------------------------------------------------------------------------ */

size_t block_bf16_encode(const float *values, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = bits_of(values[i]), rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
        if ((rounded & 0x7f80u) == 0x7f80u) return i;
        bytes[2 * i] = (uint8_t)rounded;
        bytes[2 * i + 1] = (uint8_t)(rounded >> 8);
    }
    return n;
}

size_t block_bf16_decode(const uint8_t *bytes, size_t n, float *values)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t half = (uint32_t)bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8;
        if ((half & 0x7f80u) == 0x7f80u) return i;
        values[i] = from_bits(half << 16);
    }
    return n;
}

static size_t cast(const short_float *f, const float *values, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n; i++) {
        const int code = magnitude_code(f, values[i]);
        if (code > f->largest) return i;
        bytes[i] = (uint8_t)(code | (signbit(values[i]) ? f->sign : 0));
    }
    return n;
}

static size_t uncast(const short_float *f, const uint8_t *bytes, size_t n, float *values)
{
    for (size_t i = 0; i < n; i++) {
        if ((bytes[i] & (f->sign - 1)) > f->largest) return i;
        values[i] = value_of(f, bytes[i]);
    }
    return n;
}

size_t block_e4m3_encode(const float *values, size_t n, uint8_t *bytes)
{
    return cast(&short_e4m3, values, n, bytes);
}

size_t block_e4m3_decode(const uint8_t *bytes, size_t n, float *values)
{
    return uncast(&short_e4m3, bytes, n, values);
}

size_t block_e5m2_encode(const float *values, size_t n, uint8_t *bytes)
{
    return cast(&short_e5m2, values, n, bytes);
}

size_t block_e5m2_decode(const uint8_t *bytes, size_t n, float *values)
{
    return uncast(&short_e5m2, bytes, n, values);
}

/* ---- mxfp4 ------------------------------------------------------------------------------------------------------ */

size_t block_mxfp4_encode(const float *values, size_t n, uint8_t *bytes)
{
    enum { HALF_BLOCK = BLOCK_MXFP4 / 2 };
    for (size_t b = 0; b < n / BLOCK_MXFP4; b++) {
        const float *x = values + b * BLOCK_MXFP4;
        uint8_t *out = bytes + b * BLOCK_MXFP4_BYTES;
        const int exponent = (int)(bits_of(largest_of(x, BLOCK_MXFP4)) >> 23), scale = exponent > 2 ? exponent - 2 : 0;
        const float inverse = from_bits((uint32_t)(254 - scale) << 23);
        out[0] = (uint8_t)scale;
        for (int i = 0; i < HALF_BLOCK; i++)
            out[1 + i] = (uint8_t)(saturated(&short_e2m1, x[i] * inverse) |
                                   saturated(&short_e2m1, x[i + HALF_BLOCK] * inverse) << 4);
    }
    return n / BLOCK_MXFP4;
}

size_t block_mxfp4_decode(const uint8_t *bytes, size_t n, float *values)
{
    enum { HALF_BLOCK = BLOCK_MXFP4 / 2 };
    for (size_t b = 0; b < n / BLOCK_MXFP4; b++) {
        const uint8_t *in = bytes + b * BLOCK_MXFP4_BYTES;
        float *x = values + b * BLOCK_MXFP4;
        if (in[0] > BLOCK_MXFP4_SCALE_MAX) return b;
        const float scale = from_bits(in[0] ? (uint32_t)in[0] << 23 : 1u << 22); /* 2^-127 is subnormal */
        for (int i = 0; i < HALF_BLOCK; i++) {
            x[i] = scale * value_of(&short_e2m1, in[1 + i] & 15);
            x[i + HALF_BLOCK] = scale * value_of(&short_e2m1, in[1 + i] >> 4);
        }
    }
    return n / BLOCK_MXFP4;
}

/* ---- nvfp4 ------------------------------------------------------------------------------------------------------ */

size_t block_nvfp4_encode(const float *values, size_t n, uint8_t *bytes)
{
    for (size_t b = 0; b < n / BLOCK_NVFP4; b++) {
        const float *x = values + b * BLOCK_NVFP4;
        uint8_t *out = bytes + b * BLOCK_NVFP4_BYTES;
        const int code = magnitude_code(&short_e4m3, largest_of(x, BLOCK_NVFP4) / 6.0f);
        if (code > short_e4m3.largest) return b;
        out[0] = (uint8_t)code;
        memset(out + 1, 0, BLOCK_NVFP4 / 2);
        if (code == 0) continue;
        const float scale = value_of(&short_e4m3, code);
        for (int i = 0; i < BLOCK_NVFP4; i++)
            out[1 + i / 2] |= (uint8_t)(saturated(&short_e2m1, x[i] / scale) << (i % 2 ? 4 : 0));
    }
    return n / BLOCK_NVFP4;
}

size_t block_nvfp4_decode(const uint8_t *bytes, size_t n, float *values)
{
    for (size_t b = 0; b < n / BLOCK_NVFP4; b++) {
        const uint8_t *in = bytes + b * BLOCK_NVFP4_BYTES;
        if (in[0] > short_e4m3.largest) return b;
        const float scale = value_of(&short_e4m3, in[0]);
        for (int i = 0; i < BLOCK_NVFP4; i++)
            values[b * BLOCK_NVFP4 + i] =
                scale * value_of(&short_e2m1, i % 2 ? in[1 + i / 2] >> 4 : in[1 + i / 2] & 15);
    }
    return n / BLOCK_NVFP4;
}
