#include "app/run_memory.h"

#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void run_memory_settle(void)
{
#ifdef __GLIBC__ /* the heap's settings are the process's */
    enum { BLOCK = 8 << 20, TOP = 32 << 20 };
    mallopt(M_MMAP_THRESHOLD, BLOCK);
    mallopt(M_TRIM_THRESHOLD, TOP);
#endif
}

size_t run_memory_cache(const job *j, const model_shape *s)
{
    return 2 * model_kv_bytes(s) * (size_t)reference_length(j->protocol, j->ctx, j->eval);
}

void run_memory_tell(const job *j, const job_result *out, const logits_window *w, char line[RUN_MEMORY_LINE])
{
    const model_shape *s = &engine_model(w->e)->shape;
    const double mib = 1 << 20, weights = (double)out->model_bytes / mib, peak = (double)out->peak_rss / mib;
    const double cache = (double)run_memory_cache(j, s) / mib;
    const double logits = 2 * (double)w->rows * s->n_vocab * sizeof(float) / mib;
    snprintf(line, RUN_MEMORY_LINE,
             "memory: %.1f MiB at most, %.2f times the parts (weights %.1f, one cache in f32 %.1f, two windows of "
             "logits %.1f): %.60s",
             peak, peak / (weights + cache + logits), weights, cache, logits, out->config);
}
