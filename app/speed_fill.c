#include "app/speed_fill.h"

#include <stdlib.h>
#include <string.h>

#include "app/generation.h"

/* One side of one layer: [head][position][dim] becomes [position][head][dim]. */
static void take_side(const kv_cache *c, const kv_side *side, int n, float *to)
{
    const size_t dim = (size_t)c->dim, heads = (size_t)c->n_heads;
    for (size_t h = 0; h < heads; h++) {
        const float *from = kv_rows(c, side, (int)h);
        for (size_t i = 0; i < (size_t)n; i++)
            memcpy(to + (i * heads + h) * dim, from + i * dim, dim * sizeof *to);
    }
}

static bool make_room(const model_shape *s, int n, speed_fill *out, fault *f)
{
    const size_t row = (size_t)s->n_kv_heads * (size_t)s->head_dim, n_layers = (size_t)s->n_layers;
    *out = (speed_fill){ .n = n, .given = calloc(n_layers, sizeof *out->given) };
    out->rows = reallocarray(NULL, 2 * n_layers * (size_t)n, row * sizeof *out->rows);
    if (!out->given || !out->rows) return fault_memory(f, "the rows that fill the cache");
    for (size_t il = 0; il < n_layers; il++) {
        out->given[il].k = out->rows + 2 * il * (size_t)n * row;
        out->given[il].v = out->given[il].k + (size_t)n * row;
    }
    return true;
}

bool speed_fill_make(engine *e, const int32_t *tokens, int n, speed_fill *out, fault *f)
{
    const model_shape *s = &engine_model(e)->shape;
    const size_t side = (size_t)n * (size_t)s->n_kv_heads * (size_t)s->head_dim;
    if (!make_room(s, n, out, f)) return false;
    kv_cache *c = kv_cache_create(s, n, KV_BEFORE_ROPE, f);
    sequence one = { .cache = c, .tokens = tokens, .n = n };
    const bool ok = c && engine_forward(e, &one, 1, f);
    for (int il = 0; ok && il < s->n_layers; il++) {
        float *to = out->rows + 2 * (size_t)il * side;
        take_side(c, &c->layers[il].k, n, to);
        take_side(c, &c->layers[il].v, n, to + side);
    }
    kv_cache_destroy(c);
    return ok;
}

void speed_fill_release(speed_fill *fill)
{
    free(fill->given);
    free(fill->rows);
    *fill = (speed_fill){ 0 };
}

bool speed_fill_append(generation *g, const speed_fill *fill, int count, fault *f)
{
    while (count > 0) {
        const int n = count < fill->n ? count : fill->n;
        if (!generation_append(g, fill->given, n, f)) return false;
        count -= n;
    }
    return true;
}
