/* The codecs of a compressor: opened, calibrated, closed. */
#include "app/compress_streams.h"

#include <stdlib.h>

#include "kernels/cpu.h"

bool compress_first_fault(const compressor *c, int layer, fault *f)
{
    for (int i = 0; i < 2 * c->shape->n_kv_heads; i++) {
        const stream *s = stream_of(c, layer, KVANT_K, 0) + i;
        if (s->fault.code == FAULT_NONE) continue;
        if (f) *f = s->fault;
        return false;
    }
    return true;
}

kvant_shape compress_shape(const compress_request *r, int layer, int side, int head)
{
    const model_shape *s = &engine_model(r->e)->shape;
    return (kvant_shape){
        .stream = side,
        .dim = s->head_dim,
        .layer = layer,
        .n_layers = s->n_layers,
        .head = head,
        .n_heads = s->n_kv_heads,
        .rotated = side == KVANT_K && r->config->rope_post,
        .max_rows = (uint64_t)r->ctx,
    };
}

static const instance *open_stream(void *self, int layer, int side, int head, fault *f)
{
    compressor *c = self;
    stream *s = stream_of(c, layer, side, head);
    const kvant_shape shape = compress_shape(&c->r, layer, side, head);
    s->codec = roundtrip_open(c->r.known, c->plan[layer].spec[side], &shape, &c->env, f);
    return s->codec ? roundtrip_encoder(s->codec) : NULL;
}

static bool calibrate_stream(void *self, int layer, int side, int head, const kvant_samples *samples, fault *f)
{
    return roundtrip_calibrate(stream_of(self, layer, side, head)->codec, samples, f);
}

static stream_geometry *geometry_of(void *self, int layer, int side, int head)
{
    return &stream_of(self, layer, side, head)->geometry;
}

static bool open_scratch(compressor *c, fault *f)
{
    size_t threads = (size_t)pool_threads(engine_pool(c->r.e));
    size_t positions = (size_t)c->most_heads * (size_t)c->r.ctx;
    c->scratch = calloc(threads, sizeof *c->scratch);
    bool ok = c->scratch != NULL;
    for (size_t i = 0; ok && i < threads; i++)
        ok = (c->scratch[i] = reallocarray(NULL, positions, (size_t)c->shape->head_dim * sizeof(float))) != NULL;
    return ok || fault_memory(f, "the codecs");
}

static bool open_codecs(compressor *c, fault *f)
{
    const stream_codecs q = { &c->r, c->plan, c->env.threads, open_stream, calibrate_stream, geometry_of, c };
    return stream_codecs_open(&q, &c->most_heads, f) && open_scratch(c, f) && stream_codecs_calibrate(&q, f);
}

config_layer *compress_plan(const config *c, const model_shape *shape, fault *f)
{
    size_t n = (size_t)shape->n_layers;
    int(*dims)[2] = calloc(n, sizeof *dims);
    config_layer *plan = calloc(n, sizeof *plan);
    bool ok = (dims && plan) || fault_memory(f, "the plan of layers");
    for (size_t il = 0; ok && il < n; il++)
        dims[il][KVANT_K] = dims[il][KVANT_V] = shape->head_dim;
    config_model attention = { .n_layers = shape->n_layers,
                               .dims = (const int(*)[2])dims,
                               .windowed = shape->windowed };
    ok = ok && config_resolve(c, &attention, plan, f);
    free(dims);
    if (ok) return plan;
    free(plan);
    return NULL;
}

compressor *compress_open(const compress_request *request, fault *f)
{
    compressor *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the codecs");
        return NULL;
    }
    c->r = *request;
    if (request->env) c->env = *request->env;
    c->lanes = lanes_at(cpu_level());
    c->shape = &engine_model(request->e)->shape;
    c->n_streams = (size_t)c->shape->n_layers * 2 * (size_t)c->shape->n_kv_heads;
    c->streams = calloc(c->n_streams, sizeof *c->streams);
    c->exact_rows = calloc(2 * (size_t)c->shape->n_layers, sizeof *c->exact_rows);
    bool ok = (c->streams && c->exact_rows) || fault_memory(f, "the codecs");
    ok = ok && (c->env.threads = spare_open(f)) && (c->plan = compress_plan(request->config, c->shape, f)) &&
         open_codecs(c, f);
    if (ok) return c;
    compress_close(c, NULL);
    return NULL;
}

bool compress_close(compressor *c, fault *f)
{
    if (!c) return true;
    bool ok = true;
    for (size_t i = 0; c->streams && i < c->n_streams; i++) {
        if (!roundtrip_close(c->streams[i].codec, ok ? f : NULL)) ok = false;
    }
    for (int i = 0; c->exact_rows && i < 2 * c->shape->n_layers; i++)
        free(c->exact_rows[i]);
    for (int i = 0; c->scratch && i < pool_threads(engine_pool(c->r.e)); i++)
        free(c->scratch[i]);
    spare_close(c->env.threads);
    free(c->exact_rows);
    free(c->scratch);
    free(c->streams);
    free(c->queries);
    free(c->plan);
    free(c);
    return ok;
}

kv_form compress_form(const compressor *c)
{
    return c->r.config->rope_post ? KV_ROTATED : KV_BEFORE_ROPE;
}
