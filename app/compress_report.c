/* What a compressor has counted. */
#include "app/compress_streams.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/attention.h"

static void add_bytes(byte_counts *to, const stream *s)
{
    uint64_t open = 2 * s->open_values;
    to->values += s->values;
    to->open_values += s->open_values;
    to->open += open;
    to->total += s->bytes.total + open;
    to->payload += s->bytes.payload;
    to->metadata += s->bytes.metadata;
    to->exact += s->bytes.exact + open;
}

void compress_count(const compressor *c, stream *s, int layer, size_t n, size_t settled)
{
    const size_t dim = (size_t)c->shape->head_dim, rows = (size_t)model_rows(c->shape, layer, (int)n);
    const size_t kept = rows == n ? settled : attention_settled(rows - 1, s->geometry.block, s->geometry.window);
    const struct {
        uint64_t *now, before;
    } parts[] = { { &s->bytes.total, s->counted.total },
                  { &s->bytes.payload, s->counted.payload },
                  { &s->bytes.metadata, s->counted.metadata },
                  { &s->bytes.exact, s->counted.exact } };
    for (size_t i = 0; kept < settled && i < sizeof parts / sizeof *parts; i++)
        *parts[i].now = parts[i].before + ((*parts[i].now - parts[i].before) * kept + settled / 2) / settled;
    s->counted = s->bytes;
    s->values += rows * dim;
    s->open_values += (rows - kept) * dim;
    s->encoded += settled * dim;
}

static void add_error(stream_error *to, const stream_error *e)
{
    to->error += e->error;
    to->total += e->total;
    to->query_error += e->query_error;
    to->query_total += e->query_total;
}

static void add_codec(const stream *s, uint64_t *side_bytes, double *encode, double *decode)
{
    double one_encode, one_decode;
    if (!s->codec) return;
    roundtrip_seconds(s->codec, &one_encode, &one_decode);
    *side_bytes += roundtrip_side_bytes(s->codec);
    *encode += one_encode;
    *decode += one_decode;
}

bool compress_report(const compressor *c, job_result *out, fault *f)
{
    out->n_layer_results = 2 * (size_t)c->shape->n_layers;
    out->layers = calloc(out->n_layer_results, sizeof *out->layers);
    if (!out->layers) return fault_memory(f, "the layers' results");
    out->bytes = out->windowed = (byte_counts){ 0 };
    out->window = c->shape->window;
    out->windowed_rows = c->windowed_rows;
    out->side_bytes = 0;
    out->sequences = c->sequences;
    out->positions = c->positions;
    double encode = 0, decode = 0, encoded = 0;
    for (int il = 0; il < c->shape->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            layer_result *l = &out->layers[2 * il + side];
            stream_error sum = { 0 };
            *l = (layer_result){ .layer = il, .stream = side };
            snprintf(l->codec, sizeof l->codec, "%s", c->plan[il].spec[side]->text);
            for (int h = 0; h < c->shape->n_kv_heads; h++) {
                const stream *s = stream_of(c, il, side, h);
                add_bytes(&l->bytes, s);
                add_bytes(&out->bytes, s);
                add_error(&sum, &s->error);
                add_codec(s, &out->side_bytes, &encode, &decode);
                if (model_window(c->shape, il) > 0) add_bytes(&out->windowed, s);
                encoded += (double)s->encoded * sizeof(float);
            }
            l->error = stream_error_rows(&sum);
            l->query_error = side == KVANT_K ? stream_error_queries(&sum) : NAN;
        }
    out->spent.encode = encode;
    out->spent.decode = decode;
    out->encode_gbs = encode > 0 ? encoded / encode / 1e9 : NAN;
    out->decode_gbs = decode > 0 ? encoded / decode / 1e9 : NAN;
    return true;
}
