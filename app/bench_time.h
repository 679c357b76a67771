/* bench_time.h - timing things in turns. Used by bench*.c. */
#ifndef KVANT_APP_BENCH_TIME_H
#define KVANT_APP_BENCH_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/metrics.h"

/* One of the things compared. run does it once; false ends the timing with what it put into f. NULL: it does not take
 * part. */
typedef struct bench_entrant {
    bool (*run)(void *arg, fault *f);
    void *arg;
    double *seconds; /* out: per run, one for each repetition */
    size_t runs;     /* out: runs per repetition, so many that the clock's grain does not matter */
} bench_entrant;

/* Every entrant once per repetition, in turns. [one thread] */
bool bench_turns(bench_entrant *entrants, size_t n, int reps, fault *f);

/* median(slow)/median(fast), times scale. */
bool bench_ratio(const bench_entrant *fast, const bench_entrant *slow, int reps, double scale, uint64_t seed,
                 interval *out, fault *f);

/* The median of an entrant's seconds. Sorts them: ratios come first. */
double bench_median(bench_entrant *e, int reps);

/* A copy of n bytes: the entrant that everything is compared with. */
typedef struct bench_copy {
    void *to;
    const void *from;
    size_t n;
} bench_copy;
bool bench_copy_run(void *copy, fault *f);

#endif
