/* timing.h - how quick the screen is: measured inside, shown by the command `timing`.
 *
 * A key's time begins when it was first waiting, as far as that can be known: a key that is there at once when the loop
 * comes back to wait has come while the loop was busy, and is counted from when that began. It ends when the terminal
 * has been sent what the key did.
 */
#ifndef KVANT_APP_SCREEN_TIMING_H
#define KVANT_APP_SCREEN_TIMING_H

#include <stddef.h>

enum { TIMING_KEPT = 2000 }; /* the newest of each kind */

typedef struct timing_series {
    double ms[TIMING_KEPT];
    size_t n; /* ever */
} timing_series;

/* What the processor did for it, whatever else the machine has to do, stands beside what a person waited. */
typedef struct timing {
    double first_screen, first_work; /* ms since the program was started */
    timing_series refreshes, refresh_work;
    timing_series keys, key_work;
} timing;

void timing_add(timing_series *s, double ms);

/* The q-quantile (0 ... 1) of those kept; 0 when there is none. */
double timing_quantile(const timing_series *s, double q);

/* Milliseconds since this process was started, exec included, to 10 ms upward; 0 when the system does not tell. */
double timing_since_start(void);

/* Milliseconds of the processor that this process has used. */
double timing_work(void);

#endif
