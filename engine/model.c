#include "engine/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Models whose weights as f32 stay below this keep them so: unpacking costs more than the memory. */
#define KEEP_F32_BYTES ((uint64_t)160 << 20)

static const model_arch archs[] = {
    { "llama", .interleaved = true },
    { "qwen2", .qkv_bias = true },
    { "qwen3", .qk_norm = true },
    { 0 },
};

/* ---- the shape ---- */

static const model_arch *find_arch(const gguf *g, fault *f)
{
    gguf_string name;
    if (!gguf_text(g, "general.architecture", &name, f)) return NULL;
    for (const model_arch *a = archs; a->name; a++)
        if (strlen(a->name) == name.n && memcmp(a->name, name.bytes, name.n) == 0) return a;
    char known[128] = "";
    for (const model_arch *a = archs; a->name; a++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", a == archs ? "" : ", ", a->name);
    fault_set(f, FAULT_INPUT, "%s: architecture \"%.*s\" is not supported (supported: %s)", gguf_path(g),
              (int)(name.n < 64 ? name.n : 64), name.bytes, known);
    return NULL;
}

/* One integer of the metadata, "<arch>.<suffix>". */
typedef struct shape_key {
    const char *suffix;
    size_t offset; /* in model_shape */
    uint32_t max;
    bool optional; /* a later default fills it in */
} shape_key;

static const shape_key shape_keys[] = {
    { "block_count", offsetof(model_shape, n_layers), 4096, false },
    { "embedding_length", offsetof(model_shape, n_embd), 1 << 18, false },
    { "feed_forward_length", offsetof(model_shape, n_ff), 1 << 20, false },
    { "attention.head_count", offsetof(model_shape, n_heads), 1 << 14, false },
    { "attention.head_count_kv", offsetof(model_shape, n_kv_heads), 1 << 14, true },
    { "attention.key_length", offsetof(model_shape, head_dim), 1 << 12, true },
    { "rope.dimension_count", offsetof(model_shape, n_rot), 1 << 12, true },
    { "context_length", offsetof(model_shape, n_ctx), 1 << 30, false },
};

static void key_of(const model_arch *arch, const char *suffix, char key[128])
{
    snprintf(key, 128, "%s.%s", arch->name, suffix);
}

static bool read_integers(const gguf *g, model_shape *s, fault *f)
{
    for (size_t i = 0; i < sizeof shape_keys / sizeof *shape_keys; i++) {
        const shape_key *k = &shape_keys[i];
        char key[128];
        key_of(s->arch, k->suffix, key);
        if (k->optional && !gguf_has(g, key)) continue;
        uint32_t value;
        if (!gguf_u32(g, key, &value, f)) return false;
        if (value < 1 || value > k->max)
            return fault_set(f, FAULT_INPUT, "%s: %s is %u, expected 1 to %u", gguf_path(g), key, value, k->max);
        *(int *)((char *)s + k->offset) = (int)value;
    }
    return true;
}

static bool check_scaling(const gguf *g, const model_shape *s, fault *f)
{
    char key[128];
    key_of(s->arch, "rope.scaling.type", key);
    if (!gguf_has(g, key)) return true;
    gguf_string type;
    if (!gguf_text(g, key, &type, f)) return false;
    if (type.n == 4 && memcmp(type.bytes, "none", 4) == 0) return true;
    return fault_set(f, FAULT_INPUT,
                     "%s: RoPE scaling \"%.*s\" is not supported yet, only \"none\" and rope_freqs.weight",
                     gguf_path(g), (int)(type.n < 32 ? type.n : 32), type.bytes);
}

static bool check_heads(const gguf *g, model_shape *s, fault *f)
{
    const char *path = gguf_path(g);
    if (!s->n_kv_heads) s->n_kv_heads = s->n_heads;
    if (!s->head_dim && s->n_embd % s->n_heads)
        return fault_set(f, FAULT_INPUT,
                         "%s: embedding length %d is not a multiple of %d heads and no key_length is given", path,
                         s->n_embd, s->n_heads);
    if (!s->head_dim) s->head_dim = s->n_embd / s->n_heads;
    if (!s->n_rot) s->n_rot = s->head_dim;
    if (s->n_heads % s->n_kv_heads)
        return fault_set(f, FAULT_INPUT, "%s: %d query heads are not a multiple of %d kv heads", path, s->n_heads,
                         s->n_kv_heads);
    if (s->n_rot % 2 || s->n_rot > s->head_dim)
        return fault_set(f, FAULT_INPUT, "%s: RoPE over %d of %d coordinates: expected an even number, at most all",
                         path, s->n_rot, s->head_dim);
    char key[128];
    uint32_t value_length;
    key_of(s->arch, "attention.value_length", key);
    if (!gguf_u32_or(g, key, (uint32_t)s->head_dim, &value_length, f)) return false;
    if (value_length != (uint32_t)s->head_dim)
        return fault_set(f, FAULT_INPUT, "%s: value_length %u differs from key_length %d, which is not supported", path,
                         value_length, s->head_dim);
    return true;
}

bool model_read_shape(const gguf *g, model_shape *s, fault *f)
{
    *s = (model_shape){ .arch = find_arch(g, f) };
    if (!s->arch || !read_integers(g, s, f) || !check_heads(g, s, f) || !check_scaling(g, s, f)) return false;
    char key[128];
    key_of(s->arch, "rope.freq_base", key);
    if (!gguf_f32_or(g, key, 10000.0f, &s->rope_base, f)) return false;
    key_of(s->arch, "attention.layer_norm_rms_epsilon", key);
    if (!gguf_f32(g, key, &s->rms_eps, f)) return false;
    if (!(s->rope_base > 0) || !(s->rms_eps >= 0))
        return fault_set(f, FAULT_INPUT, "%s: RoPE base %g and norm epsilon %g must be positive", gguf_path(g),
                         (double)s->rope_base, (double)s->rms_eps);
    const gguf_tensor *embedding = gguf_find_tensor(g, "token_embd.weight");
    if (!embedding || embedding->dims[1] > INT32_MAX)
        return fault_set(f, FAULT_INPUT, "%s: no tensor token_embd.weight of a sane size", gguf_path(g));
    s->n_vocab = (int)embedding->dims[1];
    s->tied = !gguf_find_tensor(g, "output.weight");
    s->rope_factors = gguf_find_tensor(g, "rope_freqs.weight") != NULL;
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const gguf_tensor *t = gguf_tensor_at(g, i);
        s->n_params += t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
    }
    gguf_string name = { s->arch->name, strlen(s->arch->name) };
    if (gguf_has(g, "general.name") && !gguf_text(g, "general.name", &name, f)) return false;
    snprintf(s->name, sizeof s->name, "%.*s", (int)(name.n < sizeof s->name ? name.n : sizeof s->name - 1), name.bytes);
    return true;
}

size_t model_kv_bytes(const model_shape *s)
{
    return (size_t)s->n_layers * (size_t)s->n_kv_heads * (size_t)s->head_dim * 2 * 2;
}

/* ---- the weights ---- */

typedef struct loader {
    const gguf *file;
    size_t n_used; /* tensors the model takes; the others are unknown */
    const gguf_tensor **used;
    fault *f;
} loader;

static const gguf_tensor *take(loader *in, const char *name, uint64_t n_in, uint64_t n_out, bool optional)
{
    const gguf_tensor *t = gguf_find_tensor(in->file, name);
    if (!t) {
        if (!optional) fault_set(in->f, FAULT_INPUT, "%s: tensor %s is missing", gguf_path(in->file), name);
        return NULL;
    }
    in->used[in->n_used++] = t;
    if (t->dims[0] != n_in || t->dims[1] != n_out || t->dims[2] != 1 || t->dims[3] != 1) {
        fault_set(in->f, FAULT_INPUT, "%s: tensor %s is %llu x %llu x %llu x %llu, expected %llu x %llu",
                  gguf_path(in->file), name, (unsigned long long)t->dims[0], (unsigned long long)t->dims[1],
                  (unsigned long long)t->dims[2], (unsigned long long)t->dims[3], (unsigned long long)n_in,
                  (unsigned long long)n_out);
        return NULL;
    }
    const tensor_type *type = tensor_type_of(t->type);
    if (type && type->to_f32) return t;
    fault_set(in->f, FAULT_INPUT, "%s: tensor %s: type %s cannot be computed with", gguf_path(in->file), name,
              type ? type->name : "unknown");
    return NULL;
}

/* n f32 of a vector, allocated; NULL with a fault, or without one when it is optional and absent. */
static float *take_vector(loader *in, const char *name, size_t n, bool optional)
{
    const gguf_tensor *t = take(in, name, n, 1, optional);
    if (!t) return NULL;
    float *values = reallocarray(NULL, n, sizeof *values);
    if (!values) {
        fault_memory(in->f, name);
        return NULL;
    }
    tensor_type_of(t->type)->to_f32(t->data, values, n);
    return values;
}

static bool take_linear(loader *in, const char *base, size_t n_in, size_t n_out, bool bias_required, linear *l)
{
    char name[128];
    snprintf(name, sizeof name, "%s.weight", base);
    const gguf_tensor *t = take(in, name, n_in, n_out, false);
    if (!t) return false;
    const tensor_type *type = tensor_type_of(t->type);
    *l = (linear){
        .type = type, .rows = t->data, .row_bytes = tensor_row_bytes(type, n_in), .n_in = n_in, .n_out = n_out
    };
    snprintf(name, sizeof name, "%s.bias", base);
    l->bias = take_vector(in, name, n_out, !bias_required);
    return l->bias || in->f->code == FAULT_NONE;
}

static bool take_layer(loader *in, const model_shape *s, int il, model_layer *l)
{
    size_t d = (size_t)s->n_embd, q = (size_t)s->n_heads * (size_t)s->head_dim, ff = (size_t)s->n_ff;
    size_t kv = (size_t)s->n_kv_heads * (size_t)s->head_dim, head = (size_t)s->head_dim;
    bool qkv = s->arch->qkv_bias;
    struct {
        const char *name;
        size_t n_in, n_out;
        bool bias;
        linear *to;
    } matrices[] = {
        { "attn_q", d, q, qkv, &l->q },     { "attn_k", d, kv, qkv, &l->k },    { "attn_v", d, kv, qkv, &l->v },
        { "attn_output", q, d, 0, &l->o },  { "ffn_gate", d, ff, 0, &l->gate }, { "ffn_up", d, ff, 0, &l->up },
        { "ffn_down", ff, d, 0, &l->down },
    };
    struct {
        const char *name;
        size_t n;
        bool wanted;
        float **to;
    } vectors[] = {
        { "attn_norm", d, true, &l->attn_norm },
        { "ffn_norm", d, true, &l->ffn_norm },
        { "attn_q_norm", head, s->arch->qk_norm, &l->q_norm },
        { "attn_k_norm", head, s->arch->qk_norm, &l->k_norm },
    };
    char name[128];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        if (!vectors[i].wanted) continue;
        snprintf(name, sizeof name, "blk.%d.%s.weight", il, vectors[i].name);
        if (!(*vectors[i].to = take_vector(in, name, vectors[i].n, false))) return false;
    }
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        snprintf(name, sizeof name, "blk.%d.%s", il, matrices[i].name);
        if (!take_linear(in, name, matrices[i].n_in, matrices[i].n_out, matrices[i].bias, matrices[i].to)) return false;
    }
    return true;
}

/* Every tensor of the file must have found its place. */
static bool nothing_left(const loader *in, const char *arch)
{
    for (size_t i = 0; i < gguf_n_tensors(in->file); i++) {
        const gguf_tensor *t = gguf_tensor_at(in->file, i);
        size_t u = 0;
        while (u < in->n_used && in->used[u] != t)
            u++;
        if (u == in->n_used)
            return fault_set(in->f, FAULT_INPUT,
                             "%s: tensor %.*s has no place in architecture %s as this engine knows it",
                             gguf_path(in->file), (int)(t->name.n < 64 ? t->name.n : 64), t->name.bytes, arch);
    }
    return true;
}

static bool take_weights(loader *in, model *m)
{
    const model_shape *s = &m->shape;
    m->layers = calloc((size_t)s->n_layers, sizeof *m->layers);
    if (!m->layers) return fault_memory(in->f, "the layers");
    if (!take_linear(in, "token_embd", (size_t)s->n_embd, (size_t)s->n_vocab, false, &m->embedding)) return false;
    if (!s->tied && !take_linear(in, "output", (size_t)s->n_embd, (size_t)s->n_vocab, false, &m->output)) return false;
    if (s->tied) m->output = m->embedding;
    if (!(m->output_norm = take_vector(in, "output_norm.weight", (size_t)s->n_embd, false))) return false;
    if (s->rope_factors && !(m->rope_factors = take_vector(in, "rope_freqs.weight", (size_t)s->n_rot / 2, false)))
        return false;
    for (int il = 0; il < s->n_layers; il++)
        if (!take_layer(in, s, il, &m->layers[il])) return false;
    return nothing_left(in, s->arch->name);
}

/* Keeps f32 panels of all matrices when the model is small. */
static bool keep_small(model *m, fault *f)
{
    if (m->shape.n_params * sizeof(float) > KEEP_F32_BYTES) return true;
    linear_work w = { .simd = simd_best() };
    for (int il = 0; il < m->shape.n_layers; il++) {
        model_layer *l = &m->layers[il];
        linear *all[] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down };
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            if (!linear_keep(all[i], &w, f)) return false;
    }
    return linear_keep(&m->output, &w, f);
}

model *model_open(const char *path, fault *f)
{
    fault own = { 0 };
    model *m = calloc(1, sizeof *m);
    loader in = { .f = &own };
    bool ok = m != NULL || fault_memory(&own, "the model");
    ok = ok && (m->file = gguf_open(path, &own)) && model_read_shape(m->file, &m->shape, &own);
    if (ok) {
        in.file = m->file;
        in.used = calloc(gguf_n_tensors(m->file) + 1, sizeof *in.used);
        ok = in.used ? (uint64_t)m->shape.n_layers <= gguf_n_tensors(m->file) ||
                           fault_set(&own, FAULT_INPUT, "%s: %d layers but %zu tensors", path, m->shape.n_layers,
                                     gguf_n_tensors(m->file))
                     : fault_memory(&own, "the list of tensors");
    }
    ok = ok && take_weights(&in, m) && keep_small(m, &own);
    free(in.used);
    if (ok) return m;
    model_close(m);
    if (f) *f = own;
    return NULL;
}

void model_close(model *m)
{
    if (!m) return;
    for (int il = 0; m->layers && il < m->shape.n_layers; il++) {
        model_layer *l = &m->layers[il];
        linear *all[] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down };
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            linear_release(all[i]);
        free(l->attn_norm);
        free(l->ffn_norm);
        free(l->q_norm);
        free(l->k_norm);
    }
    free(m->layers);
    linear_release(&m->output);
    if (!m->shape.tied) linear_release(&m->embedding);
    free(m->output_norm);
    free(m->rope_factors);
    gguf_close(m->file);
    free(m);
}
