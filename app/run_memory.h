/* run_memory.h - what a plain run must hold, beside what it held at most (docs/performance/memory.md). */
#ifndef KVANT_APP_RUN_MEMORY_H
#define KVANT_APP_RUN_MEMORY_H

#include "app/job.h"
#include "app/logits_window.h"

enum { RUN_MEMORY_LINE = 256 };

/* For the process: what is freed in blocks of 8 MiB or more goes back to the system at once. Left to itself the heap
 * keeps such blocks after the first of them, and buffers that grow with the context leave holes in it. */
void run_memory_settle(void);

/* One cache of a passage, f32. */
size_t run_memory_cache(const job *j, const model_shape *s);

/* "memory: 212.1 MiB at most, 0.96 times the parts (weights 46.7, ...): CONFIG", once out->peak_rss is known. */
void run_memory_tell(const job *j, const job_result *out, const logits_window *w, char line[RUN_MEMORY_LINE]);

#endif
