/* instance_own.h - what instances are made of; used by app/instance*.c only. */
#ifndef KVANT_APP_INSTANCE_OWN_H
#define KVANT_APP_INSTANCE_OWN_H

#include "app/guard.h"
#include "app/instance.h"

struct instance {
    const registry *known;
    const spec *spec;
    const host_env *env;
    kvant_shape shape;
    host *host;
    const kvant_codec *codec;
    void *state;
    kvant_geometry geometry;
    guard bytes, rows;
};

/* False, with a fault that begins with the stream and what was being done. */
bool instance_complain(const instance *x, const char *doing, fault *f, fault_code code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The codec's negative answer as such a fault. */
bool instance_refused(const instance *x, const char *doing, int64_t code, fault *f);

/* Do these rows begin and end where blocks do? */
bool instance_whole_blocks(const instance *x, const char *doing, size_t first, size_t n_rows, fault *f);

#endif
