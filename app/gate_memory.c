/* Bytes of the cache against the formula, and the context that fits a budget. */
#include <math.h>
#include <stdio.h>

#include "app/gate_work.h"
#include "app/memory.h"

static void open_reason(gate_work *w, gate_id g, const fault *why)
{
    if (w->wanted[g] && !w->measures.of[g].failed) gate_miss(&w->measures, g, "%s", why->text);
}

static bool take_bytes(gate_work *w, memory_plan *p, fault *f)
{
    memory_figures x;
    const store_run *run = w->plain;
    if (!w->wanted[GATE_BYTES] || !run) return true;
    if (!memory_at(p, w->config->text, (int)run->ctx, &x, f)) return false;
    const double measured = (double)run->bytes / (double)run->passages;
    gate_know(&w->measures, GATE_BYTES, 100 * fabs(measured / x.bytes - 1), NAN, NAN);
    gate_about(&w->measures, GATE_BYTES, "%.0f measured, %.0f computed for %d tokens", measured, x.bytes,
               (int)run->ctx);
    w->measures.of[GATE_BYTES].run = run->id;
    return true;
}

static bool take_ceiling(gate_work *w, memory_plan *p, fault *f)
{
    const double budget = w->thresholds[GATE_T_BUDGET];
    int ctx;
    if (!w->wanted[GATE_CEILING]) return true;
    if (budget <= 0) {
        gate_miss(&w->measures, GATE_CEILING, "no --budget is given");
        return true;
    }
    if (w->thresholds[GATE_T_NEED_CTX] <= 0) {
        gate_miss(&w->measures, GATE_CEILING, "the model does not say its context: give --need-ctx");
        return true;
    }
    if (!memory_ceiling(p, w->config->text, budget, &ctx, f)) return false;
    gate_know(&w->measures, GATE_CEILING, ctx, NAN, NAN);
    gate_about(&w->measures, GATE_CEILING, "tokens in %.4g GiB, weights of %.4g GiB in it", budget / 1073741824,
               p->weights / 1073741824);
    return true;
}

/* Not to be counted is no fault of the command. */
static bool forgive(gate_work *w, gate_id g, fault *f)
{
    if (f->code != FAULT_INPUT) return false;
    open_reason(w, g, f);
    *f = (fault){ 0 };
    return true;
}

bool gate_memory(gate_work *w, fault *f)
{
    static const gate_id served[] = { GATE_BYTES, GATE_CEILING };
    memory_plan p = { .app = w->app,
                      .line = w->line,
                      .shape = &w->shape,
                      .round = 1,
                      .sequences = 1,
                      .weights = (double)w->shape.weights };
    if (!gate_wants(w, served, sizeof served / sizeof *served)) return true;
    const bool ok = memory_open(&p, f) && (take_bytes(w, &p, f) || forgive(w, GATE_BYTES, f)) &&
                    (take_ceiling(w, &p, f) || forgive(w, GATE_CEILING, f));
    memory_close(&p);
    return ok;
}
