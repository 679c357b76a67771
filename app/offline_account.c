/* What a layer cost and what it lost. */
#include "app/offline_work.h"

void offline_add_bytes(byte_counts *to, const byte_counts *b)
{
    to->values += b->values;
    to->total += b->total;
    to->payload += b->payload;
    to->metadata += b->metadata;
    to->exact += b->exact;
    to->open += b->open;
    to->open_values += b->open_values;
}

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

double offline_relative(double error, double total)
{
    const stream_error e = { .query_error = error, .query_total = total };
    return stream_error_queries(&e);
}

void offline_account_attention(const layer_work *w, evaluation *v)
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
        l->query_errors[h] = offline_relative(head_error, head_total);
        error += head_error;
        total += head_total;
    }
    l->query_error = offline_relative(error, total);
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
