/* kvant inspect: what a model is made of, from its header alone. */
#include "app/commands.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>

#include "engine/gguf.h"
#include "engine/model.h"
#include "engine/tensor.h"

/* Weights of one type. */
typedef struct weight_sum {
    const char *type;
    uint64_t tensors, bytes, values;
} weight_sum;

enum { TYPES_MAX = 64 };

typedef struct inspection {
    gguf *file;
    model_shape shape;
    char tokenizer[64], pre[64];
    weight_sum sums[TYPES_MAX];
    size_t n_sums;
} inspection;

static weight_sum *sum_of(inspection *in, const char *type)
{
    for (size_t i = 0; i < in->n_sums; i++)
        if (strcmp(in->sums[i].type, type) == 0) return &in->sums[i];
    if (in->n_sums == TYPES_MAX) return NULL;
    in->sums[in->n_sums] = (weight_sum){ .type = type };
    return &in->sums[in->n_sums++];
}

static void sum_weights(inspection *in)
{
    for (size_t i = 0; i < gguf_n_tensors(in->file); i++) {
        const gguf_tensor *t = gguf_tensor_at(in->file, i);
        const tensor_type *type = tensor_type_of(t->type);
        weight_sum *sum = sum_of(in, type ? type->name : "unknown");
        if (!sum) continue;
        sum->tensors++;
        sum->bytes += t->n_bytes;
        sum->values += t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
    }
}

/* A file may say anything: only printable ASCII reaches the terminal. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~') *text = '?';
}

static bool read_text(const gguf *g, const char *key, char *text, size_t capacity, fault *f)
{
    gguf_string s = { "", 0 };
    text[0] = '\0';
    if (!gguf_has(g, key)) return true;
    if (!gguf_text(g, key, &s, f)) return false;
    size_t n = s.n < capacity ? s.n : capacity - 1;
    memcpy(text, s.bytes, n);
    text[n] = '\0';
    make_printable(text);
    return true;
}

static bool read_model(inspection *in, const char *path, fault *f)
{
    in->file = gguf_open(path, f);
    if (!in->file || !model_read_shape(in->file, &in->shape, f)) return false;
    if (!read_text(in->file, "tokenizer.ggml.model", in->tokenizer, sizeof in->tokenizer, f)) return false;
    if (!read_text(in->file, "tokenizer.ggml.pre", in->pre, sizeof in->pre, f)) return false;
    make_printable(in->shape.name);
    sum_weights(in);
    return true;
}

/* ---- as text ---- */

static void put(const terminal *t, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(const terminal *t, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s%-16s%s ", terminal_style(t, STYLE_DIM), name, terminal_style(t, STYLE_PLAIN));
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

static const char *human_bytes(uint64_t bytes, char text[32])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1024;
    snprintf(text, 32, unit ? "%.2f %s" : "%.0f %s", value, units[unit]);
    return text;
}

static void put_rope(const terminal *t, const model_shape *s)
{
    const model_scaling *k = &s->scaling;
    const bool scaled = strcmp(k->type, "none") != 0;
    put(t, "RoPE", "base %g, %d of %d coordinates, %s; scaling: %s%s", (double)s->rope_base, s->n_rot, s->head_dim,
        s->arch->interleaved ? "neighbours" : "halves", k->type, k->factors ? ", with frequency factors" : "");
    if (scaled)
        put(t, "", "factor %g, from a context of %d; rotated rows times %g%s", k->angles.factor, k->original,
            (double)k->magnitude, k->long_factors ? "; divisors for short and for long contexts" : "");
    if (s->window > 0 && s->arch->local_base > 0)
        put(t, "", "base %g in layers with a window, not scaled", (double)s->local_base);
}

/* "16 positions in layers 0-4,6; the others see all" */
static void put_windows(const terminal *t, const model_shape *s)
{
    char list[128] = "";
    size_t used = 0;
    const int n = model_n_windowed(s);
    for (int first = 0, last; first < s->n_layers && used < sizeof list - 1; first = last + 1) {
        last = first;
        if (model_window(s, first) == 0) continue;
        while (last + 1 < s->n_layers && model_window(s, last + 1) > 0)
            last++;
        char range[32];
        snprintf(range, sizeof range, last > first ? "%s%d-%d" : "%s%d", used ? "," : "", first, last);
        const bool fits = used + strlen(range) < 56;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s", fits ? range : ",...");
        if (!fits) break;
    }
    if (s->window == 0)
        put(t, "window", "none: all layers see all positions");
    else if (n == s->n_layers)
        put(t, "window", "%d positions, in all layers", s->window);
    else
        put(t, "window", "%d positions in %d of %d layers: %s", s->window, n, s->n_layers, list);
}

static uint64_t cache_bytes(const model_shape *s, int ctx)
{
    uint64_t rows = 0;
    for (int il = 0; il < s->n_layers; il++)
        rows += (uint64_t)model_rows(s, il, ctx);
    return rows * (model_kv_bytes(s) / (uint64_t)s->n_layers);
}

static void print_text(const terminal *t, const inspection *in)
{
    const model_shape *s = &in->shape;
    char bytes[32];
    put(t, "file", "%s (GGUF %d, %s)", gguf_path(in->file), gguf_version(in->file),
        human_bytes(gguf_file_bytes(in->file), bytes));
    put(t, "name", "%s", s->name);
    put(t, "architecture", "%s", s->arch->name);
    put(t, "parameters", "%" PRIu64 " (%.3g M)", s->n_params, (double)s->n_params * 1e-6);
    put(t, "layers", "%d", s->n_layers);
    put(t, "embedding", "%d", s->n_embd);
    put(t, "heads", "%d, of %d kv heads, dimension %d", s->n_heads, s->n_kv_heads, s->head_dim);
    put(t, "feed-forward", "%d", s->n_ff);
    put(t, "context", "%d", s->n_ctx);
    put_rope(t, s);
    put_windows(t, s);
    put(t, "norms", "RMS, epsilon %g%s%s", (double)s->rms_eps, s->arch->qk_norm ? "; of queries and keys" : "",
        s->arch->post_norms ? "; before and after attention and feed-forward" : "");
    put(t, "vocabulary", "%d tokens, %s%s%s", s->n_vocab, in->tokenizer[0] ? in->tokenizer : "no tokenizer",
        in->pre[0] ? ", " : "", in->pre);
    put(t, "output", "%s", s->tied ? "shares the token embedding" : "has weights of its own");
    for (size_t i = 0; i < in->n_sums; i++)
        put(t, i ? "" : "weights", "%-8s %4" PRIu64 " tensors  %12" PRIu64 " values  %s", in->sums[i].type,
            in->sums[i].tensors, in->sums[i].values, human_bytes(in->sums[i].bytes, bytes));
    put(t, "cache", "%zu bytes per token in f16; %s at its full context", model_kv_bytes(s),
        human_bytes(cache_bytes(s, s->n_ctx), bytes));
}

/* ---- as JSON ---- */

static cJSON *rope_json(const inspection *in)
{
    cJSON *json = cJSON_CreateObject();
    const model_shape *s = &in->shape;
    cJSON_AddNumberToObject(json, "base", (double)s->rope_base);
    cJSON_AddNumberToObject(json, "local_base", (double)s->local_base);
    cJSON_AddNumberToObject(json, "dims", s->n_rot);
    cJSON_AddBoolToObject(json, "interleaved", s->arch->interleaved);
    cJSON_AddStringToObject(json, "scaling", s->scaling.type);
    cJSON_AddNumberToObject(json, "scaling_factor", s->scaling.angles.factor);
    cJSON_AddNumberToObject(json, "original_context", s->scaling.original);
    cJSON_AddNumberToObject(json, "magnitude", (double)s->scaling.magnitude);
    cJSON_AddBoolToObject(json, "frequency_factors", s->scaling.factors);
    cJSON_AddBoolToObject(json, "long_factors", s->scaling.long_factors);
    return json;
}

/* Positions each layer sees, 0 for all. */
static cJSON *windows_json(const model_shape *s)
{
    cJSON *array = cJSON_CreateArray();
    for (int il = 0; il < s->n_layers; il++)
        cJSON_AddItemToArray(array, cJSON_CreateNumber(model_window(s, il)));
    return array;
}

static cJSON *weights_json(const inspection *in)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < in->n_sums; i++) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "type", in->sums[i].type);
        cJSON_AddNumberToObject(json, "tensors", (double)in->sums[i].tensors);
        cJSON_AddNumberToObject(json, "values", (double)in->sums[i].values);
        cJSON_AddNumberToObject(json, "bytes", (double)in->sums[i].bytes);
        cJSON_AddItemToArray(array, json);
    }
    return array;
}

static bool print_json(const inspection *in, fault *f)
{
    const model_shape *s = &in->shape;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "gguf_version", gguf_version(in->file) },
        { "file_bytes", (double)gguf_file_bytes(in->file) },
        { "parameters", (double)s->n_params },
        { "layers", s->n_layers },
        { "embedding", s->n_embd },
        { "heads", s->n_heads },
        { "kv_heads", s->n_kv_heads },
        { "head_dim", s->head_dim },
        { "feed_forward", s->n_ff },
        { "context", s->n_ctx },
        { "vocabulary", s->n_vocab },
        { "kv_bytes_per_token_f16", (double)model_kv_bytes(s) },
        { "kv_bytes_full_context_f16", (double)cache_bytes(s, s->n_ctx) },
    };
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "file", gguf_path(in->file));
    cJSON_AddStringToObject(json, "name", s->name);
    cJSON_AddStringToObject(json, "architecture", s->arch->name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        cJSON_AddNumberToObject(json, numbers[i].name, numbers[i].value);
    cJSON_AddBoolToObject(json, "tied_output", s->tied);
    cJSON_AddStringToObject(json, "tokenizer", in->tokenizer);
    cJSON_AddStringToObject(json, "pre_tokenizer", in->pre);
    cJSON_AddItemToObject(json, "rope", rope_json(in));
    cJSON_AddItemToObject(json, "windows", windows_json(s));
    cJSON_AddItemToObject(json, "weights", weights_json(in));
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    if (!text) return fault_memory(f, "the model's description as JSON");
    puts(text);
    free(text);
    return true;
}

int cmd_inspect(app_context *app, const command_line *line)
{
    fault f = { 0 };
    inspection in = { 0 };
    const char *path = line_arg(line, 0);
    if (!path) path = app_model(app, line, &f);
    bool good = path && read_model(&in, path, &f);
    if (good && line_has(line, "json"))
        good = print_json(&in, &f);
    else if (good)
        print_text(&app->out, &in);
    if (in.file) gguf_close(in.file);
    return good ? FAULT_NONE : app_report(app, &f);
}
