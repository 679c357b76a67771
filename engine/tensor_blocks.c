#include "engine/tensor_blocks.h"

#include <string.h>

#include "kernels/half.h"

const int8_t tensor_iq4_levels[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

static float f32_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t load_u32(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static float load_half(const uint8_t *b)
{
    return half_to_float(half_load(b));
}

void tensor_f32(const uint8_t *src, float *dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = f32_from_bits(load_u32(src + 4 * i));
}

void tensor_f16(const uint8_t *src, float *dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = load_half(src + 2 * i);
}

/* The upper half of an f32. */
void tensor_bf16(const uint8_t *src, float *dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = f32_from_bits((uint32_t)half_load(src + 2 * i) << 16);
}

/* 34 bytes: f16 d; 32 signed codes. x = d·code. */
void tensor_q8_0(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= 32, src += 34, dst += 32) {
        const float d = load_half(src);
        for (int i = 0; i < 32; i++)
            dst[i] = d * (float)(int8_t)src[2 + i];
    }
}

/* In all blocks of 4-bit codes byte i of 16 holds the code of value i low and that of value i+16 high. */

/* 18 bytes: f16 d; 16 bytes of codes. x = d·(code - 8). */
void tensor_q4_0(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= 32, src += 18, dst += 32) {
        const float d = load_half(src);
        for (int i = 0; i < 16; i++) {
            dst[i] = d * (float)((src[2 + i] & 15) - 8);
            dst[i + 16] = d * (float)((src[2 + i] >> 4) - 8);
        }
    }
}

/* 20 bytes: f16 d; f16 m; 16 bytes of codes. x = d·code + m. */
void tensor_q4_1(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= 32, src += 20, dst += 32) {
        const float d = load_half(src), m = load_half(src + 2);
        for (int i = 0; i < 16; i++) {
            dst[i] = d * (float)(src[4 + i] & 15) + m;
            dst[i + 16] = d * (float)(src[4 + i] >> 4) + m;
        }
    }
}

/* Value i of a block of 5-bit codes: bit i of a little-endian u32 above the 4-bit code. */
static int code5(uint32_t high, const uint8_t *codes, int i)
{
    const int low = i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;
    return low | (int)(high >> i & 1) << 4;
}

/* 22 bytes: f16 d; u32 of high bits; 16 bytes of codes. x = d·(code - 16). */
void tensor_q5_0(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= 32, src += 22, dst += 32) {
        const float d = load_half(src);
        const uint32_t high = load_u32(src + 2);
        for (int i = 0; i < 32; i++)
            dst[i] = d * (float)(code5(high, src + 6, i) - 16);
    }
}

/* 24 bytes: f16 d; f16 m; u32 of high bits; 16 bytes of codes. x = d·code + m. */
void tensor_q5_1(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= 32, src += 24, dst += 32) {
        const float d = load_half(src), m = load_half(src + 2);
        const uint32_t high = load_u32(src + 4);
        for (int i = 0; i < 32; i++)
            dst[i] = d * (float)code5(high, src + 8, i) + m;
    }
}

/* 18 bytes: f16 d; 16 bytes of codes. x = d·level[code]. */
void tensor_iq4_nl(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= 32, src += 18, dst += 32) {
        const float d = load_half(src);
        for (int i = 0; i < 16; i++) {
            dst[i] = d * (float)tensor_iq4_levels[src[2 + i] & 15];
            dst[i + 16] = d * (float)tensor_iq4_levels[src[2 + i] >> 4];
        }
    }
}
