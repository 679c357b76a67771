#include "tests/engine/tiny_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
        { "attention.layer_norm_rms_epsilon", GGUF_F32, TINY_EPSILON, NULL, NULL },
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
