/* verify_forms.h - errors of quantisers on Gaussian values, in closed form or by integrals.
 *
 * All are E|x - x'|^2 / E|x|^2, computed from the definition of a format and nothing of its implementation.
 * Milliseconds each. [any thread]
 */
#ifndef KVANT_APP_VERIFY_FORMS_H
#define KVANT_APP_VERIFY_FORMS_H

/* Error of a format with one scale for `block` values, the one with the largest magnitude on a level: levels low ...
 * high in steps of scale, |largest| / divisor. q8_0: 32, -127, 127, 127; q4_0, where the largest is always negative:
 * 32, -8, 7, 8. */
double verify_block_error(int block, int low, int high, int divisor);

/* Error of rounding to a binary floating point format with so many bits of fraction: 10 for f16. Exponents are not
 * limited. */
double verify_float_error(int fraction);

/* Error of a format with scale and minimum for `block` values on a grid of `steps` steps between the two. */
double verify_range_error(int block, int steps);

/* What the stored scale of a table codec preserves: nothing but the row's norm; the decoded norm; the least error of
 * the row; <x, x'> = <x, x>. */
typedef enum verify_scale { SCALE_PLAIN, SCALE_NORM, SCALE_MSE, SCALE_UNBIASED } verify_scale;

/* Error of a rotated row of `dim` values by a symmetric table for rows of length 1: the positive half, n levels and n
 * boundaries of which the first is 0. To second order in the fluctuations of a row's <x,c> and <c,c>. */
double verify_table_error(int dim, const double *level, const double *boundary, int n, verify_scale scale);

/* Error of the Lloyd-Max table of `bits` bits for a coordinate of a unit row of `dim` values; -1: there is none. */
double verify_optimum(int dim, int bits, verify_scale scale);

#endif
