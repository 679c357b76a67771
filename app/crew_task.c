#include "app/crew_task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_row.h"
#include "base/clock.h"

enum {
    TRIES = 2,
    LOCK_MS = 50,         /* between two looks at the workers */
    LOCK_USUAL_MS = 5000, /* db/store.h */
};

void crew_kind_id(const job *j, char id[HASH_HEX])
{
    char numbers[192];
    snprintf(numbers, sizeof numbers, "%s ctx %d eval %d passages %d at most %d seed %llu", protocol_name(j->protocol),
             j->ctx, j->eval, j->passages, j->at_most, (unsigned long long)j->seed);
    const char *parts[] = { j->model, j->text, j->cache, j->suite, j->suite_options, numbers };
    hash h;
    hash_start(&h);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash_string(&h, parts[i]);
    hash_finish(&h, id);
}

crew_task *crew_task_create(lab *l, const config *c, const char *label, void *tag, fault *f)
{
    crew_task *t = calloc(1, sizeof *t);
    char *own = strdup(label);
    if (t && own) {
        *t = (crew_task){ .lab = l, .config = c, .label = own, .tag = tag };
        return t;
    }
    free(t);
    free(own);
    fault_memory(f, "a run");
    return NULL;
}

/* What it needed to work. */
static void clear_work(crew_task *t)
{
    if (t->kind && t->kind->leader == t) t->kind->leader = NULL;
    job_result_release(&t->result);
    free(t->job);
    t->job = NULL;
}

void crew_task_free(crew_task *t)
{
    if (!t) return;
    if (t->worker) worker_finish(t->worker, &t->result, t->phase, NULL);
    clear_work(t);
    free(t->label);
    free(t);
}

bool crew_task_start(crew_task *t, int threads, void *self, void (*log)(void *self, const char *text))
{
    const worker_options options = { t->lab->app->places.executable, t->lab->timeout, self, log };
    t->job = malloc(sizeof *t->job);
    bool ok = t->job ? lab_job(t->lab, t->config, t->job, &t->fault) : fault_memory(&t->fault, "a run");
    if (ok) t->job->threads = threads;
    t->log_self = self;
    t->log = log;
    t->worker = ok ? worker_start(&options, t->job, &t->fault) : NULL;
    t->started = time(NULL);
    t->begun = clock_seconds();
    t->tries++;
    t->pid = t->worker ? worker_now(t->worker)->pid : 0;
    if (t->worker && !t->kind->warm) t->kind->leader = t;
    if (!t->worker) clear_work(t);
    return t->worker != NULL;
}

/* ---- the end ---- */

static task_state give_up(crew_task *t)
{
    clear_work(t);
    return TASK_ENDED;
}

/* A row may be stored once it is known what was run: from the worker, or from another run of its kind. */
static bool identify(crew_task *t)
{
    crew_kind *k = t->kind;
    if (t->result.model_id[0]) {
        k->identity = t->result;
        k->identity.layers = NULL;
        k->identity.blocks = NULL;
        k->identity.items = NULL;
        k->identity.n_layer_results = k->identity.n_blocks = k->identity.n_items = 0;
        k->identity.calibration = (calibration_identity){ 0 };
        return true;
    }
    if (!k->identity.model_id[0]) return false;
    job_result_release(&t->result);
    t->result = k->identity;
    return true;
}

__attribute__((format(printf, 2, 3))) static void note(const crew_task *t, const char *format, ...)
{
    char text[1024];
    va_list args;
    int n = snprintf(text, sizeof text, "kvant: note: ");
    va_start(args, format);
    n += vsnprintf(text + n, sizeof text - 1 - (size_t)n, format, args);
    va_end(args);
    if ((size_t)n > sizeof text - 2) n = sizeof text - 2;
    memcpy(text + n, "\n", 2);
    t->log(t->log_self, text);
}

/* The worker has gone: TASK_WORKS when there is something to store. */
static task_state take_end(crew_task *t)
{
    t->run.why = (fault){ 0 };
    const worker_outcome outcome = worker_finish(t->worker, &t->result, t->phase, &t->run.why);
    t->worker = NULL;
    t->finished = time(NULL);
    t->run.done = outcome == WORKER_DONE;
    if (t->run.done) t->kind->warm = true;
    if (t->run.done && t->lab->spent) stopwatch_add(t->lab->spent, &t->result.spent);
    if (outcome == WORKER_KILLED && t->tries < TRIES) {
        note(t, "%s: %s; it is tried once more", t->label, t->run.why.text);
        clear_work(t);
        return TASK_AGAIN;
    }
    if (outcome == WORKER_FAULT || !identify(t)) {
        t->fault = t->run.why;
        return give_up(t);
    }
    if (t->result.warning[0]) note(t, "%s: %s", t->label, t->result.warning);
    t->store_until = clock_seconds() + TASK_STORE_S;
    if (t->kind->leader == t) t->kind->leader = NULL;
    return TASK_WORKS;
}

/* ---- the row ---- */

static void note_locked(crew_task *t)
{
    if (!t->locked)
        note(t, "%s: another process keeps the database locked; the result of %s waits", store_path(t->lab->database),
             t->label);
    t->locked = true;
}

static task_state store_row(crew_task *t, bool hurry)
{
    const run_end end = { t->run.done, t->run.why.text, t->phase, t->started, t->finished };
    store *s = t->lab->database;
    store_wait(s, LOCK_MS);
    const bool stored = run_row_store(t->lab, t->job, t->config, &t->result, &end, &t->run.id, &t->fault);
    const bool locked = !stored && store_was_locked(s);
    store_wait(s, LOCK_USUAL_MS);
    const double until = hurry ? t->store_until - TASK_STORE_S + TASK_HURRY_S : t->store_until;
    if (locked && clock_seconds() < until) {
        note_locked(t);
        t->fault = (fault){ 0 };
        return TASK_WORKS;
    }
    if (!stored) fault_prefix(&t->fault, "the result of %.200s is lost", t->label);
    return give_up(t);
}

task_state crew_task_step(crew_task *t, bool hurry)
{
    if (t->worker) {
        if (!worker_take(t->worker)) {
            if (worker_now(t->worker)->kept) t->kind->warm = true;
            return TASK_WORKS;
        }
        const task_state state = take_end(t);
        if (state != TASK_WORKS) return state;
    }
    return store_row(t, hurry);
}
