/* cache.h - the key-value cache of one sequence.
 *
 * Per layer and per side (keys, values) it holds one stream per kv head: rows are positions, row-major f32. Keys stand
 * there before RoPE and are rotated when they are used, or after RoPE, or after RoPE and packed for the next token
 * (which nobody can read or rewrite, but generating one token needs no other work), or not at all, where a keeper has
 * them (engine/forward.h). A side may hold each row twice, settled and open (kernels/attention.h says which one a query
 * sees): whoever compresses a cache sets block and window and writes both.
 *
 *     kv_cache *c = kv_cache_create(&m->shape, 1024, KV_BEFORE_ROPE, &f);
 *     float *rows = kv_rows(c, &c->layers[3].k, 1);          the stream of layer 3, head 1, keys
 */
#ifndef KVANT_ENGINE_CACHE_H
#define KVANT_ENGINE_CACHE_H

#include "base/fault.h"
#include "engine/model.h"

typedef enum kv_form {
    KV_BEFORE_ROPE,
    KV_ROTATED,
    KV_PACKED, /* keys rotated, in the panels of kernels/attention.h; no taps, no kv_rows of keys */
    KV_KEPT,   /* no rows: positions are counted, the sequence's keeper has them */
} kv_form;

typedef struct kv_side {
    float *settled; /* [n_heads][capacity][dim] */
    float *open;    /* the same shape, or NULL while block is 1 and window 0 */
    uint32_t block, window;
} kv_side;

typedef struct kv_layer {
    kv_side k, v;
} kv_layer;

typedef struct kv_cache {
    int n_layers, n_heads, dim;
    int capacity; /* positions there is room for */
    int context;  /* the capacity that was asked for; decides on the RoPE of models with two (model_rope_at) */
    int n;        /* positions filled */
    kv_form form; /* of the keys */
    kv_layer *layers;
    float *packed; /* KV_PACKED: what all layers' rows stand in, `bytes` of it; else NULL */
    size_t bytes;
} kv_cache;

/* Memory: layers x 2 x heads x capacity x dim x 4 bytes; KV_KEPT: none. */
kv_cache *kv_cache_create(const model_shape *shape, int capacity, kv_form form, fault *f);
void kv_cache_destroy(kv_cache *c);

/* The settled rows of one head. */
float *kv_rows(const kv_cache *c, const kv_side *side, int head);

/* The settled rows of one head, or all rows of a layer, will not be read again before they are written: their memory
 * goes back to the system while it stays allocated. [any thread, of different heads] */
void kv_rows_forget(const kv_cache *c, const kv_side *side, int head);
void kv_layer_forget(const kv_cache *c, int layer);

/* The open rows of one head; the side must have been given them (kv_side_open). */
float *kv_open_rows(const kv_cache *c, const kv_side *side, int head);

/* Gives the side a second version of its rows, seen as block and window say. */
bool kv_side_open(const kv_cache *c, kv_side *side, uint32_t block, uint32_t window, fault *f);

#endif
