/* verify_claims.h - what error a codec must have on Gaussian rows, where theory says so.
 *
 * One table by codec name, and a rule for codecs that are not in it but say in their summary that they are Lloyd-Max
 * quantisers: rotated rows are Gaussian coordinate by coordinate, so the optimum for their bits per value holds.
 * All errors are E|x - x'|^2 / E|x|^2. [any thread]
 */
#ifndef KVANT_APP_VERIFY_CLAIMS_H
#define KVANT_APP_VERIFY_CLAIMS_H

#include <stdbool.h>

#include "app/spec.h"

typedef struct verify_claim {
    double low, high;       /* the error is between these (equal: one closed form), before any tolerance */
    double tolerance;       /* relative, of the form itself */
    const char *source;     /* what the figure is */
} verify_claim;

/* The claim on an expression at a head dimension; payload: bits of payload per value, as split counts them. False when
 * there is none. */
bool verify_claim_of(const spec *s, int dim, double payload, verify_claim *claim);

/* The largest error of any rows the expression may have: below 1 except for estimators that trade error for no bias.
 */
double verify_claim_limit(const spec *s);

/* Error of a format with one scale for `block` values, the one with the largest magnitude on a level: levels low ... high
 * in steps of scale, |largest| / divisor. q8_0: 32, -127, 127, 127; q4_0, where the largest is always negative: 32, -8,
 * 7, 8. */
double verify_block_error(int block, int low, int high, int divisor);

/* Error of rounding to f16. */
double verify_half_error(void);

/* Error of a rotated row of `dim` values by a symmetric table (the positive half: n levels, n boundaries, the first 0;
 * for rows of length 1), when the decoded row is given the length of the row. */
double verify_table_error(int dim, const double *level, const double *boundary, int n);

#endif
