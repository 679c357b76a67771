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
    double low, high;   /* the error is between these (equal: one closed form), before any tolerance */
    double tolerance;   /* relative, of the form itself */
    const char *source; /* what the figure is */
} verify_claim;

/* The claim on an expression at a head dimension; payload: bits of payload per value, as split counts them. False when
 * there is none. */
bool verify_claim_of(const spec *s, int dim, double payload, verify_claim *claim);

#endif
