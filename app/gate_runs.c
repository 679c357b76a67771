/* The plain run and the suites. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/crew.h"
#include "app/gate_work.h"

bool gate_wants(const gate_work *w, const gate_id *gates, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->wanted[gates[i]]) return true;
    return false;
}

static void fail_wanted(gate_work *w, const gate_id *gates, size_t n, const lab_run *run)
{
    for (size_t i = 0; i < n; i++) {
        if (!w->wanted[gates[i]]) continue;
        gate_fail(&w->measures, gates[i], "run %" PRId64 " failed: %s", run->id, run->why.text);
        w->measures.of[gates[i]].run = run->id;
    }
}

/* ---- the plain run ---- */

static void take_plain(gate_work *w, const store_run *run)
{
    gate_measures *m = &w->measures;
    m->ppl_ref = run->ppl_ref;
    if (w->wanted[GATE_PPL]) {
        gate_know(m, GATE_PPL, run->ppl - run->ppl_ref, run->ppl_ref * run->dppl.lo / 100,
                  run->ppl_ref * run->dppl.hi / 100);
        gate_about(m, GATE_PPL, "%.4f against %.4f", run->ppl, run->ppl_ref);
    }
    if (w->wanted[GATE_KLD]) gate_know(m, GATE_KLD, run->kld.value, run->kld.lo, run->kld.hi);
    if (w->wanted[GATE_TOP1]) gate_know(m, GATE_TOP1, run->top1.value, run->top1.lo, run->top1.hi);
    const gate_id from_run[] = { GATE_PPL, GATE_KLD, GATE_TOP1 };
    for (size_t i = 0; i < sizeof from_run / sizeof *from_run; i++)
        if (w->wanted[from_run[i]]) m->of[from_run[i]].run = run->id;
}

bool gate_plain(gate_work *w, fault *f)
{
    static const gate_id served[] = { GATE_PPL, GATE_KLD, GATE_TOP1, GATE_BYTES };
    const size_t n = sizeof served / sizeof *served;
    lab_run run = { .done = true };
    if (!gate_wants(w, served, n)) return true;
    if (!gate_find(w, &w->lab, &run.id, f)) return false;
    if (run.id == 0 && !lab_evaluate(&w->lab, w->config, &run, f)) return false;
    if (!run.done) {
        fail_wanted(w, served, n, &run);
        return true;
    }
    w->plain = store_get_run(w->lab.database, run.id, f);
    if (w->plain) take_plain(w, w->plain);
    return w->plain != NULL;
}

/* ---- suites ---- */

/* A suite that is to be run. */
typedef struct task {
    gate_id gate;
    bool whole_ctx; /* its sequences are as long as the model allows */
    command_line *line;
    lab lab;
    bool open;
} task;

enum { TASKS = 4 };

static bool open_task(gate_work *w, task *t, fault *f)
{
    const command *c = command_find(&w->app->commands, gate_name(t->gate));
    const int given = (int)line_int(w->line, "suite-ctx"), trained = w->shape.ctx_train, standard = w->lab.job.ctx;
    const int most = given ? given : trained, ctx = t->whole_ctx ? most : standard < most || !most ? standard : most;
    char number[16];
    snprintf(number, sizeof number, "%d", ctx);
    const char *const extra[] = { "--ctx", number, NULL };
    if (!c) {
        gate_miss(&w->measures, t->gate, "this kvant has no suite %s", gate_name(t->gate));
        return true;
    }
    t->line = gate_line_of(w, c, extra, f);
    t->open = t->line && lab_open_like(&t->lab, &w->lab, t->line, f);
    return t->open;
}

static bool take_row(gate_work *w, int64_t id, fault *f)
{
    store_run *run = store_get_run(w->lab.database, id, f);
    const bool ok = run && gate_take_suite(w, run, f);
    free(run);
    return ok;
}

static bool queue(gate_work *w, task *t, crew *c, fault *f)
{
    int64_t id;
    if (!w->wanted[t->gate]) return true;
    if (!open_task(w, t, f)) return false;
    if (!t->open) return true;
    if (!gate_find(w, &t->lab, &id, f)) return false;
    return id ? take_row(w, id, f) : crew_add(c, &t->lab, w->config, gate_title(t->gate), t, f);
}

/* A suite that cannot be put to this model, in this context: that is not the config's fault. */
static bool forgive(gate_work *w, const task *t, fault *f)
{
    if (!t || (f->code != FAULT_INPUT && f->code != FAULT_USAGE)) return false;
    gate_miss(&w->measures, t->gate, "%s", f->text);
    *f = (fault){ 0 };
    return true;
}

static bool take_one(gate_work *w, const crew_result *r, fault *f)
{
    const task *t = r->tag;
    if (r->run.done) return take_row(w, r->run.id, f);
    fail_wanted(w, &t->gate, 1, &r->run);
    return true;
}

static bool take_all(gate_work *w, crew *c, fault *f)
{
    for (;;) {
        crew_result r;
        const crew_state state = crew_next(c, &r, f);
        if (state == CREW_EMPTY) return true;
        if (state == CREW_FAULT ? !forgive(w, r.tag, f) : !take_one(w, &r, f)) return false;
    }
}

bool gate_suites(gate_work *w, fault *f)
{
    task tasks[TASKS] = { { .gate = GATE_ATTENTION },
                          { .gate = GATE_NEEDLE, .whole_ctx = true },
                          { .gate = GATE_PROMPTS, .whole_ctx = true },
                          { .gate = GATE_SESSION, .whole_ctx = true } };
    crew *c = crew_open(w->app, (int)line_int(w->line, "jobs"), f);
    bool ok = c != NULL;
    for (int i = 0; ok && i < TASKS; i++)
        ok = queue(w, &tasks[i], c, f);
    if (ok && crew_left(c) > 0) crew_about(c, "gate", crew_left(c));
    ok = ok && take_all(w, c, f);
    crew_close(c);
    for (int i = 0; i < TASKS; i++) {
        if (tasks[i].open) lab_close(&tasks[i].lab);
        line_free(tasks[i].line);
    }
    return ok;
}
