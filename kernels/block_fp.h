/* block_fp.h - rows as short floating-point numbers, alone or in blocks with a scale.
 *
 *     name   block  bytes                      value
 *     bf16   1      2, little-endian           the upper half of an f32
 *     e4m3   1      1                          OCP FP8: 4 exponent bits, bias 7, largest 448, no infinity
 *     e5m2   1      1                          OCP FP8: 5 exponent bits, bias 15, largest 57344
 *     mxfp4  32     scale, 16 codes            2^(scale - 127) · E2M1(code)
 *     nvfp4  16     scale, 8 codes             E4M3(scale) · E2M1(code)
 *
 * E2M1 has a sign and the magnitudes 0, 0.5, 1, 1.5, 2, 3, 4, 6. All numbers are rounded to nearest, ties to even.
 * mxfp4: the scale is 2^(floor(log2 max|x|) - 2), codes saturate at 6, and byte 1 + j holds the code of value j low and
 * of value j+16 high, as in ggml. nvfp4: the scale is max|x|/6, codes are those of x over the rounded scale, and byte
 * 1 + j holds the codes of values 2j (low) and 2j+1; the format's factor for the whole tensor is 1.
 * Formats: OCP 8-bit Floating Point Specification 1.0; OCP Microscaling Formats 1.0; NVIDIA NVFP4.
 *
 * An encoder takes n finite values, a multiple of the block, and returns the index of the first block that holds a
 * value beyond the format's largest (nothing of it is written), or n/block; mxfp4 takes every value. A decoder gives n
 * values and returns the index of the first block that no encoder writes, or n/block: infinities, NaNs, scales that are
 * not positive numbers or above the encoder's largest. [any thread]
 */
#ifndef KVANT_KERNELS_BLOCK_FP_H
#define KVANT_KERNELS_BLOCK_FP_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK_MXFP4 = 32, BLOCK_MXFP4_BYTES = 17, BLOCK_NVFP4 = 16, BLOCK_NVFP4_BYTES = 9 };
enum { BLOCK_MXFP4_SCALE_MAX = 127 + 127 - 2 }; /* of a block with a value of 2^127 and more */

size_t block_bf16_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_bf16_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_e4m3_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_e4m3_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_e5m2_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_e5m2_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_mxfp4_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_mxfp4_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_nvfp4_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_nvfp4_decode(const uint8_t *bytes, size_t n, float *values);

#endif
