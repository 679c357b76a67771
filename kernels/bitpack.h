/* bitpack.h - codes of 1 … 8 bits, packed without gaps.
 *
 * The codes form one stream of bits, least significant bit first: code i fills the bits i·bits … i·bits + bits - 1, and
 * bit b is bit b mod 8 of byte b/8. What is left of the last byte is zero. For 4 bits this is the even code in the low
 * nibble; for 2 bits four codes from low to high.
 */
#ifndef KVANT_KERNELS_BITPACK_H
#define KVANT_KERNELS_BITPACK_H

#include <stddef.h>
#include <stdint.h>

/* Bytes for n codes: n·bits/8, rounded up. */
static inline size_t bitpack_bytes(size_t n, int bits)
{
    return n / 8 * (size_t)bits + (n % 8 * (size_t)bits + 7) / 8;
}

/* Packs n codes, each below 2^bits (higher bits are ignored), into bitpack_bytes(n, bits) bytes. [any thread] */
void bitpack_put(const uint8_t *codes, size_t n, int bits, uint8_t *bytes);

/* The reverse. Bits left over in the last byte are not looked at. [any thread] */
void bitpack_get(const uint8_t *bytes, size_t n, int bits, uint8_t *codes);

#endif
