/* tensor_blocks.h - the dequantisers behind tensor.h's table, one per weight type. Private to engine/tensor*.c.
 *
 * All take n values, a multiple of the type's block, from src at any alignment. Products and sums are single f32
 * operations in ggml's order, so the values are ggml's to the last bit.
 */
#ifndef KVANT_ENGINE_TENSOR_BLOCKS_H
#define KVANT_ENGINE_TENSOR_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

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

/* The 16 levels that the 4-bit codes of IQ4_NL and IQ4_XS stand for. */
extern const int8_t tensor_iq4_levels[16];

#endif
