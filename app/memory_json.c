/* The table of `kvant memory`, as JSON. */
#include <math.h>

#include "app/memory_table.h"
#include "app/number.h"

static cJSON *context_json(const memory_table *t, const memory_figures *x, int ctx)
{
    cJSON *json = cJSON_CreateObject();
    number_put(json, "ctx", ctx);
    number_put(json, "cells", x->cells);
    number_put(json, "bytes", memory_cache_bytes(&t->plan, x));
    number_put(json, "peak_bytes", t->plan.sequences * x->peak + x->side);
    number_put(json, "f16_bytes", t->plan.sequences * x->f16);
    number_put(json, "side_bytes", x->side);
    number_put(json, "bytes_per_token", x->bytes / x->cells);
    number_put(json, "bits_per_value", memory_bits(x));
    number_put(json, "ratio", t->plan.sequences * x->f16 / memory_cache_bytes(&t->plan, x));
    number_put(json, "need_bytes", memory_need(&t->plan, x));
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
        number_put(json, "ceiling", row->ceiling);
        cJSON_AddBoolToObject(json, "ceiling_is_limit", row->ceiling > MEMORY_CTX - t->plan.round);
        number_put(json, "ceiling_need_bytes", row->ceiling ? memory_need(&t->plan, &row->full) : NAN);
        if (t->need_ctx) cJSON_AddBoolToObject(json, "reaches", memory_row_reaches(t, row));
    }
    if (row->measured) {
        cJSON *measured = cJSON_AddObjectToObject(json, "measured");
        number_put(measured, "ctx", t->measure);
        number_put(measured, "bytes", row->measured_bytes);
        number_put(measured, "computed_bytes", row->computed.bytes);
        number_put(measured, "deviation_percent", memory_deviation(row));
        number_put(measured, "side_bytes", row->measured_side);
        number_put(measured, "computed_side_bytes", row->computed.side);
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
    number_put(json, "layers", s->n_blocks);
    number_put(json, "layers_with_cache", s->n_layers);
    number_put(json, "ctx_train", s->ctx_train ? s->ctx_train : (double)NAN);
    if (s->note[0]) cJSON_AddStringToObject(json, "note", s->note);
    return json;
}

cJSON *memory_table_json(const memory_table *t)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "model", model_json(t));
    number_put(json, "sequences", t->plan.sequences);
    number_put(json, "round", t->plan.round);
    number_put(json, "weights_bytes", t->plan.weights);
    if (t->budget > 0) number_put(json, "budget_bytes", t->budget);
    if (t->need_ctx) number_put(json, "need_ctx", t->need_ctx);
    cJSON *list = cJSON_AddArrayToObject(json, "configs");
    for (size_t i = 0; i < t->n_rows; i++)
        cJSON_AddItemToArray(list, row_json(t, &t->rows[i]));
    return json;
}
