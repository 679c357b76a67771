/* Context: reading a prompt of n positions, and one token behind n, with the exact cache on one thread. */
#include <stdio.h>
#include <stdlib.h>

#include "app/bench_time.h"
#include "app/growth.h"
#include "base/clock.h"
#include "engine/forward.h"
#include "kernels/random.h"

enum { FIRST = 128, PROMPT = 0, TOKEN, PARTS };

/* Sizes end where reading the prompt takes longer. */
#define LONGEST_SECONDS 2.0

static const char *const parts[PARTS] = { "reading a prompt", "one token behind it" };
static const char *const theories[PARTS] = { "a n + b n^2", "a + b n" };

typedef struct prompt {
    const growth_request *r;
    engine *e;
    kv_cache *cache; /* of the largest size; the first positions are always the same */
    const int32_t *tokens;
    float *logits;
    int n, already; /* positions to read, and those that the cache has already */
    char result[HASH_HEX];
} prompt;

typedef struct context {
    model *m;
    engine *e;
    kv_cache *cache;
    int32_t *tokens;
    prompt steps[PARTS][GROWTH_POINTS];
    size_t n;
} context;

static bool read_prompt(void *arg, fault *f)
{
    prompt *p = arg;
    sequence s = { .cache = p->cache,
                   .tokens = p->tokens + p->already,
                   .n = p->n - p->already,
                   .logits = p->logits,
                   .logits_from = p->n - p->already - 1 };
    p->cache->n = p->already;
    return growth_at(p->r, NULL, f) && engine_forward(p->e, &s, 1, f);
}

/* Multiplications: of a position's rows with all weights but the table of embeddings, of its logits, of a query and its
 * weights with every position it sees. */
static double cost(const model_shape *s, int from, int to)
{
    const double table = (double)s->n_vocab * s->n_embd, weights = (double)s->n_params - (s->tied ? 1 : 2) * table;
    double seen = 0;
    for (int layer = 0; layer < s->n_layers; layer++)
        for (int i = from; i < to; i++)
            seen += model_rows(s, layer, i + 1);
    return weights * (to - from) + table + 2.0 * s->n_heads * s->head_dim * seen;
}

static bool open_context(context *c, const growth_request *r, int most, fault *f)
{
    c->m = model_open(r->model, f);
    c->e = c->m ? engine_open(c->m, 1, f) : NULL;
    c->cache = c->e ? kv_cache_create(&c->m->shape, most + 1, KV_PACKED, f) : NULL;
    if (!c->cache) return false;
    c->tokens = reallocarray(NULL, (size_t)most + 1, sizeof *c->tokens);
    if (!c->tokens) return fault_memory(f, "the tokens");
    for (int i = 0; i <= most; i++)
        c->tokens[i] = (int32_t)(random_bits(r->seed, (uint64_t)i) % (uint64_t)c->m->shape.n_vocab);
    return true;
}

static bool add_steps(context *c, const growth_request *r, int n, bool *last, fault *f)
{
    for (int part = 0; part < PARTS; part++) {
        prompt *p = &c->steps[part][c->n];
        *p = (prompt){ .r = r,
                       .e = c->e,
                       .cache = c->cache,
                       .tokens = c->tokens,
                       .n = part == PROMPT ? n : n + 1,
                       .already = part == PROMPT ? 0 : n };
        p->logits = reallocarray(NULL, (size_t)c->m->shape.n_vocab, sizeof *p->logits);
        if (!p->logits) return fault_memory(f, "logits");
    }
    c->n++;
    const double begin = clock_thread();
    const bool ok = growth_at(r, "context", f) && read_prompt(&c->steps[PROMPT][c->n - 1], f);
    *last = clock_thread() - begin > LONGEST_SECONDS;
    return ok;
}

static bool record(const context *c, int part, growth *out, double *seconds, int reps, fault *f)
{
    const model_shape *shape = &c->m->shape;
    const growth_question *q = growth_question_named("context");
    growth_series *s = growth_add(out, q->name, q->x_title, theories[part], f);
    if (!s) return false;
    snprintf(s->name, sizeof s->name, "%s", parts[part]);
    for (size_t i = 0; i < c->n; i++) {
        const prompt *p = &c->steps[part][i];
        hash h;
        const double n = c->steps[PROMPT][i].n;
        if (!growth_point_add(s, n, cost(shape, p->already, p->n), seconds + i * (size_t)reps, reps, f)) return false;
        hash_start(&h);
        hash_bytes(&h, p->logits, (size_t)shape->n_vocab * sizeof *p->logits);
        hash_finish(&h, s->points[i].result);
    }
    return true;
}

/* The cache has all positions of the largest prompt, and reading a shorter one again writes the same rows: so a token
 * meets what its prompt would have left. */
static bool time_all(context *c, const growth_request *r, growth *out, fault *f)
{
    const size_t n = PARTS * c->n, reps = (size_t)r->reps;
    bench_entrant e[PARTS * GROWTH_POINTS];
    double *seconds = calloc(n * reps, sizeof *seconds);
    if (!seconds) return fault_memory(f, "the measurements");
    for (size_t i = 0; i < n; i++)
        e[i] =
            (bench_entrant){ .run = read_prompt, .arg = &c->steps[i / c->n][i % c->n], .seconds = seconds + i * reps };
    bool ok = bench_turns(e, n, r->reps, f);
    for (int part = 0; ok && part < PARTS; part++)
        ok = record(c, part, out, seconds + (size_t)part * c->n * reps, r->reps, f);
    free(seconds);
    return ok;
}

static void close_context(context *c)
{
    for (int part = 0; part < PARTS; part++)
        for (size_t i = 0; i < GROWTH_POINTS; i++)
            free(c->steps[part][i].logits);
    free(c->tokens);
    kv_cache_destroy(c->cache);
    engine_close(c->e);
    model_close(c->m);
    free(c);
}

bool growth_context(const growth_request *r, growth *out, fault *f)
{
    const growth_question *q = growth_question_named("context");
    const int most = (int)growth_largest(r, q);
    context *c = calloc(1, sizeof *c);
    bool last = false;
    if (!c) return fault_memory(f, "the measurements");
    bool ok = open_context(c, r, most, f);
    for (int n = FIRST; ok && !last && n <= most && c->n < GROWTH_POINTS; n *= 2)
        ok = add_steps(c, r, n, &last, f);
    if (ok && c->n == 0) ok = fault_set(f, FAULT_USAGE, "growth: context begins at %d positions", FIRST);
    ok = ok && time_all(c, r, out, f);
    close_context(c);
    return ok;
}
