/* host_fan.h - a host's threads as kernels take them (kernels/fan.h). */
#ifndef KVANT_PLUGINS_HOST_FAN_H
#define KVANT_PLUGINS_HOST_FAN_H

#include "kernels/fan.h"
#include "kvant/codec.h"

static inline void host_fan_run(const void *host, size_t n, void (*part)(void *arg, size_t i), void *arg)
{
    const kvant_host *h = host;
    h->parallel(h, n, part, arg);
}

/* Good as long as the host is. */
static inline fan host_fan(const kvant_host *host)
{
    return (fan){ host_fan_run, host };
}

#endif
