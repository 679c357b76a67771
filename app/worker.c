#include "app/worker.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "app/worker_events.h"
#include "app/worker_pipe.h"
#include "base/clock.h"

enum {
    GRACE_S = 2,       /* between asking a worker to stop and making it */
    BITE = 1 << 20,    /* bytes taken from one worker before the others' turn */
    PATIENCE_MS = 100, /* nothing on a pipe says that a process was stopped, or that its time is over */
    SOON_MS = 5,       /* both pipes are closed: the process is ending */
};

struct worker {
    worker_options options;
    worker_pipe pipe;
    char *job; /* the line that is being sent */
    size_t job_bytes, job_sent;
    worker_events said;
    worker_tail tail;
    bool asked, hung, ended;
    double asked_at, stopped_at;
};

/* ---- starting ---- */

worker *worker_start(const worker_options *options, const job *j, fault *f)
{
    worker *w = calloc(1, sizeof *w);
    cJSON *json = w ? job_to_json(j) : NULL;
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    if (!text) {
        free(w);
        fault_memory(f, "the job");
        return NULL;
    }
    *w = (worker){ .options = *options, .job = text, .job_bytes = strlen(text) };
    w->said.last = clock_seconds();
    w->said.now = (worker_view){ .kld = NAN, .passage = -1, .layer = -1, .stage_since = w->said.last };
    char *const words[] = { (char *)options->executable, (char *)"worker", NULL };
    if (worker_pipe_open(&w->pipe, words, f)) {
        w->said.now.pid = w->pipe.pid;
        return w;
    }
    cJSON_free(text);
    free(w);
    return NULL;
}

/* ---- listening ---- */

static void send_job(worker *w)
{
    if (w->pipe.in < 0) return;
    w->job_sent += worker_pipe_write(&w->pipe.in, w->job + w->job_sent, w->job_bytes - w->job_sent);
    if (w->job_sent == w->job_bytes) worker_pipe_close(&w->pipe.in); /* one that has died will be found so */
}

static void read_events(worker *w)
{
    enum { PIECE = 1 << 16 };
    for (size_t n = 1, sum = 0; n > 0 && sum < BITE; sum += n) {
        char *to = worker_events_room(&w->said, PIECE);
        if (!to) {
            kill(w->pipe.pid, SIGKILL);
            worker_pipe_close(&w->pipe.out);
            return;
        }
        n = worker_pipe_read(&w->pipe.out, to, PIECE);
        if (n > 0) worker_events_take(&w->said, n);
    }
}

static void read_stderr(worker *w)
{
    char text[WORKER_TAIL + 1];
    for (size_t n, sum = 0; sum < BITE && (n = worker_pipe_read(&w->pipe.err, text, WORKER_TAIL)) > 0; sum += n) {
        text[n] = '\0';
        worker_tail_keep(&w->tail, text, n);
        if (w->options.log) w->options.log(w->options.self, text);
    }
}

void worker_poll(const worker *w, struct pollfd fds[WORKER_FDS])
{
    fds[0] = (struct pollfd){ w->pipe.in, POLLOUT, 0 };
    fds[1] = (struct pollfd){ w->pipe.out, POLLIN, 0 };
    fds[2] = (struct pollfd){ w->pipe.err, POLLIN, 0 };
}

int worker_patience(const worker *w)
{
    return w->ended ? 0 : w->pipe.out < 0 && w->pipe.err < 0 ? SOON_MS : PATIENCE_MS;
}

/* ---- stopping and ending ---- */

static void note_stops(worker *w)
{
    siginfo_t info = { 0 };
    while (waitid(P_PID, (id_t)w->pipe.pid, &info, WSTOPPED | WCONTINUED | WNOHANG) == 0 && info.si_pid) {
        w->said.now.stopped = info.si_code == CLD_STOPPED;
        w->stopped_at = w->said.last = clock_seconds();
        info.si_pid = 0;
    }
}

static double limit_of(const worker *w)
{
    const bool long_step = strcmp(w->said.now.stage, "codec") != 0 && !w->said.done && !w->said.faulted;
    return w->options.seconds * (long_step && !w->said.now.stopped ? WORKER_PATIENCE : 1);
}

static void watch_time(worker *w)
{
    const double now = clock_seconds();
    if (w->asked) {
        if (now - w->asked_at > GRACE_S) kill(w->pipe.pid, SIGKILL);
        return;
    }
    const double since = w->said.now.stopped ? w->stopped_at : w->said.last;
    if (w->hung || now - since <= limit_of(w)) return;
    w->hung = true;
    kill(w->pipe.pid, SIGKILL);
}

bool worker_take(worker *w)
{
    if (w->ended) return true;
    const bool ended = worker_pipe_ended(&w->pipe); /* first: what it wrote before is there to be read */
    send_job(w);
    read_events(w);
    read_stderr(w);
    if (!ended) {
        note_stops(w);
        watch_time(w);
        return false;
    }
    w->ended = true;
    return true;
}

void worker_stop(worker *w)
{
    if (w->asked || w->ended) return;
    w->asked = true;
    w->asked_at = clock_seconds();
    kill(w->pipe.pid, SIGTERM);
    kill(w->pipe.pid, SIGCONT); /* one that was stopped hears it, too */
}

const worker_view *worker_now(const worker *w)
{
    return &w->said.now;
}

/* ---- what became of it ---- */

static void phase_of(const worker_view *now, char phase[WORKER_PHASE])
{
    size_t n = (size_t)snprintf(phase, WORKER_PHASE, "%s", now->stage[0] ? now->stage : "start");
    if (now->passage >= 0) n += (size_t)snprintf(phase + n, WORKER_PHASE - n, ", passage %d", now->passage);
    if (now->layer >= 0) snprintf(phase + n, WORKER_PHASE - n, ", layer %d", now->layer);
}

static void add_tail(worker *w, fault *f)
{
    const char *last = worker_tail_line(&w->tail);
    const size_t used = strlen(f->text);
    if (*last) snprintf(f->text + used, sizeof f->text - used, "; it said: %.200s", last);
}

static worker_outcome judge_hung(const worker *w, const char *phase, fault *f)
{
    const double seconds = limit_of(w);
    if (w->said.now.stopped)
        fault_set(f, FAULT_INPUT, "stopped by a signal for %g s (%s), and then ended", seconds, phase);
    else if (strcmp(w->said.now.stage, "codec") == 0)
        fault_set(f, FAULT_INPUT, "no progress for %g s (%s); the codec was taken to hang and stopped", seconds, phase);
    else
        fault_set(f, FAULT_INPUT,
                  "no word from the worker for %g s (%s), so it was ended; a larger --timeout waits longer", seconds,
                  phase);
    return w->said.started ? WORKER_FAILED : WORKER_KILLED;
}

/* It ended without a word. */
static worker_outcome judge_end(worker *w, int status, bool codec, const char *phase, fault *f)
{
    const fault_code code = codec ? FAULT_INPUT : FAULT_INTERNAL;
    if (WIFSIGNALED(status))
        fault_set(f, code, "the worker died of signal %d, %s (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)),
                  phase);
    else
        fault_set(f, code, "the worker ended with status %d and no result (%s)", WEXITSTATUS(status), phase);
    add_tail(w, f);
    return codec ? WORKER_FAILED : WORKER_KILLED;
}

static worker_outcome judge(worker *w, int status, const char *phase, fault *f)
{
    const worker_events *said = &w->said;
    const bool codec = said->started && strcmp(said->now.stage, "codec") == 0;
    const bool exited = WIFEXITED(status);
    if (said->done && exited && WEXITSTATUS(status) == 0) return WORKER_DONE;
    if (w->asked) {
        fault_set(f, FAULT_INTERRUPTED, "interrupted");
        return WORKER_FAULT;
    }
    if (w->hung) return judge_hung(w, phase, f);
    if (!exited || !said->faulted) return judge_end(w, status, codec, phase, f);
    *f = said->fault;
    if (f->code == FAULT_INTERRUPTED) {
        fault_set(f, FAULT_INTERNAL, "the worker was asked by someone else to stop (%s)", phase);
        return WORKER_KILLED;
    }
    return codec && f->code == FAULT_INPUT ? WORKER_FAILED : WORKER_FAULT;
}

worker_outcome worker_finish(worker *w, job_result *out, char phase[WORKER_PHASE], fault *f)
{
    int status = 0;
    fault own = { 0 };
    worker_pipe_end(&w->pipe, &status); /* with what codecs may have started */
    phase_of(&w->said.now, phase);
    const worker_outcome outcome = judge(w, status, phase, &own);
    if (outcome != WORKER_DONE && f) *f = own;
    *out = w->said.result;
    w->said.result = (job_result){ 0 };
    worker_events_release(&w->said);
    cJSON_free(w->job);
    free(w);
    return outcome;
}
