/* bench_engine.h - how fast the engine is on a model, beside what the machine can do in the same minute.
 *
 * In each repetition everything takes its turn: fused multiply-adds on registers on all threads (what products could
 * reach), reading as many bytes as the weights have (what generation could reach), a prompt, generation token by token,
 * the same behind a long text, and empty rounds of the thread pool. Times are wall times, because threads work
 * together: figures are medians, and the best repetition stands beside them for a machine that others use, too. Prompt
 * and answers are hashed; they must be the same in every repetition. With a reference library its engine takes its
 * turns, too (app/bench_whole.h).
 */
#ifndef KVANT_APP_BENCH_ENGINE_H
#define KVANT_APP_BENCH_ENGINE_H

#include "app/bench_whole.h"
#include "base/hash.h"
#include "engine/forward.h"

enum { ENGINE_BENCH_PROMPT = 512, ENGINE_BENCH_GENERATE = 128, ENGINE_BENCH_DEPTH = 1000, ENGINE_BENCH_REPS = 100 };

typedef enum engine_row {
    BENCH_PEAK,       /* GFLOPS on registers */
    BENCH_PRODUCTS,   /* GFLOPS of the products of a prompt's rows with one layer's matrices */
    BENCH_READ,       /* GB/s of reading */
    BENCH_PROMPT,     /* tokens per second */
    BENCH_GENERATION, /* tokens per second */
    BENCH_DEPTH,      /* tokens per second behind ENGINE_BENCH_DEPTH positions */
    BENCH_ROUND,      /* microseconds */
    BENCH_ROWS
} engine_row;

typedef struct engine_bench {
    const model *m;
    const char *path; /* of its file */
    engine *e;
    int reps; /* 1 … ENGINE_BENCH_REPS */
    uint64_t seed;
    double load_s, file_bytes;
    const against *against; /* or NULL */
    bool (*go_on)(void *self,
                  engine_row row); /* or NULL; before each timing, from BENCH_ROWS on: of against; false stops */
    void *self;
    double at[BENCH_ROWS][ENGINE_BENCH_REPS]; /* out: a figure for each repetition, ascending */
    char prompt_hash[HASH_HEX], ids_hash[HASH_HEX], depth_hash[HASH_HEX];
    whole_bench *whole; /* out, with an engine of against: the caller's to close */
} engine_bench;

/* How often go_on is called: once for each row of each repetition, and of one that warms up. */
static inline unsigned engine_bench_steps(const engine_bench *b)
{
    return ((unsigned)b->reps + 1) * (unsigned)(BENCH_ROWS + (b->against ? AGAINST_PARTS : 0));
}

/* Fills b. A repetition that computes something else than the first is a fault. */
bool engine_bench_run(engine_bench *b, fault *f);

/* The median, and the best: the largest, of BENCH_ROUND the smallest. */
double engine_bench_median(const engine_bench *b, engine_row row);
double engine_bench_best(const engine_bench *b, engine_row row);

#endif
