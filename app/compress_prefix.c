/* The exact prefix of a reference through its codecs: the snapshot protocol. */
#include <string.h>

#include "app/compress_streams.h"
#include "kernels/attention.h"

/* The exact prefix of one head, in the form of the cache; `turned` is where keys are rotated. */
static const float *exact_prefix(const layer_work *w, stream *s, int side, int head, float *turned)
{
    const compressor *c = w->c;
    size_t dim = (size_t)c->shape->head_dim;
    const float *exact = reference_rows(c->exact, c->shape, c->r.ctx, w->layer, side, head);
    if (side == KVANT_V || c->cache->form != KV_ROTATED) return exact;
    const rope_table *rope = engine_layer_rope(c->r.e, w->layer, c->cache->context, &s->fault);
    memcpy(turned, exact, (size_t)c->r.ctx * dim * sizeof *turned);
    for (int i = 0; rope && i < c->r.ctx; i++)
        rope_rotate(rope, turned + (size_t)i * dim, i);
    return turned;
}

/* The prefix of the heads of one codec. What is encoded and what stays open is laid out in the cache first, where any
 * does or heads go together; else rows come from the reference itself. */
static void prefix_task(void *arg, size_t task, int thread)
{
    const layer_work *w = arg;
    const compressor *c = w->c;
    int heads = c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    stream *s = stream_of(c, w->layer, side, head);
    size_t dim = (size_t)c->shape->head_dim, ctx = (size_t)c->r.ctx, width = (size_t)c->shape->n_heads * dim;
    size_t until = attention_settled(ctx - 1, s->geometry.block, s->geometry.window);
    const bool open = s->geometry.block > 1 || s->geometry.window > 0;
    float *rows = kv_rows(c->cache, compress_side(w, side), head), *scratch = c->scratch[thread];
    const float *from = rows;
    if (!s->codec) return;
    if (!open && s->geometry.heads == 1) from = exact_prefix(w, s, side, head, scratch);
    for (int h = head; from == rows && h < head + s->geometry.heads; h++) {
        float *to = kv_rows(c->cache, compress_side(w, side), h);
        const float *exact = exact_prefix(w, s, side, h, scratch);
        if (open)
            lanes_round_halves(c->lanes, exact, ctx * dim, to);
        else
            memcpy(to, exact, ctx * dim * sizeof *to);
    }
    size_t from_head = (size_t)c->cache->capacity * dim;
    if (until > 0 && !compress_through_codec(w, s, 0, until, from, from_head, rows, scratch)) return;
    roundtrip_drop_buffers(s->codec);
    for (int h = head; h < head + s->geometry.heads; h++) {
        stream *one = stream_of(c, w->layer, side, h);
        const float *back = kv_rows(c->cache, compress_side(w, side), h),
                    *exact = exact_prefix(w, one, side, h, scratch);
        compress_count(c, one, w->layer, ctx, until);
        stream_error_add(&one->error, exact, back, ctx * dim);
        if (side == KVANT_K)
            compress_add_query_error(w, one, h, c->exact->queries + (size_t)w->layer * REFERENCE_QUERIES * width, exact,
                                     back);
        reference_forget(c->exact, c->shape, c->r.ctx, w->layer, side, h);
    }
}

bool compress_prefix_layer(compressor *c, int layer, fault *f)
{
    layer_work w = { c, layer, 0, c->r.ctx };
    return compress_over_streams(&w, prefix_task, f);
}
