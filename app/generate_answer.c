#include "app/generate_answer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "app/worker_pipe.h"
#include "base/clock.h"

enum { GRACE_S = 2, OPENING = 10, LINE_MOST = 1 << 16, PIECE = 4096 };

/* ---- opening ---- */

bool generate_answer_open(generate_answer *a, const char *executable, const char *label, const generate_job *j,
                          double seconds, fault *f)
{
    char *const words[] = { (char *)executable, (char *)"generate-child",
                            NULL }; /* posix_spawn does not write to them */
    cJSON *json = generate_job_json(j);
    *a = (generate_answer){ .exact = j->exact, .seconds = seconds, .last = clock_seconds() };
    snprintf(a->label, sizeof a->label, "%s", label);
    a->request = json ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    if (!a->request) return fault_memory(f, "a request");
    a->request_bytes = strlen(a->request);
    if (worker_pipe_open(&a->pipe, words, f)) return true;
    cJSON_free(a->request);
    return false;
}

void generate_answer_close(generate_answer *a)
{
    int status;
    worker_pipe_end(&a->pipe, &status);
    cJSON_free(a->request);
    free(a->ids);
    free(a->ends);
    free(a->bytes);
    free(a->line);
    *a = (generate_answer){ .pipe = { -1, -1, -1, -1 } };
}

/* ---- what it says ---- */

/* A child that cannot be understood has been broken by its codecs, or there is no memory. */
static void give_up(generate_answer *a, const char *why)
{
    fault_set(&a->fault, FAULT_INTERNAL, "%s: %s", a->label, why);
    a->told = true;
    worker_pipe_close(&a->pipe.out);
    kill(a->pipe.pid, SIGKILL);
}

static bool grow(generate_answer *a, size_t more)
{
    if (a->n == a->room) {
        const size_t room = a->room ? 2 * a->room : 256;
        int32_t *ids = reallocarray(a->ids, room, sizeof *ids);
        if (ids) a->ids = ids;
        size_t *ends = reallocarray(a->ends, room, sizeof *ends);
        if (ends) a->ends = ends;
        if (!ids || !ends) return false;
        a->room = room;
    }
    if (a->bytes_room - a->n_bytes < more) {
        const size_t room = 2 * a->bytes_room + more + 1024;
        char *bytes = realloc(a->bytes, room);
        if (!bytes) return false;
        a->bytes = bytes;
        a->bytes_room = room;
    }
    return true;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_token(generate_answer *a, const cJSON *json)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "bytes"));
    const size_t n = hex ? strlen(hex) / 2 : 0;
    if (!cJSON_IsNumber(id) || !hex || a->n == GENERATE_TOKENS) return;
    if (!grow(a, n)) {
        give_up(a, "out of memory for the text");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return;
        a->bytes[a->n_bytes + i] = (char)(high << 4 | low);
    }
    a->n_bytes += n;
    a->ids[a->n] = id->valueint;
    a->ends[a->n++] = a->n_bytes;
}

static int number_of(const cJSON *json, const char *name)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsNumber(x) ? x->valueint : 0;
}

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    return text ? text : "";
}

static void take_started(generate_answer *a, const cJSON *json)
{
    a->started = true;
    a->prompt_tokens = number_of(json, "prompt_tokens");
    a->ctx = number_of(json, "ctx");
    snprintf(a->format, sizeof a->format, "%s", text_of(json, "format"));
    snprintf(a->note, sizeof a->note, "%s", text_of(json, "note"));
}

static void take_read(generate_answer *a, const cJSON *json)
{
    a->read = number_of(json, "tokens");
}

static void take_done(generate_answer *a, const cJSON *json)
{
    a->done = generate_figures_read(json, &a->figures);
}

static void take_fault(generate_answer *a, const cJSON *json)
{
    const int code = number_of(json, "code");
    const bool known = code == FAULT_USAGE || code == FAULT_INPUT || code == FAULT_INTERRUPTED;
    fault_set(&a->fault, known ? (fault_code)code : FAULT_INTERNAL, "%s", text_of(json, "text"));
    a->told = true;
}

static const struct {
    const char *name;
    void (*take)(generate_answer *a, const cJSON *json);
} events[] = {
    { "token", take_token }, { "read", take_read },   { "started", take_started },
    { "done", take_done },   { "fault", take_fault },
};

static void take_event(generate_answer *a, const char *line, size_t n)
{
    cJSON *json = cJSON_ParseWithLength(line, n);
    const char *name = text_of(json, "event");
    a->last = clock_seconds();
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(events[i].name, name) == 0) events[i].take(a, json);
    cJSON_Delete(json);
}

static void take_lines(generate_answer *a)
{
    size_t at = 0;
    for (char *end; (end = memchr(a->line + at, '\n', a->used - at)); at = (size_t)(end - a->line) + 1)
        take_event(a, a->line + at, (size_t)(end - a->line) - at);
    memmove(a->line, a->line + at, a->used - at);
    a->used -= at;
}

static void read_events(generate_answer *a)
{
    for (;;) {
        if (a->line_room - a->used < PIECE) {
            const size_t room = a->line_room ? 2 * a->line_room : (size_t)2 * PIECE;
            char *line = room <= LINE_MOST ? realloc(a->line, room) : NULL;
            if (!line) {
                give_up(a, "its process said what cannot be understood");
                return;
            }
            a->line = line;
            a->line_room = room;
        }
        const size_t n = worker_pipe_read(&a->pipe.out, a->line + a->used, a->line_room - a->used);
        if (n == 0) return;
        a->used += n;
        take_lines(a);
    }
}

static void read_stderr(generate_answer *a)
{
    char text[WORKER_TAIL];
    for (size_t n; (n = worker_pipe_read(&a->pipe.err, text, sizeof text)) > 0;)
        worker_tail_keep(&a->tail, text, n);
}

/* ---- its end ---- */

/* It came to its end without the word for it. */
static void judge(generate_answer *a, int status)
{
    const char *who = a->exact ? "the process" : "the codec", *said = worker_tail_line(&a->tail);
    fault *f = &a->fault;
    if (a->hung)
        fault_set(f, FAULT_INPUT, "%s: %s has not returned after %g s and was stopped", a->label, who, a->seconds);
    else if (a->told)
        return;
    else if (a->asked)
        fault_set(f, FAULT_INTERRUPTED, "interrupted");
    else if (WIFSIGNALED(status))
        fault_set(f, FAULT_INPUT, "%s: %s died of signal %d, %s", a->label, who, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    else
        fault_set(f, FAULT_INPUT, "%s: %s ended its process with status %d", a->label, who, WEXITSTATUS(status));
    const size_t used = strlen(f->text);
    if (*said && f->code == FAULT_INPUT) snprintf(f->text + used, sizeof f->text - used, "; it said: %.200s", said);
}

static void watch_time(generate_answer *a)
{
    const double now = clock_seconds(), patience = a->seconds * (a->started ? 1 : OPENING);
    if (a->asked && now - a->asked_at > GRACE_S) kill(a->pipe.pid, SIGKILL);
    if (a->asked || a->hung || now - a->last <= patience) return;
    a->hung = true;
    kill(a->pipe.pid, SIGKILL);
}

bool generate_answer_take(generate_answer *a)
{
    if (a->over) return true;
    const bool ended = worker_pipe_ended(&a->pipe); /* first: what it wrote before is there to be read */
    if (a->pipe.in >= 0) a->sent += worker_pipe_write(&a->pipe.in, a->request + a->sent, a->request_bytes - a->sent);
    if (a->sent == a->request_bytes) worker_pipe_close(&a->pipe.in);
    read_events(a);
    read_stderr(a);
    if (!ended) {
        watch_time(a);
        return false;
    }
    int status;
    worker_pipe_end(&a->pipe, &status);
    a->over = true;
    const bool well = a->done && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    a->done = well;
    if (!well) judge(a, status);
    return true;
}

void generate_answer_stop(generate_answer *a)
{
    if (a->asked || a->over) return;
    a->asked = true;
    a->asked_at = clock_seconds();
    kill(a->pipe.pid, SIGTERM);
}

void generate_answer_poll(const generate_answer *a, struct pollfd *fds)
{
    fds[0] = (struct pollfd){ a->pipe.in, POLLOUT, 0 };
    fds[1] = (struct pollfd){ a->pipe.out, POLLIN, 0 };
    fds[2] = (struct pollfd){ a->pipe.err, POLLIN, 0 };
}

/* ---- texts ---- */

size_t generate_whole(const char *bytes, size_t n)
{
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        const unsigned char b = (unsigned char)bytes[n - back];
        const size_t length = b >= 0xf0 && b < 0xf5 ? 4 : b >= 0xe0 ? 3 : b >= 0xc2 ? 2 : 1;
        if ((b & 0xc0) == 0x80) continue;
        return b < 0xf5 && length > back ? n - back : n;
    }
    return n;
}

size_t generate_parting(const generate_answer *a, const generate_answer *b)
{
    const size_t shorter = a->n < b->n ? a->n : b->n;
    for (size_t i = 0; i < shorter; i++)
        if (a->ids[i] != b->ids[i]) return i;
    const generate_answer *brief = a->n < b->n ? a : b;
    const bool said_end = brief->done && brief->figures.ended;
    return a->n != b->n && said_end ? shorter : SIZE_MAX;
}

size_t generate_token_begin(const generate_answer *a, size_t i)
{
    return i ? a->ends[i - 1] : 0;
}
