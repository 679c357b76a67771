/* rotation.h - the rotation of residuals of any width up to 512.
 *
 * From 16 values on that of kernels/wht.h, after the values were dealt out in turn to the pieces it mixes; below, the
 * same construction as a matrix: A/√n · D(s), A the Hartley matrix of the odd part times the Hadamard matrix of the
 * rest, s fixed signs.
 */
#ifndef KVANT_PLUGINS_KAKEYA_ROTATION_H
#define KVANT_PLUGINS_KAKEYA_ROTATION_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/wht.h"

enum { ROTATION_SMALL = WHT_MIN - 1 };

typedef struct rotation {
    int n;
    wht large;
    float small[ROTATION_SMALL * ROTATION_SMALL]; /* row-major; for n <= ROTATION_SMALL */
} rotation;

/* The width a rank is filled up to with zeros: the next power of two, or else the least one there is a rotation for;
 * even when asked to be. */
size_t rotation_width(size_t rank, bool power_of_two, bool even);

/* n: a result of rotation_width. */
void rotation_init(rotation *r, size_t n);

void rotation_forward(const rotation *r, float *row);
void rotation_inverse(const rotation *r, float *row);

#endif
