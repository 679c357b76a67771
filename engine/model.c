#include "engine/model_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)

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

/* One matrix, or several that a file keeps as one tensor, the rows of one after those of the other. */
typedef struct part {
    size_t n_out;
    linear *to;
} part;

/* The parts' biases; absent is right unless it is required. */
static bool take_biases(loader *in, const char *name, size_t n_out, bool required, const part *parts, size_t n)
{
    float *bias = take_vector(in, name, n_out, !required);
    if (!bias) return in->f->code == FAULT_NONE;
    if (n == 1) {
        parts->to->bias = bias;
        return true;
    }
    bool good = true;
    const float *from = bias;
    for (size_t i = 0; good && i < n; from += parts[i].n_out, i++) {
        parts[i].to->bias = reallocarray(NULL, parts[i].n_out, sizeof *bias);
        if (parts[i].to->bias)
            memcpy(parts[i].to->bias, from, parts[i].n_out * sizeof *bias);
        else
            good = fault_memory(in->f, name);
    }
    free(bias);
    return good;
}

static bool take_parts(loader *in, const char *base, size_t n_in, bool bias_required, const part *parts, size_t n)
{
    char name[128];
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++)
        n_out += parts[i].n_out;
    snprintf(name, sizeof name, "%s.weight", base);
    const gguf_tensor *t = take(in, name, n_in, n_out, false);
    if (!t) return false;
    const tensor_type *type = tensor_type_of(t->type);
    size_t row_bytes = tensor_row_bytes(type, n_in), row = 0;
    for (size_t i = 0; i < n; row += parts[i].n_out, i++)
        *parts[i].to = (linear){ .type = type,
                                 .rows = t->data + row * row_bytes,
                                 .row_bytes = row_bytes,
                                 .n_in = n_in,
                                 .n_out = parts[i].n_out };
    snprintf(name, sizeof name, "%s.bias", base);
    return take_biases(in, name, n_out, bias_required, parts, n);
}

static bool take_linear(loader *in, const char *base, size_t n_in, size_t n_out, linear *l)
{
    return take_parts(in, base, n_in, false, &(part){ n_out, l }, 1);
}

static bool take_vectors(loader *in, const model_shape *s, int il, model_layer *l)
{
    const size_t d = (size_t)s->n_embd, head = (size_t)s->head_dim;
    const model_arch *arch = s->arch;
    const struct {
        const char *name;
        size_t n;
        bool wanted;
        float **to;
    } vectors[] = {
        { "attn_norm", d, true, &l->attn_norm },
        { "ffn_norm", d, true, &l->ffn_norm },
        { "attn_q_norm", head, arch->qk_norm, &l->q_norm },
        { "attn_k_norm", head, arch->qk_norm, &l->k_norm },
        { "post_attention_norm", d, arch->post_norms, &l->attn_post_norm },
        { "post_ffw_norm", d, arch->post_norms, &l->ffn_post_norm },
    };
    char name[128];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        if (!vectors[i].wanted) continue;
        snprintf(name, sizeof name, "blk.%d.%s.weight", il, vectors[i].name);
        if (!(*vectors[i].to = take_vector(in, name, vectors[i].n, false))) return false;
    }
    return true;
}

/* Of the rows of this table those are taken that the architecture has, in this file's form. */
static bool take_matrices(loader *in, const model_shape *s, int il, model_layer *l)
{
    const size_t d = (size_t)s->n_embd, ff = (size_t)s->n_ff, head = (size_t)s->head_dim;
    const size_t q = (size_t)s->n_heads * head, kv = (size_t)s->n_kv_heads * head;
    const model_arch *arch = s->arch;
    char name[64];
    snprintf(name, sizeof name, "blk.%d.attn_qkv.weight", il);
    const bool one = arch->fused_qkv && gguf_find_tensor(in->file, name), both = arch->fused_gate_up;
    const struct {
        const char *name;
        bool has, bias;
        size_t n_in, n_parts;
        part parts[3];
    } matrices[] = {
        { "attn_qkv", one, arch->qkv_bias, d, 3, { { q, &l->q }, { kv, &l->k }, { kv, &l->v } } },
        { "attn_q", !one, arch->qkv_bias, d, 1, { { q, &l->q } } },
        { "attn_k", !one, arch->qkv_bias, d, 1, { { kv, &l->k } } },
        { "attn_v", !one, arch->qkv_bias, d, 1, { { kv, &l->v } } },
        { "attn_output", true, false, q, 1, { { d, &l->o } } },
        { "ffn_gate", !both, false, d, 1, { { ff, &l->gate } } },
        { "ffn_up", !both, false, d, 1, { { ff, &l->up } } },
        { "ffn_up", both, false, d, 2, { { ff, &l->gate }, { ff, &l->up } } },
        { "ffn_down", true, false, ff, 1, { { d, &l->down } } },
    };
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        if (!matrices[i].has) continue;
        snprintf(name, sizeof name, "blk.%d.%s", il, matrices[i].name);
        if (!take_parts(in, name, matrices[i].n_in, matrices[i].bias, matrices[i].parts, matrices[i].n_parts))
            return false;
    }
    return true;
}

/* The tensors that bend RoPE, all of them optional. */
static bool take_ropes(loader *in, model *m)
{
    static const char *const names[3] = { "rope_freqs.weight", "rope_factors_short.weight",
                                          "rope_factors_long.weight" };
    const model_scaling *s = &m->shape.scaling;
    const bool wanted[3] = { s->factors, s->long_factors, s->long_factors };
    float *factors[3] = { 0 };
    bool good = true;
    for (int i = 0; good && i < 3; i++)
        if (wanted[i]) good = (factors[i] = take_vector(in, names[i], (size_t)m->shape.n_rot / 2, false)) != NULL;
    good = good && model_make_ropes(m, factors, in->f);
    for (int i = 0; i < 3; i++)
        free(factors[i]);
    return good;
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
    if (!take_linear(in, "token_embd", (size_t)s->n_embd, (size_t)s->n_vocab, &m->embedding)) return false;
    if (!s->tied && !take_linear(in, "output", (size_t)s->n_embd, (size_t)s->n_vocab, &m->output)) return false;
    if (s->tied) m->output = m->embedding;
    if (!(m->output_norm = take_vector(in, "output_norm.weight", (size_t)s->n_embd, false))) return false;
    if (!take_ropes(in, m)) return false;
    for (int il = 0; il < s->n_layers; il++)
        if (!take_vectors(in, s, il, &m->layers[il]) || !take_matrices(in, s, il, &m->layers[il])) return false;
    return nothing_left(in, s->arch->name);
}

/* ---- the weights as they are used ---- */

enum { LAYER_MATRICES = 7 };

/* Matrix i of all: the output first, then layer by layer. */
static linear *matrix_at(const model *m, size_t i)
{
    if (i == 0) return (linear *)&m->output;
    model_layer *l = &m->layers[(i - 1) / LAYER_MATRICES];
    linear *const all[LAYER_MATRICES] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down };
    return all[(i - 1) % LAYER_MATRICES];
}

static size_t n_matrices(const model *m)
{
    return 1 + LAYER_MATRICES * (size_t)m->shape.n_layers;
}

/* One piece of memory for all panels, in large pages where the system has them: a token reads it from end to end. No
 * sum can overflow: a panel takes less than twice what a panel's rows have in the file, and the widest has 32. */
static bool allocate_panels(model *m, const linear_work *w, fault *f)
{
    for (size_t i = 0; i < n_matrices(m); i++)
        m->panel_bytes += linear_bytes(matrix_at(m, i), w);
    const size_t bytes = (m->panel_bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    m->panels = aligned_alloc(LARGE_PAGE, bytes);
    if (!m->panels) return fault_memory(f, "the weights");
#if defined(MADV_HUGEPAGE)
    (void)madvise(m->panels, bytes, MADV_HUGEPAGE);
#endif
    return true;
}

/* Panels of all matrices; what the file has of them is not needed any more. */
static bool keep_weights(model *m, fault *f)
{
    linear_work w;
    if (!linear_work_open(&w, pool_processors(), f)) return false;
    const bool ok = allocate_panels(m, &w, f);
    uint8_t *to = m->panels;
    for (size_t i = 0; ok && i < n_matrices(m); i++) {
        linear *l = matrix_at(m, i);
        linear_keep(l, &w, to);
        gguf_forget(m->file, l->rows, l->n_out * l->row_bytes);
        to += linear_bytes(l, &w);
    }
    if (m->shape.tied) m->embedding = m->output;
    linear_work_close(&w);
    return ok;
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
    ok = ok && take_weights(&in, m) && keep_weights(m, &own);
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
        float *vectors[] = { l->attn_norm, l->ffn_norm, l->q_norm, l->k_norm, l->attn_post_norm, l->ffn_post_norm };
        for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
            free(vectors[i]);
    }
    for (size_t i = 0; m->layers && i < n_matrices(m); i++)
        linear_release(matrix_at(m, i));
    free(m->layers);
    if (!m->shape.tied) linear_release(&m->embedding);
    free(m->output_norm);
    free(m->panels);
    model_free_ropes(m);
    gguf_close(m->file);
    free(m);
}
