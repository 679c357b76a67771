/* products_few.h - one row of x, or a few, with dot products of bytes; private to products_amx.c, which has the table.
 */
#ifndef KVANT_KERNELS_PRODUCTS_FEW_H
#define KVANT_KERNELS_PRODUCTS_FEW_H

#include "kernels/products.h"

size_t products_few_bytes(int rows, size_t k);
void products_few_spread(const float *x, size_t stride, int rows, size_t k, uint8_t *digits);
extern products_few *const products_few_table[PACKED_N_FORMS];

#endif
