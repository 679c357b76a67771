/* The codecs of a compressor: opened, calibrated, closed. */
#include "app/compress_streams.h"

#include <stdlib.h>

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

static bool open_stream(compressor *c, int layer, int side, int head, fault *f)
{
    stream *s = stream_of(c, layer, side, head);
    kvant_shape shape = {
        .stream = side,
        .dim = c->shape->head_dim,
        .layer = layer,
        .n_layers = c->shape->n_layers,
        .head = head,
        .n_heads = c->shape->n_kv_heads,
        .rotated = side == KVANT_K && c->r.config->rope_post,
        .max_rows = (uint64_t)c->r.ctx,
    };
    s->codec = roundtrip_open(c->r.known, c->plan[layer].spec[side], &shape, &c->env, f);
    if (!s->codec) return false;
    const instance *encoder = roundtrip_encoder(s->codec);
    s->heads = instance_pooled(encoder) ? c->shape->n_kv_heads : 1;
    s->block = (uint32_t)instance_block(encoder) / (uint32_t)s->heads;
    s->window = (uint32_t)instance_window(encoder) / (uint32_t)s->heads;
    if (instance_calibrates(encoder)) c->calibrates = true;
    if (s->heads > c->most_heads) c->most_heads = s->heads;
    return true;
}

/* All heads of one layer and side; head 0's codec may serve the others. */
static bool open_side(compressor *c, int layer, int side, fault *f)
{
    const stream *one = stream_of(c, layer, side, 0);
    for (int h = 0; h < c->shape->n_kv_heads; h++) {
        stream *s = stream_of(c, layer, side, h);
        if (h > 0 && one->heads > 1) {
            s->block = one->block;
            s->window = one->window;
            continue;
        }
        if (!open_stream(c, layer, side, h, f)) return false;
        if (s->block != one->block || s->window != one->window || s->heads != one->heads)
            return fault_set(f, FAULT_INPUT,
                             "%s: heads of layer %d want blocks of %u and %u positions; one layer must agree",
                             c->plan[layer].spec[side]->text, layer, one->block, s->block);
    }
    return true;
}

static bool open_streams(compressor *c, fault *f)
{
    for (int il = 0; il < c->shape->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            if (!open_side(c, il, side, f)) return false;
    return true;
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

/* ---- calibration ---- */

typedef struct calibration_work {
    compressor *c;
    const calibration *known;
    const rope_table *rope;
    int layer;
} calibration_work;

static void calibrate_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const calibration_work *w = arg;
    int heads = w->c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    stream *s = stream_of(w->c, w->layer, side, head);
    if (!s->codec || !instance_calibrates(roundtrip_encoder(s->codec))) return;
    kvant_samples samples;
    void *memory;
    const rope_table *rope = side == KVANT_K ? w->rope : NULL;
    if (calibration_samples(w->known, w->layer, side, s->heads > 1 ? -1 : head, rope, &samples, &memory, &s->fault))
        roundtrip_calibrate(s->codec, &samples, &s->fault);
    free(memory);
}

static bool calibrate_streams(compressor *c, fault *f)
{
    calibration_work w = { .c = c };
    if (!c->calibrates) return true;
    w.known = c->r.calibration(c->r.self, f);
    if (!w.known) return false;
    for (w.layer = 0; w.layer < c->shape->n_layers; w.layer++) {
        const int positions = calibration_positions(w.known);
        if (c->r.config->rope_post && !(w.rope = engine_layer_rope(c->r.e, w.layer, positions, f))) return false;
        if (c->r.at_layer) c->r.at_layer(c->r.self, w.layer);
        spare_run(c->env.threads, engine_pool(c->r.e), 2 * (size_t)c->shape->n_kv_heads, calibrate_task, &w);
        if (!compress_first_fault(c, w.layer, f)) return false;
    }
    return true;
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
    c->shape = &engine_model(request->e)->shape;
    c->n_streams = (size_t)c->shape->n_layers * 2 * (size_t)c->shape->n_kv_heads;
    c->streams = calloc(c->n_streams, sizeof *c->streams);
    bool ok = c->streams || fault_memory(f, "the codecs");
    ok = ok && (c->env.threads = spare_open(f)) && (c->plan = compress_plan(request->config, c->shape, f)) &&
         open_streams(c, f) && open_scratch(c, f) && calibrate_streams(c, f);
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
        if (c->streams[i].codec) free(c->streams[i].exact);
    }
    for (int i = 0; c->scratch && i < pool_threads(engine_pool(c->r.e)); i++)
        free(c->scratch[i]);
    spare_close(c->env.threads);
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
