#include "app/compress_streams.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"
#include "kernels/half.h"

/* ---- tasks over the streams of one layer ---- */

typedef struct layer_work {
    compressor *c;
    int layer, first, n;
} layer_work;

static kv_side *side_of(const layer_work *w, int side)
{
    kv_layer *l = &w->c->cache->layers[w->layer];
    return side == KVANT_K ? &l->k : &l->v;
}

static void to_half_precision(const float *from, float *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = half_to_float(half_from_float(from[i]));
}

/* Runs task over (side, head) of a layer and returns the first fault, in the streams' order. */
static bool over_streams(layer_work *w, pool_task task, fault *f)
{
    compressor *c = w->c;
    size_t n = 2 * (size_t)c->shape->n_kv_heads;
    if (c->r.at_layer) c->r.at_layer(c->r.self, w->layer);
    spare_run(c->env.threads, engine_pool(c->r.e), n, task, w);
    return compress_first_fault(c, w->layer, f);
}

/* Sampled queries against the keys of one head, exact and as they came back. */
static void add_query_error(const layer_work *w, stream *s, int head, const float *queries, const float *exact,
                            const float *decoded)
{
    const compressor *c = w->c;
    int group = c->shape->n_heads / c->shape->n_kv_heads;
    query_sample sample = {
        .queries = queries,
        .n = REFERENCE_QUERIES,
        .stride = (size_t)c->shape->n_heads * (size_t)c->shape->head_dim,
        .offset = (size_t)head * (size_t)group * (size_t)c->shape->head_dim,
        .group = group,
        .position = reference_query_position,
        .ctx = c->r.ctx,
        .window = (uint32_t)model_window(c->shape, w->layer),
    };
    const rope_table *rope = engine_layer_rope(c->r.e, w->layer, c->cache->context, &s->fault);
    if (rope)
        stream_error_add_queries(&s->error, simd_best(), rope, c->r.config->rope_post, exact, decoded, (size_t)c->r.ctx,
                                 c->shape->head_dim, &sample, &s->fault);
}

/* Rows through a codec and back into memory. A codec's buffers are kept from one token to the next; after many rows at
 * once those of all streams together would be one more cache. */
static bool pass_rows(stream *s, size_t first, const float *rows, size_t n_rows, size_t dim, float *back)
{
    enum { KEPT = 64 << 10 };
    const bool ok = roundtrip_rows(s->codec, first, rows, n_rows, back, &s->bytes, &s->fault);
    if (n_rows * dim * sizeof *rows > KEPT) roundtrip_drop_buffers(s->codec);
    return ok;
}

/* `count` positions of the heads that one codec serves, from position `first` on, into the cache: `from` and `to` are
 * the first head's rows, `from_head` floats before the next head's. Pooled heads go through the scratch interleaved. */
static bool through_codec(const layer_work *w, stream *s, size_t first, size_t count, const float *from,
                          size_t from_head, float *to, float *scratch)
{
    const compressor *c = w->c;
    size_t dim = (size_t)c->shape->head_dim, heads = (size_t)s->heads, to_head = (size_t)c->cache->capacity * dim;
    if (heads == 1) return pass_rows(s, first, from, count, dim, to);
    for (size_t i = 0; i < count * heads; i++)
        memcpy(scratch + i * dim, from + i % heads * from_head + i / heads * dim, dim * sizeof *from);
    if (!pass_rows(s, first * heads, scratch, count * heads, dim, scratch)) return false;
    for (size_t i = 0; i < count * heads; i++)
        memcpy(to + i % heads * to_head + i / heads * dim, scratch + i * dim, dim * sizeof *to);
    return true;
}

/* ---- stream protocol ---- */

static float *layer_queries(const compressor *c, int layer)
{
    size_t width = (size_t)c->shape->n_heads * (size_t)c->shape->head_dim;
    return c->queries + (size_t)layer * REFERENCE_QUERIES * width;
}

/* New rows of one head: kept exact where they may be wanted again, rounded to f16 where they may stay open. */
static void take_rows(const layer_work *w, int side, int head, float *scratch)
{
    const compressor *c = w->c;
    stream *s = stream_of(c, w->layer, side, head);
    const kv_side *at = side_of(w, side);
    size_t dim = (size_t)c->shape->head_dim, first = (size_t)w->first * dim, n = (size_t)w->n * dim;
    const float *rows = kv_rows(c->cache, at, head);
    memcpy(s->exact ? s->exact + first : scratch, rows + first, n * sizeof *rows);
    if (at->open) to_half_precision(s->exact + first, kv_open_rows(c->cache, at, head) + first, n);
}

/* New rows of the heads of one codec, which encodes them as far as blocks are full. */
static void write_task(void *arg, size_t task, int thread)
{
    const layer_work *w = arg;
    const compressor *c = w->c;
    int heads = c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    stream *s = stream_of(c, w->layer, side, head);
    kv_side *at = side_of(w, side);
    size_t dim = (size_t)c->shape->head_dim, ctx = (size_t)c->r.ctx, from_head = ctx * dim;
    for (int h = head; h < head + s->heads; h++)
        take_rows(w, side, h, c->scratch[thread]);
    size_t first = s->settled, until = attention_settled((size_t)w->first + (size_t)w->n - 1, s->block, s->window);
    if (!s->codec || until == first) return;
    const float *before = s->exact ? s->exact + first * dim : c->scratch[thread], *from = before;
    if (at->open) {
        from = kv_open_rows(c->cache, at, head) + first * dim;
        from_head = (size_t)c->cache->capacity * dim;
    }
    float *to = kv_rows(c->cache, at, head) + first * dim;
    if (!through_codec(w, s, first, until - first, from, from_head, to, c->scratch[thread])) return;
    for (int h = 0; h < s->heads; h++) {
        stream *one = stream_of(c, w->layer, side, head + h);
        const float *decoded = to + (size_t)h * (size_t)c->cache->capacity * dim;
        stream_error_add(&one->error, before + (size_t)h * ctx * dim, decoded, (until - first) * dim);
        one->settled = until;
    }
}

/* The end of a sequence: rows still open are counted in f16, and the queries sampled on the way meet the keys (of a
 * whole passage: a shorter sequence has too few of the sampled positions). */
static void end_task(void *arg, size_t task, int thread)
{
    const layer_work *w = arg;
    const compressor *c = w->c;
    int heads = c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    stream *s = stream_of(c, w->layer, side, head);
    const kv_side *at = side_of(w, side);
    size_t dim = (size_t)c->shape->head_dim, open_values = ((size_t)w->n - s->settled) * dim;
    const float *decoded = kv_rows(c->cache, at, head);
    if (open_values > 0) {
        const float *open = kv_open_rows(c->cache, at, head);
        memcpy(c->scratch[thread], decoded, s->settled * dim * sizeof *decoded);
        memcpy(c->scratch[thread] + s->settled * dim, open + s->settled * dim, open_values * sizeof *decoded);
        decoded = c->scratch[thread];
        stream_error_add(&s->error, s->exact + s->settled * dim, decoded + s->settled * dim, open_values);
    }
    compress_count(c, s, w->layer, (size_t)w->n, s->settled);
    s->settled = 0;
    if (side == KVANT_K && w->n == c->r.ctx) add_query_error(w, s, head, layer_queries(c, w->layer), s->exact, decoded);
}

/* Room for exact rows where a passage needs it. */
static bool keep_exact(compressor *c, int layer, int side, bool open, fault *f)
{
    size_t floats = (size_t)c->r.ctx * (size_t)c->shape->head_dim;
    for (int h = 0; h < c->shape->n_kv_heads; h++) {
        stream *s = stream_of(c, layer, side, h);
        if (s->exact || (side == KVANT_V && !open && s->heads == 1)) continue;
        if (s->codec)
            s->exact = reallocarray(NULL, floats, (size_t)s->heads * sizeof *s->exact);
        else
            s->exact = stream_of(c, layer, side, 0)->exact + (size_t)h * floats;
        if (!s->exact) return fault_memory(f, "exact rows");
    }
    return true;
}

/* The cache of a sequence, and the angles of its layers: made before tasks on several threads ask for them. */
static bool take_cache(compressor *c, kv_cache *cache, fault *f)
{
    c->cache = cache;
    for (int il = 0; il < c->shape->n_layers; il++)
        if (!engine_layer_rope(c->r.e, il, cache->context, f)) return false;
    return true;
}

bool compress_begin(compressor *c, kv_cache *cache, fault *f)
{
    size_t dim = (size_t)c->shape->head_dim;
    if (!take_cache(c, cache, f)) return false;
    if (!c->queries)
        c->queries = reallocarray(NULL, (size_t)c->shape->n_layers * REFERENCE_QUERIES,
                                  (size_t)c->shape->n_heads * dim * sizeof *c->queries);
    if (!c->queries) return fault_memory(f, "the sampled queries");
    for (size_t i = 0; i < c->n_streams; i++)
        c->streams[i].settled = 0;
    for (int il = 0; il < c->shape->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            const stream *one = stream_of(c, il, side, 0);
            kv_side *at = side == KVANT_K ? &cache->layers[il].k : &cache->layers[il].v;
            if (!kv_side_open(cache, at, one->block, one->window, f) || !keep_exact(c, il, side, at->open, f))
                return false;
        }
    return true;
}

static bool wrote(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)cache;
    compressor *c = self;
    size_t width = (size_t)c->shape->n_heads * (size_t)c->shape->head_dim;
    for (int j = 0; j < REFERENCE_QUERIES; j++) {
        int at = reference_query_position(c->r.ctx, j) - first;
        if (at >= 0 && at < n)
            memcpy(layer_queries(c, layer) + (size_t)j * width, q + (size_t)at * width, width * sizeof *q);
    }
    layer_work w = { c, layer, first, n };
    return over_streams(&w, write_task, f);
}

kv_tap compress_tap(compressor *c)
{
    return (kv_tap){ wrote, c };
}

static void add_sequence(compressor *c, int n)
{
    c->sequences++;
    c->positions += (uint64_t)n;
    if (c->shape->window > 0) c->windowed_rows += (uint64_t)(n < c->shape->window ? n : c->shape->window);
}

bool compress_end(compressor *c, fault *f)
{
    for (int il = 0; il < c->shape->n_layers; il++) {
        layer_work w = { c, il, 0, c->cache->n };
        if (!over_streams(&w, end_task, f)) return false;
    }
    add_sequence(c, c->cache->n);
    return true;
}

/* ---- snapshot protocol ---- */

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
    size_t until = attention_settled(ctx - 1, s->block, s->window);
    const bool open = s->block > 1 || s->window > 0;
    float *rows = kv_rows(c->cache, side_of(w, side), head), *scratch = c->scratch[thread];
    const float *from = rows;
    if (!s->codec) return;
    if (!open && s->heads == 1) from = exact_prefix(w, s, side, head, scratch);
    for (int h = head; from == rows && h < head + s->heads; h++) {
        float *to = kv_rows(c->cache, side_of(w, side), h);
        const float *exact = exact_prefix(w, s, side, h, scratch);
        if (open)
            to_half_precision(exact, to, ctx * dim);
        else
            memcpy(to, exact, ctx * dim * sizeof *to);
    }
    size_t from_head = (size_t)c->cache->capacity * dim;
    if (until > 0 && !through_codec(w, s, 0, until, from, from_head, rows, scratch)) return;
    for (int h = head; h < head + s->heads; h++) {
        stream *one = stream_of(c, w->layer, side, h);
        const float *back = kv_rows(c->cache, side_of(w, side), h), *exact = exact_prefix(w, one, side, h, scratch);
        compress_count(c, one, w->layer, ctx, until);
        stream_error_add(&one->error, exact, back, ctx * dim);
        if (side == KVANT_K)
            add_query_error(w, one, h, c->exact->queries + (size_t)w->layer * REFERENCE_QUERIES * width, exact, back);
        reference_forget(c->exact, c->shape, c->r.ctx, w->layer, side, h);
    }
}

bool compress_prefix(compressor *c, const reference *exact, kv_cache *cache, fault *f)
{
    if (!take_cache(c, cache, f)) return false;
    c->exact = exact;
    for (int il = 0; il < c->shape->n_layers; il++) {
        layer_work w = { c, il, 0, c->r.ctx };
        if (!over_streams(&w, prefix_task, f)) return false;
    }
    cache->n = c->r.ctx;
    add_sequence(c, c->r.ctx);
    return true;
}
