/* Reading a plan, which may come from anywhere. */
#include "app/plan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

typedef struct reader {
    plan *p;
    const char *path;
    size_t line;     /* the line at work, from 1 */
    size_t expected; /* cells the header announces */
    char (*ids)[HASH_HEX];
} reader;

#define BAD(r, f, ...) (fault_set(f, FAULT_INPUT, __VA_ARGS__), fault_prefix(f, "%s:%zu", (r)->path, (r)->line))

/* ---- fields ---- */

static const cJSON *field(const cJSON *json, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(json, name);
}

static bool take_text(const reader *r, const cJSON *json, const char *name, char *to, size_t room, fault *f)
{
    const char *text = cJSON_GetStringValue(field(json, name));
    if (!text) return BAD(r, f, "\"%s\" is missing or no text", name);
    if (strlen(text) >= room) return BAD(r, f, "\"%s\" is longer than %zu characters", name, room - 1);
    strcpy(to, text);
    return true;
}

static bool take_hash(const reader *r, const cJSON *json, const char *name, bool may_be_empty, char to[HASH_HEX],
                      fault *f)
{
    if (!take_text(r, json, name, to, HASH_HEX, f)) return false;
    return hash_is(to) || (may_be_empty && !*to) ||
           BAD(r, f, "\"%s\" is no SHA-256 in lower-case hexadecimal digits", name);
}

static bool take_number(const reader *r, const cJSON *json, const char *name, double least, double most, double *to,
                        fault *f)
{
    const cJSON *n = field(json, name);
    if (!cJSON_IsNumber(n) || !(n->valuedouble >= least && n->valuedouble <= most) ||
        floor(n->valuedouble) != n->valuedouble)
        return BAD(r, f, "\"%s\" is missing or no whole number from %.0f to %.0f", name, least, most);
    *to = n->valuedouble;
    return true;
}

static bool take_int(const reader *r, const cJSON *json, const char *name, int least, int most, int *to, fault *f)
{
    double n = 0;
    if (!take_number(r, json, name, least, most, &n, f)) return false;
    *to = (int)n;
    return true;
}

/* ---- the header ---- */

static bool take_version(const reader *r, const cJSON *json, fault *f)
{
    const cJSON *version = field(json, "kvant_plan");
    if (!cJSON_IsNumber(version)) return BAD(r, f, "not the header of a plan: no \"kvant_plan\"");
    return version->valuedouble == PLAN_VERSION ||
           BAD(r, f, "a plan of version %g; this kvant reads version %d", version->valuedouble, PLAN_VERSION);
}

static bool take_model(const reader *r, const cJSON *json, fault *f)
{
    plan *p = r->p;
    const cJSON *model = field(json, "model");
    if (!cJSON_IsObject(model)) return BAD(r, f, "\"model\" is missing");
    return take_hash(r, model, "hash", false, p->model_hash, f) &&
           take_text(r, model, "name", p->model_name, sizeof p->model_name, f) &&
           take_text(r, model, "path", p->model_path, sizeof p->model_path, f);
}

static bool take_the_text(const reader *r, const cJSON *json, fault *f)
{
    plan *p = r->p;
    char kind[16];
    const cJSON *text = field(json, "text");
    if (!cJSON_IsObject(text)) return BAD(r, f, "\"text\" is missing");
    if (!take_text(r, text, "kind", kind, sizeof kind, f)) return false;
    p->self = strcmp(kind, "self") == 0;
    if (!p->self && strcmp(kind, "file") != 0)
        return BAD(r, f, "\"kind\" is \"%s\"; a text is \"file\" or \"self\"", kind);
    if (!take_hash(r, text, "hash", p->self, p->text_hash, f)) return false;
    return p->self || (take_text(r, text, "name", p->text_name, sizeof p->text_name, f) &&
                       take_text(r, text, "path", p->text_path, sizeof p->text_path, f));
}

static bool take_protocol(const reader *r, const cJSON *json, fault *f)
{
    char name[16];
    if (!take_text(r, json, "protocol", name, sizeof name, f)) return false;
    r->p->protocol = strcmp(name, "snapshot") == 0 ? PROTOCOL_SNAPSHOT : PROTOCOL_STREAM;
    return strcmp(name, protocol_name(r->p->protocol)) == 0 ||
           BAD(r, f, "\"protocol\" is \"%s\"; there are \"stream\" and \"snapshot\"", name);
}

static bool take_numbers(reader *r, const cJSON *json, fault *f)
{
    plan *p = r->p;
    const cJSON *at_most = field(json, "at_most");
    const bool snapshot = p->protocol == PROTOCOL_SNAPSHOT;
    double seed = 0, cells = 0;
    if (!take_int(r, json, "ctx", 4, 1 << 24, &p->ctx, f) ||
        !take_int(r, json, "eval", snapshot ? 2 : 0, snapshot ? 1 << 24 : 0, &p->eval, f) ||
        !take_int(r, json, "passages", 1, 1000000, &p->passages, f) ||
        !take_number(r, json, "seed", 0, 9007199254740992.0, &seed, f) ||
        !take_number(r, json, "cells", 0, PLAN_CELLS, &cells, f))
        return false;
    if (!cJSON_IsBool(at_most)) return BAD(r, f, "\"at_most\" is missing, or neither true nor false");
    p->at_most = cJSON_IsTrue(at_most);
    p->seed = (uint64_t)seed;
    r->expected = (size_t)cells;
    return true;
}

static bool take_header(reader *r, const cJSON *json, fault *f)
{
    plan *p = r->p;
    if (!take_version(r, json, f) || !take_text(r, json, "kvant", p->version, sizeof p->version, f) ||
        !take_text(r, json, "engine", p->engine, sizeof p->engine, f) || !take_model(r, json, f) ||
        !take_the_text(r, json, f) || !take_protocol(r, json, f) || !take_numbers(r, json, f) ||
        !take_hash(r, json, "calibration", true, p->calibration, f))
        return false;
    r->ids = calloc(r->expected + 1, sizeof *r->ids);
    return r->ids || fault_memory(f, "the plan");
}

/* ---- cells ---- */

static bool take_cell(reader *r, const cJSON *json, fault *f)
{
    char id[HASH_HEX], now[HASH_HEX], config[JOB_CONFIG];
    plan *p = r->p;
    if (p->n == r->expected)
        return BAD(r, f, "one cell more than the %zu that the header announces; cells are added by planning again",
                   r->expected);
    if (!take_hash(r, json, "cell", false, id, f) || !take_text(r, json, "config", config, sizeof config, f))
        return false;
    plan_cell_id(p, config, now);
    if (strcmp(id, now) != 0)
        return BAD(r, f, "the cell %.16s... is not %s under this header (that is %.16s...): one of them was changed",
                   id, config, now);
    strcpy(r->ids[p->n], id);
    return plan_add(p, config, f);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of two cells with one id the later is the duplicate. */
static bool check_duplicates(reader *r, fault *f)
{
    const size_t n = r->p->n;
    const char **sorted = calloc(n + 1, sizeof *sorted);
    if (!sorted) return fault_memory(f, "the plan");
    for (size_t i = 0; i < n; i++)
        sorted[i] = r->ids[i];
    qsort(sorted, n, sizeof *sorted, by_id);
    bool ok = true;
    for (size_t i = 1; ok && i < n; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) != 0) continue;
        const size_t one = (size_t)(sorted[i - 1] - r->ids[0]) / HASH_HEX,
                     other = (size_t)(sorted[i] - r->ids[0]) / HASH_HEX;
        r->line = (one > other ? one : other) + 2;
        ok = BAD(r, f, "%s is there already, on line %zu", r->p->configs[one], (one < other ? one : other) + 2);
    }
    free(sorted);
    return ok;
}

/* ---- lines ---- */

static bool take_line(reader *r, char *line, size_t n, fault *f)
{
    if (memchr(line, '\0', n)) return BAD(r, f, "a zero byte: this is no text file");
    if (n > 0 && line[n - 1] == '\r')
        return BAD(r, f, "a carriage return at its end: the file was given Windows line ends on its way");
    if (n == 0) return BAD(r, f, "an empty line");
    cJSON *json = cJSON_ParseWithOpts(line, NULL, true);
    bool ok = cJSON_IsObject(json) || BAD(r, f, "not one JSON object");
    if (ok) ok = r->line == 1 ? take_header(r, json, f) : take_cell(r, json, f);
    cJSON_Delete(json);
    return ok;
}

static bool take_lines(reader *r, char *bytes, size_t n, fault *f)
{
    for (size_t at = 0; at < n;) {
        char *end = memchr(bytes + at, '\n', n - at);
        r->line++;
        if (!end) return BAD(r, f, "cut short: no newline at its end");
        *end = '\0';
        if (!take_line(r, bytes + at, (size_t)(end - bytes) - at, f)) return false;
        at = (size_t)(end - bytes) + 1;
    }
    if (r->line == 0) return fault_set(f, FAULT_INPUT, "%s: empty, not a plan", r->path);
    return r->p->n == r->expected ||
           fault_set(f, FAULT_INPUT, "%s:%zu: the end, after %zu cells; the header announces %zu", r->path, r->line,
                     r->p->n, r->expected);
}

bool plan_read(plan *p, const char *path, fault *f)
{
    *p = (plan){ 0 };
    reader r = { .p = p, .path = path };
    char *bytes = NULL;
    size_t n = 0;
    const bool ok = file_read(path, &bytes, &n, f) && take_lines(&r, bytes, n, f) && check_duplicates(&r, f);
    free(r.ids);
    free(bytes);
    return ok;
}
