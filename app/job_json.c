/* Jobs and results as JSON, by tables of fields. */
#include "app/job.h"
#include "app/number.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum field_type {
    FIELD_TEXT,   /* char[room] */
    FIELD_INT,    /* int */
    FIELD_BOOL,   /* bool */
    FIELD_U64,    /* uint64_t, a decimal string in JSON so that no digit is lost */
    FIELD_DOUBLE, /* double; null stands for not a number */
} field_type;

typedef struct field {
    const char *name; /* NULL ends a table */
    field_type type;
    size_t offset, room;
} field;

#define TEXT(s, m)                                                                                                     \
    {                                                                                                                  \
#m, FIELD_TEXT, offsetof(s, m), sizeof(((s *)0)->m)                                                            \
    }
#define INT(s, m)                                                                                                      \
    {                                                                                                                  \
#m, FIELD_INT, offsetof(s, m), 0                                                                               \
    }
#define BOOL(s, m)                                                                                                     \
    {                                                                                                                  \
#m, FIELD_BOOL, offsetof(s, m), 0                                                                              \
    }
#define U64(s, m)                                                                                                      \
    {                                                                                                                  \
#m, FIELD_U64, offsetof(s, m), 0                                                                               \
    }
#define DOUBLE(s, m)                                                                                                   \
    {                                                                                                                  \
#m, FIELD_DOUBLE, offsetof(s, m), 0                                                                            \
    }

static const field job_fields[] = {
    TEXT(job, model),
    TEXT(job, text),
    TEXT(job, config),
    INT(job, protocol),
    INT(job, ctx),
    INT(job, eval),
    INT(job, passages),
    BOOL(job, at_most),
    INT(job, threads),
    BOOL(job, timing),
    U64(job, seed),
    TEXT(job, cache),
    TEXT(job, calibration),
    TEXT(job, calibrations),
    TEXT(job, suite),
    TEXT(job, suite_options),
    { 0 },
};

static const field result_fields[] = {
    TEXT(job_result, model_id),
    TEXT(job_result, model_name),
    TEXT(job_result, model_arch),
    TEXT(job_result, model_type),
    U64(job_result, model_bytes),
    U64(job_result, model_params),
    INT(job_result, n_layers),
    INT(job_result, n_heads),
    INT(job_result, n_kv_heads),
    INT(job_result, head_dim),
    INT(job_result, n_ctx_train),
    TEXT(job_result, text_id),
    U64(job_result, text_tokens),
    TEXT(job_result, calibration.id),
    TEXT(job_result, calibration.text),
    TEXT(job_result, calibration.text_id),
    U64(job_result, calibration.tokens),
    TEXT(job_result, config),
    TEXT(job_result, config_id),
    INT(job_result, passages),
    INT(job_result, ctx),
    TEXT(job_result, machine.version),
    TEXT(job_result, machine.engine),
    TEXT(job_result, machine.cpu),
    TEXT(job_result, machine.simd),
    TEXT(job_result, machine.compiler),
    TEXT(job_result, machine.os),
    U64(job_result, metrics.n),
    DOUBLE(job_result, metrics.kld.value),
    DOUBLE(job_result, metrics.kld.lo),
    DOUBLE(job_result, metrics.kld.hi),
    DOUBLE(job_result, metrics.kld_median),
    DOUBLE(job_result, metrics.kld_p99),
    DOUBLE(job_result, metrics.kld_p999),
    DOUBLE(job_result, metrics.kld_max),
    DOUBLE(job_result, metrics.ppl_ref),
    DOUBLE(job_result, metrics.ppl),
    DOUBLE(job_result, metrics.dppl.value),
    DOUBLE(job_result, metrics.dppl.lo),
    DOUBLE(job_result, metrics.dppl.hi),
    DOUBLE(job_result, metrics.top1.value),
    DOUBLE(job_result, metrics.top1.lo),
    DOUBLE(job_result, metrics.top1.hi),
    DOUBLE(job_result, metrics.rms_dp.value),
    DOUBLE(job_result, metrics.rms_dp.lo),
    DOUBLE(job_result, metrics.rms_dp.hi),
    TEXT(job_result, verdict.text),
    TEXT(job_result, verdict.note),
    U64(job_result, bytes.values),
    U64(job_result, bytes.total),
    U64(job_result, bytes.payload),
    U64(job_result, bytes.metadata),
    U64(job_result, bytes.exact),
    U64(job_result, bytes.open),
    U64(job_result, bytes.open_values),
    U64(job_result, sequences),
    U64(job_result, positions),
    U64(job_result, side_bytes),
    DOUBLE(job_result, ratio),
    DOUBLE(job_result, bits_per_value),
    DOUBLE(job_result, ratio_ctx),
    DOUBLE(job_result, ratio_128k),
    DOUBLE(job_result, encode_gbs),
    DOUBLE(job_result, decode_gbs),
    DOUBLE(job_result, seconds),
    DOUBLE(job_result, ms_per_token_layer),
    U64(job_result, peak_rss),
    BOOL(job_result, reference_kept),
    DOUBLE(job_result, score),
    DOUBLE(job_result, score_ref),
    TEXT(job_result, warning),
    { 0 },
};

static const field layer_fields[] = {
    INT(layer_result, layer),
    INT(layer_result, stream),
    TEXT(layer_result, codec),
    DOUBLE(layer_result, error),
    DOUBLE(layer_result, query_error),
    U64(layer_result, bytes.values),
    U64(layer_result, bytes.total),
    U64(layer_result, bytes.payload),
    U64(layer_result, bytes.metadata),
    U64(layer_result, bytes.exact),
    U64(layer_result, bytes.open),
    U64(layer_result, bytes.open_values),
    { 0 },
};

static const field block_fields[] = {
    INT(block_metrics, passage),    INT(block_metrics, block),    INT(block_metrics, n),
    DOUBLE(block_metrics, nll_ref), DOUBLE(block_metrics, nll),   DOUBLE(block_metrics, kld),
    DOUBLE(block_metrics, dp2),     INT(block_metrics, same_top), { 0 },
};

static const field item_fields[] = {
    TEXT(suite_item, label),
    DOUBLE(suite_item, x),
    DOUBLE(suite_item, y),
    U64(suite_item, n),
    DOUBLE(suite_item, second),
    DOUBLE(suite_item, score),
    DOUBLE(suite_item, kld),
    DOUBLE(suite_item, score_ref),
    TEXT(suite_item, note),
    TEXT(suite_item, said_ref),
    TEXT(suite_item, said),
    DOUBLE(suite_item, agreement),
    { 0 },
};

static cJSON *value_to_json(const field *f, const char *at)
{
    char digits[24];
    switch (f->type) {
    case FIELD_TEXT: return cJSON_CreateString(at);
    case FIELD_INT: return cJSON_CreateNumber(*(const int *)at);
    case FIELD_BOOL: return cJSON_CreateBool(*(const bool *)at);
    case FIELD_DOUBLE: return number_json(*(const double *)at);
    case FIELD_U64: break;
    }
    snprintf(digits, sizeof digits, "%" PRIu64, *(const uint64_t *)at);
    return cJSON_CreateString(digits);
}

static cJSON *struct_to_json(const field *fields, const void *from)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json != NULL;
    for (const field *f = fields; ok && f->name; f++) {
        cJSON *value = value_to_json(f, (const char *)from + f->offset);
        ok = value && cJSON_AddItemToObject(json, f->name, value);
        if (!ok) cJSON_Delete(value);
    }
    if (ok) return json;
    cJSON_Delete(json);
    return NULL;
}

static bool value_from_json(const field *f, const cJSON *value, char *at)
{
    switch (f->type) {
    case FIELD_TEXT:
        if (!cJSON_IsString(value) || strlen(value->valuestring) >= f->room) return false;
        strcpy(at, value->valuestring);
        return true;
    case FIELD_INT: *(int *)at = value->valueint; return cJSON_IsNumber(value);
    case FIELD_BOOL: *(bool *)at = cJSON_IsTrue(value); return cJSON_IsBool(value);
    case FIELD_DOUBLE:
        *(double *)at = cJSON_IsNumber(value) ? value->valuedouble : NAN;
        return cJSON_IsNumber(value) || cJSON_IsNull(value);
    case FIELD_U64: break;
    }
    if (!cJSON_IsString(value)) return false;
    char *end;
    *(uint64_t *)at = strtoull(value->valuestring, &end, 10);
    return *value->valuestring && !*end;
}

static bool struct_from_json(const field *fields, const cJSON *json, void *to, fault *f)
{
    for (const field *one = fields; one->name; one++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, one->name);
        if (!value || !value_from_json(one, value, (char *)to + one->offset))
            return fault_set(f, FAULT_INTERNAL, "a message between processes: field \"%s\" is missing or malformed",
                             one->name);
    }
    return true;
}

static bool add_array(cJSON *json, const char *name, const field *fields, const void *from, size_t size, size_t n)
{
    cJSON *array = cJSON_AddArrayToObject(json, name);
    for (size_t i = 0; array && i < n; i++) {
        cJSON *item = struct_to_json(fields, (const char *)from + i * size);
        if (!item || !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return array != NULL;
}

/* A malloc'd array of n structs, NULL with a fault. */
static void *read_array(const cJSON *json, const char *name, const field *fields, size_t size, size_t *n, fault *f)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, name);
    if (!cJSON_IsArray(array)) {
        fault_set(f, FAULT_INTERNAL, "a message between processes: no list \"%s\"", name);
        return NULL;
    }
    size_t count = 0;
    char *items = calloc((size_t)cJSON_GetArraySize(array) + 1, size);
    if (!items) fault_memory(f, name);
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (!items || !struct_from_json(fields, item, items + count * size, f)) {
            free(items);
            return NULL;
        }
        count++;
    }
    *n = count;
    return items;
}

cJSON *job_to_json(const job *j)
{
    cJSON *json = struct_to_json(job_fields, j);
    cJSON *plugins = json ? cJSON_AddArrayToObject(json, "plugins") : NULL;
    bool ok = plugins != NULL;
    for (int i = 0; ok && i < JOB_PLUGINS && j->plugins[i][0]; i++) {
        cJSON *path = cJSON_CreateString(j->plugins[i]);
        ok = path && cJSON_AddItemToArray(plugins, path);
    }
    if (ok) return json;
    cJSON_Delete(json);
    return NULL;
}

bool job_from_json(const cJSON *json, job *j, fault *f)
{
    *j = (job){ 0 };
    if (!struct_from_json(job_fields, json, j, f)) return false;
    const cJSON *path, *plugins = cJSON_GetObjectItemCaseSensitive(json, "plugins");
    int n = 0;
    cJSON_ArrayForEach(path, plugins)
    {
        if (n == JOB_PLUGINS || !cJSON_IsString(path) || strlen(path->valuestring) >= sizeof j->plugins[0])
            return fault_set(f, FAULT_INTERNAL, "a message between processes: the list of plugins is malformed");
        strcpy(j->plugins[n++], path->valuestring);
    }
    return true;
}

cJSON *job_result_to_json(const job_result *r)
{
    cJSON *json = struct_to_json(result_fields, r), *spent = json ? stopwatch_to_json(&r->spent) : NULL;
    const bool added = spent && cJSON_AddItemToObject(json, "spent", spent);
    if (spent && !added) cJSON_Delete(spent);
    if (added && add_array(json, "layers", layer_fields, r->layers, sizeof *r->layers, r->n_layer_results) &&
        add_array(json, "blocks", block_fields, r->blocks, sizeof *r->blocks, r->n_blocks) &&
        add_array(json, "items", item_fields, r->items, sizeof *r->items, r->n_items))
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool job_result_from_json(const cJSON *json, job_result *r, fault *f)
{
    *r = (job_result){ 0 };
    if (!struct_from_json(result_fields, json, r, f)) return false;
    if (!stopwatch_from_json(cJSON_GetObjectItemCaseSensitive(json, "spent"), &r->spent))
        return fault_set(f, FAULT_INTERNAL, "a message between processes: no object \"spent\"");
    r->layers = read_array(json, "layers", layer_fields, sizeof *r->layers, &r->n_layer_results, f);
    if (r->layers) r->blocks = read_array(json, "blocks", block_fields, sizeof *r->blocks, &r->n_blocks, f);
    if (r->blocks) r->items = read_array(json, "items", item_fields, sizeof *r->items, &r->n_items, f);
    if (r->items) return true;
    job_result_release(r);
    return false;
}
