/* fans.h - fans that show what a kernel's parts depend on: their order, or each other. */
#ifndef KVANT_TESTS_KERNELS_FANS_H
#define KVANT_TESTS_KERNELS_FANS_H

#include <pthread.h>

#include "kernels/fan.h"

typedef struct fan_share {
    void (*part)(void *arg, size_t i);
    void *arg;
    size_t first, n, step;
} fan_share;

static inline void *fan_take(void *memory)
{
    const fan_share *s = memory;
    for (size_t i = s->first; i < s->n; i += s->step)
        s->part(s->arg, i);
    return NULL;
}

/* The last part first. *self, when given, counts calls. */
static inline void fan_backwards(const void *self, size_t n, void (*part)(void *arg, size_t i), void *arg)
{
    if (self) ++*(size_t *)self;
    while (n-- > 0)
        part(arg, n);
}

/* Every third part on each of three threads. */
static inline void fan_on_three(const void *self, size_t n, void (*part)(void *arg, size_t i), void *arg)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    int started[THREADS];
    fan_share shares[THREADS];
    (void)self;
    for (size_t t = 0; t < THREADS; t++) {
        shares[t] = (fan_share){ part, arg, t, n, THREADS };
        started[t] = pthread_create(&threads[t], NULL, fan_take, &shares[t]) == 0;
        if (!started[t]) fan_take(&shares[t]);
    }
    for (size_t t = 0; t < THREADS; t++)
        if (started[t]) pthread_join(threads[t], NULL);
}

#endif
