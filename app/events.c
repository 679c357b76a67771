#include "app/events.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/clock.h"

static const char variable[] = "KVANT_EVENTS";
static const char *const states[] = { "running", "stopped", "ended" };
#define MOST_COUNT 9e15 /* whole numbers a double holds exactly */

/* ---- writing ---- */

void events_open(events *e)
{
    *e = (events){ .fd = -1 };
    const char *text = getenv(variable);
    char *end;
    const long fd = text && *text ? strtol(text, &end, 10) : -1;
    if (fd <= STDERR_FILENO || fd > 65535 || *end || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0) return;
    e->fd = (int)fd;
    unsetenv(variable);
}

/* Frees json. Whole lines, so that a screen that reads never waits for the rest of one. */
static void send(events *e, cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (!text) return;
    const size_t n = strlen(text);
    text[n] = '\n'; /* over the terminating zero */
    for (size_t sent = 0; sent <= n;) {
        const ssize_t done = write(e->fd, text + sent, n + 1 - sent);
        if (done > 0) sent += (size_t)done;
        if (done >= 0 || errno == EINTR) continue;
        close(e->fd);
        e->fd = -1;
        break;
    }
    cJSON_free(text);
}

static cJSON *start(const char *name)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "event", name);
    return json;
}

static void add_real(cJSON *json, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(json, name, value);
    else
        cJSON_AddNullToObject(json, name);
}

static bool is_news(const events *e, const event_worker *w, double now)
{
    const event_worker *last = &e->last[w->slot];
    return now - e->told[w->slot] >= 0.1 || last->state != w->state || last->pid != w->pid ||
           strcmp(last->what, w->what) != 0 || strcmp(last->label, w->label) != 0;
}

void events_worker(events *e, const event_worker *w)
{
    const double now = clock_seconds();
    if (e->fd < 0 || w->slot < 0 || w->slot >= EVENTS_SLOTS || !is_news(e, w, now)) return;
    e->told[w->slot] = now;
    e->last[w->slot] = *w;
    cJSON *json = start("worker");
    cJSON_AddNumberToObject(json, "slot", w->slot);
    cJSON_AddNumberToObject(json, "pid", (double)w->pid);
    cJSON_AddStringToObject(json, "label", w->label);
    cJSON_AddStringToObject(json, "what", w->what);
    cJSON_AddNumberToObject(json, "done", (double)w->done);
    cJSON_AddNumberToObject(json, "total", (double)w->total);
    cJSON_AddStringToObject(json, "unit", w->unit);
    add_real(json, "kld", w->kld);
    add_real(json, "tokens_per_s", w->tokens_per_s);
    add_real(json, "left_s", w->left_s);
    cJSON_AddStringToObject(json, "state", states[w->state]);
    send(e, json);
}

void events_whole(events *e, const event_whole *w)
{
    if (e->fd < 0) return;
    cJSON *json = start("whole");
    cJSON_AddStringToObject(json, "what", w->what);
    cJSON_AddNumberToObject(json, "done", (double)w->done);
    cJSON_AddNumberToObject(json, "total", (double)w->total);
    cJSON_AddNumberToObject(json, "failed", (double)w->failed);
    send(e, json);
}

void events_run(events *e, const event_run *r)
{
    if (e->fd < 0) return;
    cJSON *json = start("run");
    cJSON_AddNumberToObject(json, "id", (double)r->id);
    cJSON_AddBoolToObject(json, "done", r->done);
    send(e, json);
}

/* ---- reading ---- */

static void text_of(const cJSON *json, const char *name, char *to, size_t capacity)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    snprintf(to, capacity, "%s", text ? text : "");
}

static bool count_of(const cJSON *json, const char *name, uint64_t *n)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= MOST_COUNT)) return false;
    *n = (uint64_t)item->valuedouble;
    return true;
}

static double real_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static event_kind read_worker(const cJSON *json, event *out)
{
    event_worker *w = &out->worker;
    uint64_t slot, pid;
    char state[EVENTS_WORD];
    if (!count_of(json, "slot", &slot) || slot >= EVENTS_SLOTS || !count_of(json, "pid", &pid)) return EVENT_NONE;
    if (!count_of(json, "done", &w->done) || !count_of(json, "total", &w->total)) return EVENT_NONE;
    w->slot = (int)slot;
    w->pid = (int64_t)pid;
    text_of(json, "label", w->label, sizeof w->label);
    text_of(json, "what", w->what, sizeof w->what);
    text_of(json, "unit", w->unit, sizeof w->unit);
    text_of(json, "state", state, sizeof state);
    w->kld = real_of(json, "kld");
    w->tokens_per_s = real_of(json, "tokens_per_s");
    w->left_s = real_of(json, "left_s");
    for (int i = WORKER_RUNNING; i <= WORKER_ENDED; i++) {
        if (strcmp(states[i], state) != 0) continue;
        w->state = (worker_state)i;
        return EVENT_WORKER;
    }
    return EVENT_NONE;
}

static event_kind read_whole(const cJSON *json, event *out)
{
    event_whole *w = &out->whole;
    text_of(json, "what", w->what, sizeof w->what);
    const bool ok =
        count_of(json, "done", &w->done) && count_of(json, "total", &w->total) && count_of(json, "failed", &w->failed);
    return ok ? EVENT_WHOLE : EVENT_NONE;
}

static event_kind read_run(const cJSON *json, event *out)
{
    uint64_t id;
    const cJSON *done = cJSON_GetObjectItemCaseSensitive(json, "done");
    if (!count_of(json, "id", &id) || !cJSON_IsBool(done)) return EVENT_NONE;
    out->run = (event_run){ (int64_t)id, cJSON_IsTrue(done) };
    return EVENT_RUN;
}

event_kind event_parse(const char *line, event *out)
{
    static const struct {
        const char *name;
        event_kind (*read)(const cJSON *json, event *out);
    } kinds[] = { { "worker", read_worker }, { "whole", read_whole }, { "run", read_run } };
    memset(out, 0, sizeof *out);
    cJSON *json = cJSON_Parse(line);
    char name[EVENTS_WORD];
    text_of(json, "event", name, sizeof name);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0) out->kind = kinds[i].read(json, out);
    cJSON_Delete(json);
    return out->kind;
}
