#include "app/sweep_tell.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/profile.h"
#include "app/report.h"

bool sweep_gather(app_context *app, const command_line *line, const catalog *known, grid_configs *configs, fault *f)
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

bool sweep_tell(lab *l, const grid_configs *configs, fault *f)
{
    printer p = { .app = l->app, .list = line_has(l->line, "json") ? cJSON_CreateArray() : NULL };
    const sweep s = { .lab = l,
                      .jobs = (int)line_int(l->line, "jobs"),
                      .force = line_has(l->line, "force"),
                      .self = &p,
                      .row = print_row };
    sweep_count count = { 0 };
    stopwatch spent;
    lab_watch_timing(l, &spent);
    bool ok = sweep_run(&s, configs, &count, f);
    fprintf(stderr, "kvant: %zu run, %zu already there, %zu failed%s\n", count.ran, count.had, count.failed,
            *l->job.suite ? "; `kvant show RUN` shows one in full" : "");
    if (p.list && !report_json(stdout, p.list, ok ? f : NULL)) ok = false;
    lab_tell_timing(l);
    return ok && (count.failed == 0 ||
                  fault_set(f, FAULT_INPUT, "%zu of %zu runs failed; `kvant runs` says why", count.failed, count.ran));
}
