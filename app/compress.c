/* Rows of a sequence through their codecs as the model makes them: the stream protocol. */
#include "app/compress_streams.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"

/* ---- tasks over the streams of one layer ---- */

bool compress_over_streams(layer_work *w, pool_task task, fault *f)
{
    compressor *c = w->c;
    size_t n = 2 * (size_t)c->shape->n_kv_heads;
    if (c->r.at_layer) c->r.at_layer(c->r.self, w->layer);
    spare_run(c->env.threads, engine_pool(c->r.e), n, task, w);
    return compress_first_fault(c, w->layer, f);
}

void compress_add_query_error(const layer_work *w, stream *s, int head, const float *queries, const float *exact,
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

/* Rows through a codec and back into memory, a few at a time: what a codec holds of them, and what the host holds to
 * watch it, stays small and in the cache. Buffers are kept from one token to the next; after many rows those of all
 * streams together would be one more cache, and the streams of one layer keep them to its end. */
static bool pass_rows(const compressor *c, stream *s, size_t first, const float *rows, size_t n_rows, size_t dim,
                      float *back)
{
    enum { AT_ONCE = 512 << 10, KEPT = 64 << 10 };
    const size_t block = instance_block(roundtrip_encoder(s->codec)),
                 fit = AT_ONCE / (dim * sizeof *rows) / block * block;
    const size_t most = fit < block ? block : fit;
    bool ok = true;
    for (size_t from = 0; ok && from < n_rows; from += most) {
        const size_t n = n_rows - from < most ? n_rows - from : most;
        ok = roundtrip_rows(s->codec, first + from, rows + from * dim, n, back + from * dim, &s->bytes, &s->fault);
    }
    if (!c->by_layer && n_rows * dim * sizeof *rows > KEPT) roundtrip_drop_buffers(s->codec);
    return ok;
}

bool compress_through_codec(const layer_work *w, stream *s, size_t first, size_t count, const float *from,
                            size_t from_head, float *to, float *scratch)
{
    const compressor *c = w->c;
    size_t dim = (size_t)c->shape->head_dim, heads = (size_t)s->geometry.heads,
           to_head = (size_t)c->cache->capacity * dim;
    if (heads == 1) return pass_rows(c, s, first, from, count, dim, to);
    for (size_t i = 0; i < count * heads; i++)
        memcpy(scratch + i * dim, from + i % heads * from_head + i / heads * dim, dim * sizeof *from);
    if (!pass_rows(c, s, first * heads, scratch, count * heads, dim, scratch)) return false;
    for (size_t i = 0; i < count * heads; i++)
        memcpy(to + i % heads * to_head + i / heads * dim, scratch + i * dim, dim * sizeof *to);
    return true;
}

/* ---- stream protocol ---- */

static size_t query_floats(const compressor *c)
{
    return (size_t)c->shape->n_heads * (size_t)c->shape->head_dim;
}

static float *layer_queries(const compressor *c, int layer)
{
    return c->queries + (size_t)layer * REFERENCE_QUERIES * query_floats(c);
}

/* New rows of one head: kept exact where they may be wanted again, rounded to f16 where they may stay open. */
static void take_rows(const layer_work *w, int side, int head, float *scratch)
{
    const compressor *c = w->c;
    const kv_side *at = compress_side(w, side);
    size_t dim = (size_t)c->shape->head_dim, first = (size_t)w->first * dim, n = (size_t)w->n * dim;
    const float *rows = kv_rows(c->cache, at, head) + first;
    float *exact = exact_rows(c, w->layer, side, head), *to = exact ? exact + first : scratch;
    memcpy(to, rows, n * sizeof *rows);
    if (at->open) lanes_round_halves(c->lanes, to, n, kv_open_rows(c->cache, at, head) + first);
}

/* New rows of the heads of one codec, which encodes them as far as blocks are full. The other heads' own tasks have
 * nothing to do, and nothing to look at that the first one's writes. */
static void write_task(void *arg, size_t task, int thread)
{
    const layer_work *w = arg;
    const compressor *c = w->c;
    int heads = c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    stream *s = stream_of(c, w->layer, side, head);
    if (!s->codec) return;
    kv_side *at = compress_side(w, side);
    size_t dim = (size_t)c->shape->head_dim, ctx = (size_t)c->r.ctx, from_head = ctx * dim;
    for (int h = head; h < head + s->geometry.heads; h++)
        take_rows(w, side, h, c->scratch[thread]);
    size_t first = s->settled,
           until = attention_settled((size_t)w->first + (size_t)w->n - 1, s->geometry.block, s->geometry.window);
    if (until == first) return;
    const float *exact = exact_rows(c, w->layer, side, head);
    const float *before = exact ? exact + first * dim : c->scratch[thread], *from = before;
    if (at->open) {
        from = kv_open_rows(c->cache, at, head) + first * dim;
        from_head = (size_t)c->cache->capacity * dim;
    }
    float *to = kv_rows(c->cache, at, head) + first * dim;
    if (!compress_through_codec(w, s, first, until - first, from, from_head, to, c->scratch[thread])) return;
    for (int h = 0; h < s->geometry.heads; h++) {
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
    const kv_side *at = compress_side(w, side);
    size_t dim = (size_t)c->shape->head_dim, open_values = ((size_t)w->n - s->settled) * dim;
    const float *decoded = kv_rows(c->cache, at, head), *exact = exact_rows(c, w->layer, side, head);
    if (open_values > 0) {
        const float *open = kv_open_rows(c->cache, at, head);
        memcpy(c->scratch[thread], decoded, s->settled * dim * sizeof *decoded);
        memcpy(c->scratch[thread] + s->settled * dim, open + s->settled * dim, open_values * sizeof *decoded);
        decoded = c->scratch[thread];
        stream_error_add(&s->error, exact + s->settled * dim, decoded + s->settled * dim, open_values);
    }
    compress_count(c, s, w->layer, (size_t)w->n, s->settled);
    s->settled = 0;
    if (c->by_layer && s->codec) roundtrip_drop_buffers(s->codec);
    if (side == KVANT_K && w->n == c->r.ctx)
        compress_add_query_error(w, s, head, layer_queries(c, w->layer), exact, decoded);
}

/* Room for exact rows where a sequence needs it: all keys, to meet the queries at its end, and what may stay open or
 * goes through a codec together. */
static bool keep_exact(compressor *c, int layer, int side, bool open, fault *f)
{
    float **rows = &c->exact_rows[exact_side(c, layer, side)];
    if (*rows || (side == KVANT_V && !open && stream_of(c, layer, side, 0)->geometry.heads == 1)) return true;
    const size_t head = (size_t)c->r.ctx * (size_t)c->shape->head_dim;
    *rows = reallocarray(NULL, (size_t)c->shape->n_kv_heads, head * sizeof **rows);
    return *rows || fault_memory(f, "exact rows");
}

bool compress_take_cache(compressor *c, kv_cache *cache, fault *f)
{
    c->cache = cache;
    for (int il = 0; il < c->shape->n_layers; il++)
        if (!engine_layer_rope(c->r.e, il, cache->context, f)) return false;
    return true;
}

bool compress_begin_rows(compressor *c, kv_cache *cache, bool by_layer, fault *f)
{
    c->by_layer = by_layer;
    if (!compress_take_cache(c, cache, f)) return false;
    if (!c->queries)
        c->queries =
            reallocarray(NULL, (size_t)c->shape->n_layers * REFERENCE_QUERIES, query_floats(c) * sizeof *c->queries);
    if (!c->queries) return fault_memory(f, "the sampled queries");
    for (size_t i = 0; i < c->n_streams; i++)
        c->streams[i].settled = 0;
    for (int il = 0; il < c->shape->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            const stream *one = stream_of(c, il, side, 0);
            kv_side *at = side == KVANT_K ? &cache->layers[il].k : &cache->layers[il].v;
            if (!kv_side_open(cache, at, one->geometry.block, one->geometry.window, f) ||
                !keep_exact(c, il, side, at->open, f))
                return false;
        }
    return true;
}

bool compress_begin(compressor *c, kv_cache *cache, fault *f)
{
    return compress_begin_rows(c, cache, false, f);
}

static bool wrote(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)cache;
    compressor *c = self;
    reference_sample_queries(c->r.ctx, first, n, q, query_floats(c), layer_queries(c, layer));
    layer_work w = { c, layer, first, n };
    return compress_over_streams(&w, write_task, f);
}

kv_tap compress_tap(compressor *c)
{
    return (kv_tap){ wrote, c };
}

void compress_add_sequence(compressor *c, int n)
{
    c->sequences++;
    c->positions += (uint64_t)n;
    if (c->shape->window > 0) c->windowed_rows += (uint64_t)(n < c->shape->window ? n : c->shape->window);
}

bool compress_end_layer(compressor *c, int layer, int n, fault *f)
{
    layer_work w = { c, layer, 0, n };
    return compress_over_streams(&w, end_task, f);
}

bool compress_end(compressor *c, fault *f)
{
    for (int il = 0; il < c->shape->n_layers; il++)
        if (!compress_end_layer(c, il, c->cache->n, f)) return false;
    compress_add_sequence(c, c->cache->n);
    return true;
}
