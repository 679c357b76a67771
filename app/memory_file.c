/* A model's layers as its GGUF file says: of any architecture, also of those the engine cannot run. */
#include "app/memory_shape.h"

#include <stdio.h>
#include <string.h>

#include "engine/gguf.h"
#include "kvant/codec.h"

enum { KEY = 128 };

typedef struct source {
    const gguf *file;
    char arch[64];
    uint32_t heads, embedding, window;
    fault *f;
} source;

/* Of architectures whose files do not say which layers have the window: the last of every so many has none. */
static const struct {
    const char *arch;
    int period;
} window_periods[] = {
    { "gemma2", 2 }, { "gpt-oss", 2 }, { "cohere2", 4 }, { "exaone4", 4 }, { "gemma3n", 5 }, { "gemma3", 6 },
};

static void key_of(const source *in, const char *suffix, char key[KEY])
{
    snprintf(key, KEY, "%s.%s", in->arch, suffix);
}

static bool has(const source *in, const char *suffix)
{
    char key[KEY];
    key_of(in, suffix, key);
    return gguf_has(in->file, key);
}

/* A whole number of the metadata, at most max. */
static bool read_or(const source *in, const char *suffix, uint32_t otherwise, uint32_t max, uint32_t *value)
{
    char key[KEY];
    key_of(in, suffix, key);
    if (!gguf_u32_or(in->file, key, otherwise, value, in->f)) return false;
    return *value <= max ||
           fault_set(in->f, FAULT_INPUT, "%s: %s is %u, expected at most %u", gguf_path(in->file), key, *value, max);
}

/* The same of one layer, where the metadata may hold a list. */
static bool read_of_layer(const source *in, const char *suffix, int layer, uint32_t otherwise, uint32_t max,
                          uint32_t *value)
{
    char key[KEY];
    key_of(in, suffix, key);
    gguf_kind kind;
    size_t n;
    int64_t number;
    if (!gguf_has(in->file, key) || !gguf_array(in->file, key, &kind, &n, NULL))
        return read_or(in, suffix, otherwise, max, value);
    if (!gguf_array_i64(in->file, key, (size_t)layer, &number) || number < 0 || number > (int64_t)max)
        return fault_set(in->f, FAULT_INPUT, "%s: %s says nothing sensible of layer %d", gguf_path(in->file), key,
                         layer);
    *value = (uint32_t)number;
    return true;
}

static const gguf_tensor *tensor(const source *in, int layer, const char *suffix)
{
    char name[KEY];
    snprintf(name, sizeof name, "blk.%d.%s.weight", layer, suffix);
    return gguf_find_tensor(in->file, name);
}

/* ---- one layer ---- */

/* Is it attention with a cache? A file without tensors (a part of a model that was split) is believed its metadata. */
static bool attends(const source *in, int layer)
{
    if (gguf_n_tensors(in->file) == 0 || tensor(in, layer, "attn_k")) return true;
    return tensor(in, layer, "attn_qkv") && !tensor(in, layer, "ssm_out") && !tensor(in, layer, "ssm_conv1d");
}

/* Which layers have the window: a list of flags, a period, or what is known of the architecture. */
static bool in_window(const source *in, int layer, bool *yes)
{
    char key[KEY];
    gguf_kind kind;
    size_t n;
    uint32_t period = 0;
    key_of(in, "attention.sliding_window_pattern", key);
    *yes = false;
    if (in->window == 0) return true;
    if (gguf_has(in->file, key) && gguf_array(in->file, key, &kind, &n, NULL)) {
        uint32_t flag;
        if (!read_of_layer(in, "attention.sliding_window_pattern", layer, 0, 1, &flag)) return false;
        *yes = flag;
        return true;
    }
    for (size_t i = 0; i < sizeof window_periods / sizeof *window_periods; i++)
        if (strcmp(window_periods[i].arch, in->arch) == 0) period = (uint32_t)window_periods[i].period;
    if (!read_or(in, "attention.sliding_window_pattern", period, MEMORY_LAYERS, &period)) return false;
    *yes = period > 0 && (uint32_t)layer % period < period - 1;
    return true;
}

static bool read_layer(const source *in, int i, memory_layer *l)
{
    enum { HEADS_MOST = 1 << 14, DIM_MOST = 1 << 16 };
    uint32_t heads, k, v, n;
    bool window;
    const uint32_t dim = in->heads ? in->embedding / in->heads : 0;
    *l = (memory_layer){ 0 };
    const gguf_tensor *latent = tensor(in, i, "attn_kv_a_mqa");
    if (latent && latent->dims[1] <= DIM_MOST) {
        *l = (memory_layer){ .heads = 1, .dim = { [KVANT_K] = (int)latent->dims[1] } };
        return true;
    }
    if (!attends(in, i)) return true;
    if (!read_of_layer(in, "attention.head_count", i, in->heads, HEADS_MOST, &n) ||
        !read_of_layer(in, "attention.head_count_kv", i, n, HEADS_MOST, &heads) ||
        !read_or(in, "attention.key_length", dim, DIM_MOST, &k) ||
        !read_or(in, "attention.value_length", k, DIM_MOST, &v) || !in_window(in, i, &window))
        return false;
    if (window && (!read_or(in, "attention.key_length_swa", k, DIM_MOST, &k) ||
                   !read_or(in, "attention.value_length_swa", v, DIM_MOST, &v)))
        return false;
    *l = (memory_layer){ (int)heads, { (int)k, (int)v }, window ? (int)in->window : 0 };
    return true;
}

/* ---- the model ---- */

static bool read_name(source *in, memory_shape *s)
{
    gguf_string name;
    char shown[GGUF_SHOWN];
    if (!gguf_text(in->file, "general.architecture", &name, in->f)) return false;
    snprintf(in->arch, sizeof in->arch, "%s", gguf_shown(name, shown));
    if (gguf_has(in->file, "general.name") && !gguf_text(in->file, "general.name", &name, in->f)) return false;
    snprintf(s->name, sizeof s->name, "%s", gguf_shown(name, shown));
    return true;
}

static bool read_model(source *in, memory_shape *s)
{
    enum { CTX_MOST = 1 << 30 };
    uint32_t blocks, ctx, shared;
    if (!read_or(in, "block_count", 0, MEMORY_LAYERS, &blocks) || !read_or(in, "context_length", 0, CTX_MOST, &ctx) ||
        !read_or(in, "embedding_length", 0, 1 << 24, &in->embedding) ||
        !read_of_layer(in, "attention.head_count", 0, 0, 1 << 14, &in->heads) ||
        !read_or(in, "attention.sliding_window", 0, CTX_MOST, &in->window) ||
        !read_or(in, "attention.shared_kv_layers", 0, blocks, &shared))
        return false;
    if (blocks == 0)
        return fault_set(in->f, FAULT_INPUT, "%s: %s.block_count is missing", gguf_path(in->file), in->arch);
    s->n_blocks = (int)blocks;
    s->ctx_train = (int)ctx;
    bool windows = false;
    for (int i = 0; i < s->n_blocks; i++) {
        if (!read_layer(in, i, &s->layers[i])) return false;
        if (s->layers[i].window) windows = true;
        if (i >= s->n_blocks - (int)shared) s->layers[i].heads = 0;
    }
    if (in->window && !windows && !has(in, "attention.sliding_window_pattern"))
        snprintf(s->note, sizeof s->note,
                 "the file names a window of %u tokens, but not the layers that have it: all are counted in full",
                 in->window);
    return memory_shape_keep_layers(s, in->f) || fault_prefix(in->f, "%s", gguf_path(in->file));
}

/* What the engine can run it knows best; of others there are only the metadata. */
bool memory_shape_read(const char *path, memory_shape *s, fault *f)
{
    gguf *g = gguf_open(path, f);
    source in = { .file = g, .f = f };
    model_shape known;
    *s = (memory_shape){ 0 };
    bool ok = g != NULL;
    if (ok && model_read_shape(g, &known, NULL))
        ok = memory_shape_of_model(&known, s, f);
    else
        ok = ok && read_name(&in, s) && read_model(&in, s);
    if (ok) s->weights = gguf_file_bytes(g);
    gguf_close(g);
    return ok;
}
