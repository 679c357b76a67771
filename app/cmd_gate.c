/* kvant gate: may this config be used? Measures what the gates ask for and judges it (app/gate.h). */
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/gate_work.h"
#include "app/model_hash.h"
#include "app/profile.h"
#include "app/report.h"
#include "base/nearest.h"

/* ---- which gates ---- */

static bool unknown_gate(const char *option, const char *name, fault *f)
{
    nearest n = nearest_to(name);
    for (int g = 0; g < GATES; g++)
        nearest_try(&n, gate_name((gate_id)g));
    if (n.word)
        return fault_set(f, FAULT_USAGE, "gate: --%s: no gate \"%.64s\"; did you mean \"%s\"?", option, name, n.word);
    return fault_set(f, FAULT_USAGE, "gate: --%s: no gate \"%.64s\"; `kvant help gate` lists them", option, name);
}

/* Sets to[] for every gate of a list: "kld,top1". */
static bool mark_list(const char *option, const char *list, bool to[GATES], fault *f)
{
    char name[64];
    for (const char *at = list; at;) {
        const size_t n = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), at);
        const gate_id g = gate_named(name);
        if (g == GATES) return unknown_gate(option, name, f);
        to[g] = true;
        at = at[n] ? at + n + 1 : NULL;
    }
    return true;
}

static bool choose_gates(gate_work *w, fault *f)
{
    static const gate_id timed[] = { GATE_PROMPT, GATE_GENERATION, GATE_FIRST };
    const char *only = line_text(w->line, "only"), *skip = line_text(w->line, "skip");
    bool skipped[GATES] = { 0 };
    w->measures = gate_measures_none("not asked for");
    for (int g = 0; g < GATES; g++)
        w->wanted[g] = !only;
    if (only && !mark_list("only", only, w->wanted, f)) return false;
    if (skip && !mark_list("skip", skip, skipped, f)) return false;
    for (int g = 0; g < GATES; g++) {
        w->measures.of[g].asked = w->wanted[g];
        if (w->wanted[g]) gate_miss(&w->measures, (gate_id)g, skipped[g] ? "left out by --skip" : "not measured");
        w->wanted[g] = w->wanted[g] && !skipped[g];
    }
    for (size_t i = 0; line_has(w->line, "no-speed") && i < sizeof timed / sizeof *timed; i++) {
        if (w->wanted[timed[i]]) gate_miss(&w->measures, timed[i], "left out by --no-speed");
        w->wanted[timed[i]] = false;
    }
    for (int g = 0; g < GATES; g++)
        if (w->wanted[g]) return true;
    return fault_set(f, FAULT_USAGE, "gate: no gate is left");
}

/* --set says something of a command the gate gives. */
static bool check_sets(const gate_work *w, fault *f)
{
    static const char *const commands[] = { "attention", "needle", "prompts", "session", "speed" };
    for (size_t i = 0; i < line_count(w->line, "set"); i++) {
        const char *set = line_text_at(w->line, "set", i);
        const size_t n = strcspn(set, ".");
        size_t at = 0;
        while (at < sizeof commands / sizeof *commands &&
               (strlen(commands[at]) != n || strncmp(commands[at], set, n) != 0))
            at++;
        if (!set[n] || !set[n + 1] || at == sizeof commands / sizeof *commands)
            return fault_set(f, FAULT_USAGE,
                             "gate: --set \"%.64s\": it is written COMMAND.OPTION=VALUE, the command being attention, "
                             "needle, prompts, session or speed",
                             set);
    }
    return true;
}

/* ---- measuring ---- */

static bool know_model(gate_work *w, fault *f)
{
    shelf kept;
    const char *path = w->lab.job.model;
    double *need = &w->thresholds[GATE_T_NEED_CTX];
    if (!shelf_open(&kept, w->lab.job.cache, f) || !model_hash(path, &kept, w->model_id, f) ||
        !memory_shape_read(path, &w->shape, f))
        return false;
    if (w->thresholds[GATE_T_BUDGET] > 0 && *need <= 0) *need = w->shape.ctx_train;
    return true;
}

static void give_up(gate_work *w)
{
    for (int g = 0; g < GATES; g++) {
        const gate_measure *x = &w->measures.of[g];
        if (w->wanted[g] && !x->known && !x->failed)
            gate_miss(&w->measures, (gate_id)g, "not measured: the config is out already; --all goes on");
    }
}

/* A config that does not get through a plain run, or loses too much perplexity, is not measured further. */
static bool is_out(const gate_work *w)
{
    const bool failed = w->measures.of[GATE_PPL].failed || w->measures.of[GATE_KLD].failed ||
                        w->measures.of[GATE_TOP1].failed || w->measures.of[GATE_BYTES].failed;
    return !line_has(w->line, "all") && (failed || gate_kills(&w->measures, w->thresholds));
}

static bool measure(gate_work *w, fault *f)
{
    if (!know_model(w, f) || !gate_plain(w, f)) return false;
    if (is_out(w)) {
        give_up(w);
        return true;
    }
    return gate_memory(w, f) && gate_suites(w, f) && gate_speed(w, f);
}

static int judge(gate_work *w, fault *f)
{
    gate_line lines[GATES];
    gate_judge(&w->measures, w->thresholds, lines);
    const gate_count c = gate_total(lines);
    if (line_has(w->line, "json")) {
        if (!report_json(stdout, gate_json(w, lines), f)) return f->code;
    } else {
        gate_print(w, lines);
    }
    if (gate_overall(&c) == GATE_NA) fault_set(f, FAULT_INPUT, "gate: nothing could be measured");
    return c.n[GATE_FAIL] ? FAULT_NO : FAULT_NONE;
}

static bool prepare(gate_work *w, fault *f)
{
    w->fresh = line_has(w->line, "fresh");
    return gate_thresholds_of_line(w->line, line_text(w->line, "thresholds"), w->thresholds, f) && choose_gates(w, f) &&
           check_sets(w, f) && lab_open(&w->lab, w->app, w->line, LAB_CODECS | LAB_DATABASE, f);
}

int cmd_gate(app_context *app, const command_line *line)
{
    fault f = { 0 };
    int status = FAULT_NONE;
    gate_work *w = calloc(1, sizeof *w);
    if (!w) {
        fault_memory(&f, "the gate");
        return app_report(app, &f);
    }
    *w = (gate_work){ .app = app, .line = line };
    if (prepare(w, &f)) {
        config *c = profile_config(app, line, w->lab.known, line_arg(line, 0), &f);
        w->config = c;
        if (c && measure(w, &f)) status = judge(w, &f);
        config_free(c);
        lab_close(&w->lab);
    }
    free(w->plain);
    free(w);
    return f.code ? app_report(app, &f) : status;
}
