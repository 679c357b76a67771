/* The codecs of a cache as bytes: opened, calibrated, closed. */
#include <stdlib.h>
#include <string.h>

#include "app/encoded_streams.h"

static kvant_shape shape_of(const encoded *c, int layer, int side, int head)
{
    return (kvant_shape){
        .stream = side,
        .dim = c->shape->head_dim,
        .layer = layer,
        .n_layers = c->shape->n_layers,
        .head = head,
        .n_heads = c->shape->n_kv_heads,
        .rotated = side == KVANT_K && c->r.config->rope_post,
        .max_rows = (uint64_t)c->r.ctx,
    };
}

static instance *open_instance(const encoded *c, int layer, int side, int head, fault *f)
{
    const kvant_shape shape = shape_of(c, layer, side, head);
    return instance_open(c->r.known, c->plan[layer].spec[side], &shape, c->r.env, f);
}

static bool open_stream(encoded *c, int layer, int side, int head, fault *f)
{
    encoded_stream *s = encoded_stream_of(c, layer, side, head);
    s->encoder = open_instance(c, layer, side, head, f);
    if (!s->encoder) return false;
    s->head = head;
    s->heads = instance_pooled(s->encoder) ? c->shape->n_kv_heads : 1;
    s->block = (uint32_t)instance_block(s->encoder) / (uint32_t)s->heads;
    s->window = (uint32_t)instance_window(s->encoder) / (uint32_t)s->heads;
    s->page = ((size_t)ENCODED_PAGE + s->block - 1) / s->block * s->block;
    if (instance_calibrates(s->encoder)) c->calibrates = true;
    if (s->heads > c->most_heads) c->most_heads = s->heads;
    if (s->page > c->most_page) c->most_page = s->page;
    return true;
}

/* All heads of one layer and side; head 0's codec may serve the others. */
static bool open_side(encoded *c, int layer, int side, fault *f)
{
    const encoded_stream *one = encoded_stream_of(c, layer, side, 0);
    for (int h = 0; h < c->shape->n_kv_heads; h++) {
        const encoded_stream *s = encoded_stream_of(c, layer, side, h);
        if (h > 0 && one->heads > 1) continue;
        if (!open_stream(c, layer, side, h, f)) return false;
        if (s->block != one->block || s->window != one->window || s->heads != one->heads)
            return fault_set(f, FAULT_INPUT,
                             "%s: heads of layer %d want blocks of %u and %u positions; one layer must agree",
                             c->plan[layer].spec[side]->text, layer, one->block, s->block);
    }
    return true;
}

/* ---- calibration ---- */

typedef struct calibration_work {
    encoded *c;
    const calibration *known;
    const rope_table *rope;
    int layer;
} calibration_work;

static void calibrate_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const calibration_work *w = arg;
    const int heads = w->c->shape->n_kv_heads, side = (int)task / heads, head = (int)task % heads;
    const encoded_stream *s = encoded_stream_of(w->c, w->layer, side, head);
    if (!s->encoder || !instance_calibrates(s->encoder)) return;
    kvant_samples samples;
    void *memory = NULL;
    fault f = { 0 };
    const rope_table *rope = side == KVANT_K ? w->rope : NULL;
    if (!calibration_samples(w->known, w->layer, side, s->heads > 1 ? -1 : head, rope, &samples, &memory, &f) ||
        !instance_calibrate(s->encoder, &samples, &f))
        encoded_fail(w->c, task, &f);
    free(memory);
}

static bool calibrate(encoded *c, fault *f)
{
    calibration_work w = { .c = c };
    if (!c->calibrates) return true;
    w.known = c->r.calibration(c->r.self, f);
    if (!w.known) return false;
    for (w.layer = 0; w.layer < c->shape->n_layers; w.layer++) {
        const int positions = calibration_positions(w.known);
        if (c->r.config->rope_post && !(w.rope = engine_layer_rope(c->r.e, w.layer, positions, f))) return false;
        if (c->r.at_layer) c->r.at_layer(c->r.self, w.layer);
        if (!encoded_run(c, 2 * (size_t)c->shape->n_kv_heads, calibrate_task, &w, f)) return false;
    }
    return true;
}

/* ---- the decoder ---- */

bool encoded_ready(const encoded *c, int layer, int side, encoded_stream *s, bool fresh, fault *f)
{
    uint8_t *bytes;
    size_t n;
    if (!instance_save(s->encoder, &bytes, &n, f)) return false;
    if (s->decoder && n == s->n_side && (n == 0 || memcmp(bytes, s->side, n) == 0)) {
        free(bytes);
        return true;
    }
    if (s->decoder && !fresh) {
        free(bytes);
        return fault_set(
            f, FAULT_INPUT,
            "%c=%.150s, layer %d, head %d: its side data changed while it encoded; bytes that are kept have "
            "one decoder",
            side == KVANT_V ? 'v' : 'k', c->plan[layer].spec[side]->text, layer, s->head);
    }
    free(s->side);
    s->side = bytes;
    s->n_side = n;
    const bool ok = instance_close(s->decoder, f);
    s->decoder = NULL;
    if (!ok) return false;
    s->decoder = open_instance(c, layer, side, s->head, f);
    return s->decoder && (n == 0 || instance_load(s->decoder, bytes, n, f));
}

/* ---- the whole ---- */

encoded *encoded_open(const compress_request *request, fault *f)
{
    encoded *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the codecs");
        return NULL;
    }
    c->r = *request;
    c->shape = &engine_model(request->e)->shape;
    c->simd = simd_best();
    c->weights = weigher_best();
    c->failed = SIZE_MAX;
    pthread_mutex_init(&c->failing, NULL);
    c->n_threads = pool_threads(engine_pool(request->e));
    c->n_streams = (size_t)c->shape->n_layers * 2 * (size_t)c->shape->n_kv_heads;
    c->streams = calloc(c->n_streams, sizeof *c->streams);
    c->scratch = calloc((size_t)c->n_threads, sizeof *c->scratch);
    bool ok = (c->streams && c->scratch) || fault_memory(f, "the codecs");
    for (size_t i = 0; c->streams && i < c->n_streams; i++)
        pthread_mutex_init(&c->streams[i].lock, NULL);
    ok = ok && (c->plan = compress_plan(request->config, c->shape, f));
    for (int il = 0; ok && il < c->shape->n_layers; il++)
        ok = open_side(c, il, KVANT_K, f) && open_side(c, il, KVANT_V, f);
    if (ok && calibrate(c, f)) return c;
    encoded_close(c, NULL);
    return NULL;
}

static bool close_stream(encoded_stream *s, fault *f)
{
    bool ok = instance_close(s->decoder, f);
    ok = instance_close(s->encoder, ok ? f : NULL) && ok;
    for (size_t i = 0; i < s->n_pages; i++)
        free(s->pages[i].bytes);
    free(s->pages);
    free(s->open);
    free(s->side);
    pthread_mutex_destroy(&s->lock);
    return ok;
}

bool encoded_close(encoded *c, fault *f)
{
    if (!c) return true;
    bool ok = true;
    for (size_t i = 0; c->streams && i < c->n_streams; i++)
        if (!close_stream(&c->streams[i], ok ? f : NULL)) ok = false;
    for (int i = 0; c->scratch && i < c->n_threads; i++) {
        free(c->scratch[i].rows);
        free(c->scratch[i].panels);
        free(c->scratch[i].weights);
    }
    float *buffers[] = { c->queries, c->scores, c->most, c->sums, c->partial };
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        free(buffers[i]);
    pthread_mutex_destroy(&c->failing);
    free(c->scratch);
    free(c->streams);
    free(c->plan);
    free(c);
    return ok;
}
