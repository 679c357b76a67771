#include "app/predict_wire.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/number.h"

static const char *const state_names[] = { "none", "known", "partial", "wrong" };
enum { STATES = sizeof state_names / sizeof *state_names };

static const struct {
    const char *name;
    size_t offset;
} figures[] = {
    { "bits_per_value", offsetof(prediction, bits_per_value) },
    { "configs", offsetof(prediction, configs) },
    { "counted", offsetof(prediction, counted) },
    { "most_bits", offsetof(prediction, most_bits) },
    { "k_bits", offsetof(prediction, k_bits) },
    { "v_bits", offsetof(prediction, v_bits) },
    { "ratio", offsetof(prediction, ratio) },
    { "ratio_ctx", offsetof(prediction, ratio_ctx) },
    { "ratio_128k", offsetof(prediction, ratio_128k) },
    { "side_bytes", offsetof(prediction, side_bytes) },
    { "values", offsetof(prediction, values) },
    { "bytes", offsetof(prediction, bytes) },
    { "peak_bytes", offsetof(prediction, peak_bytes) },
};
enum { FIGURES = sizeof figures / sizeof *figures };

static bool read_text(const cJSON *json, const char *name, char *to, size_t room)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    if (!text || strlen(text) >= room) return false;
    strcpy(to, text);
    return true;
}

static bool read_number(const cJSON *json, const char *name, double most, double *to)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(json, name);
    if (!cJSON_IsNumber(n) || !(n->valuedouble >= 0) || !(n->valuedouble <= most)) return false;
    *to = n->valuedouble;
    return true;
}

cJSON *prediction_question_json(const prediction_question *q)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "id", q->id);
    cJSON_AddStringToObject(json, "config", q->config);
    cJSON_AddStringToObject(json, "model", q->model);
    cJSON_AddNumberToObject(json, "ctx", q->ctx);
    cJSON_AddBoolToObject(json, "many", q->many);
    cJSON_AddStringToObject(json, "db", q->database);
    return json;
}

bool prediction_question_read(const cJSON *json, prediction_question *q)
{
    double id, ctx;
    if (!read_number(json, "id", UINT32_MAX, &id) || !read_number(json, "ctx", 1 << 24, &ctx) || ctx < 1) return false;
    q->id = (uint32_t)id;
    q->ctx = (int)ctx;
    q->many = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "many"));
    return read_text(json, "config", q->config, sizeof q->config) &&
           read_text(json, "model", q->model, sizeof q->model) &&
           read_text(json, "db", q->database, sizeof q->database);
}

cJSON *prediction_json(const prediction *p, uint32_t id)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "id", id);
    cJSON_AddStringToObject(json, "state", state_names[p->state]);
    cJSON_AddBoolToObject(json, "about", p->about);
    cJSON_AddBoolToObject(json, "calibrates", p->calibrates);
    cJSON_AddNumberToObject(json, "column", p->column);
    cJSON_AddStringToObject(json, "config", p->config);
    cJSON_AddStringToObject(json, "text", p->text);
    for (size_t i = 0; i < FIGURES; i++) {
        double value;
        memcpy(&value, (const char *)p + figures[i].offset, sizeof value);
        cJSON_AddItemToObject(json, figures[i].name, number_json(value));
    }
    return json;
}

bool prediction_read(const cJSON *json, prediction *p, uint32_t *id)
{
    char state[16];
    double number, column;
    if (!read_number(json, "id", UINT32_MAX, &number) || !read_number(json, "column", INT_MAX, &column) ||
        !read_text(json, "state", state, sizeof state))
        return false;
    int found = 0;
    while (found < STATES && strcmp(state_names[found], state) != 0)
        found++;
    if (found == STATES) return false;
    prediction read = { .state = (prediction_state)found,
                        .about = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "about")),
                        .calibrates = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "calibrates")),
                        .column = (int)column };
    if (!read_text(json, "config", read.config, sizeof read.config) ||
        !read_text(json, "text", read.text, sizeof read.text))
        return false;
    for (size_t i = 0; i < FIGURES; i++) {
        double value;
        if (!read_number(json, figures[i].name, 1e19, &value)) return false;
        memcpy((char *)&read + figures[i].offset, &value, sizeof value);
    }
    memcpy(read.asked, p->asked, sizeof read.asked);
    *p = read;
    *id = (uint32_t)number;
    return true;
}
