/* kvant run: one config on one model and text. kvant show: one run again. */
#include <inttypes.h>
#include <stdlib.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/number.h"
#include "app/profile.h"
#include "app/run_show.h"

int cmd_run(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    stopwatch spent;
    if (!lab_open(&l, app, line, LAB_CODECS | LAB_DATABASE, &f)) return app_report(app, &f);
    lab_watch_timing(&l, &spent);
    lab_run run;
    config *c = profile_config(app, line, l.known, line_arg(line, 0), &f);
    bool ok =
        c && lab_evaluate(&l, c, &run, &f) && run_show(app, l.database, run.id, line_has(line, "json"), false, &f);
    if (ok && !run.done) {
        ok = false;
        fault_set(&f, run.why.code, "run %" PRId64 " failed: %s", run.id, run.why.text);
    }
    lab_tell_timing(&l);
    config_free(c);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}

int cmd_show(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    char *end;
    const char *text = line_arg(line, 0);
    long long id = strtoll(text, &end, 10);
    if (!*text || *end || id < 1) {
        fault_set(&f, FAULT_USAGE, "show: \"%s\" is no run's number; `kvant runs` lists them", text);
        return app_report(app, &f);
    }
    if (!lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    bool ok = run_show(app, l.database, id, line_has(line, "json"), true, &f);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
