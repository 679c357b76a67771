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

/* Runs identity and checks that it is one; *known: its row. */
static bool check_identity(const sweep *s, const config *identity, sweep_count *count, store_run **known, fault *f)
{
    lab_run run;
    if (!lab_evaluate(s->lab, identity, &run, f)) return false;
    count->ran++;
    if (!tell(s, run.id, true, known, f)) return false;
    const store_run *r = *known;
    if (!run.done) return fault_set(f, FAULT_INTERNAL, "identity failed, so nothing was swept: %s", run.why.text);
    if (r->kld.value == 0 && r->kld_max == 0 && r->dppl.value == 0 && r->top1.value == 100) return true;
    return fault_set(f, FAULT_INTERNAL,
                     "identity is not exact (KLD %g, perplexity %+g %%, top-1 %g %%), so nothing was swept; "
                     "`kvant cache --clear` removes a damaged reference",
                     r->kld.value, r->dppl.value, r->top1.value);
}

/* A sweep at work: configs [next, n) have not been looked at. */
typedef struct sweeping {
    const sweep *s;
    const grid_configs *configs;
    const config *identity;
    const store_run *known;
    crew *crew;
    size_t next;
    sweep_count *count;
} sweeping;

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
    crew_about(w->crew, "sweep", n);
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
    *count = (sweep_count){ 0 };
    store_run *known = NULL;
    config *identity = config_parse(s->lab->known, "identity", f);
    crew *workers = identity ? crew_open(s->lab->app, s->jobs, f) : NULL;
    bool ok = workers && check_identity(s, identity, count, &known, f);
    sweeping w = { s, configs, identity, known, workers, 0, count };
    ok = ok && run_all(&w, f);
    crew_close(workers);
    config_free(identity);
    free(known);
    return ok;
}
