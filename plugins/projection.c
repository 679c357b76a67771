#include "plugins/projection.h"

int projection_open(projection *p, const kvant_host *host, const char *name, sketch_kind kind, size_t n, size_t m,
                    uint64_t seed)
{
    double *work = host->alloc(host, sketch_work_bytes(n));
    p->memory = host->alloc(host, sketch_bytes(n, m));
    const bool made = work && p->memory && sketch_init(&p->sketch, kind, n, m, seed, p->memory, work);
    host->release(host, work);
    if (made) return KVANT_OK;
    return host->fail(host, KVANT_E_MEMORY, "%s: no memory for a projection of %zu by %zu", name, m, n);
}

void projection_close(projection *p, const kvant_host *host)
{
    host->release(host, p->memory);
}
