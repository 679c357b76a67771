/* A profile as JSON. */
#include "app/profile_view.h"

#include <stdlib.h>
#include <string.h>

#include "app/number.h"

enum { FORM = 1 };

/* ---- codecs ---- */

static cJSON *value_json(const catalog_param *p, const spec_value *v)
{
    switch (p->type) {
    case KVANT_BOOL: return cJSON_CreateBool(v->i != 0);
    case KVANT_ENUM: return cJSON_CreateString(p->words[v->i]);
    case KVANT_REAL: return number_json(v->r);
    default: return cJSON_CreateNumber((double)v->i);
    }
}

static cJSON *codec_json(const spec *s)
{
    cJSON *json = cJSON_CreateObject(), *parameters;
    cJSON_AddStringToObject(json, "codec", s->codec->name);
    parameters = cJSON_AddObjectToObject(json, "parameters");
    for (size_t i = 0; i < s->codec->n_params; i++) {
        const catalog_param *p = &s->codec->params[i];
        if (p->type != KVANT_CODEC) cJSON_AddItemToObject(parameters, p->name, value_json(p, &s->values[i]));
    }
    if (s->inner) cJSON_AddItemToObject(json, "inner", codec_json(s->inner));
    return json;
}

static void add_codec(cJSON *codecs, const spec *s)
{
    if (s && !cJSON_GetObjectItemCaseSensitive(codecs, s->text)) cJSON_AddItemToObject(codecs, s->text, codec_json(s));
}

/* ---- what it says ---- */

static void add_sides(cJSON *to, spec *const specs[2])
{
    if (specs[KVANT_K]) cJSON_AddStringToObject(to, "k", specs[KVANT_K]->text);
    if (specs[KVANT_V]) cJSON_AddStringToObject(to, "v", specs[KVANT_V]->text);
}

static char *layers_text(const layers *list)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    layers_write(to, list);
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}

static cJSON *base_json(const config *c)
{
    cJSON *json = cJSON_CreateObject();
    add_sides(json, c->base);
    return json;
}

/* In the order in which they are laid on the base. */
static cJSON *exceptions_json(const config *c)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < c->n_exceptions; i++) {
        char *text = layers_text(&c->exceptions[i].list);
        cJSON *one = cJSON_CreateObject();
        if (text) cJSON_AddStringToObject(one, "layers", text);
        add_sides(one, c->exceptions[i].spec);
        cJSON_AddItemToArray(list, one);
        free(text);
    }
    return list;
}

static cJSON *model_json(const profile_view *v)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", v->shape.name);
    cJSON_AddNumberToObject(json, "attention_layers", v->shape.n_layers);
    cJSON_AddNumberToObject(json, "kv_heads", v->shape.n_kv_heads);
    cJSON_AddNumberToObject(json, "head_dim", v->shape.head_dim);
    return json;
}

static cJSON *layers_json(const profile_view *v)
{
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < v->shape.n_layers; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "layer", i);
        cJSON_AddStringToObject(one, "k", v->plan[i].spec[KVANT_K]->text);
        cJSON_AddStringToObject(one, "v", v->plan[i].spec[KVANT_V]->text);
        cJSON_AddItemToArray(list, one);
    }
    return list;
}

cJSON *profile_document(const profile_view *v)
{
    cJSON *json = cJSON_CreateObject(), *codecs;
    cJSON_AddNumberToObject(json, "kvant_profile", FORM);
    cJSON_AddStringToObject(json, "name", v->profile->name);
    cJSON_AddStringToObject(json, "note", v->profile->note);
    cJSON_AddStringToObject(json, "made_for", v->profile->model);
    cJSON_AddStringToObject(json, "config", v->config->text);
    cJSON_AddStringToObject(json, "config_hash", v->config->id);
    cJSON_AddStringToObject(json, "rope", v->config->rope_post ? "post" : "pre");
    cJSON_AddItemToObject(json, "base", base_json(v->config));
    cJSON_AddItemToObject(json, "exceptions", exceptions_json(v->config));
    codecs = cJSON_AddObjectToObject(json, "codecs");
    for (int side = KVANT_K; side <= KVANT_V; side++) {
        add_codec(codecs, v->config->base[side]);
        for (size_t i = 0; i < v->config->n_exceptions; i++)
            add_codec(codecs, v->config->exceptions[i].spec[side]);
    }
    cJSON_AddItemToObject(json, "model", model_json(v));
    cJSON_AddItemToObject(json, "layers", layers_json(v));
    return json;
}

/* ---- reading ---- */

static const char *text_of(const cJSON *document, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, key));
}

/* A part of the document that says again what the config says must say the same: who edits one edits the config. */
static bool agrees(const cJSON *document, const char *part, cJSON *expected, const char *file, fault *f)
{
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(document, part);
    bool ok = expected || fault_memory(f, "a profile");
    if (ok && said && !cJSON_Compare(said, expected, true))
        ok = fault_set(f, FAULT_INPUT, "%s: \"%s\" is not what \"config\" says; change config and remove the other",
                       file, part);
    cJSON_Delete(expected);
    return ok;
}

bool profile_read_document(const cJSON *document, const catalog *known, const char *file, store_profile *p, fault *f)
{
    const cJSON *form = cJSON_GetObjectItemCaseSensitive(document, "kvant_profile");
    if (!cJSON_IsNumber(form) || form->valuedouble != FORM)
        return fault_set(f, FAULT_INPUT,
                         "%s: expected \"kvant_profile\": %d, as `kvant profile NAME --export json` writes", file,
                         FORM);
    *p = (store_profile){ .name = text_of(document, "name"),
                          .config = text_of(document, "config"),
                          .model = text_of(document, "made_for"),
                          .note = text_of(document, "note") };
    if (!p->config) return fault_set(f, FAULT_INPUT, "%s: \"config\" is missing, or no text", file);
    config *c = config_parse(known, p->config, f);
    if (!c) return fault_prefix(f, "%s", file);
    /* As the document was written from the canonical text. */
    config *canonical = config_parse(known, c->text, f);
    bool ok = canonical && agrees(document, "base", base_json(canonical), file, f) &&
              agrees(document, "exceptions", exceptions_json(canonical), file, f) &&
              agrees(document, "rope", cJSON_CreateString(c->rope_post ? "post" : "pre"), file, f) &&
              agrees(document, "config_hash", cJSON_CreateString(c->id), file, f);
    config_free(canonical);
    config_free(c);
    return ok;
}
