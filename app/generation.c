#include "app/generation.h"

#include <stdlib.h>
#include <string.h>

#include "engine/sample.h"

struct generation {
    engine *e;
    compressor *compressor; /* or NULL */
    encoded *encoded;       /* or NULL */
    kv_tap tap;
    kv_keeper keeper;
    kv_cache *cache;
    int capacity;
    float *logits, *state; /* of the last position */
    size_t n_vocab;
};

static generation *open_generation(engine *e, compressor *c, encoded *bytes, int capacity, fault *f)
{
    const kv_form form = bytes ? KV_KEPT : c ? compress_form(c) : KV_PACKED;
    const model_shape *shape = &engine_model(e)->shape;
    generation *g = calloc(1, sizeof *g);
    if (!g) {
        fault_memory(f, "a generation");
        return NULL;
    }
    *g = (generation){
        .e = e, .compressor = c, .encoded = bytes, .capacity = capacity, .n_vocab = (size_t)shape->n_vocab
    };
    g->logits = reallocarray(NULL, g->n_vocab, sizeof *g->logits);
    g->state = reallocarray(NULL, (size_t)shape->n_embd, sizeof *g->state);
    bool ok = (g->logits && g->state) || fault_memory(f, "logits");
    ok = ok && (g->cache = kv_cache_create(shape, capacity, form, f));
    if (ok && c) {
        g->tap = compress_tap(c);
        ok = compress_begin(c, g->cache, f);
    }
    if (bytes) {
        g->keeper = encoded_keeper(bytes);
        encoded_begin(bytes);
    }
    if (ok) return g;
    generation_close(g, NULL);
    return NULL;
}

generation *generation_open(engine *e, compressor *c, int capacity, fault *f)
{
    return open_generation(e, c, NULL, capacity, f);
}

generation *generation_open_encoded(engine *e, encoded *c, int capacity, fault *f)
{
    return open_generation(e, NULL, c, capacity, f);
}

bool generation_close(generation *g, fault *f)
{
    if (!g) return true;
    const bool ok = !f || !g->compressor || g->cache->n == 0 || compress_end(g->compressor, f);
    kv_cache_destroy(g->cache);
    free(g->logits);
    free(g->state);
    free(g);
    return ok;
}

int generation_length(const generation *g)
{
    return g->cache->n;
}

int generation_room(const generation *g)
{
    return g->capacity - g->cache->n;
}

const float *generation_logits(const generation *g)
{
    return g->logits;
}

const float *generation_state(const generation *g)
{
    return g->state;
}

static bool fits(const generation *g, int n, fault *f)
{
    return n <= generation_room(g) ||
           fault_set(f, FAULT_INPUT, "%d tokens do not fit a context of %d with %d read", n, g->capacity, g->cache->n);
}

/* The next n positions, of which nothing is wanted yet. */
static sequence next_positions(const generation *g, const int32_t *tokens, int n)
{
    return (sequence){ .cache = g->cache,
                       .tokens = tokens,
                       .n = n,
                       .tap = g->compressor ? &g->tap : NULL,
                       .keeper = g->encoded ? &g->keeper : NULL };
}

bool generation_append(generation *g, const kv_given *given, int n, fault *f)
{
    sequence s = next_positions(g, NULL, n);
    return fits(g, n, f) && engine_append(g->e, &s, given, f);
}

static size_t width_of(const generation *g)
{
    return (size_t)engine_model(g->e)->shape.n_embd;
}

bool generation_read_states(generation *g, const int32_t *tokens, int n, float *states, fault *f)
{
    if (!fits(g, n, f)) return false;
    sequence s = next_positions(g, tokens, n);
    const size_t width = width_of(g);
    s.states = states;
    if (!engine_forward(g->e, &s, 1, f)) return false;
    memcpy(g->state, states + (size_t)(n - 1) * width, width * sizeof *states);
    return engine_logits(g->e, g->state, 1, g->logits, f);
}

bool generation_read(generation *g, const int32_t *tokens, int n, fault *f)
{
    if (!fits(g, n, f)) return false;
    sequence s = next_positions(g, tokens, n);
    s.logits = g->logits;
    s.states = g->state;
    s.logits_from = n - 1;
    return engine_forward(g->e, &s, 1, f);
}

bool generation_continue(generation *g, const tokenizer *t, const generation_watch *watch, answer *a, fault *f)
{
    a->ended = false;
    while (a->n < a->room) {
        const int32_t next = sample_greedy(g->logits, g->n_vocab);
        a->ended = t && tokenizer_is_end(t, next);
        if (a->ended) return true;
        a->tokens[a->n++] = next;
        if (watch && !watch->said(watch->self, next)) return fault_set(f, FAULT_INTERRUPTED, "interrupted");
        if (generation_room(g) == 0) return true;
        if (!generation_read(g, &next, 1, f)) return false;
    }
    return true;
}
