/* Whole passages, layer by layer: what one layer needs is given back before the next begins. */
#include <stdlib.h>

#include "app/compress_streams.h"
#include "base/clock.h"

#define LARGE_CACHE ((size_t)64 << 20) /* bytes: of a smaller one new pages cost more than they are worth */

static bool is_large(const compressor *c)
{
    return 2 * model_kv_bytes(c->shape) * (size_t)c->cache->capacity > LARGE_CACHE;
}

static void forget_layer(const compressor *c, int layer)
{
    if (is_large(c)) kv_layer_forget(c->cache, layer);
}

/* ---- stream protocol ---- */

static bool end_layer(void *self, kv_cache *cache, int layer, int n, fault *f)
{
    (void)cache;
    compressor *c = self;
    if (!compress_end_layer(c, layer, n, f)) return false;
    forget_layer(c, layer);
    return true;
}

bool compress_stream(compressor *c, sequence *s, fault *f)
{
    const layer_end end = { end_layer, c };
    const bool ok = compress_begin_rows(c, s->cache, true, f) && engine_forward_layers(c->r.e, s, &end, f);
    for (int side = KVANT_K; is_large(c) && side <= KVANT_V; side++) {
        free(c->exact_rows[side]);
        c->exact_rows[side] = NULL;
    }
    if (ok) compress_add_sequence(c, s->n);
    return ok;
}

/* ---- snapshot protocol ---- */

typedef struct snapshot {
    compressor *c;
    double seconds; /* spent on the prefix */
} snapshot;

/* The first rows of a layer find the prefix before them. */
static bool fill_layer(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)n;
    (void)q;
    snapshot *x = self;
    if (first != cache->n) return true;
    const double start = clock_seconds();
    const bool ok = compress_prefix_layer(x->c, layer, f);
    x->seconds += clock_seconds() - start;
    return ok;
}

static bool leave_layer(void *self, kv_cache *cache, int layer, int n, fault *f)
{
    (void)cache;
    (void)n;
    (void)f;
    const snapshot *x = self;
    forget_layer(x->c, layer);
    return true;
}

bool compress_snapshot(compressor *c, const reference *exact, sequence *s, double *seconds, fault *f)
{
    snapshot x = { .c = c };
    const kv_tap tap = { fill_layer, &x };
    const layer_end end = { leave_layer, &x };
    if (!compress_take_cache(c, s->cache, f)) return false;
    c->exact = exact;
    s->tap = &tap;
    s->cache->n = c->r.ctx;
    const bool ok = engine_forward_layers(c->r.e, s, &end, f);
    s->tap = NULL;
    *seconds = x.seconds;
    if (ok) compress_add_sequence(c, c->r.ctx);
    return ok;
}
