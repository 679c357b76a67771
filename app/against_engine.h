/* against_engine.h - a whole reference engine, to be timed beside kvant's: a library with the functions of llama.h,
 * libllama.so, on the same file.
 *
 *     against *a = against_open(path, AGAINST_ENGINE, &f);
 *     against_engine *e = against_engine_open(a, &work, &f);       where against_has_engine(a)
 *     against_engine_time(e, AGAINST_PROMPT, &figure, &f);         tokens a second
 *     against_engine_close(e);
 *
 * It is left as it comes: its own order of weights, its own choice of attention, its cache in f16, a batch of 512, and
 * a pool of threads that is kept, as its own bench keeps one. Only what is measured is the same: the same tokens, one
 * call for a prompt, and the most likely token continues. Each timing has a thread of its own, for tiles are set up
 * once a thread, and kvant's are not as it set them; between timings its pool is told to sleep.
 *
 * Structures of parameters differ between its versions. They are only passed on here, whatever their size; of the
 * context's the first member is set, n_ctx, and the context is asked whether that came true.
 */
#ifndef KVANT_APP_AGAINST_ENGINE_H
#define KVANT_APP_AGAINST_ENGINE_H

#include "app/bench_against.h"

/* Seconds for which each side works before it is timed: threads that have slept may wake up on one processor, and it
 * takes the system some of its ticks to part them. */
#define AGAINST_ENGINE_SETTLE 0.25

typedef enum against_part { AGAINST_PROMPT, AGAINST_GENERATION, AGAINST_DEPTH, AGAINST_PARTS } against_part;

/* How much of each; tokens: as many as the prompt has, or the depth if that is more. */
typedef struct against_work {
    const char *model;
    int threads, n_vocab;
    const int32_t *tokens;
    int prompt, generate, depth;
} against_work;

typedef struct against_engine against_engine;

bool against_has_engine(const against *a);

/* Copies the tokens. A fault: the library misses a function, cannot read the model, or read another
 * vocabulary out of it. */
against_engine *against_engine_open(const against *a, const against_work *work, fault *f);
void against_engine_close(against_engine *e);

bool against_engine_time(against_engine *e, against_part part, double *tokens_per_second, fault *f);

/* n_vocab logits behind the last prompt; they stay the engine's, until it reads on. */
const float *against_engine_logits(const against_engine *e);

#endif
