#include "app/stream_codecs.h"

#include <stdlib.h>

static const model_shape *shape_of(const stream_codecs *q)
{
    return &engine_model(q->r->e)->shape;
}

/* ---- opening ---- */

static stream_geometry geometry_of(const instance *encoder, int n_heads)
{
    const int heads = instance_pooled(encoder) ? n_heads : 1;
    return (stream_geometry){ .heads = heads,
                              .block = (uint32_t)instance_block(encoder) / (uint32_t)heads,
                              .window = (uint32_t)instance_window(encoder) / (uint32_t)heads,
                              .calibrates = instance_calibrates(encoder) };
}

/* All heads of one layer and side; *one: what they have in common. */
static bool open_side(const stream_codecs *q, int layer, int side, stream_geometry *one, fault *f)
{
    const int n = shape_of(q)->n_kv_heads;
    for (int h = 0; h < n; h++) {
        stream_geometry *own = q->geometry(q->self, layer, side, h);
        if (h > 0 && one->heads > 1) {
            *own = (stream_geometry){ .block = one->block, .window = one->window };
            continue;
        }
        const instance *encoder = q->open(q->self, layer, side, h, f);
        if (!encoder) return false;
        *own = geometry_of(encoder, n);
        if (h == 0) *one = *own;
        if (own->block != one->block || own->window != one->window || own->heads != one->heads)
            return fault_set(f, FAULT_INPUT,
                             "%s: heads of layer %d want blocks of %u and %u positions; one layer must agree",
                             q->plan[layer].spec[side]->text, layer, one->block, own->block);
    }
    return true;
}

bool stream_codecs_open(const stream_codecs *q, int *most_heads, fault *f)
{
    *most_heads = 0;
    for (int il = 0; il < shape_of(q)->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            stream_geometry one = { 0 };
            if (!open_side(q, il, side, &one, f)) return false;
            if (one.heads > *most_heads) *most_heads = one.heads;
        }
    return true;
}

/* ---- calibration ---- */

typedef struct calibration_work {
    const stream_codecs *q;
    const calibration *known;
    const rope_table *rope; /* for keys; NULL: they stand before RoPE */
    fault *faults;          /* [K, V][kv head] */
    int layer, heads;
} calibration_work;

static void calibrate_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const calibration_work *w = arg;
    const stream_codecs *q = w->q;
    const int side = (int)task / w->heads, head = (int)task % w->heads;
    const stream_geometry *g = q->geometry(q->self, w->layer, side, head);
    if (!g->calibrates) return;
    kvant_samples samples;
    void *memory = NULL;
    const rope_table *rope = side == KVANT_K ? w->rope : NULL;
    if (calibration_samples(w->known, w->layer, side, g->heads > 1 ? -1 : head, rope, &samples, &memory,
                            &w->faults[task]))
        q->calibrate(q->self, w->layer, side, head, &samples, &w->faults[task]);
    free(memory);
}

static bool calibrate_layer(calibration_work *w, fault *f)
{
    const compress_request *r = w->q->r;
    const size_t n = 2 * (size_t)w->heads;
    if (r->config->rope_post && !(w->rope = engine_layer_rope(r->e, w->layer, calibration_positions(w->known), f)))
        return false;
    if (r->at_layer) r->at_layer(r->self, w->layer);
    if (w->q->threads)
        spare_run(w->q->threads, engine_pool(r->e), n, calibrate_task, w);
    else
        pool_run(engine_pool(r->e), n, calibrate_task, w);
    for (size_t i = 0; i < n; i++)
        if (w->faults[i].code != FAULT_NONE) {
            if (f) *f = w->faults[i];
            return false;
        }
    return true;
}

static bool some_calibrate(const stream_codecs *q)
{
    const model_shape *s = shape_of(q);
    for (int il = 0; il < s->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            for (int h = 0; h < s->n_kv_heads; h++)
                if (q->geometry(q->self, il, side, h)->calibrates) return true;
    return false;
}

bool stream_codecs_calibrate(const stream_codecs *q, fault *f)
{
    if (!some_calibrate(q)) return true;
    const model_shape *s = shape_of(q);
    calibration_work w = { .q = q, .heads = s->n_kv_heads, .known = q->r->calibration(q->r->self, f) };
    if (!w.known) return false;
    w.faults = calloc(2 * (size_t)w.heads, sizeof *w.faults);
    bool ok = w.faults || fault_memory(f, "the calibration");
    for (; ok && w.layer < s->n_layers; w.layer++)
        ok = calibrate_layer(&w, f);
    free(w.faults);
    return ok;
}
