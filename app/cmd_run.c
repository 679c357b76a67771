/* kvant run: one config on one model and text. kvant show: one run again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/number.h"
#include "app/profile.h"
#include "app/repeat.h"
#include "app/report.h"

static cJSON *run_json(const store_run *run, const store_layer *sides, size_t n, const char *again)
{
    cJSON *json = report_run_json(run, sides, n);
    if (again && json && !cJSON_AddStringToObject(json, "command", again)) {
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

/* In full: with all layers and the command that makes the run again. */
static bool print_run(const app_context *app, store *s, int64_t id, bool json, bool full, fault *f)
{
    store_layer *sides = NULL;
    size_t n = 0;
    store_run *run = store_get_run(s, id, f);
    bool ok = run && report_layers(s, id, &sides, &n, f);
    char *again = ok && full ? repeat_line("kvant run", run, NULL) : NULL;
    if (ok && full && !again) ok = fault_memory(f, "the command");
    if (ok && json)
        ok = report_json(stdout, run_json(run, sides, n, again), f);
    else if (ok)
        report_run(stdout, &app->out, run, sides, n, full);
    if (ok && again && !json) printf("again    %s\n", again);
    free(again);
    report_layers_free(sides, n);
    free(run);
    return ok;
}

int cmd_run(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    if (!lab_open(&l, app, line, LAB_CODECS | LAB_DATABASE, &f)) return app_report(app, &f);
    lab_run run;
    config *c = profile_config(app, line, l.known, line_arg(line, 0), &f);
    bool ok =
        c && lab_evaluate(&l, c, &run, &f) && print_run(app, l.database, run.id, line_has(line, "json"), false, &f);
    if (ok && !run.done) {
        ok = false;
        fault_set(&f, run.why.code, "run %" PRId64 " failed: %s", run.id, run.why.text);
    }
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
    bool ok = print_run(app, l.database, id, line_has(line, "json"), true, &f);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
