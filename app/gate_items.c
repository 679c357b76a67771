/* What a suite's items mean to its gate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/gate_work.h"
#include "app/suite_show_work.h"

/* A number of the config's that is none makes the mean none. */
static bool take_attention(gate_measures *m, const store_run *run, const suite_items *items)
{
    double sum = 0, least = INFINITY;
    (void)run;
    for (size_t i = 0; i < items->n; i++) {
        sum += items->items[i].score;
        least = fmin(least, items->items[i].score);
    }
    gate_know(m, GATE_ATTENTION, sum / (double)items->n, NAN, NAN);
    if (m->of[GATE_ATTENTION].known) gate_about(m, GATE_ATTENTION, "%zu heads, the worst %.5f", items->n, least);
    return true;
}

/* What a suite puts to both caches, counted: what the reference does, what the config loses of it. */
typedef struct balance {
    double able, lost;
    size_t unable; /* items that the reference does not do itself */
} balance;

static void take_balance(gate_measures *m, gate_id g, const balance *b, const char *what, const char *items)
{
    if (b->able == 0) {
        gate_miss(m, g, "the reference does none of the %zu %s itself", b->unable, items);
        return;
    }
    gate_know(m, g, b->lost, NAN, NAN);
    if (b->unable > 0)
        gate_about(m, g, "of %.0f %s; %zu %s the reference does not do itself", b->able, what, b->unable, items);
    else
        gate_about(m, g, "of %.0f %s", b->able, what);
}

/* Needles, not cells: a cell of several haystacks may be lost in part. */
static bool take_needle(gate_measures *m, const store_run *run, const suite_items *items)
{
    store_item *counts = needle_counts(run, items);
    balance b = { 0 };
    for (size_t i = 0; counts && i < items->n; i++) {
        if (counts[i].second > 0) {
            b.able += counts[i].second;
            b.lost += counts[i].second - counts[i].score;
        } else {
            b.unable++;
        }
    }
    if (counts) take_balance(m, GATE_NEEDLE, &b, "needles", "cells");
    free(counts);
    return counts != NULL;
}

static bool take_prompts(gate_measures *m, const store_run *run, const suite_items *items)
{
    balance b = { 0 };
    (void)run;
    for (size_t i = 0; i < items->n; i++) {
        const bool able = items->items[i].score_ref >= 1;
        b.able += able;
        b.lost += able && !(items->items[i].score >= 1);
        b.unable += !able;
    }
    take_balance(m, GATE_PROMPTS, &b, "prompts", "prompts");
    return true;
}

static bool take_session(gate_measures *m, const store_run *run, const suite_items *items)
{
    m->alerts = 0;
    for (size_t i = 0; i < items->n; i++)
        m->alerts += session_degraded(&items->items[i]);
    gate_know(m, GATE_SESSION, run->top1.value, run->top1.lo, run->top1.hi);
    if (m->of[GATE_SESSION].known) gate_about(m, GATE_SESSION, "%zu turns, KLD %.4g", items->n, run->kld.value);
    return true;
}

static const struct {
    gate_id gate;
    bool (*take)(gate_measures *m, const store_run *run, const suite_items *items); /* false: no memory */
} takers[] = { { GATE_ATTENTION, take_attention },
               { GATE_NEEDLE, take_needle },
               { GATE_PROMPTS, take_prompts },
               { GATE_SESSION, take_session } };

bool gate_take_suite(gate_work *w, const store_run *run, fault *f)
{
    suite_items items;
    bool ok = suite_items_read(w->lab.database, run->id, &items, f);
    for (size_t i = 0; ok && i < sizeof takers / sizeof *takers; i++) {
        if (strcmp(gate_name(takers[i].gate), run->suite) != 0) continue;
        ok = takers[i].take(&w->measures, run, &items) || fault_memory(f, "a suite's items");
        w->measures.of[takers[i].gate].run = run->id;
    }
    suite_items_free(&items);
    return ok;
}
