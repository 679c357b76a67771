#include "app/worker_events.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { LINE_MOST = 64 << 20 }; /* of an event */

/* ---- fields ---- */

static const char *text_of(const cJSON *event, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, name));
    return text ? text : "";
}

static double number_of(const cJSON *event, const char *name)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(event, name);
    return cJSON_IsNumber(n) ? n->valuedouble : NAN;
}

static int index_of(const cJSON *event, const char *name)
{
    const double n = number_of(event, name);
    return n >= 0 && n < 1e9 ? (int)n : -1;
}

/* ---- one function per event ---- */

static void on_stage(worker_events *e, const cJSON *event)
{
    worker_view *now = &e->now;
    const char *stage = text_of(event, "stage");
    if (strcmp(stage, now->stage) != 0) now->stage_since = clock_seconds();
    snprintf(now->stage, sizeof now->stage, "%s", stage);
    now->passage = index_of(event, "passage");
    now->layer = index_of(event, "layer");
}

static void on_progress(worker_events *e, const cJSON *event)
{
    worker_view *now = &e->now;
    const char *what = text_of(event, "what");
    const double done = number_of(event, "done"), total = number_of(event, "total");
    if (!(done >= 0) || !(total >= 0) || done > 1e15 || total > 1e15) return;
    if (strncmp(what, now->what, sizeof now->what - 1) != 0) now->what_since = clock_seconds();
    snprintf(now->what, sizeof now->what, "%s", what);
    now->done = (uint64_t)done;
    now->total = (uint64_t)total;
    now->kld = number_of(event, "kld");
    now->kept = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "kept"));
}

static void take_result(worker_events *e, const cJSON *event, const char *name, bool *flag)
{
    job_result r;
    *flag = job_result_from_json(cJSON_GetObjectItemCaseSensitive(event, name), &r, &e->fault);
    if (!*flag) {
        e->faulted = true;
        return;
    }
    job_result_release(&e->result);
    e->result = r;
}

static void on_started(worker_events *e, const cJSON *event)
{
    take_result(e, event, "so_far", &e->started);
}

static void on_result(worker_events *e, const cJSON *event)
{
    take_result(e, event, "result", &e->done);
}

static void on_fault(worker_events *e, const cJSON *event)
{
    static const fault_code known[] = { FAULT_NO, FAULT_USAGE, FAULT_INPUT, FAULT_INTERRUPTED };
    fault_code code = FAULT_INTERNAL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (number_of(event, "code") == (double)known[i]) code = known[i];
    fault_set(&e->fault, code, "%s", text_of(event, "text"));
    e->faulted = true;
}

static const struct {
    const char *name;
    void (*take)(worker_events *e, const cJSON *event);
} events[] = {
    { "stage", on_stage },   { "progress", on_progress }, { "started", on_started },
    { "result", on_result }, { "fault", on_fault },
};

static void take_line(worker_events *e, const char *line)
{
    cJSON *event = cJSON_Parse(line);
    const char *name = text_of(event, "event");
    e->last = clock_seconds();
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(name, events[i].name) == 0) events[i].take(e, event);
    cJSON_Delete(event);
}

/* ---- lines ---- */

char *worker_events_room(worker_events *e, size_t more)
{
    if (e->room - e->used >= more) return e->line + e->used;
    size_t room = e->room ? 2 * e->room : 1 << 16;
    while (room - e->used < more)
        room *= 2;
    char *grown = room <= LINE_MOST ? realloc(e->line, room) : NULL;
    if (!grown) return NULL;
    e->line = grown;
    e->room = room;
    return e->line + e->used;
}

void worker_events_take(worker_events *e, size_t n)
{
    e->used += n;
    char *from = e->line, *end;
    while ((end = memchr(from, '\n', e->used - (size_t)(from - e->line)))) {
        *end = '\0';
        take_line(e, from);
        from = end + 1;
    }
    e->used -= (size_t)(from - e->line);
    memmove(e->line, from, e->used);
}

void worker_events_release(worker_events *e)
{
    free(e->line);
    job_result_release(&e->result);
    *e = (worker_events){ 0 };
}
