/* kvant demo: a small sweep and its frontier, to see what kvant does. */
#include <stdio.h>

#include "app/commands.h"
#include "app/frontier.h"
#include "app/report.h"
#include "app/sweep.h"

/* One codec of each kind, then keys and values apart: the shape of the trade on one screen. */
static const char *const tour[] = {
    "identity",
    "f16",
    "q8_0",
    "q4_0",
    "rotate(q4_0)",
    "turbo4",
    "turbo3",
    "turbo2",
    "polar(bits=2..6)",
    "k=q8_0 v=turbo3",
    "k=q8_0 v=polar(bits=3)",
    "k=polar(bits=5) v=polar(bits=3)",
};

static void print_row(void *self, const store_run *run, bool ran)
{
    (void)ran;
    const app_context *app = self;
    report_line(stdout, &app->out, run);
    fflush(stdout);
}

int cmd_demo(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    if (!lab_open(&l, app, line, LAB_CODECS | LAB_DATABASE, &f)) return app_report(app, &f);
    grid_configs configs = { 0 };
    bool ok = true, json = line_has(line, "json");
    for (size_t i = 0; ok && i < sizeof tour / sizeof *tour; i++)
        ok = grid_add(&configs, l.known, tour[i], &f);
    sweep s = { .lab = &l, .jobs = 1, .self = app, .row = json ? NULL : print_row };
    sweep_count count;
    if (ok && !json) report_heading(stdout, &app->out);
    ok = ok && sweep_run(&s, &configs, &count, &f);
    frontier_request r = { .x = store_metric_named("ratio"), .y = store_metric_named("kld"), .json = json };
    if (ok && !json) putchar('\n');
    ok = ok && frontier_show(app, l.database, &r, &f);
    grid_free(&configs);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
