/* What serving engines can be told of a profile.
 *
 * llama.cpp: --cache-type-k and --cache-type-v (-ctk, -ctv), one type each for all layers; f32, f16, bf16, q8_0, q4_0,
 * q4_1, iq4_nl, q5_0, q5_1. Since April 2026 it rotates what it quantises where head_dim is a multiple of 64, unless
 * LLAMA_ATTN_ROT_DISABLE=1. The fork TheTom/llama-cpp-turboquant adds turbo2, turbo3 and turbo4 and, by the variable
 * TURBO_LAYER_ADAPTIVE, the layer-adaptive modes; unset, it puts mode 7 in the place of v=turbo2, and without
 * TURBO_AUTO_ASYMMETRIC=0 q8_0 in the place of turbo keys where six or more heads share one.
 *
 * vLLM: --kv-cache-dtype, one type for keys and values of all layers, and --kv-cache-dtype-skip-layers, which keeps
 * whole layers in the model's type. fp8_e4m3 and fp8_e5m2 are casts, with scales of 1 unless the checkpoint brings
 * others.
 *
 * Both keep keys as they are after RoPE.
 */
#include "app/profile_view.h"

#include <stdlib.h>
#include <string.h>

/* ---- types ---- */

typedef struct engine_type {
    const char *codec; /* canonical */
    const char *name;  /* the engine's; NULL ends a table */
    unsigned flags;
} engine_type;

enum {
    TYPE_PLAIN = 1, /* a plain float: it makes no difference when keys are rotated */
    TYPE_FORK = 2,  /* only the turboquant fork of llama.cpp has it */
};

static const engine_type llama_cpp_types[] = {
    { "identity", "f32", TYPE_PLAIN },
    { "f16", "f16", TYPE_PLAIN },
    { "bf16", "bf16", TYPE_PLAIN },
    { "q8_0", "q8_0", 0 },
    { "q4_0", "q4_0", 0 },
    { "q4_1", "q4_1", 0 },
    { "iq4_nl", "iq4_nl", 0 },
    { "q5_0", "q5_0", 0 },
    { "q5_1", "q5_1", 0 },
    { "turbo2", "turbo2", TYPE_FORK },
    { "turbo3", "turbo3", TYPE_FORK },
    { "turbo4", "turbo4", TYPE_FORK },
    { 0 },
};

static const engine_type vllm_types[] = {
    { "f16", "float16", TYPE_PLAIN },
    { "bf16", "bfloat16", TYPE_PLAIN },
    { "e4m3", "fp8_e4m3", 0 },
    { "e5m2", "fp8_e5m2", 0 },
    { 0 },
};

static const engine_type *type_of(const engine_type *types, const spec *s)
{
    for (; types->name; types++)
        if (strcmp(types->codec, s->text) == 0) return types;
    return NULL;
}

/* ---- layers ---- */

/* A mark for every layer; a plan has at least one. */
static bool *marks_for(const profile_view *v, fault *f)
{
    const size_t n = v->shape.n_layers > 0 ? (size_t)v->shape.n_layers : 1;
    bool *marks = calloc(n, sizeof *marks);
    if (!marks) fault_memory(f, "a profile's layers");
    return marks;
}

/* The layer whose codecs most layers have, the first of them; with a table, among those whose keys it has as more than
 * a plain float. -1: there is none. */
static int commonest(const profile_view *v, const engine_type *quantised)
{
    int best = quantised ? -1 : 0, most = 0;
    for (int i = 0; i < v->shape.n_layers; i++) {
        const engine_type *t = quantised ? type_of(quantised, v->plan[i].spec[KVANT_K]) : NULL;
        if (quantised && (!t || t->flags & TYPE_PLAIN)) continue;
        int n = 0;
        for (int j = 0; j < v->shape.n_layers; j++)
            n += profile_same_codecs(&v->plan[i], &v->plan[j]);
        if (n > most) best = i;
        if (n > most) most = n;
    }
    return best;
}

/* ---- the answer ---- */

typedef struct answer {
    const profile_view *v;
    const char *engine;
    cJSON *json, *flags, *environment, *lost, *notes;
} answer;

static answer answer_for(const profile_view *v, const char *engine)
{
    answer a = { .v = v, .engine = engine, .json = cJSON_CreateObject() };
    cJSON_AddStringToObject(a.json, "target", engine);
    a.flags = cJSON_AddArrayToObject(a.json, "flags");
    a.environment = cJSON_AddObjectToObject(a.json, "environment");
    a.lost = cJSON_AddArrayToObject(a.json, "lost");
    a.notes = cJSON_AddArrayToObject(a.json, "notes");
    return a;
}

static void say(cJSON *list, const char *sentence)
{
    cJSON_AddItemToArray(list, cJSON_CreateString(sentence));
}

/* "layers 0-1, 7: k=q8_0 v=q8_0" for every pair of codecs among the layers that are left out. */
static bool say_layers(answer *a, const bool *left_out, const char *why, fault *f)
{
    const profile_view *v = a->v;
    const int n = v->shape.n_layers;
    bool *alike = marks_for(v, f), *told = marks_for(v, f);
    bool ok = alike && told;
    for (int i = 0; ok && i < n; i++) {
        if (!left_out[i] || told[i]) continue;
        for (int j = 0; j < n; j++) {
            alike[j] = left_out[j] && profile_same_codecs(&v->plan[i], &v->plan[j]);
            told[j] = told[j] || alike[j];
        }
        char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);
        if ((ok = to != NULL)) {
            fputs("layers ", to);
            profile_write_layers(to, alike, n);
            fprintf(to, ": k=%s v=%s (%s)", v->plan[i].spec[KVANT_K]->text, v->plan[i].spec[KVANT_V]->text, why);
            ok = fclose(to) == 0;
        }
        if (ok) say(a->lost, text);
        free(text);
    }
    free(alike);
    free(told);
    return ok || fault_memory(f, "a profile's layers");
}

/* Engines have keys after RoPE; of a plain float that makes no difference worth a word. */
static void say_rope(answer *a)
{
    const profile_view *v = a->v;
    bool matters = false;
    for (int i = 0; i < v->shape.n_layers; i++) {
        const engine_type *t = type_of(llama_cpp_types, v->plan[i].spec[KVANT_K]);
        matters = matters || !t || !(t->flags & TYPE_PLAIN);
    }
    if (!matters || v->config->rope_post) return;
    char sentence[160];
    snprintf(sentence, sizeof sentence, "rope=pre: %s compresses keys after RoPE; measure it with rope=post",
             a->engine);
    say(a->lost, sentence);
}

static const engine_type *need_type(const answer *a, const engine_type *types, const config_layer *l, int side,
                                    fault *f)
{
    const engine_type *t = type_of(types, l->spec[side]);
    if (!t)
        fault_set(f, FAULT_NO, "profile %s: %s has no type for %s=%s", a->v->profile->name, a->engine,
                  side == KVANT_K ? "k" : "v", l->spec[side]->text);
    return t;
}

static cJSON *finish(answer *a, bool ok)
{
    if (ok) return a->json;
    cJSON_Delete(a->json);
    return NULL;
}

static void add_flag(answer *a, const char *name, const char *value)
{
    say(a->flags, name);
    if (value) say(a->flags, value);
}

/* ---- llama.cpp ---- */

/* Does this pair with this mode give every layer what the profile gives it? */
static bool mode_gives(const profile_view *v, const config_layer *pair, int mode)
{
    const config_model m = { .n_layers = v->shape.n_layers, .windowed = v->shape.windowed };
    const char *k = pair->spec[KVANT_K]->text, *values = pair->spec[KVANT_V]->text;
    const size_t size = strlen(k) + strlen(values) + 32;
    char *text = malloc(size);
    config_layer *plan = calloc((size_t)m.n_layers, sizeof *plan);
    config *c = NULL;
    if (text && plan) {
        snprintf(text, size, "k=%s v=%s adaptive=%d", k, values, mode);
        c = config_parse(v->known, text, NULL);
    }
    bool same = c && config_resolve(c, &m, plan, NULL);
    for (int i = 0; same && i < m.n_layers; i++)
        same = profile_same_codecs(&plan[i], &v->plan[i]);
    config_free(c);
    free(plan);
    free(text);
    return same;
}

/* The layer-adaptive mode of the fork that is this profile; 0: there is none. *layer: first a guess at whose codecs are
 * asked for beside it, then the answer. */
static int find_mode(const profile_view *v, int *layer)
{
    static const int modes[] = { 7, 5, 6, 1, 2 };
    enum { LEAST_LAYERS = 8 };
    const int n = v->shape.n_layers, guess = *layer;
    for (size_t m = 0; n >= LEAST_LAYERS && m < sizeof modes / sizeof modes[0]; m++)
        for (int i = -1; i < n; i++) {
            const int at = i < 0 ? guess : i;
            if (i > 0 && profile_same_codecs(&v->plan[i], &v->plan[i - 1])) continue;
            if (!mode_gives(v, &v->plan[at], modes[m])) continue;
            *layer = at;
            return modes[m];
        }
    return 0;
}

static void tell_fork(answer *a, int mode)
{
    char number[8];
    snprintf(number, sizeof number, "%d", mode);
    say(a->notes, "turbo2, turbo3 and turbo4 are types of the fork TheTom/llama-cpp-turboquant");
    if (mode) say(a->notes, "the fork gives layers their types by TURBO_LAYER_ADAPTIVE");
    cJSON_AddStringToObject(a->environment, "TURBO_LAYER_ADAPTIVE", number);
    cJSON_AddStringToObject(a->environment, "TURBO_AUTO_ASYMMETRIC", "0");
}

cJSON *profile_llama_cpp(const profile_view *v, fault *f)
{
    answer a = answer_for(v, "llama.cpp");
    int layer = commonest(v, NULL), n = v->shape.n_layers;
    bool *left_out = marks_for(v, f), ok = left_out != NULL, any = false;
    for (int i = 0; ok && i < n; i++)
        any |= left_out[i] = !profile_same_codecs(&v->plan[i], &v->plan[layer]);
    const int mode = any ? find_mode(v, &layer) : 0;
    const engine_type *k = ok ? need_type(&a, llama_cpp_types, &v->plan[layer], KVANT_K, f) : NULL;
    const engine_type *values = k ? need_type(&a, llama_cpp_types, &v->plan[layer], KVANT_V, f) : NULL;
    ok = ok && k && values;
    if (ok && any && !mode) ok = say_layers(&a, left_out, "llama.cpp has one type for all layers", f);
    free(left_out);
    if (!ok) return finish(&a, false);
    say_rope(&a);
    if ((k->flags | values->flags) & TYPE_FORK)
        tell_fork(&a, mode);
    else if (!(k->flags & values->flags & TYPE_PLAIN))
        cJSON_AddStringToObject(a.environment, "LLAMA_ATTN_ROT_DISABLE", "1");
    if (!(values->flags & TYPE_PLAIN)) say(a.notes, "quantised values need flash attention");
    add_flag(&a, "--cache-type-k", k->name);
    add_flag(&a, "--cache-type-v", values->name);
    return finish(&a, true);
}

/* ---- vLLM ---- */

/* The skipped layers get the model's own type, so they must be plain floats; others are lost. */
static bool skip_layers(answer *a, int layer, const bool *others, fault *f)
{
    const profile_view *v = a->v;
    const int n = v->shape.n_layers;
    bool *lost = marks_for(v, f), any_lost = false, any_skipped = false;
    if (!lost) return false;
    const engine_type *main_type = type_of(vllm_types, v->plan[layer].spec[KVANT_K]);
    for (int i = 0; i < n; i++) {
        if (!others[i]) continue;
        const engine_type *k = type_of(vllm_types, v->plan[i].spec[KVANT_K]);
        const bool plain = k && k == type_of(vllm_types, v->plan[i].spec[KVANT_V]) && k->flags & TYPE_PLAIN;
        lost[i] = !plain || main_type->flags & TYPE_PLAIN;
        any_lost |= lost[i];
        if (lost[i]) continue;
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        if (!any_skipped) say(a->flags, "--kv-cache-dtype-skip-layers");
        say(a->flags, number);
        any_skipped = true;
    }
    if (any_skipped) say(a->notes, "skipped layers are kept in the model's type, whether that is f16 or bf16");
    bool ok = !any_lost || say_layers(a, lost, "vLLM has one quantised type for all layers", f);
    free(lost);
    return ok;
}

cJSON *profile_vllm(const profile_view *v, fault *f)
{
    answer a = answer_for(v, "vLLM");
    const int n = v->shape.n_layers, quantised = commonest(v, vllm_types);
    const int layer = quantised < 0 ? commonest(v, NULL) : quantised;
    const config_layer *main_layer = &v->plan[layer];
    const engine_type *k = need_type(&a, vllm_types, main_layer, KVANT_K, f);
    bool *others = marks_for(v, f), ok = k && others;
    for (int i = 0; ok && i < n; i++)
        others[i] = !profile_same_codecs(&v->plan[i], main_layer);
    if (ok && strcmp(main_layer->spec[KVANT_K]->text, main_layer->spec[KVANT_V]->text) != 0) {
        char sentence[256];
        snprintf(sentence, sizeof sentence, "v=%.160s (vLLM has one type for keys and values)",
                 main_layer->spec[KVANT_V]->text);
        say(a.lost, sentence);
    }
    if (ok) {
        say_rope(&a);
        if (!(k->flags & TYPE_PLAIN))
            say(a.notes, "its scales are 1 here: a checkpoint that brings k_scale and v_scale is scaled by them");
        add_flag(&a, "--kv-cache-dtype", k->name);
        ok = skip_layers(&a, layer, others, f);
    }
    free(others);
    return finish(&a, ok);
}

/* ---- as text ---- */

void profile_write_flags(FILE *to, const cJSON *json)
{
    static const char *const remarks[][2] = { { "lost", "# lost: " }, { "notes", "# " } };
    const cJSON *item;
    for (size_t i = 0; i < 2; i++)
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, remarks[i][0]))
            fprintf(to, "%s%s\n", remarks[i][1], item->valuestring);
    const char *between = "";
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "environment"))
    {
        fprintf(to, "%s%s=%s", between, item->string, item->valuestring);
        between = " ";
    }
    if (*between) putc('\n', to);
    between = "";
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "flags"))
    {
        fprintf(to, "%s%s", between, item->valuestring);
        between = " ";
    }
    putc('\n', to);
}
