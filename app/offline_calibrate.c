/* What a layer's codecs learn from its first rows. */
#include <stdlib.h>
#include <string.h>

#include "app/offline_work.h"

static float *copy_of(const float *rows, size_t n, fault *f)
{
    float *copy = reallocarray(NULL, n, sizeof *copy);
    if (copy)
        memcpy(copy, rows, n * sizeof *copy);
    else
        fault_memory(f, "the rows of a layer");
    return copy;
}

typedef struct learning {
    layer_work *w;
    const offline_known *known;
    size_t n_keys; /* instances that learn, of keys; those of values follow */
} learning;

static void learn_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const learning *l = arg;
    const bool value = task >= l->n_keys;
    const layer_side *s = &l->w->side[value ? KVANT_V : KVANT_K];
    offline_codec_learn(s->codec, value ? task - l->n_keys : task, l->known, s->exact, &l->w->faults[task]);
}

/* Only layers with a codec that wants it pay for this. q still stands as it is stored. */
bool offline_calibrate(layer_work *w, fault *f)
{
    const evaluation *v = w->v;
    const bool wanted[] = { offline_codec_calibrates(w->side[KVANT_K].codec),
                            offline_codec_calibrates(w->side[KVANT_V].codec) };
    if (!wanted[KVANT_K] && !wanted[KVANT_V]) return true;
    const bool post = v->r->config->rope_post;
    const rows_tensor *k = w->in->k, *q = w->in->q;
    offline_known known = { 0 };
    offline_source from = {
        .heads = k->heads, .rows = v->cut, .stride = v->rows, .sequence = v->sequence, .dim = k->dim
    };
    float *turned[2] = { NULL, NULL }, *same = NULL; /* keys and queries after RoPE; queries as the codec's keys are */
    bool ok = true;
    if (v->layers.queries) {
        from.group = q->heads / k->heads;
        ok = (turned[0] = copy_of(w->side[KVANT_K].exact, rows_tensor_values(k), f)) &&
             (turned[1] = copy_of(w->q, rows_tensor_values(q), f)) && (same = copy_of(w->q, rows_tensor_values(q), f));
        if (ok) {
            offline_turn(v, turned[0], k, post, true);
            offline_turn(v, turned[1], q, v->rope.rotated, true);
            offline_turn(v, same, q, v->rope.rotated, post);
        }
        from.queries = same;
        from.k_turned = turned[0];
        from.q_turned = turned[1];
        from.rope = post ? NULL : &v->rope.to;
    }
    size_t n[2];
    for (int i = KVANT_K; i <= KVANT_V; i++)
        n[i] = wanted[i] ? offline_codec_instances(w->side[i].codec) : 0;
    learning l = { w, &known, n[KVANT_K] };
    ok = ok && offline_learn(&known, &from, v->crew, f) &&
         offline_run_tasks(w, learn_task, &l, n[KVANT_K] + n[KVANT_V], f);
    offline_forget(&known);
    free(turned[0]);
    free(turned[1]);
    free(same);
    return ok;
}
