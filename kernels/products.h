/* products.h - products of activations with weights that are codes and scales, in whole numbers, for processors that
 * multiply bytes (VNNI) and tiles of them (AMX).
 *
 * 32 neighbouring values of a row of x become whole numbers of 23 bits with their sign, times a power of two that fits
 * the largest of them: no less exact than f32 sums are. A number has three digits of 8 bits, n = d0 + 256 d1 + 65536
 * d2, each from -128 to 127. For each group of weights the sums of code times digit are whole numbers below 2^24, which
 * f32 holds exactly in whatever order they are added, so that one row (dot products of bytes) and 16 of them (tiles of
 * bf16) come to the same bits. Groups are then added in ascending order:
 *
 *     s[i] = sum of code d[i];  f = fl(fl(65536 s[2] + 256 s[1]) + s[0]);  y = fma(f * unit, step, y)
 *     and with a base                                                      y = fma(fl(sum of n) * unit, base, y)
 *
 * Sums of kernels/packed.h round after each product instead; the two differ by about as much as each differs from the
 * truth, 2e-7 of the sum of |w x|.
 *
 *     const products *p = products_best();                               NULL: kernels/packed.h has to do
 *     uint8_t *digits = malloc(p->digits_bytes(rows, k));
 *     p->spread(x, k, rows, k, digits);
 *     p->few[form](panel, levels, k, digits, rows, y, ldy, columns, false);     rows <= PRODUCTS_FEW: y = x . panel
 *     p->open[form](panel, levels, from, n, opened);                     more rows: codes as tiles, once for all rows
 *     p->many[form](panel, opened, from, n, digits, rows, y, ldy, columns, add);
 *
 * A value that is not finite, or 2^80 and more, makes the products of its 32 NaN. All functions: [any thread].
 */
#ifndef KVANT_KERNELS_PRODUCTS_H
#define KVANT_KERNELS_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/packed.h"

enum {
    PRODUCTS_WIDTH = 32, /* lanes of a panel, in PACKED_FOURS */
    PRODUCTS_GROUP = 32, /* values that share a unit; k is a multiple of it */
    PRODUCTS_ROWS = 16,  /* the most rows that are spread together */
    PRODUCTS_FEW = 3,    /* so many rows go through `few`, more through `many` */
    PRODUCTS_ALIGNMENT = 64,
};

/* y[rows x columns] = x W^T, or y += with add: rows of y stand ldy floats apart, columns <= PRODUCTS_WIDTH. levels: 16,
 * of forms with 4 bits. panel, digits, opened: PRODUCTS_ALIGNMENT. */
typedef void products_few(const uint8_t *panel, const int8_t *levels, size_t k, const uint8_t *digits, int rows,
                          float *y, size_t ldy, int columns, bool add);

/* The codes of values from ... from + n - 1, a whole number of the form's blocks, as 2 * PRODUCTS_WIDTH * n bytes. */
typedef void products_open(const uint8_t *panel, const int8_t *levels, size_t from, size_t n, uint8_t *opened);

/* The same of those values. */
typedef void products_many(const uint8_t *panel, const uint8_t *opened, size_t from, size_t n, const uint8_t *digits,
                           int rows, float *y, size_t ldy, int columns, bool add);

typedef struct products {
    const char *name;

    /* Bytes that the digits of rows <= PRODUCTS_ROWS rows of k values take, a multiple of the alignment. */
    size_t (*digits_bytes)(int rows, size_t k);

    /* Rows of k f32, `stride` floats apart, into digits. */
    void (*spread)(const float *x, size_t stride, int rows, size_t k, uint8_t *digits);

    /* PACKED_N_FORMS of each; NULL of plain numbers. */
    products_few *const *few;
    products_open *const *open;
    products_many *const *many;
} products;

/* NULL where the processor has no such instructions, or KVANT_SIMD rules them out (kernels/cpu.h). */
const products *products_best(void);

#endif
