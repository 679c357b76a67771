#include "engine/tensor_blocks.h"

#include <string.h>

#include "kernels/half.h"

/* Where the parts stand is told at the functions of the same names in tensor_blocks.c and tensor_superblocks.c. */

const int8_t tensor_codes4[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
const int8_t tensor_signed4[16] = { -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7 };

static uint32_t load_u32(const uint8_t *b)
{
    return (uint32_t)half_load(b) | (uint32_t)half_load(b + 2) << 16;
}

/* ---- blocks of 32 ---- */

static void nibbles_of(const uint8_t *codes, int8_t *to)
{
    for (int i = 0; i < 16; i++) {
        to[i] = (int8_t)(codes[i] & 15);
        to[i + 16] = (int8_t)(codes[i] >> 4);
    }
}

static void codes5_of(const uint8_t *high, const uint8_t *codes, int offset, int8_t *to)
{
    const uint32_t bits = load_u32(high);
    nibbles_of(codes, to);
    for (int i = 0; i < 32; i++)
        to[i] = (int8_t)((to[i] | (int)(bits >> i & 1) << 4) - offset);
}

void parts_q8_0(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src);
    memcpy(to->codes, src + 2, 32);
}

void parts_q4_0(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src);
    nibbles_of(src + 2, to->codes);
}

void parts_q4_1(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src);
    to->base = half_load(src + 2);
    nibbles_of(src + 4, to->codes);
}

void parts_q5_0(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src);
    codes5_of(src + 2, src + 6, 16, to->codes);
}

void parts_q5_1(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src);
    to->base = half_load(src + 2);
    codes5_of(src + 4, src + 8, 0, to->codes);
}

/* ---- blocks of 256 ---- */

enum { SUPERBLOCK = PACKED_BLOCK };

void parts_q2_k(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src + 80);
    to->base = half_load(src + 82);
    for (int g = 0; g < 16; g++) {
        to->scales[g] = (int8_t)(src[g] & 15);
        to->bases[g] = src[g] >> 4;
    }
    for (int i = 0; i < SUPERBLOCK; i++)
        to->codes[i] = (int8_t)tensor_plane2(src + 16, i);
}

/* The code is 4 more than its value, as a signed nibble is 8 more. */
void parts_q3_k(const uint8_t *src, packed_block *to)
{
    const uint8_t *scales = src + 96;
    to->scale = half_load(src + 108);
    for (int g = 0; g < 16; g++) {
        const int low = g < 8 ? scales[g] & 15 : scales[g - 8] >> 4;
        to->scales[g] = (int8_t)((low | (scales[8 + g % 4] >> (2 * (g / 4)) & 3) << 4) - 32);
    }
    for (int i = 0; i < SUPERBLOCK; i++)
        to->codes[i] = (int8_t)(4 + (tensor_plane2(src + 32, i) | (src[i % 32] >> (i / 32) & 1) << 2));
}

static void scales6_of(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src);
    to->base = half_load(src + 2);
    for (int g = 0; g < 8; g++) {
        int scale, min;
        tensor_scale_and_min(src + 4, g, &scale, &min);
        to->scales[g] = (int8_t)scale;
        to->bases[g] = (uint8_t)min;
    }
}

void parts_q4_k(const uint8_t *src, packed_block *to)
{
    scales6_of(src, to);
    for (int i = 0; i < SUPERBLOCK; i++)
        to->codes[i] = (int8_t)tensor_plane4(src + 16, i);
}

void parts_q5_k(const uint8_t *src, packed_block *to)
{
    scales6_of(src, to);
    for (int i = 0; i < SUPERBLOCK; i++)
        to->codes[i] = (int8_t)(tensor_plane4(src + 48, i) | (src[16 + i % 32] >> (i / 32) & 1) << 4);
}

void parts_q6_k(const uint8_t *src, packed_block *to)
{
    to->scale = half_load(src + 208);
    memcpy(to->scales, src + 192, 16);
    for (int i = 0; i < SUPERBLOCK; i++) {
        const int half = i / 128, within = i % 128;
        const int low = src[64 * half + within % 64] >> (4 * (within / 64)) & 15;
        to->codes[i] = (int8_t)((low | tensor_plane2(src + 128, i) << 4) - 32);
    }
}

void parts_iq4_xs(const uint8_t *src, packed_block *to)
{
    const int high = half_load(src + 2);
    to->scale = half_load(src);
    for (int g = 0; g < 8; g++) {
        const int low = src[4 + g / 2] >> (4 * (g % 2)) & 15;
        to->scales[g] = (int8_t)((low | (high >> (2 * g) & 3) << 4) - 32);
        nibbles_of(src + 8 + 16 * g, to->codes + 32 * g);
    }
}
