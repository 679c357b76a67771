/* projection.h - a sketch (kernels/sketch.h) in memory of the host. */
#ifndef KVANT_PLUGINS_PROJECTION_H
#define KVANT_PLUGINS_PROJECTION_H

#include "kernels/sketch.h"
#include "kvant/codec.h"

typedef struct projection {
    sketch sketch;
    void *memory;
} projection;

/* m rows of n. KVANT_E_MEMORY with a message that begins with `name`; projection_close what failed too. */
int projection_open(projection *p, const kvant_host *host, const char *name, sketch_kind kind, size_t n, size_t m,
                    uint64_t seed);
void projection_close(projection *p, const kvant_host *host);

#endif
