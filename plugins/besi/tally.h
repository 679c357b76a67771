/* tally.h - magnitudes counted in cells as wide as a 64th to a 128th of their value, for percentiles and levels.
 *
 * Magnitudes of about 1, which is what one over their rms is: cells reach from 2^-16 to 2^16, and what lies outside is
 * counted in the first or the last.
 */
#ifndef KVANT_PLUGINS_BESI_TALLY_H
#define KVANT_PLUGINS_BESI_TALLY_H

#include <stdbool.h>
#include <stdint.h>

enum { TALLY_CELLS = 32 * 64 };

typedef struct tally {
    double edge[TALLY_CELLS + 1], count[TALLY_CELLS], total;
    double work[2 * (TALLY_CELLS + 1)];
} tally;

/* Empties it. */
void tally_clear(tally *t);

/* Counts |value|, which is not NaN. */
void tally_add(tally *t, float value);

/* Adds what another has counted. */
void tally_join(tally *t, const tally *other);

/* The magnitude that a share of all counted ones lies below; 0 when there are none. */
double tally_quantile(const tally *t, double share);

/* The Lloyd-Max levels for what was counted, 2^bits, ascending and symmetric; false when there is nothing. */
bool tally_levels(tally *t, int bits, double *level);

#endif
