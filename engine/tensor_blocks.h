/* tensor_blocks.h - the dequantisers behind tensor.h's table, one per weight type. Private to engine/tensor*.c.
 *
 * All take n values, a multiple of the type's block, from src at any alignment. Products and sums are single f32
 * operations in ggml's order, so the values are ggml's to the last bit.
 */
#ifndef KVANT_ENGINE_TENSOR_BLOCKS_H
#define KVANT_ENGINE_TENSOR_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/packed.h"

/* tensor_blocks.c: plain numbers and blocks of 32 */
void tensor_f32(const uint8_t *src, float *dst, size_t n);
void tensor_f16(const uint8_t *src, float *dst, size_t n);
void tensor_bf16(const uint8_t *src, float *dst, size_t n);
void tensor_q8_0(const uint8_t *src, float *dst, size_t n);
void tensor_q4_0(const uint8_t *src, float *dst, size_t n);
void tensor_q4_1(const uint8_t *src, float *dst, size_t n);
void tensor_q5_0(const uint8_t *src, float *dst, size_t n);
void tensor_q5_1(const uint8_t *src, float *dst, size_t n);
void tensor_iq4_nl(const uint8_t *src, float *dst, size_t n);

/* tensor_superblocks.c: blocks of 256 with their own quantised scales */
void tensor_q2_k(const uint8_t *src, float *dst, size_t n);
void tensor_q3_k(const uint8_t *src, float *dst, size_t n);
void tensor_q4_k(const uint8_t *src, float *dst, size_t n);
void tensor_q5_k(const uint8_t *src, float *dst, size_t n);
void tensor_q6_k(const uint8_t *src, float *dst, size_t n);
void tensor_iq4_xs(const uint8_t *src, float *dst, size_t n);

/* tensor_parts.c: one block taken apart. Codes of 4 bits stay indices into the type's levels; others are values. */
void parts_q8_0(const uint8_t *src, packed_block *to);
void parts_q4_0(const uint8_t *src, packed_block *to); /* and IQ4_NL */
void parts_q4_1(const uint8_t *src, packed_block *to);
void parts_q5_0(const uint8_t *src, packed_block *to);
void parts_q5_1(const uint8_t *src, packed_block *to);
void parts_q2_k(const uint8_t *src, packed_block *to);
void parts_q3_k(const uint8_t *src, packed_block *to);
void parts_q4_k(const uint8_t *src, packed_block *to);
void parts_q5_k(const uint8_t *src, packed_block *to);
void parts_q6_k(const uint8_t *src, packed_block *to);
void parts_iq4_xs(const uint8_t *src, packed_block *to);

/* Levels of 4-bit codes: 0 … 15 and -8 … 7. */
extern const int8_t tensor_codes4[16], tensor_signed4[16];

/* Bits of a 2-bit plane of 64 bytes: each half of 128 values has 32 bytes, four values of distance 32 in a byte. */
static inline int tensor_plane2(const uint8_t *plane, int i)
{
    const int half = i / 128, within = i % 128;
    return plane[32 * half + within % 32] >> (2 * (within / 32)) & 3;
}

/* Bits of a 4-bit plane of 128 bytes: each 64 values have 32 bytes, value i low and value i+32 high. */
static inline int tensor_plane4(const uint8_t *plane, int i)
{
    const int quarter = i / 64, within = i % 64;
    return plane[32 * quarter + within % 32] >> (4 * (within / 32)) & 15;
}

/* Scale and minimum of group g of 8, 6 bits each, in Q4_K's and Q5_K's 12 bytes: groups 0-3 whole in bytes g and 4+g;
 * groups 4-7 with their low four bits in byte 4+g (scale low, minimum high) and their high two atop bytes g-4 and g. */
static inline void tensor_scale_and_min(const uint8_t *packed, int g, int *scale, int *min)
{
    if (g < 4) {
        *scale = packed[g] & 63;
        *min = packed[g + 4] & 63;
    } else {
        *scale = (packed[g + 4] & 15) | packed[g - 4] >> 6 << 4;
        *min = packed[g + 4] >> 4 | packed[g] >> 6 << 4;
    }
}

/* The 16 levels that the 4-bit codes of IQ4_NL and IQ4_XS stand for. */
extern const int8_t tensor_iq4_levels[16];

#endif
