#include "engine/tensor_blocks.h"

#include "kernels/half.h"

/* A superblock is 256 values: groups of 16 or 32 with a small scale each (and in Q2_K, Q4_K, Q5_K a minimum that is
 * subtracted), and one or two f16 scales of those scales. In the formulas g is the value's group. */

enum {
    SUPERBLOCK = 256,
    Q2_K_BYTES = 84,
    Q3_K_BYTES = 110,
    Q4_K_BYTES = 144,
    Q5_K_BYTES = 176,
    Q6_K_BYTES = 210,
    IQ4_XS_BYTES = 136
};

static float load_half(const uint8_t *b)
{
    return half_to_float(half_load(b));
}

/* 84 bytes: 16 bytes of group scales (low 4 bits) and minima (high); 64 of codes; f16 d; f16 dmin.
 * Groups of 16. x = d·scale[g]·code - dmin·min[g]. */
void tensor_q2_k(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= SUPERBLOCK, src += Q2_K_BYTES, dst += SUPERBLOCK) {
        const uint8_t *scales = src, *codes = src + 16;
        const float d = load_half(src + 80), dmin = load_half(src + 82);
        for (int g = 0; g < 16; g++) {
            const float scale = d * (float)(scales[g] & 15), min = dmin * (float)(scales[g] >> 4);
            for (int i = 16 * g; i < 16 * g + 16; i++)
                dst[i] = scale * (float)tensor_plane2(codes, i) - min;
        }
    }
}

/* 110 bytes: 32 of high bits (byte i%32, bit i/32); 64 of low codes; 12 of scales; f16 d. Groups of 16.
 * Scale g has 6 bits, offset by 32: its low four in byte g%8 (g < 8 low, else high), its high two in byte 8 + g%4 at
 * bit 2·(g/4). x = d·(scale[g] - 32)·(code - 4), the high bit of the code worth 4. */
void tensor_q3_k(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= SUPERBLOCK, src += Q3_K_BYTES, dst += SUPERBLOCK) {
        const uint8_t *high = src, *codes = src + 32, *scales = src + 96;
        const float d = load_half(src + 108);
        for (int g = 0; g < 16; g++) {
            const int low = g < 8 ? scales[g] & 15 : scales[g - 8] >> 4;
            const int scale = low | (scales[8 + g % 4] >> (2 * (g / 4)) & 3) << 4;
            const float step = d * (float)(scale - 32);
            for (int i = 16 * g; i < 16 * g + 16; i++) {
                const int code = tensor_plane2(codes, i) | (high[i % 32] >> (i / 32) & 1) << 2;
                dst[i] = step * (float)(code - 4);
            }
        }
    }
}

/* 144 bytes: f16 d; f16 dmin; 12 of scales and minima; 128 of codes. Groups of 32. x = d·scale[g]·code - dmin·min[g].
 */
void tensor_q4_k(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= SUPERBLOCK, src += Q4_K_BYTES, dst += SUPERBLOCK) {
        const float d = load_half(src), dmin = load_half(src + 2);
        for (int g = 0; g < 8; g++) {
            int scale, min;
            tensor_scale_and_min(src + 4, g, &scale, &min);
            const float step = d * (float)scale, below = dmin * (float)min;
            for (int i = 32 * g; i < 32 * g + 32; i++)
                dst[i] = step * (float)tensor_plane4(src + 16, i) - below;
        }
    }
}

/* 176 bytes: Q4_K with 32 bytes of high bits (byte i%32, bit g), worth 16, before the codes. */
void tensor_q5_k(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= SUPERBLOCK, src += Q5_K_BYTES, dst += SUPERBLOCK) {
        const float d = load_half(src), dmin = load_half(src + 2);
        for (int g = 0; g < 8; g++) {
            int scale, min;
            tensor_scale_and_min(src + 4, g, &scale, &min);
            const float step = d * (float)scale, below = dmin * (float)min;
            for (int i = 32 * g; i < 32 * g + 32; i++) {
                const int code = tensor_plane4(src + 48, i) | (src[16 + i % 32] >> g & 1) << 4;
                dst[i] = step * (float)code - below;
            }
        }
    }
}

/* 210 bytes: 128 of low 4 bits; 64 of high 2 bits; 16 signed group scales; f16 d. Groups of 16. Each half of 128 values
 * has 64 low bytes: value j and j+64 share byte j. x = d·scale[g]·(code - 32). */
void tensor_q6_k(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= SUPERBLOCK, src += Q6_K_BYTES, dst += SUPERBLOCK) {
        const uint8_t *low = src, *high = src + 128, *scales = src + 192;
        const float d = load_half(src + 208);
        for (int g = 0; g < 16; g++) {
            const float step = d * (float)(int8_t)scales[g];
            for (int i = 16 * g; i < 16 * g + 16; i++) {
                const int half = i / 128, within = i % 128;
                const int code = (low[64 * half + within % 64] >> (4 * (within / 64)) & 15) | tensor_plane2(high, i)
                                                                                                  << 4;
                dst[i] = step * (float)(code - 32);
            }
        }
    }
}

/* 136 bytes: f16 d; u16 of high scale bits (2·g); 4 bytes of low ones (group g: byte g/2, odd groups high); 128 of
 * codes, each group of 32 its own 16 bytes, value i low and value i+16 high. x = d·(scale[g] - 32)·level[code]. */
void tensor_iq4_xs(const uint8_t *src, float *dst, size_t n)
{
    for (; n; n -= SUPERBLOCK, src += IQ4_XS_BYTES, dst += SUPERBLOCK) {
        const float d = load_half(src);
        const int high = half_load(src + 2);
        for (int g = 0; g < 8; g++) {
            const int scale = (src[4 + g / 2] >> (4 * (g % 2)) & 15) | (high >> (2 * g) & 3) << 4;
            const float step = d * (float)(scale - 32);
            const uint8_t *codes = src + 8 + 16 * g;
            for (int i = 0; i < 16; i++) {
                dst[32 * g + i] = step * (float)tensor_iq4_levels[codes[i] & 15];
                dst[32 * g + i + 16] = step * (float)tensor_iq4_levels[codes[i] >> 4];
            }
        }
    }
}
