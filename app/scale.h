/* scale.h - the numbers of an axis: a range that covers the data and ends on round values, and the ticks on it.
 *
 * Ticks are 1, 2 or 5 times a power of ten; on a logarithmic axis whole decades, or 1-2-5 within them when there are
 * few.
 */
#ifndef KVANT_APP_SCALE_H
#define KVANT_APP_SCALE_H

#include <stdbool.h>

enum { SCALE_TICKS = 32 };

typedef struct scale {
    bool log;
    double lo, hi; /* the range; of the values, also when log */
    int n_ticks;
    double ticks[SCALE_TICKS]; /* ascending */
} scale;

/* For finite values min <= max (positive when log), with about `wanted` ticks. Values beyond 1e300, and on a
 * logarithmic axis below 1e-290, are left outside the range. */
scale scale_make(double min, double max, bool log, int wanted);

/* The range lo < hi as it is (lo > 0 when log), with the round values in it as ticks: two at least, unless the range is
 * narrower than a double can tell apart. */
scale scale_within(double lo, double hi, bool log, int wanted);

/* Where a value lies: 0 at lo, 1 at hi, beyond them when outside. */
double scale_place(const scale *s, double value);

#endif
