/* Measured against computed: what the host counts in a run. */
#include "app/memory_table.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/progress.h"
#include "app/worker.h"

/* Waits for the worker; asks it to stop when the person has had enough. */
static void wait_for(app_context *app, worker *w, progress *bar)
{
    bool stopping = false;
    while (!worker_take(w)) {
        struct pollfd fds[WORKER_FDS];
        const worker_view *now = worker_now(w);
        if (app_cancelled(app) && !stopping) {
            worker_stop(w);
            stopping = true;
        }
        if (bar->terminal->is_tty) progress_at(bar, 0, now->what);
        worker_poll(w, fds);
        poll(fds, WORKER_FDS, worker_patience(w));
    }
}

static bool run_job(lab *l, const job *j, job_result *result, fault *f)
{
    const worker_options options = { .executable = l->app->places.executable, .seconds = l->timeout };
    char phase[WORKER_PHASE];
    progress bar;
    worker *w = worker_start(&options, j, f);
    if (!w) return false;
    progress_start(&bar, stderr, &l->app->err, "measuring", 1, "runs");
    wait_for(l->app, w, &bar);
    if (bar.terminal->is_tty) progress_end(&bar);
    const worker_outcome outcome = worker_finish(w, result, phase, f);
    if (outcome != WORKER_DONE && app_cancelled(l->app)) return fault_set(f, FAULT_INTERRUPTED, "interrupted");
    if (outcome == WORKER_FAILED || outcome == WORKER_KILLED) {
        f->code = FAULT_INPUT;
        return fault_prefix(f, "%.200s: in a run", j->config);
    }
    return outcome == WORKER_DONE;
}

bool memory_measure(lab *l, memory_plan *p, memory_row *row, int ctx, fault *f)
{
    job *j = malloc(sizeof *j);
    job_result result = { 0 };
    bool ok = j ? lab_job(l, row->config, j, f) : fault_memory(f, "a run");
    if (ok) {
        j->ctx = ctx;
        j->passages = 1;
        j->protocol = PROTOCOL_STREAM;
    }
    ok = ok && run_job(l, j, &result, f) && memory_at(p, row->config->text, ctx, &row->computed, f);
    row->measured = ok;
    row->measured_bytes = (double)result.bytes.total;
    row->measured_side = (double)result.side_bytes;
    job_result_release(&result);
    free(j);
    return ok;
}
