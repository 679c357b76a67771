#include "app/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/crew.h"

static bool tell(const sweep *s, int64_t id, bool ran, store_run **kept, fault *f)
{
    store_run *run = store_get_run(s->lab->database, id, f);
    if (!run) return false;
    if (s->row) s->row(s->self, run, ran);
    if (kept)
        *kept = run;
    else
        free(run);
    return true;
}

/* A sweep at work: configs [next, n) have not been looked at. */
typedef struct sweeping {
    const sweep *s;
    const grid_configs *configs;
    config *identity;
    store_run *known; /* identity's */
    crew *crew;
    size_t next;
    sweep_count *count;
} sweeping;

bool sweep_is_exact(const store_run *r, fault *f)
{
    if (strcmp(r->status, "done") != 0)
        return fault_set(f, FAULT_INTERNAL, "identity failed, so nothing else was run: %s", r->reason);
    if (r->kld.value == 0 && r->kld_max == 0 && r->dppl.value == 0 && r->top1.value == 100) return true;
    return fault_set(f, FAULT_INTERNAL,
                     "identity is not exact (KLD %g, perplexity %+g %%, top-1 %g %%), so nothing else was run; "
                     "`kvant cache --clear` removes a damaged reference",
                     r->kld.value, r->dppl.value, r->top1.value);
}

/* Runs identity and checks that it is one. */
static bool check_identity(sweeping *w, fault *f)
{
    crew_result r;
    if (!crew_add(w->crew, w->s->lab, w->identity, "identity", NULL, f) || crew_next(w->crew, &r, f) != CREW_RUN)
        return false;
    w->count->ran++;
    if (!tell(w->s, r.run.id, true, &w->known, f)) return false;
    return sweep_is_exact(w->known, f);
}

static bool find(const sweeping *w, const config *c, int64_t *id, fault *f)
{
    *id = 0;
    return w->s->force || lab_find_done(w->s->lab, c, w->known, id, f);
}

static bool is_identity(const sweeping *w, const config *c)
{
    return strcmp(c->id, w->identity->id) == 0;
}

/* How many will have to run, as far as it is known now. */
static bool announce(const sweeping *w, fault *f)
{
    size_t n = 0;
    for (size_t i = 0; i < w->configs->n; i++) {
        int64_t id;
        if (!find(w, w->configs->items[i], &id, f)) return false;
        if (!id && !is_identity(w, w->configs->items[i])) n++;
    }
    crew_about(w->crew, "sweep", w->count->ran + n);
    return true;
}

/* Gives the crew its next config. Each is looked up when its turn has come: another sweep may have run it by now. */
static bool feed_one(sweeping *w, fault *f)
{
    const config *c = w->configs->items[w->next++];
    int64_t id;
    if (is_identity(w, c)) return true;
    if (!find(w, c, &id, f)) return false;
    if (!id) return crew_add(w->crew, w->s->lab, c, c->text, NULL, f);
    w->count->had++;
    return tell(w->s, id, false, NULL, f);
}

static bool take_one(const sweeping *w, fault *f)
{
    crew_result r;
    const crew_state state = crew_next(w->crew, &r, f);
    if (state != CREW_RUN) return state == CREW_EMPTY;
    w->count->ran++;
    if (!r.run.done) w->count->failed++;
    return tell(w->s, r.run.id, true, NULL, f);
}

static bool run_all(sweeping *w, fault *f)
{
    bool ok = announce(w, f);
    while (ok && (w->next < w->configs->n || crew_left(w->crew) > 0)) {
        while (ok && w->next < w->configs->n && crew_left(w->crew) < (size_t)w->s->jobs)
            ok = feed_one(w, f);
        ok = ok && take_one(w, f);
    }
    return ok;
}

bool sweep_run(const sweep *s, const grid_configs *configs, sweep_count *count, fault *f)
{
    sweeping w = { .s = s, .configs = configs, .count = count };
    *count = (sweep_count){ 0 };
    w.identity = config_parse(s->lab->known, "identity", f);
    w.crew = w.identity ? crew_open(s->lab->app, s->jobs, f) : NULL;
    const bool ok = w.crew && check_identity(&w, f) && run_all(&w, f);
    crew_close(w.crew);
    config_free(w.identity);
    free(w.known);
    return ok;
}
