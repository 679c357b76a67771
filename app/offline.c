#include "app/offline.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "app/offline_work.h"

/* ---- set-up ---- */

static bool choose_rows(evaluation *v, fault *f)
{
    v->rows = v->layers.at[0].k->rows;
    if (v->rows > INT_MAX)
        return fault_set(f, FAULT_INPUT, "%s: %zu rows to a stream, at most %d", rows_file_path(v->r->file), v->rows,
                         INT_MAX);
    if (!capture_sequence(v->r->file, v->r->sequence, v->rows, &v->sequence, f)) return false;
    if (v->r->calibrate_rows && !capture_halves(v->r->file, v->rows, v->sequence, &v->cut, f)) return false;
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
    config_model model = { .n_layers = v->layers.n, .dims = (const int(*)[2])dims };
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
    if (v->r->env) v->env = *v->r->env;
    v->crew = pool_create(v->r->threads, f);
    return v->crew && (v->env.threads = spare_open(f));
}

/* ---- the whole ---- */

static void summarise(evaluation *v)
{
    offline_result *out = v->out;
    job_result *account = &out->account;
    double heads = 0;
    for (int i = 0; i < out->n_layers; i++) {
        const offline_layer *l = &out->layers[i];
        offline_add_bytes(&account->bytes, &l->bytes);
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
    out->query_error = out->queries ? stream_error_queries(&v->sums[KVANT_K]) : NAN;
    out->mean = (offline_head){ out->mean.weights / heads, out->mean.outputs / heads };
    out->worst_head = out->layers[out->worst_layer].worst;
    const bool whole = out->rows % out->sequence == 0;
    account->passages = whole ? (int)(out->rows / out->sequence) : 1;
    account->sequences = (uint64_t)account->passages;
    account->positions = out->rows;
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
        ok = offline_run_layer(&v, out->n_layers++, f) && tell(&v, f);
    if (ok) summarise(&v);
    pool_destroy(v.crew);
    spare_close(v.env.threads);
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
