/* What a suite's items mean to its gate. */
#include <math.h>
#include <string.h>

#include "app/gate_work.h"

/* Sums over the items of a run. */
typedef struct tally {
    double n, sum, least;    /* of scores that are numbers */
    double passed, lost;     /* of those where the reference scores 1 */
    double degraded, unable; /* notes; items that the reference cannot do */
} tally;

static bool count(void *arg, const store_item *item)
{
    static const char degraded[] = "degraded";
    tally *t = arg;
    const bool able = item->score_ref > 0 && !isnan(item->score);
    t->passed += able && item->score > 0;
    t->lost += able && !(item->score > 0);
    t->unable += !able;
    t->degraded += strncmp(item->note, degraded, sizeof degraded - 1) == 0;
    if (isnan(item->score)) return true;
    t->least = t->n == 0 || item->score < t->least ? item->score : t->least;
    t->n++;
    t->sum += item->score;
    return true;
}

static void take_attention(gate_measures *m, const store_run *run, const tally *t)
{
    (void)run;
    gate_know(m, GATE_ATTENTION, t->sum / t->n, NAN, NAN);
    gate_about(m, GATE_ATTENTION, "%.0f heads, the worst %.5f", t->n, t->least);
}

static void take_lost(gate_measures *m, gate_id g, const tally *t, const char *what)
{
    const double able = t->passed + t->lost;
    if (able == 0) {
        gate_miss(m, g, "the reference does none of the %.0f %s itself", t->unable, what);
        return;
    }
    gate_know(m, g, t->lost, NAN, NAN);
    gate_about(m, g, t->unable > 0 ? "of %.0f %s; %.0f more the reference does not do itself" : "of %.0f %s", able,
               what, t->unable);
}

static void take_needle(gate_measures *m, const store_run *run, const tally *t)
{
    (void)run;
    take_lost(m, GATE_NEEDLE, t, "cells");
}

static void take_prompts(gate_measures *m, const store_run *run, const tally *t)
{
    (void)run;
    take_lost(m, GATE_PROMPTS, t, "prompts");
}

static void take_session(gate_measures *m, const store_run *run, const tally *t)
{
    m->alerts = t->degraded;
    gate_know(m, GATE_SESSION, run->top1.value, run->top1.lo, run->top1.hi);
    gate_about(m, GATE_SESSION, "%.0f turns, KLD %.4g", (double)run->passages, run->kld.value);
}

static const struct {
    gate_id gate;
    void (*take)(gate_measures *m, const store_run *run, const tally *t);
} takers[] = { { GATE_ATTENTION, take_attention },
               { GATE_NEEDLE, take_needle },
               { GATE_PROMPTS, take_prompts },
               { GATE_SESSION, take_session } };

bool gate_take_suite(gate_work *w, const store_run *run, fault *f)
{
    tally t = { 0 };
    if (!store_each_item(w->lab.database, run->id, count, &t, f)) return false;
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++) {
        if (strcmp(gate_name(takers[i].gate), run->suite) != 0) continue;
        takers[i].take(&w->measures, run, &t);
        w->measures.of[takers[i].gate].run = run->id;
    }
    return true;
}
