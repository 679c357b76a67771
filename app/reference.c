#include "app/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvant/codec.h"

int reference_length(protocol p, int ctx, int eval)
{
    return p == PROTOCOL_SNAPSHOT ? ctx + eval : ctx;
}

int reference_scored(protocol p, int ctx, int eval)
{
    return p == PROTOCOL_SNAPSHOT ? eval - 1 : ctx - 1 - ctx / 2;
}

int reference_first_scored(protocol p, int ctx)
{
    return p == PROTOCOL_SNAPSHOT ? ctx : ctx / 2;
}

int reference_query_position(int ctx, int j)
{
    return (int)((2 * (int64_t)j + 1) * ctx / (2 * REFERENCE_QUERIES));
}

void reference_sample_queries(int ctx, int first, int n, const float *q, size_t width, float *out)
{
    for (int j = 0; j < REFERENCE_QUERIES; j++) {
        const int at = reference_query_position(ctx, j) - first;
        if (at >= 0 && at < n) memcpy(out + (size_t)j * width, q + (size_t)at * width, width * sizeof *q);
    }
}

/* Floats of each part of a reference, in the order they are kept. */
typedef struct parts {
    bool logits;   /* as they are, not as states */
    size_t scored; /* logits or states */
    size_t queries;
    size_t one_head; /* of the prefix: rows of one stream */
    size_t prefix;
} parts;

static const model_shape *shape_of(const reference_request *r)
{
    return &engine_model(r->e)->shape;
}

static parts parts_of(const reference_request *r)
{
    const model_shape *s = shape_of(r);
    size_t layers = (size_t)s->n_layers, dim = (size_t)s->head_dim;
    size_t rows = (size_t)reference_scored(r->protocol, r->ctx, r->eval);
    parts n = { .logits = rows <= REFERENCE_LOGITS / sizeof(float) / (size_t)s->n_vocab };
    n.scored = rows * (size_t)(n.logits ? s->n_vocab : s->n_embd);
    if (r->protocol == PROTOCOL_SNAPSHOT) {
        n.queries = layers * REFERENCE_QUERIES * (size_t)s->n_heads * dim;
        n.one_head = (size_t)r->ctx * dim;
        n.prefix = layers * 2 * (size_t)s->n_kv_heads * n.one_head;
    }
    return n;
}

static size_t stream_at(const model_shape *s, int layer, int side, int head)
{
    return ((size_t)layer * 2 + (size_t)side) * (size_t)s->n_kv_heads + (size_t)head;
}

const float *reference_rows(const reference *r, const model_shape *s, int ctx, int layer, int side, int head)
{
    if (!r->cache) return r->prefix + stream_at(s, layer, side, head) * (size_t)ctx * (size_t)s->head_dim;
    const kv_layer *l = &r->cache->layers[layer];
    return kv_rows(r->cache, side == KVANT_K ? &l->k : &l->v, head);
}

void reference_forget(const reference *r, const model_shape *s, int ctx, int layer, int side, int head)
{
    if (!r->cache) {
        const float *rows = reference_rows(r, s, ctx, layer, side, head);
        shelf_forget(&r->entry, rows, (size_t)ctx * (size_t)s->head_dim * sizeof *rows);
        return;
    }
    const kv_layer *l = &r->cache->layers[layer];
    kv_rows_forget(r->cache, side == KVANT_K ? &l->k : &l->v, head);
}

static void key_of(const reference_request *r, const parts *n, const int32_t *tokens, char key[HASH_HEX])
{
    char numbers[96];
    snprintf(numbers, sizeof numbers, "%s ctx %d eval %d queries %d %s", protocol_name(r->protocol), r->ctx,
             r->protocol == PROTOCOL_SNAPSHOT ? r->eval : 0, REFERENCE_QUERIES, n->logits ? "logits" : "states");
    hash h;
    hash_start(&h);
    hash_string(&h, fingerprint_engine());
    hash_string(&h, r->model_id);
    hash_string(&h, numbers);
    hash_bytes(&h, tokens, (size_t)reference_length(r->protocol, r->ctx, r->eval) * sizeof *tokens);
    hash_finish(&h, key);
}

/* ---- computing ---- */

typedef struct query_sampler {
    int ctx;
    size_t width; /* floats of one position's queries */
    float *out;
} query_sampler;

static bool sample_queries(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)cache;
    (void)f;
    const query_sampler *s = self;
    reference_sample_queries(s->ctx, first, n, q, s->width, s->out + (size_t)layer * REFERENCE_QUERIES * s->width);
    return true;
}

/* The logits of states, where they are kept as they are. */
static bool to_scored(const reference_request *r, const parts *n, const float *states, float *scored, fault *f)
{
    const size_t rows = (size_t)reference_scored(r->protocol, r->ctx, r->eval);
    return !n->logits || engine_logits(r->e, states, rows, scored, f);
}

static bool leave_layer(void *self, kv_cache *cache, int layer, int n, fault *f)
{
    (void)self;
    (void)n;
    (void)f;
    kv_layer_forget(cache, layer);
    return true;
}

/* No layer's rows are asked for again after it. */
static bool compute_stream(const reference_request *r, kv_cache *cache, const int32_t *tokens, float *states, fault *f)
{
    const layer_end end = { leave_layer, NULL };
    sequence s = { .cache = cache,
                   .tokens = tokens,
                   .n = r->ctx - 1,
                   .states = states,
                   .logits_from = reference_first_scored(r->protocol, r->ctx) };
    return engine_forward_layers(r->e, &s, &end, f);
}

/* The prefix stays where the pass has left it: in the cache. */
static bool compute_snapshot(const reference_request *r, kv_cache *cache, const int32_t *tokens, float *states,
                             float *queries, fault *f)
{
    const model_shape *s = shape_of(r);
    query_sampler sampler = { r->ctx, (size_t)s->n_heads * (size_t)s->head_dim, queries };
    const kv_tap tap = { sample_queries, &sampler };
    sequence prefix = { .cache = cache, .tokens = tokens, .n = r->ctx, .tap = &tap };
    sequence scored = { .cache = cache, .tokens = tokens + r->ctx, .n = r->eval - 1, .states = states };
    return engine_forward(r->e, &prefix, 1, f) && engine_forward(r->e, &scored, 1, f);
}

static bool compute_states(const reference_request *r, const parts *n, const int32_t *tokens, reference *out,
                           float *states, fault *f)
{
    const int length = reference_length(r->protocol, r->ctx, r->eval);
    out->cache = kv_cache_create(shape_of(r), length, KV_BEFORE_ROPE, f);
    if (!out->cache) return false;
    if (r->protocol == PROTOCOL_SNAPSHOT)
        return compute_snapshot(r, out->cache, tokens, states, out->memory + n->scored, f);
    const bool ok = compute_stream(r, out->cache, tokens, states, f);
    kv_cache_destroy(out->cache);
    out->cache = NULL;
    return ok;
}

static bool compute(const reference_request *r, const parts *n, const int32_t *tokens, reference *out, fault *f)
{
    const size_t rows = (size_t)reference_scored(r->protocol, r->ctx, r->eval), width = (size_t)shape_of(r)->n_embd;
    out->memory = reallocarray(NULL, n->scored + n->queries, sizeof *out->memory);
    float *states = n->logits ? reallocarray(NULL, rows, width * sizeof *states) : out->memory;
    bool ok = (out->memory && states) || fault_memory(f, "the reference");
    ok = ok && compute_states(r, n, tokens, out, states, f) && to_scored(r, n, states, out->memory, f);
    if (n->logits) free(states);
    return ok;
}

static bool keep(const reference_request *r, const parts *n, const char *key, const reference *x, fault *f)
{
    const model_shape *s = shape_of(r);
    const size_t heads = (size_t)s->n_kv_heads, streams = x->cache ? (size_t)s->n_layers * 2 * heads : 0;
    shelf_part *all = reallocarray(NULL, 1 + streams, sizeof *all);
    if (!all) return fault_memory(f, "the reference");
    all[0] = (shelf_part){ x->memory, (n->scored + n->queries) * sizeof *x->memory };
    for (size_t i = 0; i < streams; i++) {
        const float *rows = reference_rows(x, s, r->ctx, (int)(i / heads / 2), (int)(i / heads % 2), (int)(i % heads));
        all[1 + i] = (shelf_part){ rows, n->one_head * sizeof *rows };
    }
    const bool ok = shelf_put(r->kept, "reference", key, all, 1 + streams, f);
    free(all);
    return ok;
}

/* ---- the whole ---- */

static void point(reference *out, const float *floats, const parts *n)
{
    *(n->logits ? &out->logits : &out->states) = floats;
    out->queries = n->queries ? floats + n->scored : NULL;
}

bool reference_make(const reference_request *r, const int32_t *tokens, reference *out, fault *f)
{
    const parts n = parts_of(r);
    *out = (reference){ .n_scored = (size_t)reference_scored(r->protocol, r->ctx, r->eval) };
    char key[HASH_HEX];
    key_of(r, &n, tokens, key);
    const size_t floats = n.scored + n.queries + n.prefix;
    if (shelf_get(r->kept, "reference", key, &out->entry) && out->entry.n == floats * sizeof(float)) {
        out->kept = true;
        point(out, out->entry.bytes, &n);
        out->prefix = n.prefix ? out->queries + n.queries : NULL;
        return true;
    }
    shelf_release(&out->entry);
    if (compute(r, &n, tokens, out, f) && keep(r, &n, key, out, f)) {
        point(out, out->memory, &n);
        return true;
    }
    reference_release(out);
    return false;
}

void reference_release(reference *r)
{
    shelf_release(&r->entry);
    kv_cache_destroy(r->cache);
    free(r->memory);
    *r = (reference){ 0 };
}
