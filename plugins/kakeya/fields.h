/* fields.h - the pieces a layout is made of: numbers of any width packed to bits, f16 or f32 arrays, and a reader that
 * does not run past its end.
 *
 * Bits: least significant first, what is left of the last byte is zero, and must be when read. Numbers: little-endian.
 */
#ifndef KVANT_PLUGINS_KAKEYA_FIELDS_H
#define KVANT_PLUGINS_KAKEYA_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits that hold the numbers 0 … most. */
unsigned fields_width(size_t most);

size_t fields_bits_bytes(size_t n, unsigned width);

/* n numbers below 2^width, width 0 … 16; returns the byte behind them. */
uint8_t *fields_put_bits(uint8_t *out, const uint16_t *values, size_t n, unsigned width);
bool fields_get_bits(const uint8_t *in, size_t n, unsigned width, uint16_t *values);

uint8_t *fields_put_u16(uint8_t *out, const uint16_t *values, size_t n);
void fields_get_u16(const uint8_t *in, size_t n, uint16_t *values);

uint8_t *fields_put_u32(uint8_t *out, uint32_t value);
uint32_t fields_get_u32(const uint8_t *in);

/* f32, or f16 for values that are f16 already. */
uint8_t *fields_put_reals(uint8_t *out, const float *values, size_t n, bool wide);

/* False when one is not finite or its magnitude is above `most`. */
bool fields_get_reals(const uint8_t *in, size_t n, bool wide, float most, float *values);

#endif
