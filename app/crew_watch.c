#include "app/crew_watch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/passages.h"
#include "app/reference.h"
#include "base/clock.h"

#define LONG_STEP 0.3 /* seconds: a reference that is read from disk is not worth a word */

static const char evaluating[] = "evaluating";

static bool evaluates(const worker_view *now)
{
    return strcmp(now->what, evaluating) == 0;
}

/* The step as a person calls it. */
static const char *step_of(const crew_task *t, const worker_view *now)
{
    if (t->locked) return "waiting for the database";
    if (!now->what[0]) return "starting";
    if (strcmp(now->stage, "reference") == 0 && clock_seconds() - now->stage_since > LONG_STEP) return "reference";
    return now->what;
}

/* What a step's total counts: a suite's steps are of its items. */
static const char *unit_of(const crew_task *t, const worker_view *now)
{
    if (!now->what[0]) return "";
    if (t->job->suite[0]) return strcmp(now->what, PASSAGES_SAMPLING) == 0 ? "tokens" : "items";
    return evaluates(now) ? "passages" : "tokens";
}

/* NaN where nobody knows. */
static double tokens_of(const crew_task *t, const worker_view *now)
{
    const job *j = t->job;
    if (strcmp(unit_of(t, now), "items") == 0) return NAN;
    const double each = evaluates(now) ? reference_length(j->protocol, j->ctx, j->eval) : 1;
    return (double)now->done * each;
}

static event_worker describe(const crew_task *t)
{
    const worker_view gone = { .kld = NAN }, *now = t->worker ? worker_now(t->worker) : &gone;
    const double seconds = clock_seconds() - now->what_since;
    event_worker e = {
        .slot = t->slot,
        .pid = t->pid,
        .done = now->done,
        .total = now->total,
        .kld = now->kld,
        .tokens_per_s = NAN,
        .left_s = NAN,
        .state = now->stopped ? WORKER_STOPPED : WORKER_RUNNING,
    };
    snprintf(e.label, sizeof e.label, "%s", t->label);
    snprintf(e.what, sizeof e.what, "%.*s", EVENTS_WORD - 1, step_of(t, now));
    snprintf(e.unit, sizeof e.unit, "%s", t->job ? unit_of(t, now) : "");
    if (now->done > 0 && seconds > 0) {
        e.tokens_per_s = tokens_of(t, now) / seconds;
        if (now->done <= now->total) e.left_s = seconds * (double)(now->total - now->done) / (double)now->done;
    }
    return e;
}

/* ---- the line ---- */

/* One run: its own steps. */
static void show_one(crew_watch *w, const event_worker *e)
{
    const char *step = strcmp(e->what, "reference") == 0 ? evaluating : e->what; /* the same passages */
    if (e->total == 0) return;
    if (strcmp(step, w->step) != 0 || e->total != w->bar.total) {
        crew_watch_stop(w);
        snprintf(w->step, sizeof w->step, "%s", step);
        snprintf(w->unit, sizeof w->unit, "%s", e->unit);
        progress_start(&w->bar, stderr, &w->app->err, w->step, e->total, w->unit);
    }
    char place[48] = "", kld[32] = "", note[256];
    if (w->whole.total > 1)
        snprintf(place, sizeof place, "%llu/%llu ", (unsigned long long)w->whole.done + 1,
                 (unsigned long long)w->whole.total);
    if (!isnan(e->kld)) snprintf(kld, sizeof kld, "  KLD %.3g", e->kld);
    snprintf(note, sizeof note, "%s%s%.90s%s", e->state == WORKER_STOPPED ? "(stopped by a signal) " : "", place,
             e->label, kld);
    progress_at(&w->bar, e->done, note);
}

/* How one of several stands, in few characters. */
static size_t describe_short(const event_worker *e, char *to, size_t room)
{
    char left[32] = "";
    if (e->state == WORKER_STOPPED)
        snprintf(left, sizeof left, " stopped");
    else if (e->total > 0)
        snprintf(left, sizeof left, " %llu/%llu", (unsigned long long)e->done, (unsigned long long)e->total);
    const int n = snprintf(to, room, "%.40s%s", e->label, left);
    return n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void show_many(crew_watch *w, const event_worker *e, size_t n)
{
    if (!w->of_whole) {
        crew_watch_stop(w);
        snprintf(w->step, sizeof w->step, "%s", w->whole.what[0] ? w->whole.what : "runs");
        w->before = w->whole.done;
        progress_start(&w->bar, stderr, &w->app->err, w->step, w->whole.total, "runs");
    }
    char note[512] = "";
    size_t used = 0;
    double part = 0;
    for (size_t i = 0; i < n && used + 2 < sizeof note; i++) {
        if (i > 0) used += (size_t)snprintf(note + used, sizeof note - used, "%s", ", ");
        used += describe_short(&e[i], note + used, sizeof note - used);
        if (e[i].total > 0) part += (double)e[i].done / (double)e[i].total;
    }
    w->of_whole = true;
    w->bar.total = w->whole.total > w->before ? w->whole.total - w->before : 0;
    w->bar.part = part;
    progress_at(&w->bar, w->whole.done - w->before, note);
}

void crew_watch_show(crew_watch *w, crew_task *const *tasks, int n)
{
    event_worker at_work[EVENTS_SLOTS];
    size_t many = 0;
    for (int i = 0; i < n; i++) {
        if (!tasks[i]) continue;
        at_work[many] = describe(tasks[i]);
        events_worker(&w->app->events, &at_work[many++]);
    }
    if (w->app->events.fd >= 0) return; /* who listens shows it */
    const bool one = n == 1 || w->whole.total == 0;
    if (one && many == 1 && !w->of_whole)
        show_one(w, &at_work[0]);
    else if (many > 0)
        show_many(w, at_work, many);
}

void crew_watch_end(crew_watch *w, const crew_task *t)
{
    event_worker e = {
        .slot = t->slot, .pid = t->pid, .kld = NAN, .tokens_per_s = NAN, .left_s = NAN, .state = WORKER_ENDED
    };
    snprintf(e.label, sizeof e.label, "%s", t->label);
    events_worker(&w->app->events, &e);
    if (t->fault.code) return;
    events_run(&w->app->events, &(event_run){ t->run.id, t->run.done });
    w->whole.done++;
    if (!t->run.done) w->whole.failed++;
    crew_watch_whole(w);
    if (!w->of_whole) return;
    w->bar.part = 0;
    progress_at(&w->bar, w->whole.done - w->before, t->label);
}

void crew_watch_whole(crew_watch *w)
{
    if (w->whole.total > 0) events_whole(&w->app->events, &w->whole);
}

void crew_watch_hide(crew_watch *w)
{
    if (w->step[0]) progress_hide(&w->bar);
}

void crew_watch_stop(crew_watch *w)
{
    if (w->step[0]) progress_end(&w->bar);
    w->step[0] = '\0';
    w->of_whole = false;
}
