#include "app/worker.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    POLL_MS = 100,
    GRACE_MS = 2000,      /* between asking a worker to stop and making it */
    LINE_MOST = 64 << 20, /* of an event */
    TAIL = 1024,          /* bytes of stderr that are kept */
};

typedef struct worker {
    const worker_options *options;
    pid_t pid;
    int in, out, err; /* the worker's stdin, stdout, stderr; -1 when closed */
    char *line;       /* an event that has not ended yet */
    size_t used, room;
    char tail[TAIL + 1];
    char stage[16];
    int passage, layer;
    double last_event; /* seconds of a steady clock */
    bool started, done, faulted, hung, cancelled;
    job_result *result;
    fault *fault; /* what the worker reported, or we did */
} worker;

/* ---- starting ---- */

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0) close(pair[i]);
}

static bool make_pipe(int pair[2])
{
    pair[0] = pair[1] = -1;
    if (pipe(pair)) return false;
    return fcntl(pair[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(pair[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* In a process group of its own: Ctrl-C on the terminal is for the front, which decides. */
static int spawn(worker *w, int in, int out, int err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    char *argv[] = { (char *)w->options->executable, "worker", NULL };
    int failed = posix_spawn(&w->pid, w->options->executable, &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

static bool start(worker *w, fault *f)
{
    int in[2], out[2] = { -1, -1 }, err[2] = { -1, -1 };
    bool ok = make_pipe(in) && make_pipe(out) && make_pipe(err);
    int failed = ok ? spawn(w, in[0], out[1], err[1]) : errno;
    if (ok && !failed) {
        close(in[0]);
        close(out[1]);
        close(err[1]);
        w->in = in[1];
        w->out = out[0];
        w->err = err[0];
        return true;
    }
    close_pair(in);
    close_pair(out);
    close_pair(err);
    return fault_set(f, FAULT_INTERNAL, "%s: a worker cannot be started: %s", w->options->executable, strerror(failed));
}

static bool send_job(worker *w, const job *j, fault *f)
{
    cJSON *json = job_to_json(j);
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    if (!text) return fault_memory(f, "the job");
    size_t n = strlen(text), sent = 0;
    while (sent < n) {
        ssize_t done = write(w->in, text + sent, n - sent);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break; /* it died: its end will say why */
        sent += (size_t)done;
    }
    cJSON_free(text);
    close(w->in);
    w->in = -1;
    return true;
}

/* ---- events ---- */

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

static void on_stage(worker *w, const cJSON *event)
{
    snprintf(w->stage, sizeof w->stage, "%s", text_of(event, "stage"));
    double passage = number_of(event, "passage"), layer = number_of(event, "layer");
    w->passage = passage >= 0 && passage < 1e9 ? (int)passage : -1;
    w->layer = layer >= 0 && layer < 1e9 ? (int)layer : -1;
}

static void on_progress(worker *w, const cJSON *event)
{
    double done = number_of(event, "done"), total = number_of(event, "total");
    if (!w->options->progress || !(done >= 0) || !(total >= 0) || done > 1e15 || total > 1e15) return;
    w->options->progress(w->options->self, text_of(event, "what"), (uint64_t)done, (uint64_t)total,
                         number_of(event, "kld"));
}

static void take_result(worker *w, const cJSON *event, const char *name, bool *flag)
{
    job_result_release(w->result);
    *flag = job_result_from_json(cJSON_GetObjectItemCaseSensitive(event, name), w->result, w->fault);
    if (!*flag) w->faulted = true;
}

static void on_started(worker *w, const cJSON *event)
{
    take_result(w, event, "so_far", &w->started);
}

static void on_result(worker *w, const cJSON *event)
{
    take_result(w, event, "result", &w->done);
}

static void on_fault(worker *w, const cJSON *event)
{
    static const fault_code known[] = { FAULT_NO, FAULT_USAGE, FAULT_INPUT, FAULT_INTERRUPTED };
    fault_code code = FAULT_INTERNAL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (number_of(event, "code") == (double)known[i]) code = known[i];
    fault_set(w->fault, code, "%s", text_of(event, "text"));
    w->faulted = true;
}

static const struct {
    const char *name;
    void (*take)(worker *w, const cJSON *event);
} events[] = {
    { "stage", on_stage },   { "progress", on_progress }, { "started", on_started },
    { "result", on_result }, { "fault", on_fault },
};

static void take_line(worker *w, const char *line)
{
    cJSON *event = cJSON_Parse(line);
    const char *name = text_of(event, "event");
    w->last_event = clock_seconds();
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(name, events[i].name) == 0) events[i].take(w, event);
    cJSON_Delete(event);
}

static void take_lines(worker *w)
{
    char *from = w->line, *end;
    while ((end = memchr(from, '\n', w->used - (size_t)(from - w->line)))) {
        *end = '\0';
        take_line(w, from);
        from = end + 1;
    }
    w->used -= (size_t)(from - w->line);
    memmove(w->line, from, w->used);
}

/* Closes the descriptor at its end. False when memory or patience is at an end. */
static bool read_events(worker *w)
{
    if (w->room - w->used < 4096) {
        size_t room = w->room ? 2 * w->room : 1 << 16;
        char *grown = room <= LINE_MOST ? realloc(w->line, room) : NULL;
        if (!grown) return false;
        w->line = grown;
        w->room = room;
    }
    ssize_t n = read(w->out, w->line + w->used, w->room - w->used);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n <= 0) {
        close(w->out);
        w->out = -1;
        return true;
    }
    w->used += (size_t)n;
    take_lines(w);
    return true;
}

/* Keeps the last TAIL bytes; whole lines go to the log. */
static void read_stderr(worker *w)
{
    char text[TAIL + 1];
    ssize_t n = read(w->err, text, TAIL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
        close(w->err);
        w->err = -1;
        return;
    }
    size_t have = strlen(w->tail), add = (size_t)n, keep = have + add > TAIL ? TAIL - add : have;
    memmove(w->tail, w->tail + have - keep, keep);
    for (size_t i = 0; i < add; i++)
        w->tail[keep + i] = text[i] ? text[i] : ' ';
    w->tail[keep + add] = '\0';
    text[n] = '\0';
    if (w->options->log) w->options->log(w->options->self, text);
}

/* ---- the life of a worker ---- */

static void listen_to(worker *w)
{
    double asked = 0; /* when it was asked to stop */
    while (w->out >= 0 || w->err >= 0) {
        struct pollfd fds[] = { { w->out, POLLIN, 0 }, { w->err, POLLIN, 0 } };
        int ready = poll(fds, 2, POLL_MS);
        if (ready > 0 && fds[0].revents && !read_events(w)) kill(w->pid, SIGKILL);
        if (ready > 0 && fds[1].revents) read_stderr(w);
        if (!w->cancelled && w->options->cancelled && w->options->cancelled(w->options->self)) {
            w->cancelled = true;
            asked = clock_seconds();
            kill(w->pid, SIGTERM);
        }
        if (w->cancelled && clock_seconds() - asked > GRACE_MS / 1000.0) kill(w->pid, SIGKILL);
        bool at_codec = strcmp(w->stage, "codec") == 0 && !w->done && !w->faulted;
        if (at_codec && !w->hung && clock_seconds() - w->last_event > w->options->seconds) {
            w->hung = true;
            kill(w->pid, SIGKILL);
        }
    }
}

static void phase_of(const worker *w, char phase[WORKER_PHASE])
{
    size_t n = (size_t)snprintf(phase, WORKER_PHASE, "%s", w->stage[0] ? w->stage : "start");
    if (w->passage >= 0) n += (size_t)snprintf(phase + n, WORKER_PHASE - n, ", passage %d", w->passage);
    if (w->layer >= 0) snprintf(phase + n, WORKER_PHASE - n, ", layer %d", w->layer);
}

/* The last line a worker wrote to stderr that says something, for the reason of its death. */
static void add_tail(worker *w, fault *f)
{
    size_t n = strlen(w->tail);
    while (n > 0 && (w->tail[n - 1] == '\n' || w->tail[n - 1] == ' '))
        w->tail[--n] = '\0';
    const char *last = strrchr(w->tail, '\n');
    last = last ? last + 1 : w->tail;
    size_t used = strlen(f->text);
    if (*last) snprintf(f->text + used, sizeof f->text - used, "; it said: %.200s", last);
}

static worker_outcome judge(worker *w, int status, const char *phase, fault *f)
{
    bool codec = w->started && strcmp(w->stage, "codec") == 0;
    if (w->cancelled) {
        fault_set(f, FAULT_INTERRUPTED, "interrupted");
        return WORKER_FAULT;
    }
    if (w->hung) {
        fault_set(f, FAULT_INPUT, "no progress for %g s (%s); the codec was taken to hang and stopped",
                  w->options->seconds, phase);
        return w->started ? WORKER_FAILED : WORKER_FAULT;
    }
    if (WIFSIGNALED(status)) {
        fault_set(f, codec ? FAULT_INPUT : FAULT_INTERNAL, "the worker died of signal %d, %s (%s)", WTERMSIG(status),
                  strsignal(WTERMSIG(status)), phase);
        add_tail(w, f);
        return codec ? WORKER_FAILED : WORKER_FAULT;
    }
    if (w->done && status == 0) return WORKER_DONE;
    if (!w->faulted) {
        fault_set(f, codec ? FAULT_INPUT : FAULT_INTERNAL, "the worker ended with status %d and no result (%s)",
                  WEXITSTATUS(status), phase);
        add_tail(w, f);
    }
    return codec && f->code == FAULT_INPUT ? WORKER_FAILED : WORKER_FAULT;
}

worker_outcome worker_run(const worker_options *options, const job *j, job_result *out, char phase[WORKER_PHASE],
                          fault *f)
{
    fault own = { 0 };
    worker w = { .options = options,
                 .in = -1,
                 .out = -1,
                 .err = -1,
                 .passage = -1,
                 .layer = -1,
                 .last_event = clock_seconds(),
                 .result = out,
                 .fault = &own };
    *out = (job_result){ 0 };
    phase[0] = '\0';
    worker_outcome outcome = WORKER_FAULT;
    if (start(&w, &own)) {
        if (send_job(&w, j, &own))
            listen_to(&w);
        else
            kill(w.pid, SIGKILL);
        int status = 0;
        while (waitpid(w.pid, &status, 0) < 0 && errno == EINTR)
            continue;
        phase_of(&w, phase);
        outcome = judge(&w, status, phase, &own);
    }
    if (w.out >= 0) close(w.out);
    if (w.err >= 0) close(w.err);
    free(w.line);
    if (outcome != WORKER_DONE && f) *f = own;
    return outcome;
}
