/* kvant sweep: many configs, resumable. */
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/report.h"
#include "app/sweep.h"

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

static bool gather(const lab *l, grid_configs *configs, fault *f)
{
    const command_line *line = l->line;
    const char *k = line_text(line, "k"), *v = line_text(line, "v");
    for (size_t i = 0; i < line_n_args(line); i++)
        if (!grid_add(configs, l->known, line_arg(line, i), f)) return false;
    if ((k || v) && !grid_add_lists(configs, l->known, k, v, f)) return false;
    return configs->n > 0 || fault_set(f, FAULT_USAGE, "sweep: no config; give some, or --k LIST --v LIST");
}

int cmd_sweep(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    bool dry = line_has(line, "dry-run"), json = line_has(line, "json");
    if (!lab_open(&l, app, line, LAB_CODECS | (dry ? 0 : LAB_DATABASE), &f)) return app_report(app, &f);
    grid_configs configs = { 0 };
    printer p = { .app = app, .list = json ? cJSON_CreateArray() : NULL };
    sweep s = { .lab = &l, .jobs = (int)line_int(line, "jobs"), .force = line_has(line, "force"), .self = &p, .row = print_row };
    sweep_count count = { 0 };
    bool ok = gather(&l, &configs, &f);
    for (size_t i = 0; ok && dry && i < configs.n; i++) {
        if (json)
            cJSON_AddItemToArray(p.list, cJSON_CreateString(configs.items[i]->text));
        else
            printf("%s\n", configs.items[i]->text);
    }
    if (ok && !dry) {
        ok = sweep_run(&s, &configs, &count, &f);
        fprintf(stderr, "kvant: %zu run, %zu already there, %zu failed\n", count.ran, count.had, count.failed);
    }
    if (p.list && !report_json(stdout, p.list, ok ? &f : NULL)) ok = false;
    if (ok && count.failed > 0)
        ok = fault_set(&f, FAULT_INPUT, "%zu of %zu runs failed; `kvant runs` says why", count.failed, count.ran);
    grid_free(&configs);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
