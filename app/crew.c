#include "app/crew.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/crew_watch.h"

enum { TICK_MS = 100 };

typedef struct task_list {
    crew_task *first, *last;
    size_t n;
} task_list;

struct crew {
    app_context *app;
    int jobs;
    task_list waiting, ended; /* ended: not yet told */
    crew_task *at_work[CREW_MOST];
    crew_kind *kinds;
    crew_watch watch;
};

/* ---- lists ---- */

static void append(task_list *list, crew_task *t)
{
    t->next = NULL;
    if (list->last)
        list->last->next = t;
    else
        list->first = t;
    list->last = t;
    list->n++;
}

static void prepend(task_list *list, crew_task *t)
{
    t->next = list->first;
    list->first = t;
    if (!list->last) list->last = t;
    list->n++;
}

static void take_out(task_list *list, crew_task *t)
{
    crew_task *before = NULL, *at = list->first;
    for (; at != t; at = at->next)
        before = at;
    if (before)
        before->next = t->next;
    else
        list->first = t->next;
    if (list->last == t) list->last = before;
    list->n--;
}

/* ---- opening ---- */

crew *crew_open(app_context *app, int jobs, fault *f)
{
    crew *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the workers");
        return NULL;
    }
    *c = (crew){ .app = app, .jobs = jobs < 1 ? 1 : jobs > CREW_MOST ? CREW_MOST : jobs, .watch = { .app = app } };
    return c;
}

void crew_about(crew *c, const char *what, size_t total)
{
    event_whole *whole = &c->watch.whole;
    if (strncmp(whole->what, what, sizeof whole->what - 1) != 0) crew_watch_stop(&c->watch);
    snprintf(whole->what, sizeof whole->what, "%s", what);
    whole->total = total;
    crew_watch_whole(&c->watch);
}

static crew_kind *kind_of(crew *c, const job *j, fault *f)
{
    char id[HASH_HEX];
    crew_kind_id(j, id);
    for (crew_kind *k = c->kinds; k; k = k->next)
        if (strcmp(k->id, id) == 0) return k;
    crew_kind *k = calloc(1, sizeof *k);
    if (!k) {
        fault_memory(f, "a run");
        return NULL;
    }
    strcpy(k->id, id);
    k->warm = !j->cache[0]; /* nothing is kept: waiting would be for nothing */
    k->next = c->kinds;
    return c->kinds = k;
}

/* ---- starting ---- */

static void on_log(void *self, const char *text)
{
    crew *c = self;
    crew_watch_hide(&c->watch);
    fputs(text, stderr);
}

static size_t n_at_work(const crew *c)
{
    size_t n = 0;
    for (int i = 0; i < c->jobs; i++)
        n += c->at_work[i] != NULL;
    return n;
}

/* The line's threads are shared out, unless it says how many a worker gets, or the others have to wait for this one. */
static int threads_of(const crew *c, const crew_task *t)
{
    const int all = t->lab->job.threads;
    const bool alone = !t->kind->warm && n_at_work(c) == 0;
    if (line_int(t->lab->line, "threads") > 0 || alone) return all;
    return all / c->jobs > 1 ? all / c->jobs : 1;
}

/* The first that may start: one whose reference is there, or that computes it for the others. */
static crew_task *next_to_start(const crew *c)
{
    crew_task *t = c->waiting.first;
    while (t && !t->kind->warm && t->kind->leader)
        t = t->next;
    return t;
}

static void start_what_may(crew *c)
{
    for (int slot = 0; slot < c->jobs; slot++) {
        if (c->at_work[slot]) continue;
        crew_task *t = next_to_start(c);
        if (!t) return;
        take_out(&c->waiting, t);
        t->slot = slot;
        if (crew_task_start(t, threads_of(c, t), c, on_log))
            c->at_work[slot] = t;
        else
            append(&c->ended, t);
    }
}

bool crew_add(crew *c, lab *l, const config *cfg, const char *label, void *tag, fault *f)
{
    crew_task *t = crew_task_create(l, cfg, label, tag, f);
    if (!t) return false;
    t->kind = kind_of(c, &l->job, f);
    if (!t->kind) {
        crew_task_free(t);
        return false;
    }
    append(&c->waiting, t);
    start_what_may(c);
    return true;
}

/* ---- working ---- */

size_t crew_left(const crew *c)
{
    return c->waiting.n + n_at_work(c) + c->ended.n;
}

static void step_one(crew *c, crew_task *t, bool stopping)
{
    const task_state state = crew_task_step(t, stopping);
    if (state == TASK_WORKS) return;
    c->at_work[t->slot] = NULL;
    if (state == TASK_AGAIN) {
        prepend(&c->waiting, t);
        return;
    }
    crew_watch_end(&c->watch, t);
    if (t->fault.code != FAULT_INTERRUPTED || !stopping) {
        if (stopping && t->fault.code) fprintf(stderr, "kvant: note: %s\n", t->fault.text); /* nobody may ask */
        append(&c->ended, t);
        return;
    }
    t->fault = (fault){ 0 };
    t->tries--;
    prepend(&c->waiting, t);
}

static void step(crew *c, bool stopping)
{
    for (int i = c->jobs - 1; i >= 0; i--) /* backwards, so that those put back wait in their order */
        if (c->at_work[i]) step_one(c, c->at_work[i], stopping);
    if (!stopping) start_what_may(c);
    crew_watch_show(&c->watch, c->at_work, c->jobs);
}

/* Until a worker says something, or a moment has passed. */
static void wait_a_moment(const crew *c)
{
    struct pollfd fds[CREW_MOST * WORKER_FDS];
    nfds_t n = 0;
    int patience = TICK_MS;
    for (int i = 0; i < c->jobs; i++) {
        const worker *w = c->at_work[i] ? c->at_work[i]->worker : NULL;
        if (!w) continue;
        worker_poll(w, fds + n);
        n += WORKER_FDS;
        if (worker_patience(w) < patience) patience = worker_patience(w);
    }
    poll(fds, n, patience);
}

/* Ends what works; what has come to its end by then is stored all the same, the rest waits again. */
static void stop_all(crew *c)
{
    for (int i = 0; i < c->jobs; i++)
        if (c->at_work[i] && c->at_work[i]->worker) worker_stop(c->at_work[i]->worker);
    for (step(c, true); n_at_work(c) > 0; step(c, true))
        wait_a_moment(c);
    crew_watch_stop(&c->watch);
}

static crew_state tell(crew *c, crew_result *out, fault *f)
{
    crew_task *t = c->ended.first;
    take_out(&c->ended, t);
    *out = (crew_result){ t->tag, t->run };
    const bool has_row = t->fault.code == FAULT_NONE;
    if (!has_row && f) *f = t->fault;
    crew_task_free(t);
    if (crew_left(c) == 0) crew_watch_stop(&c->watch);
    crew_watch_hide(&c->watch);
    return has_row ? CREW_RUN : CREW_FAULT;
}

crew_state crew_next(crew *c, crew_result *out, fault *f)
{
    *out = (crew_result){ 0 };
    for (;;) {
        if (c->ended.first) return tell(c, out, f);
        if (app_cancelled(c->app)) {
            stop_all(c);
            fault_set(f, FAULT_INTERRUPTED, "interrupted");
            return CREW_FAULT;
        }
        step(c, false);
        if (c->ended.first) continue;
        if (crew_left(c) == 0) return CREW_EMPTY;
        wait_a_moment(c);
    }
}

bool crew_has(crew *c, const void *tag)
{
    step(c, false);
    for (const crew_task *t = c->ended.first; t; t = t->next)
        if (t->tag == tag) return true;
    return false;
}

static void free_list(task_list *list)
{
    for (crew_task *next, *t = list->first; t; t = next) {
        next = t->next;
        crew_task_free(t);
    }
}

void crew_close(crew *c)
{
    if (!c) return;
    stop_all(c);
    free_list(&c->waiting);
    free_list(&c->ended);
    for (crew_kind *next, *k = c->kinds; k; k = next) {
        next = k->next;
        free(k);
    }
    free(c);
}
