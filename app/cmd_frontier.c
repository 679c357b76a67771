/* kvant frontier: what no other run beats. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/frontier.h"
#include "app/lab.h"

static const store_metric *metric_of(const command_line *line, const char *option, fault *f)
{
    const char *name = line_text(line, option);
    const store_metric *m = store_metric_named(name);
    if (m) return m;
    char known[512] = "";
    for (size_t i = 0, n = 0; store_metrics[i].name && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", store_metrics[i].name);
    fault_set(f, FAULT_USAGE, "frontier: --%s %s is no metric (%s)", option, name, known);
    return NULL;
}

/* What the line says about the set; what it does not say, the newest run decides. */
static void select_set(const command_line *line, store_selection *set, char model[PATH_MAX])
{
    const char *path = line_text(line, "model");
    if (path) set->model = realpath(path, model) ? model : path;
    if (line_has(line, "text")) set->text = app_text_name(line_text(line, "text"));
    if (line_has(line, "protocol")) set->protocol = line_text(line, "protocol");
    if (line_has(line, "ctx")) set->ctx = line_int(line, "ctx");
    if (line_has(line, "eval")) set->eval = line_int(line, "eval");
    if (line_has(line, "passages")) set->passages = line_int(line, "passages");
}

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

int cmd_frontier(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    char model[PATH_MAX];
    frontier_request r = { .x = metric_of(line, "x", &f),
                           .marks = line_text(line, "marks"),
                           .json = line_has(line, "json") };
    r.y = r.x ? metric_of(line, "y", &f) : NULL;
    if (!r.y || !lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    select_set(line, &r.set, model);
    store_stop_when(l.database, stop, app);
    bool ok = frontier_show(app, l.database, &r, &f);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
