/* block_q.h - rows as ggml's q8_0 and q4_0 blocks, byte for byte.
 *
 * A block is 32 values of a row. q8_0: f16 scale d = max|x|/127, then 32 signed bytes round(x/d), halves away from
 * zero. q4_0: f16 scale d = m/-8 with m the value of largest magnitude, sign kept, then 16 bytes: byte j holds the code
 * of value j low and of value j+16 high, code = min(15, trunc(x/d + 8.5)), value = d·(code - 8). Codes are found with
 * the scale before it is rounded to f16. Format: ggml, block_q8_0 and block_q4_0.
 */
#ifndef KVANT_KERNELS_BLOCK_Q_H
#define KVANT_KERNELS_BLOCK_Q_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK_Q = 32, BLOCK_Q8_0_BYTES = 34, BLOCK_Q4_0_BYTES = 18 };

/* Encodes n finite values, a multiple of BLOCK_Q, into n/32 blocks. Returns the index of the first block whose scale
 * does not fit f16 (its bytes and those after it are not written), or n/32. [any thread] */
size_t block_q8_0_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_q4_0_encode(const float *values, size_t n, uint8_t *bytes);

/* Decodes n values. Returns the index of the first block that no encoder writes (an infinite or NaN scale; q8_0 also: a
 * negative scale, the code -128), or n/32. [any thread] */
size_t block_q8_0_decode(const uint8_t *bytes, size_t n, float *values);
size_t block_q4_0_decode(const uint8_t *bytes, size_t n, float *values);

#endif
