/* kvant needle, session, prompts, trajectory, attention: a suite for one config or many. The command's name says which;
 * what makes it a suite's job is in lab_open. */
#include <inttypes.h>

#include "app/commands.h"
#include "app/profile.h"
#include "app/report.h"
#include "app/run_show.h"
#include "app/sweep.h"

#include <stdlib.h>

static bool gather(app_context *app, const command_line *line, const catalog *known, grid_configs *configs, fault *f)
{
    for (size_t i = 0; i < line_n_args(line); i++) {
        char *text;
        if (!profile_expand(app, line, line_arg(line, i), &text, f)) return false;
        const bool added = grid_add(configs, known, text, f);
        free(text);
        if (!added) return false;
    }
    return true;
}

/* One config is always run, and shown in full. */
static bool run_one(lab *l, const config *c, fault *f)
{
    lab_run run;
    if (!lab_evaluate(l, c, &run, f) || !run_show(l->app, l->database, run.id, line_has(l->line, "json"), false, f))
        return false;
    return run.done || fault_set(f, run.why.code, "run %" PRId64 " failed: %s", run.id, run.why.text);
}

typedef struct printer {
    const app_context *app;
    bool headed;
    cJSON *list; /* with --json */
} printer;

static void print_row(void *self, const store_run *run, bool ran)
{
    (void)ran;
    printer *p = self;
    if (p->list) {
        cJSON_AddItemToArray(p->list, report_run_json(run, NULL, 0));
        return;
    }
    if (!p->headed) report_heading(stdout, &p->app->out);
    p->headed = true;
    report_line(stdout, &p->app->out, run);
    fflush(stdout);
}

static bool run_many(lab *l, const grid_configs *configs, fault *f)
{
    printer p = { .app = l->app, .list = line_has(l->line, "json") ? cJSON_CreateArray() : NULL };
    const sweep s = { .lab = l,
                      .jobs = (int)line_int(l->line, "jobs"),
                      .force = line_has(l->line, "force"),
                      .self = &p,
                      .row = print_row };
    sweep_count count = { 0 };
    bool ok = sweep_run(&s, configs, &count, f);
    fprintf(stderr, "kvant: %zu run, %zu already there, %zu failed; `kvant show RUN` shows one in full\n", count.ran,
            count.had, count.failed);
    if (p.list && !report_json(stdout, p.list, ok ? f : NULL)) ok = false;
    return ok && (count.failed == 0 ||
                  fault_set(f, FAULT_INPUT, "%zu of %zu runs failed; `kvant runs` says why", count.failed, count.ran));
}

int cmd_suite(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    grid_configs configs = { 0 };
    if (!lab_open(&l, app, line, LAB_CODECS | LAB_DATABASE, &f)) return app_report(app, &f);
    bool ok = gather(app, line, l.known, &configs, &f);
    if (ok) ok = configs.n == 1 ? run_one(&l, configs.items[0], &f) : run_many(&l, &configs, &f);
    grid_free(&configs);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
