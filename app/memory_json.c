/* The table of `kvant memory`, as JSON. */
#include <math.h>

#include "app/memory_table.h"
#include "app/number.h"

static void put(cJSON *json, const char *name, double value)
{
    cJSON_AddItemToObject(json, name, number_json(value));
}

static cJSON *context_json(const memory_table *t, const memory_figures *x, int ctx)
{
    cJSON *json = cJSON_CreateObject();
    put(json, "ctx", ctx);
    put(json, "cells", x->cells);
    put(json, "bytes", memory_cache_bytes(&t->plan, x));
    put(json, "peak_bytes", t->plan.sequences * x->peak + x->side);
    put(json, "f16_bytes", t->plan.sequences * x->f16);
    put(json, "side_bytes", x->side);
    put(json, "bytes_per_token", x->bytes / x->cells);
    put(json, "bits_per_value", memory_bits(x));
    put(json, "ratio", t->plan.sequences * x->f16 / memory_cache_bytes(&t->plan, x));
    put(json, "need_bytes", memory_need(&t->plan, x));
    return json;
}

static cJSON *row_json(const memory_table *t, const memory_row *row)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "config", row->config->text);
    if (!row->known) {
        cJSON_AddStringToObject(json, "problem", row->problem.text);
        return json;
    }
    cJSON_AddBoolToObject(json, "exact", !row->at[t->n_ctx - 1].about);
    cJSON_AddBoolToObject(json, "calibrates", row->at[t->n_ctx - 1].calibrates);
    cJSON *list = cJSON_AddArrayToObject(json, "contexts");
    for (size_t i = 0; i < t->n_ctx; i++)
        cJSON_AddItemToArray(list, context_json(t, &row->at[i], t->ctx[i]));
    if (t->budget > 0) {
        put(json, "ceiling", row->ceiling);
        cJSON_AddBoolToObject(json, "ceiling_is_limit", row->ceiling > MEMORY_CTX - t->plan.round);
        put(json, "ceiling_need_bytes", row->ceiling ? memory_need(&t->plan, &row->full) : NAN);
        if (t->need_ctx) cJSON_AddBoolToObject(json, "reaches", memory_row_reaches(t, row));
    }
    if (row->measured) {
        cJSON *measured = cJSON_AddObjectToObject(json, "measured");
        put(measured, "ctx", t->measure);
        put(measured, "bytes", row->measured_bytes);
        put(measured, "computed_bytes", row->computed.bytes);
        put(measured, "deviation_percent", memory_deviation(row));
        put(measured, "side_bytes", row->measured_side);
        put(measured, "computed_side_bytes", row->computed.side);
    }
    return json;
}

static cJSON *model_json(const memory_table *t)
{
    const memory_shape *s = t->plan.shape;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "asked", t->model);
    cJSON_AddStringToObject(json, "name", s->name);
    cJSON_AddStringToObject(json, "shape", t->plan.model);
    put(json, "layers", s->n_blocks);
    put(json, "layers_with_cache", s->n_layers);
    put(json, "ctx_train", s->ctx_train ? s->ctx_train : (double)NAN);
    if (s->note[0]) cJSON_AddStringToObject(json, "note", s->note);
    return json;
}

cJSON *memory_table_json(const memory_table *t)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "model", model_json(t));
    put(json, "sequences", t->plan.sequences);
    put(json, "round", t->plan.round);
    put(json, "weights_bytes", t->plan.weights);
    if (t->budget > 0) put(json, "budget_bytes", t->budget);
    if (t->need_ctx) put(json, "need_ctx", t->need_ctx);
    cJSON *list = cJSON_AddArrayToObject(json, "configs");
    for (size_t i = 0; i < t->n_rows; i++)
        cJSON_AddItemToArray(list, row_json(t, &t->rows[i]));
    return json;
}
