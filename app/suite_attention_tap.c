#include "app/suite_attention_tap.h"

#include <stdlib.h>
#include <string.h>

#include "kvant/codec.h"

struct attention_tap {
    engine *e;
    const model_shape *shape;
    kv_tap inner;
    size_t ctx, queries;
    float *exact[2];     /* K, V of the layer at work: [kv head][ctx][dim] */
    attention_gap *gaps; /* [layer][query head] */
    fault *faults;       /* [kv head] */
};

/* What the tasks over a layer's kv heads share. */
typedef struct layer_work {
    attention_tap *t;
    const kv_cache *cache;
    int layer;
    size_t first, n; /* positions just written */
    const float *q;  /* theirs, before RoPE */
    const rope_table *rope;
} layer_work;

static size_t head_floats(const attention_tap *t)
{
    return t->ctx * (size_t)t->shape->head_dim;
}

attention_tap *attention_tap_open(engine *e, int ctx, int queries, fault *f)
{
    attention_tap *t = calloc(1, sizeof *t);
    if (!t) {
        fault_memory(f, "attention");
        return NULL;
    }
    *t = (attention_tap){ .e = e, .shape = &engine_model(e)->shape, .ctx = (size_t)ctx, .queries = (size_t)queries };
    const size_t layers = (size_t)t->shape->n_layers, heads = (size_t)t->shape->n_kv_heads;
    for (int side = KVANT_K; side <= KVANT_V; side++)
        t->exact[side] = reallocarray(NULL, heads, head_floats(t) * sizeof(float));
    t->gaps = calloc(layers * (size_t)t->shape->n_heads, sizeof *t->gaps);
    t->faults = calloc(heads, sizeof *t->faults);
    if (t->exact[KVANT_K] && t->exact[KVANT_V] && t->gaps && t->faults) return t;
    fault_memory(f, "exact rows for the comparison of attention");
    attention_tap_close(t);
    return NULL;
}

void attention_tap_close(attention_tap *t)
{
    if (!t) return;
    free(t->exact[KVANT_K]), free(t->exact[KVANT_V]);
    free(t->gaps), free(t->faults);
    free(t);
}

const attention_gap *attention_tap_gap(const attention_tap *t, int layer, int head)
{
    return &t->gaps[(size_t)layer * (size_t)t->shape->n_heads + (size_t)head];
}

/* ---- the rows ---- */

static float *exact_rows(const attention_tap *t, int side, int head)
{
    return t->exact[side] + (size_t)head * head_floats(t);
}

static void keep_exact(const layer_work *w)
{
    const size_t dim = (size_t)w->t->shape->head_dim, at = w->first * dim, floats = w->n * dim;
    const kv_layer *l = &w->cache->layers[w->layer];
    for (int side = KVANT_K; side <= KVANT_V; side++)
        for (int h = 0; h < w->t->shape->n_kv_heads; h++)
            memcpy(exact_rows(w->t, side, h) + at, kv_rows(w->cache, side == KVANT_K ? &l->k : &l->v, h) + at,
                   floats * sizeof(float));
}

/* ---- one kv head ---- */

/* The keys of a head as queries meet them, and queries to meet them. */
typedef struct turned {
    float *keys[3]; /* exact, as they came back, open (or NULL); rows x dim */
    float *queries; /* n x dim, of one query head */
    float *memory;
} turned;

static void turn_keys(const layer_work *w, const float *from, size_t rows, float *to)
{
    const size_t dim = (size_t)w->t->shape->head_dim;
    memcpy(to, from, rows * dim * sizeof *to);
    for (size_t i = 0; w->cache->form == KV_BEFORE_ROPE && i < rows; i++)
        rope_rotate(w->rope, to + i * dim, (int)i);
}

static bool turn_head(const layer_work *w, int head, turned *out, fault *f)
{
    const size_t dim = (size_t)w->t->shape->head_dim, rows = w->first + w->n;
    const kv_side *k = &w->cache->layers[w->layer].k;
    const float *from[] = { exact_rows(w->t, KVANT_K, head), kv_rows(w->cache, k, head),
                            k->open ? kv_open_rows(w->cache, k, head) : NULL };
    float *at = out->memory = reallocarray(NULL, 3 * rows + w->n, dim * sizeof *at);
    if (!at) return fault_memory(f, "keys");
    for (int i = 0; i < 3; i++, at += rows * dim) {
        out->keys[i] = from[i] ? at : NULL;
        if (from[i]) turn_keys(w, from[i], rows, at);
    }
    out->queries = at;
    return true;
}

static void turn_queries(const layer_work *w, int head, float *to)
{
    const size_t dim = (size_t)w->t->shape->head_dim, stride = (size_t)w->t->shape->n_heads * dim;
    for (size_t i = 0; i < w->n; i++) {
        memcpy(to + i * dim, w->q + i * stride + (size_t)head * dim, dim * sizeof *to);
        rope_rotate(w->rope, to + i * dim, (int)(w->first + i));
    }
}

/* Of `queries` positions in a passage, those that fall to this piece of it. */
static size_t share_of(const layer_work *w)
{
    const size_t queries = w->t->queries, ctx = w->t->ctx;
    if (queries == 0 || queries >= ctx) return w->n;
    return queries * (w->first + w->n) / ctx - queries * w->first / ctx;
}

static void head_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const layer_work *w = arg;
    attention_tap *t = w->t;
    const int head = (int)task, group = t->shape->n_heads / t->shape->n_kv_heads;
    const size_t dim = (size_t)t->shape->head_dim;
    const kv_side *k = &w->cache->layers[w->layer].k, *v = &w->cache->layers[w->layer].v;
    const size_t queries = share_of(w);
    turned keys = { 0 };
    if (queries == 0 || !turn_head(w, head, &keys, &t->faults[task])) return;
    const attention_rows rows = {
        .k = keys.keys[0],
        .k_decoded = keys.keys[1],
        .k_open = keys.keys[2],
        .v = exact_rows(t, KVANT_V, head),
        .v_decoded = kv_rows(w->cache, v, head),
        .v_open = v->open ? kv_open_rows(w->cache, v, head) : NULL,
        .k_block = k->block,
        .k_window = k->window,
        .v_block = v->block,
        .v_window = v->window,
        .n = w->first + w->n,
        .dim = dim,
        .v_dim = dim,
        .visible = (uint32_t)model_window(t->shape, w->layer),
        .scale = t->shape->score_scale,
        .first = w->first,
    };
    for (int h = head * group; h < (head + 1) * group; h++) {
        attention_gap *gap = &t->gaps[(size_t)w->layer * (size_t)t->shape->n_heads + (size_t)h];
        turn_queries(w, h, keys.queries);
        if (!attention_gap_add(gap, &rows, keys.queries, queries, &t->faults[task])) break;
    }
    free(keys.memory);
}

/* ---- the tap ---- */

static bool wrote(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    attention_tap *t = self;
    layer_work w = { .t = t, .cache = cache, .layer = layer, .first = (size_t)first, .n = (size_t)n, .q = q };
    keep_exact(&w);
    if (!t->inner.wrote(t->inner.self, cache, layer, first, n, q, f)) return false;
    w.rope = engine_layer_rope(t->e, layer, cache->context, f);
    if (!w.rope) return false;
    const size_t heads = (size_t)t->shape->n_kv_heads;
    pool_run(engine_pool(t->e), heads, head_task, &w);
    for (size_t i = 0; i < heads; i++)
        if (t->faults[i].code != FAULT_NONE) {
            if (f) *f = t->faults[i];
            return false;
        }
    return true;
}

kv_tap attention_tap_around(attention_tap *t, kv_tap inner)
{
    t->inner = inner;
    return (kv_tap){ wrote, t };
}
