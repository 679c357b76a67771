/* verify_rows.h - rows to try a codec on, and samples to calibrate it with.
 *
 * All of it follows from a seed: the same rows in every process. [any thread]
 */
#ifndef KVANT_APP_VERIFY_ROWS_H
#define KVANT_APP_VERIFY_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "kvant/codec.h"

typedef enum verify_kind {
    ROWS_GAUSSIAN,
    ROWS_SPIKY,    /* one coordinate in each row is thousands of times the others */
    ROWS_BIASED,   /* channels with means far from zero, as keys have */
    ROWS_UNEQUAL,  /* lengths of rows that differ by factors of a hundred */
    ROWS_CONSTANT, /* all values of a row equal */
    ROWS_EQUAL,    /* all rows equal */
    ROWS_ZERO,
    ROWS_TINY,      /* about 1e-30 */
    ROWS_SUBNORMAL, /* about 1e-42 */
    ROWS_LARGE,     /* about 1e4: near what f16 holds */
    ROWS_HUGE,      /* about 1e30 */
    ROWS_LARGEST,   /* plus and minus FLT_MAX */
    ROWS_KINDS
} verify_kind;

extern const char *const verify_kind_name[ROWS_KINDS];

/* Writes n_rows x dim f32. */
void verify_rows(verify_kind kind, size_t n_rows, size_t dim, uint64_t seed, float *rows);

/* sum |x - y|^2 / sum |x|^2 over n values; where x is zero, sum |y|^2. */
double verify_error(const float *x, const float *y, size_t n);

/* Two sequences of Gaussian rows times scale, query moments that are positive definite with a few strong directions,
 * attention that falls from 8 to 1; for an instance with blocks of `unit` rows, pooled over n_heads (1: not pooled). A
 * sequence has at least 128 rows (64 of more than 256 columns, for codecs take long over those) and one block. NULL
 * when out of memory. */
kvant_samples *verify_samples(size_t unit, size_t dim, size_t n_heads, float scale);
void verify_samples_free(kvant_samples *s); /* NULL is fine */

#endif
