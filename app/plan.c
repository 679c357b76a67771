#include "app/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/fingerprint.h"
#include "app/model_hash.h"
#include "base/file.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void plan_free(plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->configs[i]);
    free(p->configs);
    *p = (plan){ 0 };
}

bool plan_add(plan *p, const char *config, fault *f)
{
    if (p->n == PLAN_CELLS) return fault_set(f, FAULT_INPUT, "a plan has at most %d cells", PLAN_CELLS);
    if (p->n == p->room) {
        const size_t room = p->room ? 2 * p->room : 64;
        char **grown = reallocarray(p->configs, room, sizeof *grown);
        if (!grown) return fault_memory(f, "the plan");
        p->configs = grown;
        p->room = room;
    }
    p->configs[p->n] = strdup(config);
    if (!p->configs[p->n]) return fault_memory(f, "the plan");
    p->n++;
    return true;
}

/* ---- what is here ---- */

/* The calibration a job would use; "" when there is none. */
static bool calibration_here(const job *j, const char *model_hash_text, char id[HASH_HEX], fault *f)
{
    char path[PATH_MAX];
    id[0] = '\0';
    fault none = { 0 };
    if (calibration_find(j->calibrations, model_hash_text, j->calibration, path, &none)) return hash_file(path, id, f);
    if (!j->calibration[0]) return true;
    if (f) *f = none;
    return false;
}

static bool model_here(const job *j, char id[HASH_HEX], fault *f)
{
    shelf kept;
    return shelf_open(&kept, j->cache, f) && model_hash(j->model, &kept, id, f);
}

bool plan_describe(plan *p, const job *j, fault *f)
{
    machine here;
    fingerprint_machine(&here);
    *p = (plan){ .self = strcmp(j->text, "self") == 0,
                 .protocol = j->protocol,
                 .ctx = j->ctx,
                 .eval = j->protocol == PROTOCOL_SNAPSHOT ? j->eval : 0,
                 .passages = j->passages,
                 .at_most = j->at_most,
                 .seed = j->seed };
    snprintf(p->version, sizeof p->version, "%s", here.version);
    snprintf(p->engine, sizeof p->engine, "%s", here.engine);
    snprintf(p->model_path, sizeof p->model_path, "%s", j->model);
    snprintf(p->model_name, sizeof p->model_name, "%.*s", PLAN_NAME - 1, file_name(j->model));
    if (!p->self) {
        snprintf(p->text_path, sizeof p->text_path, "%s", j->text);
        snprintf(p->text_name, sizeof p->text_name, "%.*s", PLAN_NAME - 1, file_name(j->text));
        if (!hash_file(j->text, p->text_hash, f)) return fault_prefix(f, "text");
    }
    return model_here(j, p->model_hash, f) && calibration_here(j, p->model_hash, p->calibration, f);
}

/* ---- a cell's identity ---- */

static void add_integer(cJSON *json, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    cJSON_AddRawToObject(json, name, text);
}

void plan_cell_id(const plan *p, const char *config, char id[HASH_HEX])
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "at_most", p->at_most);
    cJSON_AddStringToObject(json, "calibration", p->calibration);
    cJSON_AddStringToObject(json, "config", config);
    add_integer(json, "ctx", (uint64_t)p->ctx);
    add_integer(json, "eval", (uint64_t)p->eval);
    cJSON_AddStringToObject(json, "model", p->model_hash);
    add_integer(json, "passages", (uint64_t)p->passages);
    cJSON_AddStringToObject(json, "protocol", protocol_name(p->protocol));
    add_integer(json, "seed", p->seed);
    cJSON_AddStringToObject(json, "text", p->self ? "self" : p->text_hash);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    hash h;
    hash_start(&h);
    if (text) hash_bytes(&h, text, strlen(text));
    hash_finish(&h, id);
    cJSON_free(text);
}

/* ---- writing ---- */

static cJSON *named_file(const char *file_hash, const char *name, const char *path)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "hash", file_hash);
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddStringToObject(json, "path", path);
    return json;
}

static cJSON *text_json(const plan *p)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "kind", p->self ? "self" : "file");
    cJSON_AddStringToObject(json, "hash", p->text_hash);
    if (p->self) return json;
    cJSON_AddStringToObject(json, "name", p->text_name);
    cJSON_AddStringToObject(json, "path", p->text_path);
    return json;
}

static cJSON *header_json(const plan *p)
{
    cJSON *json = cJSON_CreateObject();
    add_integer(json, "kvant_plan", PLAN_VERSION);
    cJSON_AddStringToObject(json, "kvant", p->version);
    cJSON_AddStringToObject(json, "engine", p->engine);
    cJSON_AddItemToObject(json, "model", named_file(p->model_hash, p->model_name, p->model_path));
    cJSON_AddItemToObject(json, "text", text_json(p));
    cJSON_AddStringToObject(json, "protocol", protocol_name(p->protocol));
    add_integer(json, "ctx", (uint64_t)p->ctx);
    add_integer(json, "eval", (uint64_t)p->eval);
    add_integer(json, "passages", (uint64_t)p->passages);
    cJSON_AddBoolToObject(json, "at_most", p->at_most);
    add_integer(json, "seed", p->seed);
    cJSON_AddStringToObject(json, "calibration", p->calibration);
    add_integer(json, "cells", p->n);
    return json;
}

/* Frees json. False without memory. */
static bool put_line(FILE *to, cJSON *json)
{
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    const bool ok = text && fprintf(to, "%s\n", text) >= 0;
    cJSON_free(text);
    cJSON_Delete(json);
    return ok;
}

static bool put_all(const plan *p, FILE *to)
{
    bool ok = put_line(to, header_json(p));
    for (size_t i = 0; ok && i < p->n; i++) {
        char id[HASH_HEX];
        plan_cell_id(p, p->configs[i], id);
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "cell", id);
        cJSON_AddStringToObject(json, "config", p->configs[i]);
        ok = put_line(to, json);
    }
    return ok;
}

bool plan_write(const plan *p, const char *path, fault *f)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&bytes, &n);
    bool ok = memory && put_all(p, memory);
    if (memory && fclose(memory)) ok = false;
    if (!ok)
        fault_memory(f, "the plan");
    else if (strcmp(path, "-") == 0)
        fwrite(bytes, 1, n, stdout); /* the command's end finds what could not be written */
    else
        ok = file_write(path, bytes, n, f);
    free(bytes);
    return ok;
}

/* ---- running it here ---- */

static bool place(char to[PATH_MAX], const char *planned, bool given, const char *what, const char *option,
                  const char *path, fault *f)
{
    if (given) return true;
    if (access(planned, R_OK) != 0)
        return fault_set(f, FAULT_INPUT, "%s: its %s was %s, which is not here; %s says where it is", path, what,
                         planned, option);
    snprintf(to, PATH_MAX, "%s", planned);
    return true;
}

static bool same(const char *path, const char *what, const char *planned_name, const char *planned,
                 const char *here_name, const char *here, fault *f)
{
    return strcmp(planned, here) == 0 ||
           fault_set(f, FAULT_INPUT, "%s: planned for the %s %s (%.16s...), but %s is another one (%.16s...)", path,
                     what, planned_name, planned, here_name, here);
}

/* A plan without a calibration runs without one, whatever is here. */
static bool settle_calibration(const plan *p, const char *path, job *j, fault *f)
{
    char id[HASH_HEX];
    if (!p->calibration[0]) {
        j->calibration[0] = j->calibrations[0] = '\0';
        return true;
    }
    if (!calibration_here(j, p->model_hash, id, f)) return false;
    if (!id[0])
        return fault_set(f, FAULT_INPUT,
                         "%s: planned for the calibration %.16s..., which is not here; --calibration says "
                         "where it is",
                         path, p->calibration);
    return same(path, "calibration", "of the model", p->calibration, "the one here", id, f);
}

bool plan_settle(const plan *p, const char *path, bool model_given, bool text_given, job *j, fault *f)
{
    char id[HASH_HEX];
    j->protocol = p->protocol;
    j->ctx = p->ctx;
    j->eval = p->eval ? p->eval : j->eval;
    j->passages = p->passages;
    j->at_most = p->at_most;
    j->seed = p->seed;
    if (!place(j->model, p->model_path, model_given, "model", "--model", path, f) || !model_here(j, id, f) ||
        !same(path, "model", p->model_name, p->model_hash, j->model, id, f))
        return false;
    if (p->self) {
        if (text_given && strcmp(j->text, "self") != 0)
            return fault_set(f, FAULT_USAGE, "%s: planned for text sampled from the model, not for %s", path, j->text);
        strcpy(j->text, "self");
    } else {
        if (!place(j->text, p->text_path, text_given, "text", "--text", path, f) || !hash_file(j->text, id, f) ||
            !same(path, "text", p->text_name, p->text_hash, j->text, id, f))
            return false;
    }
    return settle_calibration(p, path, j, f);
}
