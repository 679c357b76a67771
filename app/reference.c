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

/* Floats of each part of a reference, in the order they are kept. */
typedef struct parts {
    size_t logits, prefix, queries;
} parts;

static parts parts_of(const reference_request *r)
{
    const model_shape *s = &engine_model(r->e)->shape;
    size_t layers = (size_t)s->n_layers, dim = (size_t)s->head_dim;
    parts n = { .logits = (size_t)reference_scored(r->protocol, r->ctx, r->eval) * (size_t)s->n_vocab };
    if (r->protocol == PROTOCOL_SNAPSHOT) {
        n.prefix = layers * 2 * (size_t)s->n_kv_heads * (size_t)r->ctx * dim;
        n.queries = layers * REFERENCE_QUERIES * (size_t)s->n_heads * dim;
    }
    return n;
}

const float *reference_rows(const reference *r, const model_shape *s, int ctx, int layer, int side, int head)
{
    size_t stream = ((size_t)layer * 2 + (size_t)side) * (size_t)s->n_kv_heads + (size_t)head;
    return r->prefix + stream * (size_t)ctx * (size_t)s->head_dim;
}

static void key_of(const reference_request *r, const int32_t *tokens, char key[HASH_HEX])
{
    char numbers[96];
    snprintf(numbers, sizeof numbers, "%s ctx %d eval %d queries %d", protocol_name(r->protocol), r->ctx,
             r->protocol == PROTOCOL_SNAPSHOT ? r->eval : 0, REFERENCE_QUERIES);
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
    int ctx, width; /* floats of one position's queries */
    float *out;
} query_sampler;

static bool sample_queries(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)cache;
    (void)f;
    const query_sampler *s = self;
    size_t width = (size_t)s->width;
    for (int j = 0; j < REFERENCE_QUERIES; j++) {
        int at = reference_query_position(s->ctx, j) - first;
        if (at >= 0 && at < n)
            memcpy(s->out + ((size_t)layer * REFERENCE_QUERIES + (size_t)j) * width, q + (size_t)at * width,
                   width * sizeof *q);
    }
    return true;
}

static void copy_prefix(const kv_cache *c, int ctx, float *out)
{
    size_t floats = (size_t)ctx * (size_t)c->dim;
    for (int il = 0; il < c->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            for (int h = 0; h < c->n_heads; h++, out += floats)
                memcpy(out, kv_rows(c, side == KVANT_K ? &c->layers[il].k : &c->layers[il].v, h), floats * sizeof *out);
}

static bool compute_snapshot(const reference_request *r, kv_cache *c, const int32_t *tokens, parts n, float *memory,
                             fault *f)
{
    const model_shape *s = &engine_model(r->e)->shape;
    query_sampler sampler = { r->ctx, s->n_heads * s->head_dim, memory + n.logits + n.prefix };
    kv_tap tap = { sample_queries, &sampler };
    sequence prefix = { .cache = c, .tokens = tokens, .n = r->ctx, .tap = &tap };
    if (!engine_forward(r->e, &prefix, 1, f)) return false;
    copy_prefix(c, r->ctx, memory + n.logits);
    sequence forced = { .cache = c, .tokens = tokens + r->ctx, .n = r->eval - 1, .logits = memory };
    return engine_forward(r->e, &forced, 1, f);
}

static bool compute_stream(const reference_request *r, kv_cache *c, const int32_t *tokens, float *memory, fault *f)
{
    sequence s = { .cache = c, .tokens = tokens, .n = r->ctx - 1, .logits = memory, .logits_from = r->ctx / 2 };
    return engine_forward(r->e, &s, 1, f);
}

static bool compute(const reference_request *r, const int32_t *tokens, parts n, float **memory, fault *f)
{
    int length = reference_length(r->protocol, r->ctx, r->eval);
    *memory = reallocarray(NULL, n.logits + n.prefix + n.queries, sizeof **memory);
    kv_cache *c = kv_cache_create(&engine_model(r->e)->shape, length, KV_BEFORE_ROPE, f);
    bool ok = c && (*memory || fault_memory(f, "the reference"));
    if (ok && r->protocol == PROTOCOL_SNAPSHOT)
        ok = compute_snapshot(r, c, tokens, n, *memory, f);
    else if (ok)
        ok = compute_stream(r, c, tokens, *memory, f);
    kv_cache_destroy(c);
    if (ok) return true;
    free(*memory);
    *memory = NULL;
    return false;
}

/* ---- the whole ---- */

static void point(reference *out, const float *floats, parts n)
{
    out->logits = floats;
    out->prefix = n.prefix ? floats + n.logits : NULL;
    out->queries = n.queries ? floats + n.logits + n.prefix : NULL;
}

bool reference_make(const reference_request *r, const int32_t *tokens, reference *out, fault *f)
{
    parts n = parts_of(r);
    size_t bytes = (n.logits + n.prefix + n.queries) * sizeof(float);
    *out = (reference){ .n_scored = (size_t)reference_scored(r->protocol, r->ctx, r->eval) };
    char key[HASH_HEX];
    key_of(r, tokens, key);
    if (shelf_get(r->kept, "reference", key, &out->entry) && out->entry.n == bytes) {
        out->kept = true;
        point(out, out->entry.bytes, n);
        return true;
    }
    shelf_release(&out->entry);
    if (!compute(r, tokens, n, &out->memory, f)) return false;
    point(out, out->memory, n);
    if (shelf_put(r->kept, "reference", key, &(shelf_part){ out->memory, bytes }, 1, f)) return true;
    reference_release(out);
    return false;
}

void reference_release(reference *r)
{
    shelf_release(&r->entry);
    free(r->memory);
    *r = (reference){ 0 };
}
