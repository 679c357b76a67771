#include "app/offline.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/offline_attention.h"
#include "app/offline_codec.h"
#include "app/offline_samples.h"
#include "app/stream_error.h"
#include "base/pool.h"

typedef struct evaluation {
    const offline_request *r;
    offline_result *out;
    capture_layers layers;
    config_layer *plan;
    offline_rope rope;
    pool *crew;
    size_t sequence, rows, cut; /* of a head: rows in the file, rows that calibration takes */
    stream_error sums[2];       /* over all layers */
    double logit_error, logit_total;
} evaluation;

/* What is held of one layer. Rows are [heads][rows][dim]; `exact` first as the codec sees them, then, keys, after RoPE.
 */
typedef struct layer_side {
    const rows_tensor *t;
    float *exact, *back;
    offline_codec *codec;
} layer_side;

typedef struct layer_work {
    const evaluation *v;
    const capture_layer *in;
    offline_layer *out;
    layer_side side[2];
    float *q;            /* after RoPE */
    attention_gap *gaps; /* per query head */
    fault *faults;       /* per task */
} layer_work;

/* ---- set-up ---- */

/* The first half of the sequences, or of the rows when there is one sequence, calibrates. */
static bool choose_rows(evaluation *v, fault *f)
{
    v->rows = v->layers.at[0].k->rows;
    if (v->rows > INT_MAX) return fault_set(f, FAULT_INPUT, "%zu rows are too many", v->rows);
    if (!capture_sequence(v->r->file, v->r->sequence, v->rows, &v->sequence, f)) return false;
    const size_t sequences = (v->rows + v->sequence - 1) / v->sequence;
    if (v->r->calibrate_rows) v->cut = sequences > 1 ? sequences / 2 * v->sequence : v->rows / 2;
    if (v->r->calibrate_rows && v->cut == 0)
        return fault_set(f, FAULT_INPUT, "%s: one row cannot calibrate and be measured, too",
                         rows_file_path(v->r->file));
    v->out->rows = v->rows - v->cut;
    v->out->calibrated = v->cut;
    v->out->sequence = v->out->rows < v->sequence ? v->out->rows : v->sequence;
    return true;
}

static bool resolve(evaluation *v, fault *f)
{
    const size_t n = (size_t)v->layers.n;
    int(*dims)[2] = calloc(n, sizeof *dims);
    v->plan = calloc(n, sizeof *v->plan);
    bool ok = (dims && v->plan) || fault_memory(f, "the plan of layers");
    for (size_t i = 0; ok && i < n; i++) {
        dims[i][KVANT_K] = (int)v->layers.at[i].k->dim;
        dims[i][KVANT_V] = (int)v->layers.at[i].v->dim;
    }
    config_model model = { v->layers.n, (const int(*)[2])dims };
    ok = ok && config_resolve(v->r->config, &model, v->plan, f);
    free(dims);
    return ok;
}

/* The least head dimension of the keys; *several: not all are of it. */
static int key_dim(const evaluation *v, bool *several)
{
    size_t dim = v->layers.at[0].k->dim;
    *several = false;
    for (int i = 1; i < v->layers.n; i++) {
        const size_t other = v->layers.at[i].k->dim;
        if (other != dim) *several = true;
        if (other < dim) dim = other;
    }
    return (int)dim;
}

/* Are the form of the keys and the angles known, as far as they are needed? */
static bool open_rope(evaluation *v, fault *f)
{
    const char *path = rows_file_path(v->r->file);
    const bool post = v->r->config->rope_post;
    bool several;
    const int dim = key_dim(v, &several);
    if (!offline_rope_open(v->r->file, &v->r->rope, dim, (int)v->sequence, &v->rope, f)) return false;
    if (!v->rope.form_known && (v->layers.queries || post))
        return fault_set(f, FAULT_INPUT,
                         "%s: does not say whether its keys stand before or after RoPE: give --stored pre or --stored "
                         "post",
                         path);
    const bool needed = v->rope.form_known && ((v->layers.queries && !v->rope.rotated) || v->rope.rotated != post);
    if (!needed) return true;
    if (!v->rope.angles_known)
        return fault_set(f, FAULT_INPUT,
                         "%s: its keys stand %s RoPE, and it does not say how RoPE turns them: give --rope-theta, and "
                         "--rope-pairs and --rope-dims where they are not halves of the whole head",
                         path, v->rope.rotated ? "after" : "before");
    return !several || v->rope.dims_known ||
           fault_set(f, FAULT_INPUT,
                     "%s: its keys are of several dimensions, and it does not say how much of them RoPE "
                     "turns: give --rope-dims",
                     path);
}

static bool open_evaluation(evaluation *v, fault *f)
{
    const size_t n = (size_t)(v->layers.n ? v->layers.n : 1);
    v->out->layers = calloc(n, sizeof *v->out->layers);
    if (!v->out->layers) return fault_memory(f, "the layers");
    v->out->queries = v->layers.queries;
    v->crew = pool_create(v->r->threads, f);
    return v->crew != NULL;
}

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
static void turn(const evaluation *v, float *rows, const rows_tensor *t, bool from, bool to)
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
    turn(v, w->side[KVANT_K].exact, w->in->k, v->rope.rotated, v->r->config->rope_post);
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
            .from_half = true,
            .env = v->r->env,
        };
        if (!(s->codec = offline_codec_open(&request, f))) return false;
        if (offline_codec_calibrates(s->codec) && !v->r->calibrate_rows)
            return fault_set(
                f, FAULT_INPUT,
                "%s: needs calibration; with --calibrate-rows the first half of the rows calibrates and the "
                "second is measured",
                request.codec->text);
    }
    return true;
}

static bool calibrate_side(layer_work *w, const offline_known *known, int side, fault *f)
{
    const layer_side *s = &w->side[side];
    for (size_t i = 0; i < offline_codec_instances(s->codec); i++) {
        kvant_samples samples;
        void *memory;
        const int head = offline_codec_pooled(s->codec) ? -1 : (int)i;
        bool ok = offline_samples(known, s->exact, s->t->dim, head, &samples, &memory, f) &&
                  offline_codec_calibrate(s->codec, i, &samples, f);
        free(memory);
        if (!ok) return false;
    }
    return true;
}

static float *copy_of(const float *rows, size_t n, fault *f)
{
    float *copy = reallocarray(NULL, n, sizeof *copy);
    if (copy)
        memcpy(copy, rows, n * sizeof *copy);
    else
        fault_memory(f, "the rows of a layer");
    return copy;
}

/* Only layers with a codec that wants it pay for this. q still stands as it is stored. */
static bool calibrate(layer_work *w, fault *f)
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
            turn(v, turned[0], k, post, true);
            turn(v, turned[1], q, v->rope.rotated, true);
            turn(v, same, q, v->rope.rotated, post);
        }
        from.queries = same;
        from.k_turned = turned[0];
        from.q_turned = turned[1];
    }
    ok = ok && offline_learn(&known, &from, f);
    for (int i = KVANT_K; ok && i <= KVANT_V; i++)
        ok = !wanted[i] || calibrate_side(w, &known, i, f);
    offline_forget(&known);
    free(turned[0]);
    free(turned[1]);
    free(same);
    return ok;
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

static bool run_tasks(layer_work *w, pool_task task, size_t n, fault *f)
{
    w->faults = calloc(n, sizeof *w->faults);
    if (!w->faults) return fault_memory(f, "tasks");
    pool_run(w->v->crew, n, task, w);
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
    turn(v, w->side[KVANT_K].exact, w->in->k, post, true);
    turn(v, w->side[KVANT_K].back, w->in->k, post, true);
    turn(v, w->q, w->in->q, v->rope.rotated, true);
    w->gaps = calloc(w->in->q->heads, sizeof *w->gaps);
    return (w->gaps || fault_memory(f, "attention")) && run_tasks(w, attention_task, w->in->q->heads, f);
}

/* ---- the account of a layer ---- */

static void add_bytes(byte_counts *to, const byte_counts *b)
{
    to->values += b->values;
    to->total += b->total;
    to->payload += b->payload;
    to->metadata += b->metadata;
    to->exact += b->exact;
    to->open += b->open;
    to->open_values += b->open_values;
}

static void account_side(layer_work *w, evaluation *v, int side)
{
    const layer_side *s = &w->side[side];
    offline_side *out = &w->out->side[side];
    stream_error all = { 0 };
    for (size_t h = 0; h < s->t->heads; h++) {
        const size_t first = (h * v->rows + v->cut) * s->t->dim, n = v->out->rows * s->t->dim;
        stream_error one = { 0 };
        stream_error_add(&one, s->exact + first, s->back + first, n);
        out->head_errors[h] = stream_error_rows(&one);
        all.error += one.error;
        all.total += one.total;
    }
    out->error = stream_error_rows(&all);
    v->sums[side].error += all.error;
    v->sums[side].total += all.total;
    for (size_t i = 0; i < offline_codec_instances(s->codec); i++) {
        const offline_account a = offline_codec_account(s->codec, i);
        add_bytes(&w->out->bytes, &a.bytes);
        w->out->side_bytes += a.side_bytes;
        v->out->encode += a.encode;
        v->out->decode += a.decode;
    }
}

static double relative(double error, double total)
{
    const stream_error e = { .query_error = error, .query_total = total };
    return stream_error_queries(&e);
}

static void account_attention(const layer_work *w, evaluation *v)
{
    offline_layer *l = w->out;
    double error = 0, total = 0;
    const int group = l->heads / l->kv_heads;
    for (int h = 0; h < l->kv_heads; h++) {
        double head_error = 0, head_total = 0;
        for (int g = h * group; g < (h + 1) * group; g++) {
            head_error += w->gaps[g].logit_error;
            head_total += w->gaps[g].logit_total;
        }
        l->query_errors[h] = relative(head_error, head_total);
        error += head_error;
        total += head_total;
    }
    l->query_error = relative(error, total);
    v->logit_error += error;
    v->logit_total += total;
    for (int i = 0; i < l->heads; i++) {
        const attention_gap *g = &w->gaps[i];
        l->each[i] = (offline_head){ g->weights / (double)g->queries, g->outputs / (double)g->queries };
        l->mean.weights += l->each[i].weights;
        l->mean.outputs += l->each[i].outputs;
        if (l->each[i].weights < l->each[l->worst].weights) l->worst = i;
    }
    l->mean.weights /= l->heads;
    l->mean.outputs /= l->heads;
}

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

static bool run_layer(evaluation *v, int layer, fault *f)
{
    layer_work w = { .v = v, .in = &v->layers.at[layer], .out = &v->out->layers[layer] };
    bool ok = open_layer(v, w.in, w.out, f) && read_layer(&w, f) && open_codecs(&w, layer, f) && calibrate(&w, f);
    ok = ok &&
         run_tasks(&w, codec_task,
                   offline_codec_instances(w.side[KVANT_K].codec) + offline_codec_instances(w.side[KVANT_V].codec), f);
    for (int i = KVANT_K; ok && i <= KVANT_V; i++) {
        w.out->side[i].codec = v->plan[layer].spec[i]->text;
        account_side(&w, v, i);
    }
    ok = ok && compare_attention(&w, f);
    if (ok && v->layers.queries) account_attention(&w, v);
    for (int i = KVANT_K; i <= KVANT_V; i++) {
        if (!offline_codec_close(w.side[i].codec, ok ? f : NULL)) ok = false;
        free(w.side[i].exact);
        free(w.side[i].back);
    }
    free(w.q);
    free(w.gaps);
    return ok;
}

/* ---- the whole ---- */

static void summarise(evaluation *v)
{
    offline_result *out = v->out;
    job_result *account = &out->account;
    double heads = 0;
    for (int i = 0; i < out->n_layers; i++) {
        const offline_layer *l = &out->layers[i];
        add_bytes(&account->bytes, &l->bytes);
        account->side_bytes += l->side_bytes;
        if (!out->queries) continue;
        heads += l->heads;
        out->mean.weights += l->mean.weights * l->heads;
        out->mean.outputs += l->mean.outputs * l->heads;
        const offline_layer *worst = &out->layers[out->worst_layer];
        if (l->each[l->worst].weights < worst->each[worst->worst].weights) out->worst_layer = i;
    }
    out->k_error = stream_error_rows(&v->sums[KVANT_K]);
    out->v_error = stream_error_rows(&v->sums[KVANT_V]);
    out->query_error = out->queries ? relative(v->logit_error, v->logit_total) : NAN;
    out->mean = (offline_head){ out->mean.weights / heads, out->mean.outputs / heads };
    out->worst_head = out->layers[out->worst_layer].worst;
    const bool whole = out->rows % out->sequence == 0;
    account->passages = whole ? (int)(out->rows / out->sequence) : 1;
    job_ratios(account, (int)(whole ? out->sequence : out->rows));
    if (!whole) account->ratio_ctx = account->ratio_128k = NAN;
}

static bool tell(const evaluation *v, fault *f)
{
    const offline_request *r = v->r;
    return !r->at || r->at(r->self, v->out->n_layers, v->layers.n) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

bool offline_evaluate(const offline_request *request, offline_result *out, fault *f)
{
    evaluation v = { .r = request, .out = out };
    *out = (offline_result){ 0 };
    bool ok = capture_layers_find(request->file, &v.layers, f) && choose_rows(&v, f) && resolve(&v, f) &&
              open_rope(&v, f) && open_evaluation(&v, f);
    ok = ok && tell(&v, f);
    while (ok && out->n_layers < v.layers.n)
        ok = run_layer(&v, out->n_layers++, f) && tell(&v, f);
    if (ok) summarise(&v);
    pool_destroy(v.crew);
    offline_rope_release(&v.rope);
    free(v.plan);
    free(v.layers.at);
    return ok;
}

void offline_result_release(offline_result *r)
{
    for (int i = 0; r->layers && i < r->n_layers; i++) {
        free(r->layers[i].memory);
        free(r->layers[i].each);
    }
    free(r->layers);
    *r = (offline_result){ 0 };
}
