/* What a layer cost and what it lost. */
#include "app/offline_work.h"

void offline_account_side(layer_work *w, evaluation *v, int side)
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
        offline_add_bytes(&w->out->bytes, &a.bytes);
        w->out->side_bytes += a.side_bytes;
        v->out->encode += a.encode;
        v->out->decode += a.decode;
    }
}

void offline_account_attention(const layer_work *w, evaluation *v)
{
    offline_layer *l = w->out;
    stream_error all = { 0 };
    const int group = l->heads / l->kv_heads;
    for (int h = 0; h < l->kv_heads; h++) {
        stream_error one = { 0 };
        for (int g = h * group; g < (h + 1) * group; g++) {
            one.query_error += w->gaps[g].logit_error;
            one.query_total += w->gaps[g].logit_total;
        }
        l->query_errors[h] = stream_error_queries(&one);
        all.query_error += one.query_error;
        all.query_total += one.query_total;
    }
    l->query_error = stream_error_queries(&all);
    v->sums[KVANT_K].query_error += all.query_error;
    v->sums[KVANT_K].query_total += all.query_total;
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
