/* range_q.h - values as steps of a uniform grid from their minimum to their maximum ("asymmetric round to nearest").
 *
 * zero = min, scale = (max - min)/(2^bits - 1), both rounded to f16; code = round((x - zero)/scale) with the rounded
 * ones, ties to even, held within 0 … 2^bits - 1; value = scale·code + zero. KIVI (arXiv 2402.02750), section 3.
 */
#ifndef KVANT_KERNELS_RANGE_Q_H
#define KVANT_KERNELS_RANGE_Q_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGE_Q_BYTES = 4 }; /* scale, zero: f16, little-endian */

/* Quantises values[0], values[stride] … n of them, to codes[0], codes[stride] …, and writes scale and zero to `grid`.
 * bits: 1 … 8. False, and nothing written, when scale or zero does not fit f16. [any thread] */
bool range_q_encode(const float *values, size_t n, size_t stride, int bits, uint8_t *grid, uint8_t *codes);

/* The reverse. False, and nothing written, for a scale or zero that no encode writes: infinite or NaN, or a negative
 * scale. [any thread] */
bool range_q_decode(const uint8_t *grid, const uint8_t *codes, size_t n, size_t stride, float *values);

#endif
