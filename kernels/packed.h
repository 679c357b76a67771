/* packed.h - matrices of weights in panels, in the few bits that the file gives them.
 *
 * A panel is simd.width rows of W side by side. All of ggml's weight types are one of the forms below: plain numbers,
 * or codes with a scale, value = fl(step * code) (+ base), where step is an f16 per block (HALF) or an f16 per 256
 * values times a small integer per group (SUPER), and base, where a form has one, is an f16 per block or minus such a
 * product. Codes have 8 bits, or 4 that name one of 16 levels. In a panel everything stands in the order in which it is
 * used:
 *
 *     per block:  width f16 of scales; width f16 of bases or their scales
 *     per group:  width signed bytes of scales and width bytes of bases (SUPER)
 *                 codes, values of one k side by side; of 4 bits: k low and k+1 high in one byte. Or in FOURS, for
 *                 instructions that multiply bytes (kernels/products.h): values k ... k+3 of a lane side by side; of 4
 *                 bits: k+i low and k+4+i high in byte i
 *
 * so that a product reads it once from beginning to end. What comes out are the values tensor.h gives, to the last bit,
 * and sums (of ONES) run over k ascending, one fused multiply-add a step, on every instruction set (kernels/simd.h).
 *
 *     packed_put(form, PACKED_ONES, width, lane, k, &block, panel);    a block of a row into its place
 *     s->packed[form].dot(panel, NULL, levels, k, x, y);        y[width] += panel . x
 *     s->packed[form].unpack(panel, levels, k, out);            out[k][width], for products of many rows
 */
#ifndef KVANT_KERNELS_PACKED_H
#define KVANT_KERNELS_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, codes, scales, has bases, values per block, values per group) */
#define PACKED_PLAIN(X)                                                                                                \
    X(F32, CODES_FLOATS, SCALES_NONE, false, 1, 1)                                                                     \
    X(F16, CODES_HALVES, SCALES_NONE, false, 1, 1)                                                                     \
    X(BF16, CODES_UPPER_HALVES, SCALES_NONE, false, 1, 1)
#define PACKED_CODED(X)                                                                                                \
    X(BYTES, CODES_BYTES, SCALES_HALF, false, 32, 32)                                                                  \
    X(BYTES_BASE, CODES_BYTES, SCALES_HALF, true, 32, 32)                                                              \
    X(BYTES_32_BASE, CODES_BYTES, SCALES_SUPER, true, 256, 32)                                                         \
    X(BYTES_16, CODES_BYTES, SCALES_SUPER, false, 256, 16)                                                             \
    X(NIBBLES, CODES_NIBBLES, SCALES_HALF, false, 32, 32)                                                              \
    X(NIBBLES_BASE, CODES_NIBBLES, SCALES_HALF, true, 32, 32)                                                          \
    X(NIBBLES_32, CODES_NIBBLES, SCALES_SUPER, false, 256, 32)                                                         \
    X(NIBBLES_32_BASE, CODES_NIBBLES, SCALES_SUPER, true, 256, 32)                                                     \
    X(NIBBLES_16, CODES_NIBBLES, SCALES_SUPER, false, 256, 16)                                                         \
    X(NIBBLES_16_BASE, CODES_NIBBLES, SCALES_SUPER, true, 256, 16)
#define PACKED_FORMS(X) PACKED_PLAIN(X) PACKED_CODED(X)

typedef enum packed_codes {
    CODES_FLOATS,
    CODES_HALVES,
    CODES_UPPER_HALVES, /* of f32: bf16 */
    CODES_BYTES,
    CODES_NIBBLES,
} packed_codes;

typedef enum packed_scales { SCALES_NONE, SCALES_HALF, SCALES_SUPER } packed_scales;

typedef enum packed_form {
#define PACKED_NAME(name, codes, scales, base, block, group) PACKED_##name,
    PACKED_FORMS(PACKED_NAME)
#undef PACKED_NAME
        PACKED_N_FORMS
} packed_form;

/* How the codes of a group stand. Plain numbers know ONES only. */
typedef enum packed_order { PACKED_ONES, PACKED_FOURS } packed_order;

enum { PACKED_BLOCK = 256, PACKED_GROUPS = 16 }; /* the most values and groups of a block */

/* One block of a row, taken apart. */
typedef struct packed_block {
    uint16_t scale, base;         /* f16; of SUPER: what the groups' are multiplied by */
    int8_t scales[PACKED_GROUPS]; /* SUPER */
    uint8_t bases[PACKED_GROUPS]; /* SUPER: subtracted */
    int8_t codes[PACKED_BLOCK];
} packed_block;

/* Bytes of a panel of k values, a whole number of blocks. */
size_t packed_panel_bytes(packed_form form, int width, size_t k);

/* Puts one block of row `lane` that begins at value k into the panel, whose other lanes keep what they have. A panel
 * begins as zeros. [any thread; one at a time per panel] */
void packed_put(packed_form form, packed_order order, int width, int lane, size_t k, const packed_block *block,
                uint8_t *panel);

/* The same for plain numbers: all k of row `lane`, which stand in a row of a file as they do in memory. */
void packed_put_numbers(packed_form form, int width, int lane, const uint8_t *numbers, size_t k, uint8_t *panel);

/* Row `lane` of the panel as f32. levels: 16, of forms with 4 bits. [any thread] */
void packed_row(packed_form form, packed_order order, int width, int lane, const int8_t *levels, const uint8_t *panel,
                size_t k, float *row);

/* Of panels in ONES. */
typedef struct packed_kernel {
    /* y[j] += sum over k of x[k] w[k][j], j < width; with next, the panel that follows, 2 * width of them. */
    void (*dot)(const uint8_t *panel, const uint8_t *next, const int8_t *levels, size_t k, const float *x, float *y);
    /* The first k values of every row: out[k][width]. */
    void (*unpack)(const uint8_t *panel, const int8_t *levels, size_t k, float *out);
} packed_kernel;

#endif
