#include "tests/engine/tiny_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/random.h"

static const double epsilon = 1e-5;

/* ---- weights ---- */

static double *draw(uint64_t seed, uint64_t *stream, size_t n, double mean, double spread)
{
    double *x = calloc(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(float)(mean + spread * (2 * random_uniform(seed + *stream, i) - 1));
    ++*stream;
    return x;
}

void tiny_open(tiny *t, uint64_t seed)
{
    uint64_t s = 0;
    const size_t d = (size_t)t->embd, ff = (size_t)t->ff, dim = (size_t)t->dim, vocab = (size_t)t->vocab;
    const size_t q = (size_t)t->heads * dim, kv = (size_t)t->kv_heads * dim;
    const double wide = 2 / sqrt((double)d), inner = 2 / sqrt((double)ff);
    t->embedding = draw(seed, &s, vocab * d, 0, 1);
    t->output = draw(seed, &s, vocab * d, 0, wide);
    t->output_norm = draw(seed, &s, d, 1, 0.3);
    for (int il = 0; il < t->layers; il++)
        t->weights[il] = (tiny_layer){
            .attn_norm = draw(seed, &s, d, 1, 0.3),
            .ffn_norm = draw(seed, &s, d, 1, 0.3),
            .attn_post = draw(seed, &s, d, 1, 0.3),
            .ffn_post = draw(seed, &s, d, 1, 0.3),
            .q_norm = draw(seed, &s, dim, 1, 0.3),
            .k_norm = draw(seed, &s, dim, 1, 0.3),
            .q = draw(seed, &s, q * d, 0, 2 * wide),
            .k = draw(seed, &s, kv * d, 0, 2 * wide),
            .v = draw(seed, &s, kv * d, 0, wide),
            .o = draw(seed, &s, d * q, 0, 2 / sqrt((double)q)),
            .gate = draw(seed, &s, ff * d, 0, wide),
            .up = draw(seed, &s, ff * d, 0, wide),
            .down = draw(seed, &s, d * ff, 0, inner),
            .q_bias = draw(seed, &s, q, 0, 0.5),
            .k_bias = draw(seed, &s, kv, 0, 0.5),
            .v_bias = draw(seed, &s, kv, 0, 0.5),
        };
}

void tiny_close(tiny *t)
{
    free(t->embedding);
    free(t->output);
    free(t->output_norm);
    for (int il = 0; il < t->layers; il++) {
        const tiny_layer *l = &t->weights[il];
        double *all[] = { l->attn_norm, l->ffn_norm, l->attn_post, l->ffn_post, l->q_norm, l->k_norm,
                          l->q,         l->k,        l->v,         l->o,        l->gate,   l->up,
                          l->down,      l->q_bias,   l->k_bias,    l->v_bias };
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            free(all[i]);
    }
}

/* ---- the file ---- */

/* A tensor: up to three matrices under one name, their rows one after the other. */
typedef struct named {
    char name[48];
    size_t n_in, n_out[3];
    const double *values[3];
    const float *plain;
} named;

typedef struct listing {
    named all[TINY_LAYERS * 16 + 8];
    size_t n;
} listing;

static named *add(listing *l, size_t n_in, const char *format, ...) __attribute__((format(printf, 3, 4)));

static named *add(listing *l, size_t n_in, const char *format, ...)
{
    va_list args;
    named *one = &l->all[l->n++];
    assert_true(l->n <= sizeof l->all / sizeof *l->all);
    *one = (named){ .n_in = n_in };
    va_start(args, format);
    vsnprintf(one->name, sizeof one->name, format, args);
    va_end(args);
    return one;
}

static void add_one(listing *l, size_t n_in, size_t n_out, const double *values, int layer, const char *name)
{
    named *one = layer < 0 ? add(l, n_in, "%s", name) : add(l, n_in, "blk.%d.%s", layer, name);
    one->n_out[0] = n_out;
    one->values[0] = values;
}

static void add_three(listing *l, size_t n_in, const size_t n_out[3], const double *const values[3], int layer,
                      const char *name)
{
    named *one = add(l, n_in, "blk.%d.%s", layer, name);
    for (int i = 0; i < 3; i++) {
        one->n_out[i] = n_out[i];
        one->values[i] = values[i];
    }
}

static void add_attention(const tiny *t, listing *l, int il)
{
    const tiny_layer *w = &t->weights[il];
    const size_t d = (size_t)t->embd, q = (size_t)(t->heads * t->dim), kv = (size_t)(t->kv_heads * t->dim);
    const double *const matrices[3] = { w->q, w->k, w->v }, *const biases[3] = { w->q_bias, w->k_bias, w->v_bias };
    const size_t rows[3] = { q, kv, kv };
    if (t->fused_qkv) {
        add_three(l, d, rows, matrices, il, "attn_qkv.weight");
        if (t->biases) add_three(l, 1, rows, biases, il, "attn_qkv.bias");
    }
    for (int i = 0; !t->fused_qkv && i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "attn_%c.weight", "qkv"[i]);
        add_one(l, d, rows[i], matrices[i], il, name);
        snprintf(name, sizeof name, "attn_%c.bias", "qkv"[i]);
        if (t->biases) add_one(l, 1, rows[i], biases[i], il, name);
    }
    add_one(l, q, d, w->o, il, "attn_output.weight");
    add_one(l, 1, d, w->attn_norm, il, "attn_norm.weight");
    if (t->qk_norm) {
        add_one(l, 1, (size_t)t->dim, w->q_norm, il, "attn_q_norm.weight");
        add_one(l, 1, (size_t)t->dim, w->k_norm, il, "attn_k_norm.weight");
    }
    if (t->post_norms) add_one(l, 1, d, w->attn_post, il, "post_attention_norm.weight");
}

static void add_feed_forward(const tiny *t, listing *l, int il)
{
    const tiny_layer *w = &t->weights[il];
    const size_t d = (size_t)t->embd, ff = (size_t)t->ff;
    if (t->fused_gate_up)
        add_three(l, d, (const size_t[3]){ ff, ff, 0 }, (const double *const[3]){ w->gate, w->up, NULL }, il,
                  "ffn_up.weight");
    else
        add_one(l, d, ff, w->gate, il, "ffn_gate.weight");
    if (!t->fused_gate_up) add_one(l, d, ff, w->up, il, "ffn_up.weight");
    add_one(l, ff, d, w->down, il, "ffn_down.weight");
    add_one(l, 1, d, w->ffn_norm, il, "ffn_norm.weight");
    if (t->post_norms) add_one(l, 1, d, w->ffn_post, il, "post_ffw_norm.weight");
}

static void list_tensors(const tiny *t, listing *l)
{
    const struct {
        const char *name;
        const float *values;
    } factors[] = { { "rope_factors_short.weight", t->factors_short },
                    { "rope_factors_long.weight", t->factors_long },
                    { "rope_freqs.weight", t->freqs } };
    const size_t d = (size_t)t->embd, vocab = (size_t)t->vocab;
    *l = (listing){ .n = 0 };
    add_one(l, d, vocab, t->embedding, -1, "token_embd.weight");
    if (!t->tied) add_one(l, d, vocab, t->output, -1, "output.weight");
    add_one(l, 1, d, t->output_norm, -1, "output_norm.weight");
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        if (!factors[i].values) continue;
        add_one(l, 1, (size_t)t->rot / 2, NULL, -1, factors[i].name);
        l->all[l->n - 1].plain = factors[i].values;
    }
    for (int il = 0; il < t->layers; il++) {
        add_attention(t, l, il);
        add_feed_forward(t, l, il);
    }
}

static size_t rows_of(const named *n)
{
    return n->n_out[0] + n->n_out[1] + n->n_out[2];
}

static void write_f32(builder *b, double value)
{
    const float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    builder_u32(b, bits);
}

static void write_values(builder *b, const named *n)
{
    for (size_t i = 0; n->plain && i < n->n_out[0]; i++)
        write_f32(b, (double)n->plain[i]);
    for (int part = 0; !n->plain && part < 3; part++)
        for (size_t i = 0; i < n->n_out[part] * n->n_in; i++)
            write_f32(b, n->values[part][i]);
    builder_align(b);
}

static void write_key(const tiny *t, builder *b, const tiny_key *k)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", t->arch, k->suffix);
    builder_key(b, name, k->kind);
    if (k->kind == GGUF_U32) builder_u32(b, (uint32_t)k->number);
    if (k->kind == GGUF_F32) write_f32(b, k->number);
    if (k->kind == GGUF_STRING) builder_string(b, k->text);
    if (k->kind != GGUF_ARRAY) return;
    builder_u32(b, GGUF_BOOL);
    const int n = k->number > 0 ? (int)k->number : t->layers;
    builder_u64(b, (uint64_t)n);
    for (int il = 0; il < n; il++)
        builder_bytes(b, &(uint8_t){ k->flags[il] }, 1);
}

const char *tiny_write(const tiny *t, builder *b)
{
    const tiny_key shape[] = {
        { "block_count", GGUF_U32, t->layers, NULL, NULL },
        { "embedding_length", GGUF_U32, t->embd, NULL, NULL },
        { "feed_forward_length", GGUF_U32, t->ff, NULL, NULL },
        { "attention.head_count", GGUF_U32, t->heads, NULL, NULL },
        { "attention.head_count_kv", GGUF_U32, t->kv_heads, NULL, NULL },
        { "attention.key_length", GGUF_U32, t->dim, NULL, NULL },
        { "attention.value_length", GGUF_U32, t->dim, NULL, NULL },
        { "rope.dimension_count", GGUF_U32, t->rot, NULL, NULL },
        { "context_length", GGUF_U32, t->ctx, NULL, NULL },
        { "attention.layer_norm_rms_epsilon", GGUF_F32, epsilon, NULL, NULL },
        { "rope.freq_base", GGUF_F32, t->base, NULL, NULL },
    };
    enum { SHAPE = sizeof shape / sizeof *shape };
    static listing l;
    size_t n_keys = 0;
    uint64_t at = 0;
    list_tensors(t, &l);
    while (n_keys < TINY_KEYS && t->keys[n_keys].suffix)
        n_keys++;
    builder_header(b, 3, l.n, 1 + SHAPE + n_keys);
    builder_key_text(b, "general.architecture", t->arch);
    for (size_t i = 0; i < SHAPE; i++)
        write_key(t, b, &shape[i]);
    for (size_t i = 0; i < n_keys; i++)
        write_key(t, b, &t->keys[i]);
    for (size_t i = 0; i < l.n; i++) {
        const named *n = &l.all[i];
        const bool vector = n->n_in == 1;
        const uint64_t dims[2] = { vector ? rows_of(n) : n->n_in, rows_of(n) };
        builder_tensor(b, n->name, vector ? 1 : 2, dims, 0, at);
        at += (rows_of(n) * n->n_in * 4 + 31) / 32 * 32;
    }
    builder_align(b);
    for (size_t i = 0; i < l.n; i++)
        write_values(b, &l.all[i]);
    return builder_save(b);
}

/* ---- the architecture ---- */

static void normalise(const double *x, const double *weight, int n, double *out)
{
    double square = 0;
    for (int i = 0; i < n; i++)
        square += x[i] * x[i];
    const double scale = 1 / sqrt(square / n + epsilon);
    for (int i = 0; i < n; i++)
        out[i] = x[i] * scale * weight[i];
}

static void multiply(const double *matrix, const double *bias, const double *x, int n_in, int n_out, double *out)
{
    for (int o = 0; o < n_out; o++) {
        out[o] = bias ? bias[o] : 0;
        for (int i = 0; i < n_in; i++)
            out[o] += matrix[(size_t)o * (size_t)n_in + (size_t)i] * x[i];
    }
}

static void rotate(const tiny *t, int layer, int pos, double *head)
{
    const tiny_angles *a = &t->angles[layer];
    for (int i = 0; i < t->rot / 2; i++) {
        double *x = t->interleaved ? &head[2 * i] : &head[i];
        double *y = t->interleaved ? &head[2 * i + 1] : &head[i + t->rot / 2];
        const double angle = pos * a->step[i], c = cos(angle), s = sin(angle), x0 = *x, y0 = *y;
        *x = a->magnitude * (x0 * c - y0 * s);
        *y = a->magnitude * (x0 * s + y0 * c);
    }
}

/* The rows a query at position `at` sees settled. */
static int settled(const tiny *t, int at)
{
    const int held = (int)t->held, block = (int)t->block;
    return block == 0 || at + 1 <= held ? 0 : (at + 1 - held) / block * block;
}

/* One query head at position `at`: k and v hold `stride` numbers per position, this head's first. */
static void attend(const tiny *t, int layer, int at, const double *q, const double *k, const double *v, int stride,
                   double *out)
{
    const int window = t->window[layer], first = window > 0 && at + 1 > window ? at + 1 - window : 0;
    double weight[1024], sum = 0, most = -INFINITY;
    assert_true(at < 1024);
    for (int s = first; s <= at; s++) {
        weight[s] = 0;
        for (int i = 0; i < t->dim; i++)
            weight[s] += q[i] * k[s * stride + i];
        weight[s] *= t->score_scale * (s < settled(t, at) ? 0.75 : 1);
        most = fmax(most, weight[s]);
    }
    for (int s = first; s <= at; s++)
        sum += weight[s] = exp(weight[s] - most);
    for (int i = 0; i < t->dim; i++)
        out[i] = 0;
    for (int s = first; s <= at; s++)
        for (int i = 0; i < t->dim; i++)
            out[i] += weight[s] / sum * v[s * stride + i] * (s < settled(t, at) ? 0.75 : 1);
}

static void attention(const tiny *t, int il, int n, const double *h, double *out)
{
    const tiny_layer *w = &t->weights[il];
    const int q_width = t->heads * t->dim, kv_width = t->kv_heads * t->dim, group = t->heads / t->kv_heads;
    double *q = calloc((size_t)(n * q_width), sizeof *q), *k = calloc((size_t)(n * kv_width), sizeof *k);
    double *v = calloc((size_t)(n * kv_width), sizeof *v), *mixed = calloc((size_t)q_width, sizeof *mixed);
    assert_true(q && k && v && mixed);
    for (int at = 0; at < n; at++) {
        double *qa = q + at * q_width, *ka = k + at * kv_width;
        multiply(w->q, t->biases ? w->q_bias : NULL, h + at * t->embd, t->embd, q_width, qa);
        multiply(w->k, t->biases ? w->k_bias : NULL, h + at * t->embd, t->embd, kv_width, ka);
        multiply(w->v, t->biases ? w->v_bias : NULL, h + at * t->embd, t->embd, kv_width, v + at * kv_width);
        for (int head = 0; head < t->heads + t->kv_heads; head++) {
            double *x = head < t->heads ? qa + head * t->dim : ka + (head - t->heads) * t->dim;
            if (t->qk_norm) normalise(x, head < t->heads ? w->q_norm : w->k_norm, t->dim, x);
            rotate(t, il, at, x);
        }
    }
    for (int at = 0; at < n; at++) {
        for (int head = 0; head < t->heads; head++)
            attend(t, il, at, q + at * q_width + head * t->dim, k + head / group * t->dim, v + head / group * t->dim,
                   kv_width, mixed + head * t->dim);
        multiply(w->o, NULL, mixed, q_width, t->embd, out + at * t->embd);
    }
    free(q);
    free(k);
    free(v);
    free(mixed);
}

static double activate(const tiny *t, double x)
{
    const double pi = 3.14159265358979323846;
    return t->gelu ? x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))) : x / (1 + exp(-x));
}

static void feed_forward(const tiny *t, int il, const double *h, double *out)
{
    const tiny_layer *w = &t->weights[il];
    double *gate = calloc((size_t)t->ff, sizeof *gate), *up = calloc((size_t)t->ff, sizeof *up);
    assert_true(gate && up);
    multiply(w->gate, NULL, h, t->embd, t->ff, gate);
    multiply(w->up, NULL, h, t->embd, t->ff, up);
    for (int i = 0; i < t->ff; i++)
        gate[i] = activate(t, gate[i]) * up[i];
    multiply(w->down, NULL, gate, t->ff, t->embd, out);
    free(gate);
    free(up);
}

void tiny_compute(const tiny *t, const int32_t *ids, int n, double *logits)
{
    const int d = t->embd;
    double *x = calloc((size_t)(n * d), sizeof *x), *h = calloc((size_t)(n * d), sizeof *h);
    double *y = calloc((size_t)(n * d), sizeof *y);
    assert_true(x && h && y);
    for (int at = 0; at < n; at++)
        for (int i = 0; i < d; i++)
            x[at * d + i] = t->embedding[ids[at] * d + i] * (t->scaled_embedding ? sqrt(d) : 1);
    for (int il = 0; il < t->layers; il++) {
        const tiny_layer *w = &t->weights[il];
        for (int at = 0; at < n; at++)
            normalise(x + at * d, w->attn_norm, d, h + at * d);
        attention(t, il, n, h, y);
        for (int at = 0; at < n; at++) {
            double *xa = x + at * d, *ya = y + at * d;
            if (t->post_norms) normalise(ya, w->attn_post, d, ya);
            for (int i = 0; i < d; i++)
                xa[i] += ya[i];
            normalise(xa, w->ffn_norm, d, h + at * d);
            feed_forward(t, il, h + at * d, ya);
            if (t->post_norms) normalise(ya, w->ffn_post, d, ya);
            for (int i = 0; i < d; i++)
                xa[i] += ya[i];
        }
    }
    for (int at = 0; at < n; at++) {
        normalise(x + at * d, t->output_norm, d, h + at * d);
        multiply(t->tied ? t->embedding : t->output, NULL, h + at * d, d, t->vocab, logits + at * t->vocab);
    }
    free(x);
    free(h);
    free(y);
}
