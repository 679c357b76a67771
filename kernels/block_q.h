/* block_q.h - rows as ggml's blocks of 32 values, byte for byte.
 *
 *     name    bytes                                    value of code q
 *     q8_0    f16 d, 32 signed bytes                   d·q           d = max|x|/127
 *     q5_1    f16 d, f16 m, u32 high bits, 16 bytes    d·q + m       d = (max - min)/31, m = min
 *     q5_0    f16 d, u32 high bits, 16 bytes           d·(q - 16)    d = e/-16
 *     q4_1    f16 d, f16 m, 16 bytes                   d·q + m       d = (max - min)/15, m = min
 *     q4_0    f16 d, 16 bytes                          d·(q - 8)     d = e/-8
 *     iq4_nl  f16 d, 16 bytes                          d·level[q]    see block_iq4_nl_encode
 *
 * e is the value of largest magnitude, the first of several, sign kept. Byte j of 16 holds the low four bits of the
 * code of value j low and of value j+16 high; bit j of the high bits is the fifth bit of code j. Codes are found with d
 * and m before these are rounded to f16; q8_0 rounds halves away from zero, the others add a half and truncate.
 * Formats: ggml, block_q8_0 … block_iq4_nl.
 *
 * Every encoder takes n finite values, a multiple of BLOCK_Q, and returns the index of the first block whose d or m
 * does not fit f16 (its bytes and those after it are not written), or n/32. Every decoder gives n values and returns
 * the index of the first block that no encoder writes, or n/32: an infinite or NaN d or m; q8_0, q4_1 and q5_1 also a
 * negative d; q8_0 the code -128. [any thread]
 */
#ifndef KVANT_KERNELS_BLOCK_Q_H
#define KVANT_KERNELS_BLOCK_Q_H

#include <stddef.h>
#include <stdint.h>

enum {
    BLOCK_Q = 32,
    BLOCK_Q8_0_BYTES = 34,
    BLOCK_Q5_1_BYTES = 24,
    BLOCK_Q5_0_BYTES = 22,
    BLOCK_Q4_1_BYTES = 20,
    BLOCK_Q4_0_BYTES = 18,
    BLOCK_IQ4_NL_BYTES = 18,
};

size_t block_q8_0_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_q8_0_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_q5_1_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_q5_1_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_q5_0_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_q5_0_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_q4_1_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_q4_1_decode(const uint8_t *bytes, size_t n, float *values);

size_t block_q4_0_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_q4_0_decode(const uint8_t *bytes, size_t n, float *values);

/* Sixteen unequal levels, -127 … 113. The code of x is that of the level nearest to x·(-127/e), so that e falls on the
 * end of the table; then d is the least-squares fit of the chosen levels to x with weights x²: d = Σ x²·l·x / Σ x²·l².
 * A block without a magnitude of 1e-15 gets d = 0 and codes 8. (There ggml leaves in the codes what its buffer held.)
 */
extern const int8_t block_iq4_nl_levels[16];
size_t block_iq4_nl_encode(const float *values, size_t n, uint8_t *bytes);
size_t block_iq4_nl_decode(const uint8_t *bytes, size_t n, float *values);

#endif
