/* forward.h - the forward pass: tokens in, cache rows and logits out.
 *
 * Several sequences, each with its own cache, go through in one call; a sequence continues where its cache ends. The
 * result of a position depends on its own sequence's earlier positions only, to the last bit: not on how positions are
 * split over calls, which sequences share a call, or the number of threads.
 *
 * Logits of a large vocabulary take much room: a sequence may ask for states instead, from which engine_logits makes
 * the same logits to the last bit, as few rows at a time as one likes.
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

/* Has the rows instead of a cache, in a form of its own: the sequence's cache is KV_KEPT. attend takes n rows of a
 * layer that follow its `first` (k, v: n x (n_kv_heads * head_dim), keys before RoPE, and q: n x (n_heads * head_dim),
 * before RoPE, as the model made them) and writes what the queries see, causally, to out (like q). rope is the layer's,
 * ready for these positions; the window and the scale of the scores are the keeper's to heed. q and out NULL: the rows
 * are only to be kept. What a query sees must not depend on how positions are split over calls. false stops the pass
 * with the fault. [called from the thread that runs the pass; may use engine_pool] */
typedef struct kv_keeper {
    bool (*attend)(void *self, int layer, int first, int n, const rope_table *rope, const float *k, const float *v,
                   const float *q, float *out, fault *f);
    void *self;
} kv_keeper;

typedef struct sequence {
    kv_cache *cache; /* grows by n positions */
    const int32_t *tokens;
    int n;
    float *logits;           /* (n - logits_from) x n_vocab, or NULL */
    float *states;           /* (n - logits_from) x n_embd: what the output product takes, or NULL */
    int logits_from;         /* first of the n positions whose logits or states are wanted */
    const kv_tap *tap;       /* or NULL */
    const kv_keeper *keeper; /* with a KV_KEPT cache; else NULL */
} sequence;

/* Rows of one layer: n x (n_kv_heads * head_dim), keys before RoPE. */
typedef struct kv_given {
    const float *k, *v;
} kv_given;

/* What a pass is at: told as it begins, by the thread that called engine_forward or engine_logits. */
typedef enum engine_step {
    ENGINE_ROWS,
    ENGINE_PRODUCT,
    ENGINE_TAP,
    ENGINE_ATTENTION,
    ENGINE_LOGITS,
    ENGINE_DONE
} engine_step;

/* m must outlive the engine, and have been opened at the same level (kernels/cpu.h). */
engine *engine_open(const model *m, int threads, fault *f);
void engine_close(engine *e);
const model *engine_model(const engine *e);
pool *engine_pool(const engine *e);

/* step is told of every step from here on; NULL: of none. */
void engine_observe(engine *e, void (*step)(void *self, engine_step now), void *self);

/* A token outside the vocabulary, a full cache and a tap's refusal are faults; caches then hold undefined rows past
 * their old end. [one call at a time per engine] */
bool engine_forward(engine *e, sequence *seqs, int n_seqs, fault *f);

/* Told when all positions of a pass are through a layer: this pass reads its rows no more, and they may be given back.
 * cache->n does not count the n positions yet. */
typedef struct layer_end {
    bool (*done)(void *self, kv_cache *cache, int layer, int n, fault *f);
    void *self;
} layer_end;

/* The same for one long sequence that wants states, layer by layer: each layer takes all positions before the next
 * begins, so that whoever needs only states (end NULL: nobody is told) holds one layer's rows at a time. States and
 * rows are those of engine_forward, to the last bit. s->logits is not looked at. Memory: logits_from x n_embd. */
bool engine_forward_layers(engine *e, sequence *s, const layer_end *end, fault *f);

/* Gives back what the last pass needed and the next one makes anew: packed keys and scores grow with the context. */
void engine_rest(engine *e);

/* Appends s->n positions whose rows are given, layers[0 ... n_layers-1], as if a pass over s->tokens (not read) had
 * made them; a tap meets queries of 0. No logits. */
bool engine_append(engine *e, sequence *s, const kv_given *layers, fault *f);

/* logits (n x n_vocab) of n rows of states. [one call at a time per engine] */
bool engine_logits(engine *e, const float *states, size_t n, float *logits, fault *f);

/* The rotation that a layer applies at use in sequences with room for ctx positions, ready for all of them; valid until
 * the engine needs more positions. */
const rope_table *engine_layer_rope(engine *e, int layer, int ctx, fault *f);

#endif
