#include "app/calibrate_layers.h"

#include <stdlib.h>

typedef struct calibration_work {
    const calibrate_layers_request *q;
    const calibration *known;
    const rope_table *rope; /* for keys; NULL: they stand before RoPE */
    fault *faults;          /* [K, V][kv head] */
    int layer, heads;
} calibration_work;

static void calibrate_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const calibration_work *w = arg;
    const int side = (int)task / w->heads, head = (int)task % w->heads;
    const samples_wanted wanted = w->q->wanted(w->q->self, w->layer, side, head);
    if (wanted == SAMPLES_NONE) return;
    kvant_samples samples;
    void *memory = NULL;
    const rope_table *rope = side == KVANT_K ? w->rope : NULL;
    if (calibration_samples(w->known, w->layer, side, wanted == SAMPLES_OF_LAYER ? -1 : head, rope, &samples, &memory,
                            &w->faults[task]))
        w->q->take(w->q->self, w->layer, side, head, &samples, &w->faults[task]);
    free(memory);
}

static bool one_layer(calibration_work *w, fault *f)
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

bool calibrate_layers(const calibrate_layers_request *q, fault *f)
{
    const model_shape *s = &engine_model(q->r->e)->shape;
    calibration_work w = { .q = q, .heads = s->n_kv_heads, .known = q->r->calibration(q->r->self, f) };
    if (!w.known) return false;
    w.faults = calloc(2 * (size_t)w.heads, sizeof *w.faults);
    bool ok = w.faults || fault_memory(f, "the calibration");
    for (; ok && w.layer < s->n_layers; w.layer++)
        ok = one_layer(&w, f);
    free(w.faults);
    return ok;
}
