#include "app/bench_engine.h"

#include <stdlib.h>
#include <string.h>

#include "app/bootstrap.h"
#include "base/clock.h"
#include "engine/sample.h"
#include "kernels/random.h"

enum { BUSY_STEPS = 200000, ROUNDS = 2000, LEAST_READ = 64 << 20, SHARES_PER_THREAD = 4 };

typedef struct workspace {
    engine_bench *b;
    pool *crew;
    linear_work products;
    int32_t *tokens;            /* ENGINE_BENCH_DEPTH + ENGINE_BENCH_PROMPT */
    float *x, *y, *up, *logits; /* rows of a prompt: n_embd, n_ff, n_ff; n_vocab */
    float *prompt_logits;
    kv_cache *prompt, *deep;
    int32_t ids[ENGINE_BENCH_GENERATE + 1];
    float sinks[256][2];
    uint64_t sums[256];
} workspace;

/* ---- what the machine can do ---- */

static void busy_task(void *arg, size_t task, int thread)
{
    (void)thread;
    workspace *w = arg;
    float *sink = w->sinks[task];
    sink[0] = 0.5f;
    sink[1] = 0.25f;
    simd_best()->busy(BUSY_STEPS, sink);
}

static bool time_peak(workspace *w, double *figure, fault *f)
{
    (void)f;
    float sink[2] = { 0.5f, 0.25f };
    const size_t threads = (size_t)pool_threads(w->crew), operations = simd_best()->busy(1, sink) * BUSY_STEPS;
    const double begin = clock_seconds();
    pool_run(w->crew, threads, busy_task, w);
    *figure = 1e-9 * (double)(threads * operations) / (clock_seconds() - begin);
    return true;
}

static void read_task(void *arg, size_t task, int thread)
{
    (void)thread;
    workspace *w = arg;
    const model *m = w->b->m;
    const size_t all = (size_t)pool_threads(w->crew), words = m->panel_bytes / sizeof(uint64_t);
    const uint8_t *from = m->panels + words * task / all * sizeof(uint64_t);
    const size_t n = words * (task + 1) / all - words * task / all;
    uint64_t sum[16] = { 0 };
    for (size_t i = 0; i + 16 <= n; i += 16) {
        uint64_t some[16];
        memcpy(some, from + i * sizeof(uint64_t), sizeof some);
        for (int j = 0; j < 16; j++)
            sum[j] ^= some[j];
    }
    for (int j = 0; j < 16; j++)
        w->sums[task] ^= sum[j];
}

/* Reads the weights, as often as makes up a time that can be measured. */
static bool time_read(workspace *w, double *figure, fault *f)
{
    (void)f;
    const size_t bytes = w->b->m->panel_bytes, times = LEAST_READ / bytes + 1;
    const double begin = clock_seconds();
    for (size_t i = 0; i < times; i++)
        pool_run(w->crew, (size_t)pool_threads(w->crew), read_task, w);
    *figure = 1e-9 * (double)(times * bytes) / (clock_seconds() - begin);
    return true;
}

static void nothing(void *arg, size_t task, int thread)
{
    (void)arg;
    (void)task;
    (void)thread;
}

static bool time_round(workspace *w, double *figure, fault *f)
{
    (void)f;
    const double begin = clock_seconds();
    for (int i = 0; i < ROUNDS; i++)
        pool_run(w->crew, SHARES_PER_THREAD * (size_t)pool_threads(w->crew), nothing, NULL);
    *figure = 1e6 * (clock_seconds() - begin) / ROUNDS;
    return true;
}

/* ---- the engine ---- */

/* The feed-forward of the first layer, all rows of a prompt: products, and nothing else. */
static bool time_products(workspace *w, double *figure, fault *f)
{
    const model_layer *l = &w->b->m->layers[0];
    const linear_round both = {
        .x = w->x, .m = ENGINE_BENCH_PROMPT, .n = 2, .parts = { { &l->gate, w->y, NULL }, { &l->up, w->up, NULL } }
    };
    const double begin = clock_seconds();
    if (!linear_run(&both, &w->products, f)) return false;
    *figure = 4e-9 * ENGINE_BENCH_PROMPT * (double)(l->gate.n_in * l->gate.n_out) / (clock_seconds() - begin);
    return true;
}

/* The first repetition's hash is the one; another is a fault. */
static bool settle(char kept[HASH_HEX], const void *bytes, size_t n, const char *what, fault *f)
{
    char now[HASH_HEX];
    hash h;
    hash_start(&h);
    hash_bytes(&h, bytes, n);
    hash_finish(&h, now);
    if (!*kept) memcpy(kept, now, HASH_HEX);
    if (strcmp(kept, now) == 0) return true;
    return fault_set(f, FAULT_NO, "bench: %s came out differently than before", what);
}

static bool read_tokens(workspace *w, kv_cache *c, const int32_t *tokens, int n, fault *f)
{
    sequence s = { .cache = c, .tokens = tokens, .n = n, .logits = w->logits, .logits_from = n - 1 };
    return engine_forward(w->b->e, &s, 1, f);
}

static bool time_prompt(workspace *w, double *figure, fault *f)
{
    const size_t vocab = (size_t)w->b->m->shape.n_vocab;
    w->prompt->n = 0;
    const double begin = clock_seconds();
    if (!read_tokens(w, w->prompt, w->tokens, ENGINE_BENCH_PROMPT, f)) return false;
    *figure = ENGINE_BENCH_PROMPT / (clock_seconds() - begin);
    memcpy(w->prompt_logits, w->logits, vocab * sizeof *w->logits);
    return settle(w->b->prompt_hash, w->logits, vocab * sizeof *w->logits, "the prompt", f);
}

/* Continues the cache, greedily, from `first` on. */
static bool continue_text(workspace *w, kv_cache *c, int32_t first, double *figure, fault *f)
{
    const size_t vocab = (size_t)w->b->m->shape.n_vocab;
    w->ids[0] = first;
    const double begin = clock_seconds();
    for (int i = 0; i < ENGINE_BENCH_GENERATE; i++) {
        if (!read_tokens(w, c, &w->ids[i], 1, f)) return false;
        w->ids[i + 1] = sample_greedy(w->logits, vocab);
    }
    *figure = ENGINE_BENCH_GENERATE / (clock_seconds() - begin);
    return true;
}

static bool time_generation(workspace *w, double *figure, fault *f)
{
    w->prompt->n = 0;
    return continue_text(w, w->prompt, w->tokens[0], figure, f) &&
           settle(w->b->ids_hash, w->ids, sizeof w->ids, "generation", f);
}

static bool time_depth(workspace *w, double *figure, fault *f)
{
    w->deep->n = ENGINE_BENCH_DEPTH;
    return continue_text(w, w->deep, w->tokens[0], figure, f) &&
           settle(w->b->depth_hash, w->ids, sizeof w->ids, "generation behind a long text", f);
}

/* ---- all of it ---- */

static bool (*const timers[BENCH_ROWS])(workspace *w, double *figure, fault *f) = {
    [BENCH_PEAK] = time_peak,     [BENCH_PRODUCTS] = time_products,     [BENCH_READ] = time_read,
    [BENCH_PROMPT] = time_prompt, [BENCH_GENERATION] = time_generation, [BENCH_DEPTH] = time_depth,
    [BENCH_ROUND] = time_round,
};

static bool go_on(const engine_bench *b, engine_row row, fault *f)
{
    return !b->go_on || b->go_on(b->self, row) || fault_set(f, FAULT_INTERRUPTED, "bench: interrupted");
}

static bool time_row(workspace *w, engine_row row, double *figure, fault *f)
{
    return go_on(w->b, row, f) && timers[row](w, figure, f);
}

/* ---- a reference engine ---- */

static bool turn_of_whole(workspace *w, int rep, fault *f)
{
    bool ok = true;
    for (int part = 0; ok && part < AGAINST_PARTS; part++)
        ok = go_on(w->b, (engine_row)(BENCH_ROWS + part), f) &&
             whole_bench_turn(w->b->whole, (against_part)part, rep, f);
    return ok;
}

static void settle_threads(workspace *w)
{
    double unused;
    const double until = clock_seconds() + AGAINST_ENGINE_SETTLE;
    while (clock_seconds() < until)
        time_peak(w, &unused, NULL);
}

static bool open_whole(workspace *w, fault *f)
{
    engine_bench *b = w->b;
    const against_work work = { b->path,           pool_threads(w->crew), b->m->shape.n_vocab,
                                w->tokens,         ENGINE_BENCH_PROMPT,   ENGINE_BENCH_GENERATE,
                                ENGINE_BENCH_DEPTH };
    b->whole = whole_bench_open(b->against, &work, b->reps, f);
    return b->whole && turn_of_whole(w, 0, f) && whole_bench_check(b->whole, w->crew, w->prompt_logits, f);
}

/* Caches are cold, and memory is new. */
static bool warm_up(workspace *w, fault *f)
{
    engine_bench *b = w->b;
    double unused;
    bool ok = true;
    for (int row = 0; ok && row < BENCH_ROWS; row++)
        ok = time_row(w, (engine_row)row, &unused, f);
    return ok && (!b->against || open_whole(w, f));
}

static bool repeat(workspace *w, int rep, fault *f)
{
    engine_bench *b = w->b;
    bool ok = true;
    if (b->whole) settle_threads(w);
    for (int row = 0; ok && row < BENCH_ROWS; row++)
        ok = time_row(w, (engine_row)row, &b->at[row][rep], f);
    return ok && (!b->whole || turn_of_whole(w, rep, f));
}

static bool prepare(workspace *w, fault *f)
{
    const model_shape *s = &w->b->m->shape;
    const size_t n = ENGINE_BENCH_DEPTH + ENGINE_BENCH_PROMPT, rows = ENGINE_BENCH_PROMPT;
    w->tokens = reallocarray(NULL, n, sizeof *w->tokens);
    w->x = reallocarray(NULL, rows, (size_t)s->n_embd * sizeof *w->x);
    w->y = reallocarray(NULL, rows, (size_t)s->n_ff * sizeof *w->y);
    w->up = reallocarray(NULL, rows, (size_t)s->n_ff * sizeof *w->up);
    w->logits = reallocarray(NULL, (size_t)s->n_vocab, sizeof *w->logits);
    w->prompt_logits = reallocarray(NULL, (size_t)s->n_vocab, sizeof *w->prompt_logits);
    if (!w->tokens || !w->x || !w->y || !w->up || !w->logits || !w->prompt_logits) return fault_memory(f, "bench");
    for (size_t i = 0; i < n; i++)
        w->tokens[i] = (int32_t)(random_uniform(w->b->seed, i) * s->n_vocab);
    for (size_t i = 0; i < rows * (size_t)s->n_embd; i++)
        w->x[i] = (float)random_uniform(w->b->seed + 1, i) - 0.5f;
    w->prompt = kv_cache_create(s, ENGINE_BENCH_PROMPT, KV_PACKED, f);
    w->deep = w->prompt ? kv_cache_create(s, ENGINE_BENCH_DEPTH + ENGINE_BENCH_GENERATE, KV_PACKED, f) : NULL;
    return w->deep && linear_work_open(&w->products, pool_threads(w->crew), f) &&
           read_tokens(w, w->deep, w->tokens, ENGINE_BENCH_DEPTH, f);
}

static void finish(workspace *w)
{
    kv_cache_destroy(w->prompt);
    kv_cache_destroy(w->deep);
    if (w->products.crew) linear_work_close(&w->products);
    free(w->tokens);
    free(w->x);
    free(w->y);
    free(w->up);
    free(w->logits);
    free(w->prompt_logits);
    free(w);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool engine_bench_run(engine_bench *b, fault *f)
{
    workspace *w = calloc(1, sizeof *w);
    if (!w) return fault_memory(f, "bench");
    w->b = b;
    w->crew = engine_pool(b->e);
    bool ok = prepare(w, f) && warm_up(w, f);
    for (int rep = 0; ok && rep < b->reps; rep++)
        ok = repeat(w, rep, f);
    ok = ok && (!b->whole ||
                whole_bench_compare(b->whole, b->at[BENCH_PROMPT], b->at[BENCH_GENERATION], b->at[BENCH_DEPTH], f));
    finish(w);
    for (int row = 0; ok && row < BENCH_ROWS; row++)
        qsort(b->at[row], (size_t)b->reps, sizeof(double), ascending);
    return ok;
}

double engine_bench_median(const engine_bench *b, engine_row row)
{
    const double *at = b->at[row];
    return (at[(b->reps - 1) / 2] + at[b->reps / 2]) / 2;
}

double engine_bench_best(const engine_bench *b, engine_row row)
{
    return b->at[row][row == BENCH_ROUND ? 0 : b->reps - 1];
}
