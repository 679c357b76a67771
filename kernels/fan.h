/* fan.h - who runs the parts of a piece of work: the caller alone, or threads that its host has to spare.
 *
 * Kernels that take a fan cut their work where the cut changes no result: by what is written, never by what is summed,
 * so that every sum keeps its order. NULL is the caller alone; a codec's is its host's (plugins/host_fan.h).
 *
 *     const fan f = { on_host, host };
 *     fan_run(&f, 12, add_tile, &work);         add_tile(&work, 0 … 11), in any order, perhaps at once
 */
#ifndef KVANT_KERNELS_FAN_H
#define KVANT_KERNELS_FAN_H

#include <stddef.h>

typedef struct fan {
    void (*run)(const void *self, size_t n, void (*part)(void *arg, size_t i), void *arg);
    const void *self;
} fan;

static inline void fan_run(const fan *f, size_t n, void (*part)(void *arg, size_t i), void *arg)
{
    if (f && n > 1) {
        f->run(f->self, n, part, arg);
        return;
    }
    for (size_t i = 0; i < n; i++)
        part(arg, i);
}

#endif
