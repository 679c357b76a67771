/* kvant runs: the database as a table. */
#include <stdio.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/report.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

/* ---- runs ---- */

typedef struct lister {
    const app_context *app;
    cJSON *list; /* with --json */
    size_t n;
} lister;

static bool list_run(void *arg, const store_run *run)
{
    lister *l = arg;
    if (l->list) return cJSON_AddItemToArray(l->list, report_run_json(run, NULL, 0));
    if (l->n++ == 0) report_heading(stdout, &l->app->out);
    report_line(stdout, &l->app->out, run);
    return true;
}

int cmd_runs(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    if (!lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    store_stop_when(l.database, stop, app);
    lister each = { .app = app, .list = line_has(line, "json") ? cJSON_CreateArray() : NULL };
    bool ok = store_each_run(l.database, line_text(line, "where"), line_int(line, "limit"), list_run, &each, &f);
    if (ok && each.list)
        ok = report_json(stdout, each.list, &f);
    else
        cJSON_Delete(each.list);
    if (ok && each.n == 0 && !line_has(line, "json")) fprintf(stderr, "kvant: no runs\n");
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
