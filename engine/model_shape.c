#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/model.h"
#include "engine/model_parts.h"

/* One integer of the metadata, "<arch>.<suffix>". */
typedef struct shape_key {
    const char *suffix;
    size_t offset; /* in model_shape */
    uint32_t max;
    bool optional; /* a later default fills it in */
} shape_key;

static const shape_key shape_keys[] = {
    { "block_count", offsetof(model_shape, n_layers), MODEL_LAYERS, false },
    { "embedding_length", offsetof(model_shape, n_embd), 1 << 18, false },
    { "feed_forward_length", offsetof(model_shape, n_ff), 1 << 20, false },
    { "attention.head_count", offsetof(model_shape, n_heads), 1 << 14, false },
    { "attention.head_count_kv", offsetof(model_shape, n_kv_heads), 1 << 14, true },
    { "attention.key_length", offsetof(model_shape, head_dim), 1 << 12, true },
    { "rope.dimension_count", offsetof(model_shape, n_rot), 1 << 12, true },
    { "context_length", offsetof(model_shape, n_ctx), 1 << 30, false },
};

void model_key(const model_shape *s, const char *suffix, char key[MODEL_KEY])
{
    snprintf(key, MODEL_KEY, "%s.%s", s->arch->name, suffix);
}

static bool read_integers(const gguf *g, model_shape *s, fault *f)
{
    for (size_t i = 0; i < sizeof shape_keys / sizeof *shape_keys; i++) {
        const shape_key *k = &shape_keys[i];
        char key[MODEL_KEY];
        model_key(s, k->suffix, key);
        if (k->optional && !gguf_has(g, key)) continue;
        uint32_t value;
        if (!gguf_u32(g, key, &value, f)) return false;
        if (value < 1 || value > k->max)
            return fault_set(f, FAULT_INPUT, "%s: %s is %u, expected 1 to %u", gguf_path(g), key, value, k->max);
        *(int *)((char *)s + k->offset) = (int)value;
    }
    return true;
}

bool model_positive(const gguf *g, const model_shape *s, const char *suffix, float otherwise, float *value, fault *f)
{
    char key[MODEL_KEY];
    model_key(s, suffix, key);
    if (!gguf_f32_or(g, key, otherwise, value, f)) return false;
    if (*value > 0 && *value < 1e30f) return true;
    return fault_set(f, FAULT_INPUT, "%s: %s is %g, expected a positive number", gguf_path(g), key, (double)*value);
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
    char key[MODEL_KEY];
    uint32_t value_length;
    model_key(s, "attention.value_length", key);
    if (!gguf_u32_or(g, key, (uint32_t)s->head_dim, &value_length, f)) return false;
    if (value_length != (uint32_t)s->head_dim)
        return fault_set(f, FAULT_INPUT, "%s: value_length %u differs from key_length %d, which is not supported", path,
                         value_length, s->head_dim);
    double width = s->n_layers == s->arch->wide_layers ? (double)s->n_embd / s->n_heads : s->head_dim;
    return model_positive(g, s, "attention.scale", 1.0f / sqrtf((float)width), &s->score_scale, f);
}

/* ---- windows ---- */

static void set_windowed(model_shape *s, int layer, bool windowed)
{
    if (windowed) s->windowed[layer / 64] |= (uint64_t)1 << layer % 64;
}

/* The pattern as the file gives it: a period, or which layers have the window. */
static bool read_pattern(const gguf *g, model_shape *s, const char *key, fault *f)
{
    uint32_t period = (uint32_t)s->arch->full_every;
    gguf_kind element;
    size_t n = 0;
    for (size_t i = 0; i < gguf_n_keys(g); i++) {
        gguf_string name = gguf_key_name(g, i);
        if (name.n != strlen(key) || memcmp(name.bytes, key, name.n) != 0) continue;
        if (gguf_key_kind(g, i) != GGUF_ARRAY) {
            if (!gguf_u32(g, key, &period, f)) return false;
            continue;
        }
        if (!gguf_array(g, key, &element, &n, f)) return false;
        if (n != (size_t)s->n_layers)
            return fault_set(f, FAULT_INPUT, "%s: %s has %zu values for %d layers", gguf_path(g), key, n, s->n_layers);
    }
    for (int il = 0; il < s->n_layers; il++) {
        int64_t flag = period == 0 || (uint32_t)il % period < period - 1;
        if (n > 0 && !gguf_array_i64(g, key, (size_t)il, &flag))
            return fault_set(f, FAULT_INPUT, "%s: %s: value %d is no integer", gguf_path(g), key, il);
        set_windowed(s, il, flag != 0);
    }
    return true;
}

static bool read_windows(const gguf *g, model_shape *s, fault *f)
{
    char key[MODEL_KEY];
    uint32_t window;
    model_key(s, "attention.sliding_window", key);
    if (!s->arch->windows) return true;
    if (!gguf_u32_or(g, key, 0, &window, f)) return false;
    if (window > 1 << 30)
        return fault_set(f, FAULT_INPUT, "%s: %s is %u, expected at most %d", gguf_path(g), key, window, 1 << 30);
    s->window = (int)window;
    if (window == 0) return true;
    model_key(s, "attention.sliding_window_pattern", key);
    if (!read_pattern(g, s, key, f)) return false;
    if (model_n_windowed(s) == 0) s->window = 0;
    return true;
}

int model_window(const model_shape *s, int layer)
{
    return s->windowed[layer / 64] >> layer % 64 & 1 ? s->window : 0;
}

int model_n_windowed(const model_shape *s)
{
    int n = 0;
    for (int il = 0; il < s->n_layers; il++)
        n += model_window(s, il) > 0;
    return n;
}

int model_rows(const model_shape *s, int layer, int n)
{
    int window = model_window(s, layer);
    return window > 0 && window < n ? window : n;
}

/* ---- all of it ---- */

bool model_read_shape(const gguf *g, model_shape *s, fault *f)
{
    *s = (model_shape){ .arch = arch_of(g, f) };
    if (!s->arch || !read_integers(g, s, f) || !check_heads(g, s, f) || !read_windows(g, s, f) ||
        !model_read_ropes(g, s, f))
        return false;
    char key[MODEL_KEY];
    model_key(s, "attention.layer_norm_rms_epsilon", key);
    if (!gguf_f32(g, key, &s->rms_eps, f)) return false;
    if (!(s->rms_eps >= 0))
        return fault_set(f, FAULT_INPUT, "%s: norm epsilon %g must not be negative", gguf_path(g), (double)s->rms_eps);
    const gguf_tensor *embedding = gguf_find_tensor(g, "token_embd.weight");
    if (!embedding || embedding->dims[1] > INT32_MAX)
        return fault_set(f, FAULT_INPUT, "%s: no tensor token_embd.weight of a sane size", gguf_path(g));
    s->n_vocab = (int)embedding->dims[1];
    s->tied = !gguf_find_tensor(g, "output.weight");
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
