/* kvant frontier: what no other run beats. */
#include "app/commands.h"
#include "app/frontier.h"
#include "app/lab.h"
#include "app/selection.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

int cmd_frontier(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    char model[PATH_MAX];
    frontier_request r = { .x = selection_metric(line, "x", &f),
                           .marks = line_text(line, "marks"),
                           .json = line_has(line, "json") };
    r.y = r.x ? selection_metric(line, "y", &f) : NULL;
    if (!r.y || !lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    r.set = selection_read(line, model);
    store_stop_when(l.database, stop, app);
    bool ok = frontier_show(app, l.database, &r, &f);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
