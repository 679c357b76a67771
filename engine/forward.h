/* forward.h - the forward pass: tokens in, cache rows and logits out.
 *
 * Several sequences, each with its own cache, go through in one call; a sequence continues where its cache ends. The
 * result of a position depends on its own sequence's earlier positions only, to the last bit: not on how positions are
 * split over calls, which sequences share a call, or the number of threads.
 *
 *     engine *e = engine_open(m, 2, &f);
 *     sequence s = { .cache = c, .tokens = ids, .n = 512, .logits = out, .logits_from = 256 };
 *     engine_forward(e, &s, 1, &f);                    out: 256 x n_vocab
 */
#ifndef KVANT_ENGINE_FORWARD_H
#define KVANT_ENGINE_FORWARD_H

#include "engine/cache.h"
#include "engine/model.h"
#include "kernels/rope.h"

typedef struct engine engine;

/* Told, layer by layer, when positions first … first+n-1 of a cache have been written and before anything attends to
 * them; may rewrite those rows. q: n x (n_heads · head_dim), the queries of these positions before RoPE. false stops
 * the pass with the fault. */
typedef struct kv_tap {
    bool (*wrote)(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f);
    void *self;
} kv_tap;

typedef struct sequence {
    kv_cache *cache; /* grows by n positions */
    const int32_t *tokens;
    int n;
    float *logits;     /* (n - logits_from) x n_vocab, or NULL */
    int logits_from;   /* first of the n positions whose logits are wanted */
    const kv_tap *tap; /* or NULL */
} sequence;

/* m must outlive the engine. */
engine *engine_open(const model *m, int threads, fault *f);
void engine_close(engine *e);
const model *engine_model(const engine *e);
pool *engine_pool(const engine *e);

/* A token outside the vocabulary, a full cache and a tap's refusal are faults; caches then hold undefined rows past
 * their old end. [one call at a time per engine] */
bool engine_forward(engine *e, sequence *seqs, int n_seqs, fault *f);

/* The rotation that a layer applies at use in sequences with room for ctx positions, ready for all of them; valid until
 * the engine needs more positions. */
const rope_table *engine_layer_rope(engine *e, int layer, int ctx, fault *f);

#endif
