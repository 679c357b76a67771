/* clock.h - time for measuring: steady, whatever happens to the date. */
#ifndef KVANT_BASE_CLOCK_H
#define KVANT_BASE_CLOCK_H

#include <time.h>

/* What a clock of clock_gettime shows, in seconds. [any thread] */
static inline double clock_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds since some moment in the past. [any thread] */
static inline double clock_seconds(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

/* Processor seconds of the calling thread, and of all threads of this process; what others that run at this moment
 * have worked since the system looked last, some milliseconds, is not in it (base/pool.h: pool_worked). [any thread] */
static inline double clock_thread(void)
{
    return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static inline double clock_process(void)
{
    return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

#endif
