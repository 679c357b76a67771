#include "app/generate_job.h"

#include <math.h>
#include <stddef.h>

#include "app/number.h"

cJSON *generate_job_json(const generate_job *j)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *run = job_to_json(&j->job);
    if (!json || !run || !cJSON_AddItemToObject(json, "job", run)) {
        cJSON_Delete(json);
        cJSON_Delete(run);
        return NULL;
    }
    bool ok = cJSON_AddBoolToObject(json, "exact", j->exact) && cJSON_AddNumberToObject(json, "form", j->form) &&
              cJSON_AddNumberToObject(json, "tokens", j->tokens) && number_put(json, "temperature", j->temperature);
    if (ok && j->prompt) ok = cJSON_AddStringToObject(json, "prompt", j->prompt);
    if (ok) return json;
    cJSON_Delete(json);
    return NULL;
}

/* A whole number from 0 to most. */
static bool whole(const cJSON *json, const char *name, int most, int *to)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(json, name);
    if (!cJSON_IsNumber(x) || !(x->valuedouble >= 0 && x->valuedouble <= most) ||
        x->valuedouble != floor(x->valuedouble))
        return false;
    *to = (int)x->valuedouble;
    return true;
}

bool generate_job_read(const cJSON *json, generate_job *j, fault *f)
{
    int form = 0;
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(json, "job");
    const cJSON *temperature = cJSON_GetObjectItemCaseSensitive(json, "temperature");
    *j = (generate_job){ 0 };
    if (!run || !whole(json, "form", GENERATE_FORMS - 1, &form) ||
        !whole(json, "tokens", GENERATE_TOKENS, &j->tokens) || !cJSON_IsNumber(temperature) ||
        !(temperature->valuedouble >= 0))
        return fault_set(f, FAULT_USAGE, "generate-child: standard input is no request; kvant starts it itself");
    j->exact = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "exact"));
    j->form = (generate_form)form;
    j->temperature = temperature->valuedouble;
    j->prompt = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "prompt"));
    return job_from_json(run, &j->job, f);
}

/* ---- figures ---- */

static const struct {
    const char *name;
    size_t offset;
} flags[] = {
    { "ended", offsetof(generate_figures, ended) },
    { "full", offsetof(generate_figures, full) },
    { "interrupted", offsetof(generate_figures, interrupted) },
}, counts[] = {
    { "prompt_tokens", offsetof(generate_figures, prompt) },
    { "tokens", offsetof(generate_figures, tokens) },
    { "positions", offsetof(generate_figures, positions) },
}, reals[] = {
    { "read_s", offsetof(generate_figures, read_s) },
    { "first_s", offsetof(generate_figures, first_s) },
    { "generate_s", offsetof(generate_figures, generate_s) },
    { "cache_bytes", offsetof(generate_figures, cache_bytes) },
    { "f16_bytes", offsetof(generate_figures, f16_bytes) },
    { "side_bytes", offsetof(generate_figures, side_bytes) },
};
enum {
    FLAGS = sizeof flags / sizeof *flags,
    COUNTS = sizeof counts / sizeof *counts,
    REALS = sizeof reals / sizeof *reals
};

cJSON *generate_figures_json(const generate_figures *x)
{
    const char *from = (const char *)x;
    cJSON *json = cJSON_CreateObject();
    for (int i = 0; i < FLAGS; i++)
        cJSON_AddBoolToObject(json, flags[i].name, *(const bool *)(from + flags[i].offset));
    for (int i = 0; i < COUNTS; i++)
        number_put(json, counts[i].name, *(const int *)(from + counts[i].offset));
    for (int i = 0; i < REALS; i++)
        number_put(json, reals[i].name, *(const double *)(from + reals[i].offset));
    return json;
}

bool generate_figures_read(const cJSON *json, generate_figures *x)
{
    char *to = (char *)x;
    *x = (generate_figures){ 0 };
    for (int i = 0; i < FLAGS; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, flags[i].name);
        if (!cJSON_IsBool(value)) return false;
        *(bool *)(to + flags[i].offset) = cJSON_IsTrue(value);
    }
    for (int i = 0; i < COUNTS; i++)
        if (!whole(json, counts[i].name, INT32_MAX, (int *)(to + counts[i].offset))) return false;
    for (int i = 0; i < REALS; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, reals[i].name);
        if (!cJSON_IsNumber(value) && !cJSON_IsNull(value)) return false;
        *(double *)(to + reals[i].offset) = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    }
    return true;
}
