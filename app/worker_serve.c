/* The worker's end of app/worker.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

#include "app/evaluate.h"
#include "app/worker.h"

typedef struct server {
    FILE *events;
    evaluate_stage stage;
    bool alone;               /* nobody reads the events any more */
    const job_result *so_far; /* stands while the job is evaluated; NULL before it is known to be sound */
    bool (*cancelled)(void *self);
    void *self;
} server;

static const char *const stage_names[] = { "setup", "reference", "codec", "summary" };

/* One line, in one piece; takes the object over. A front that is gone cancels the run (the kernel kills the worker,
 * too, but not one whose front died before it had asked for that). */
static void send(server *s, cJSON *event)
{
    char *line = event ? cJSON_PrintUnformatted(event) : NULL;
    if (line && (fprintf(s->events, "%s\n", line) < 0 || fflush(s->events) != 0)) s->alone = true;
    cJSON_free(line);
    cJSON_Delete(event);
}

static cJSON *event_named(const char *name)
{
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", name);
    return event;
}

static void on_started(void *self, const job_result *so_far)
{
    server *s = self;
    s->so_far = so_far;
    cJSON *event = event_named("started");
    cJSON_AddItemToObject(event, "so_far", job_result_to_json(so_far));
    send(s, event);
}

static void on_stage(void *self, evaluate_stage stage, int passage, int layer)
{
    server *s = self;
    s->stage = stage;
    cJSON *event = event_named("stage");
    cJSON_AddStringToObject(event, "stage", stage_names[stage]);
    cJSON_AddNumberToObject(event, "passage", passage);
    cJSON_AddNumberToObject(event, "layer", layer);
    send(s, event);
}

static void on_progress(void *self, const char *what, uint64_t done, uint64_t total, double kld)
{
    server *s = self;
    cJSON *event = event_named("progress");
    cJSON_AddStringToObject(event, "what", what);
    cJSON_AddNumberToObject(event, "done", (double)done);
    cJSON_AddNumberToObject(event, "total", (double)total);
    cJSON_AddNumberToObject(event, "kld", kld);
    cJSON_AddBoolToObject(event, "kept", done > 0 && s->so_far && s->so_far->reference_kept);
    send(s, event);
}

static void on_log(void *self, const char *line)
{
    (void)self;
    fprintf(stderr, "%s\n", line);
}

static bool on_cancelled(void *self)
{
    const server *s = self;
    return s->alone || s->cancelled(s->self);
}

static bool read_job(int in, job *j, fault *f)
{
    size_t used = 0, room = 1 << 20;
    char *text = malloc(room);
    if (!text) return fault_memory(f, "the job");
    ssize_t n;
    while (used < room - 1 && (n = read(in, text + used, room - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    cJSON *json = cJSON_Parse(text);
    bool ok = json ? job_from_json(json, j, f)
                   : fault_set(f, FAULT_USAGE, "worker: standard input is no job; kvant starts its workers itself");
    cJSON_Delete(json);
    free(text);
    return ok;
}

/* Events keep stdout's place; what codecs print there goes to stderr. */
static FILE *claim_stdout(void)
{
    int fd = dup(STDOUT_FILENO);
    if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return NULL;
    return fdopen(fd, "w");
}

int worker_serve(int in, bool (*cancelled)(void *self), void *self)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    server s = { .events = claim_stdout(), .stage = STAGE_SETUP, .cancelled = cancelled, .self = self };
    if (!s.events) return FAULT_INTERNAL;
    evaluate_watch watch = { &s, on_started, on_stage, on_progress, on_cancelled, on_log };
    fault f = { 0 };
    job j;
    job_result result = { 0 };
    bool ok = read_job(in, &j, &f) && evaluate(&j, &watch, &result, &f);
    cJSON *event = event_named(ok ? "result" : "fault");
    if (ok) {
        cJSON_AddItemToObject(event, "result", job_result_to_json(&result));
    } else {
        cJSON_AddNumberToObject(event, "code", f.code);
        cJSON_AddStringToObject(event, "text", f.text);
    }
    send(&s, event);
    job_result_release(&result);
    fclose(s.events);
    return ok ? 0 : (int)f.code;
}
