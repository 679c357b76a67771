#include "app/catalog.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ITEMS = 256 }; /* of a list, before catalog_check has its say */

static const char *const type_names[] = {
    [KVANT_INT] = "int", [KVANT_REAL] = "real", [KVANT_BOOL] = "bool", [KVANT_ENUM] = "enum", [KVANT_CODEC] = "codec"
};
enum { N_TYPES = sizeof type_names / sizeof *type_names };

static bool add_words(cJSON *object, const catalog_param *p)
{
    cJSON *words = cJSON_AddArrayToObject(object, "words");
    if (!words) return false;
    for (size_t i = 0; i < p->n_words; i++) {
        cJSON *word = cJSON_CreateString(p->words[i]);
        if (!word || !cJSON_AddItemToArray(words, word)) {
            cJSON_Delete(word);
            return false;
        }
    }
    return true;
}

static bool add_param(cJSON *list, const catalog_param *p)
{
    cJSON *o = cJSON_CreateObject();
    if (!o || !cJSON_AddItemToArray(list, o)) {
        cJSON_Delete(o);
        return false;
    }
    bool ok = cJSON_AddStringToObject(o, "name", p->name) && cJSON_AddStringToObject(o, "type", type_names[p->type]) &&
              cJSON_AddBoolToObject(o, "log", (p->flags & KVANT_LOG) != 0) &&
              cJSON_AddNumberToObject(o, "default", p->def) && cJSON_AddNumberToObject(o, "min", p->min) &&
              cJSON_AddNumberToObject(o, "max", p->max) && cJSON_AddNumberToObject(o, "step", p->step) &&
              cJSON_AddStringToObject(o, "help", p->help);
    if (p->inner) ok = ok && cJSON_AddStringToObject(o, "inner", p->inner);
    if (p->type == KVANT_ENUM) ok = ok && add_words(o, p);
    return ok;
}

cJSON *catalog_codec_json(const catalog_codec *c)
{
    cJSON *o = cJSON_CreateObject();
    if (!o) return NULL;
    bool ok = cJSON_AddStringToObject(o, "name", c->name) && cJSON_AddStringToObject(o, "version", c->version) &&
              cJSON_AddStringToObject(o, "family", c->family) && cJSON_AddStringToObject(o, "summary", c->summary) &&
              cJSON_AddStringToObject(o, "reference", c->reference) && cJSON_AddNumberToObject(o, "flags", c->flags) &&
              cJSON_AddNumberToObject(o, "dim_min", c->dim_min) && cJSON_AddNumberToObject(o, "dim_max", c->dim_max) &&
              cJSON_AddNumberToObject(o, "dim_step", c->dim_step) && cJSON_AddBoolToObject(o, "scores", c->scores) &&
              cJSON_AddBoolToObject(o, "mix", c->mix) && cJSON_AddStringToObject(o, "path", c->path) &&
              cJSON_AddStringToObject(o, "sha256", c->sha256) && cJSON_AddNumberToObject(o, "abi", c->abi);
    cJSON *params = ok ? cJSON_AddArrayToObject(o, "params") : NULL;
    for (size_t i = 0; params && i < c->n_params; i++)
        if (!add_param(params, &c->params[i])) params = NULL;
    if (params) return o;
    cJSON_Delete(o);
    return NULL;
}

cJSON *catalog_json(const catalog *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *codecs = cJSON_AddArrayToObject(o, "codecs"), *problems = cJSON_AddArrayToObject(o, "problems");
    bool ok = codecs && problems;
    for (size_t i = 0; ok && i < c->n_codecs; i++) {
        cJSON *item = catalog_codec_json(c->codecs[i]);
        ok = item && cJSON_AddItemToArray(codecs, item);
        if (!ok) cJSON_Delete(item);
    }
    for (size_t i = 0; ok && i < c->n_problems; i++) {
        cJSON *item = cJSON_CreateObject();
        ok = item && cJSON_AddItemToArray(problems, item);
        if (!ok) cJSON_Delete(item);
        ok = ok && cJSON_AddStringToObject(item, "path", c->problems[i].path) &&
             cJSON_AddStringToObject(item, "reason", c->problems[i].reason);
    }
    if (ok) return o;
    cJSON_Delete(o);
    return NULL;
}

/* ---- reading ---- */

static bool read_text(const cJSON *o, const char *key, char **out, fault *f)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    if (!s) return fault_set(f, FAULT_INPUT, "\"%s\" is not a string", key);
    *out = strdup(s);
    return *out ? true : fault_memory(f, "the catalog");
}

static bool read_number(const cJSON *o, const char *key, double *out, fault *f)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsNumber(item)) return fault_set(f, FAULT_INPUT, "\"%s\" is not a number", key);
    *out = item->valuedouble;
    return true;
}

static bool read_whole(const cJSON *o, const char *key, double least, double most, double *out, fault *f)
{
    if (!read_number(o, key, out, f)) return false;
    if (*out >= least && *out <= most && *out == floor(*out)) return true;
    return fault_set(f, FAULT_INPUT, "\"%s\" is %g, expected a whole number from %g to %g", key, *out, least, most);
}

static bool read_bool(const cJSON *o, const char *key, bool *out, fault *f)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsBool(item)) return fault_set(f, FAULT_INPUT, "\"%s\" is not true or false", key);
    *out = cJSON_IsTrue(item);
    return true;
}

/* The items of a list, counted and within MOST_ITEMS. */
static bool read_list(const cJSON *o, const char *key, const cJSON **list, size_t *n, fault *f)
{
    *list = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsArray(*list)) return fault_set(f, FAULT_INPUT, "\"%s\" is not a list", key);
    *n = (size_t)cJSON_GetArraySize(*list);
    return *n <= MOST_ITEMS ? true : fault_set(f, FAULT_INPUT, "\"%s\" has %zu items, at most %d", key, *n, MOST_ITEMS);
}

static bool read_type(const cJSON *o, int32_t *type, fault *f)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "type"));
    for (int32_t i = KVANT_INT; s && i < N_TYPES; i++) {
        if (strcmp(s, type_names[i]) != 0) continue;
        *type = i;
        return true;
    }
    return fault_set(f, FAULT_INPUT, "\"type\" is %s, which is no parameter type", s ? s : "not a string");
}

static bool read_words(const cJSON *o, catalog_param *p, fault *f)
{
    const cJSON *list, *item;
    size_t n = 0;
    if (!read_list(o, "words", &list, &n, f)) return false;
    p->words = calloc(n + 1, sizeof *p->words);
    if (!p->words) return fault_memory(f, "the catalog");
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) return fault_set(f, FAULT_INPUT, "a word is not a string");
        p->words[p->n_words] = strdup(item->valuestring);
        if (!p->words[p->n_words++]) return fault_memory(f, "the catalog");
    }
    return true;
}

static bool read_param(const cJSON *o, catalog_param *p, fault *f)
{
    bool log = false;
    if (!read_text(o, "name", &p->name, f) || !read_type(o, &p->type, f) || !read_bool(o, "log", &log, f) ||
        !read_number(o, "default", &p->def, f) || !read_number(o, "min", &p->min, f) ||
        !read_number(o, "max", &p->max, f) || !read_number(o, "step", &p->step, f) ||
        !read_text(o, "help", &p->help, f))
        return false;
    p->flags = log ? KVANT_LOG : 0;
    if (cJSON_HasObjectItem(o, "inner") && !read_text(o, "inner", &p->inner, f)) return false;
    return p->type != KVANT_ENUM || read_words(o, p, f);
}

static bool read_params(const cJSON *o, catalog_codec *c, fault *f)
{
    const cJSON *list, *item;
    size_t n = 0;
    if (!read_list(o, "params", &list, &n, f)) return false;
    c->params = calloc(n + 1, sizeof *c->params);
    if (!c->params) return fault_memory(f, "the catalog");
    cJSON_ArrayForEach(item, list) if (!read_param(item, &c->params[c->n_params++], f)) return false;
    return true;
}

static bool read_sha256(const cJSON *o, char out[HASH_HEX], fault *f)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "sha256"));
    if (!s || !hash_is(s)) return fault_set(f, FAULT_INPUT, "\"sha256\" is not 64 hexadecimal digits");
    memcpy(out, s, HASH_HEX);
    return true;
}

catalog_codec *catalog_codec_from_json(const cJSON *o, fault *f)
{
    catalog_codec *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the catalog");
        return NULL;
    }
    double flags = 0, min = 0, max = 0, step = 0, abi = 0;
    bool ok = read_text(o, "name", &c->name, f) && read_text(o, "version", &c->version, f) &&
              read_text(o, "family", &c->family, f) && read_text(o, "summary", &c->summary, f) &&
              read_text(o, "reference", &c->reference, f) && read_text(o, "path", &c->path, f) &&
              read_whole(o, "flags", 0, UINT32_MAX, &flags, f) && read_whole(o, "dim_min", 0, INT32_MAX, &min, f) &&
              read_whole(o, "dim_max", 0, INT32_MAX, &max, f) && read_whole(o, "dim_step", 0, INT32_MAX, &step, f) &&
              read_bool(o, "scores", &c->scores, f) && read_bool(o, "mix", &c->mix, f) &&
              read_sha256(o, c->sha256, f) && read_whole(o, "abi", 0, UINT32_MAX, &abi, f) && read_params(o, c, f);
    if (!ok) {
        catalog_codec_free(c);
        return NULL;
    }
    c->flags = (uint32_t)flags;
    c->dim_min = (int32_t)min;
    c->dim_max = (int32_t)max;
    c->dim_step = (int32_t)step;
    c->abi = (uint32_t)abi;
    return c;
}
