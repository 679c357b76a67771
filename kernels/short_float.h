/* short_float.h - binary floating-point formats of at most 16 bits, described: what kernels/block_fp.c and its lanes
 * (kernels/lanes_fp.h) round to.
 *
 * A sign, an exponent without an end of its own, a fraction; below the smallest normal number the step stays. Formats:
 * IEEE 754-2019, 3.6; OCP 8-bit Floating Point Specification 1.0; OCP Microscaling Formats 1.0.
 */
#ifndef KVANT_KERNELS_SHORT_FLOAT_H
#define KVANT_KERNELS_SHORT_FLOAT_H

typedef struct short_float {
    int fraction; /* bits */
    int lowest;   /* exponent of the smallest normal number, 1 - bias */
    int largest;  /* code of the largest finite number */
    int sign;     /* the sign bit */
} short_float;

static const short_float short_e4m3 = { 3, -6, 0x7e, 0x80 };
static const short_float short_e5m2 = { 2, -14, 0x7b, 0x80 };
static const short_float short_e2m1 = { 1, 0, 7, 8 };

#endif
