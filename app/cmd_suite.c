/* kvant needle, session, prompts, trajectory, attention: a suite for one config or many. The command's name says which;
 * what makes it a suite's job is in lab_open. */
#include <inttypes.h>

#include "app/commands.h"
#include "app/run_show.h"
#include "app/sweep_tell.h"

/* One config is always run, and shown in full. */
static bool run_one(lab *l, const config *c, fault *f)
{
    lab_run run;
    if (!lab_evaluate(l, c, &run, f) || !run_show(l->app, l->database, run.id, line_has(l->line, "json"), false, f))
        return false;
    return run.done || fault_set(f, run.why.code, "run %" PRId64 " failed: %s", run.id, run.why.text);
}

int cmd_suite(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    grid_configs configs = { 0 };
    if (!lab_open(&l, app, line, LAB_CODECS | LAB_DATABASE, &f)) return app_report(app, &f);
    bool ok = sweep_gather(app, line, l.known, &configs, &f);
    if (ok) ok = configs.n == 1 ? run_one(&l, configs.items[0], &f) : sweep_tell(&l, &configs, &f);
    grid_free(&configs);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
