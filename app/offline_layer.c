/* One layer: its rows there and back, and the attention over both. */
#include <math.h>
#include <stdlib.h>

#include "app/offline_work.h"

/* ---- the rows of a layer ---- */

static float *read_tensor(const evaluation *v, const rows_tensor *t, fault *f)
{
    float *rows = reallocarray(NULL, rows_tensor_values(t), sizeof *rows);
    if (!rows) fault_memory(f, "the rows of a layer");
    if (rows && rows_file_read(v->r->file, t, rows, f)) return rows;
    free(rows);
    return NULL;
}

/* Brings keys or queries from one form to the other, head by head. */
void offline_turn(const evaluation *v, float *rows, const rows_tensor *t, bool from, bool to)
{
    const rope_table *table = to ? &v->rope.to : &v->rope.from;
    for (size_t h = 0; from != to && h < t->heads; h++)
        offline_rope_turn(table, rows + h * t->rows * t->dim, t->rows, v->sequence, t->dim);
}

/* Keys and queries are read as they are stored; codecs get keys as the config says. */
static bool read_layer(layer_work *w, fault *f)
{
    const evaluation *v = w->v;
    for (int i = KVANT_K; i <= KVANT_V; i++) {
        layer_side *s = &w->side[i];
        s->t = i == KVANT_K ? w->in->k : w->in->v;
        if (!(s->exact = read_tensor(v, s->t, f))) return false;
        s->back = reallocarray(NULL, rows_tensor_values(s->t), sizeof *s->back);
        if (!s->back) return fault_memory(f, "the rows of a layer");
    }
    offline_turn(v, w->side[KVANT_K].exact, w->in->k, v->rope.rotated, v->r->config->rope_post);
    return !v->layers.queries || (w->q = read_tensor(v, w->in->q, f));
}

/* ---- codecs ---- */

static bool open_codecs(layer_work *w, int layer, fault *f)
{
    const evaluation *v = w->v;
    for (int i = KVANT_K; i <= KVANT_V; i++) {
        layer_side *s = &w->side[i];
        offline_codec_request request = {
            .known = v->r->known,
            .codec = v->plan[layer].spec[i],
            .shape = { .stream = i,
                       .dim = (int32_t)s->t->dim,
                       .layer = layer,
                       .n_layers = v->layers.n,
                       .n_heads = (int32_t)s->t->heads,
                       .rotated = i == KVANT_K && v->r->config->rope_post },
            .rows = v->out->rows,
            .stride = v->rows,
            .sequence = v->out->sequence,
            .calibrate = v->r->calibrate_rows,
            .from_half = true,
            .env = &v->env,
        };
        if (!(s->codec = offline_codec_open(&request, f))) return false;
    }
    return true;
}

/* Tasks: the instances of the keys, then those of the values. */
static void codec_task(void *arg, size_t task, int thread)
{
    (void)thread;
    layer_work *w = arg;
    const size_t n_keys = offline_codec_instances(w->side[KVANT_K].codec), side = task >= n_keys;
    const layer_side *s = &w->side[side];
    const size_t i = side ? task - n_keys : task, first = (i * w->v->rows + w->v->cut) * s->t->dim;
    offline_codec_run(s->codec, i, s->exact + first, s->back + first, &w->faults[task]);
}

bool offline_run_tasks(layer_work *w, pool_task task, void *arg, size_t n, fault *f)
{
    w->faults = calloc(n, sizeof *w->faults);
    if (!w->faults) return fault_memory(f, "tasks");
    spare_run(w->v->env.threads, w->v->crew, n, task, arg);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        if (w->faults[i].code != FAULT_NONE) {
            if (f) *f = w->faults[i];
            ok = false;
        }
    free(w->faults);
    w->faults = NULL;
    return ok;
}

/* ---- attention ---- */

/* One query head over all measured sequences. */
static void attention_task(void *arg, size_t task, int thread)
{
    (void)thread;
    layer_work *w = arg;
    const evaluation *v = w->v;
    const layer_side *k = &w->side[KVANT_K], *val = &w->side[KVANT_V];
    const size_t dim = k->t->dim, v_dim = val->t->dim, head = task / (w->in->q->heads / k->t->heads);
    for (size_t first = v->cut; first < v->rows; first += v->out->sequence) {
        const size_t at = head * v->rows + first, left = v->rows - first;
        const attention_rows rows = {
            .k = k->exact + at * dim,
            .k_decoded = k->back + at * dim,
            .v = val->exact + at * v_dim,
            .v_decoded = val->back + at * v_dim,
            .n = left < v->out->sequence ? left : v->out->sequence,
            .dim = dim,
            .v_dim = v_dim,
        };
        if (!attention_gap_add(&w->gaps[task], &rows, w->q + (task * v->rows + first) * dim, v->r->queries,
                               &w->faults[task]))
            return;
    }
}

static bool compare_attention(layer_work *w, fault *f)
{
    const evaluation *v = w->v;
    const bool post = v->r->config->rope_post;
    if (!v->layers.queries) return true;
    offline_turn(v, w->side[KVANT_K].exact, w->in->k, post, true);
    offline_turn(v, w->side[KVANT_K].back, w->in->k, post, true);
    offline_turn(v, w->q, w->in->q, v->rope.rotated, true);
    w->gaps = calloc(w->in->q->heads, sizeof *w->gaps);
    return (w->gaps || fault_memory(f, "attention")) && offline_run_tasks(w, attention_task, w, w->in->q->heads, f);
}

/* ---- the whole layer ---- */

static bool open_layer(const evaluation *v, const capture_layer *in, offline_layer *out, fault *f)
{
    const size_t kv = in->k->heads, heads = v->layers.queries ? in->q->heads : 0;
    *out = (offline_layer){ .number = in->number, .kv_heads = (int)kv, .heads = (int)heads, .query_error = NAN };
    out->memory = calloc(3 * kv, sizeof *out->memory);
    out->each = calloc(heads + 1, sizeof *out->each);
    if (!out->memory || !out->each) return fault_memory(f, "a layer's result");
    out->side[KVANT_K].head_errors = out->memory;
    out->side[KVANT_V].head_errors = out->memory + kv;
    out->query_errors = out->memory + 2 * kv;
    if (!heads) out->mean = (offline_head){ NAN, NAN };
    return true;
}

bool offline_run_layer(evaluation *v, int layer, fault *f)
{
    layer_work w = { .v = v, .in = &v->layers.at[layer], .out = &v->out->layers[layer] };
    bool ok =
        open_layer(v, w.in, w.out, f) && read_layer(&w, f) && open_codecs(&w, layer, f) && offline_calibrate(&w, f);
    ok = ok && offline_run_tasks(
                   &w, codec_task, &w,
                   offline_codec_instances(w.side[KVANT_K].codec) + offline_codec_instances(w.side[KVANT_V].codec), f);
    for (int i = KVANT_K; ok && i <= KVANT_V; i++) {
        w.out->side[i].codec = v->plan[layer].spec[i]->text;
        offline_account_side(&w, v, i);
    }
    ok = ok && compare_attention(&w, f);
    if (ok && v->layers.queries) offline_account_attention(&w, v);
    for (int i = KVANT_K; i <= KVANT_V; i++) {
        if (!offline_codec_close(w.side[i].codec, ok ? f : NULL)) ok = false;
        free(w.side[i].exact);
        free(w.side[i].back);
    }
    free(w.q);
    free(w.gaps);
    return ok;
}
