/* kvant runs: the database as a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/report.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

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

/* --where and --pinned as one condition; free() it. A mistake is told by its column in what was typed. */
static char *condition(store *s, const command_line *line, fault *f)
{
    static const char pinned[] = "pinned AND ";
    const char *where = line_text(line, "where");
    if (!store_check_condition(s, where, f)) return NULL;
    if (!where || !where[strspn(where, " \t\r\n")]) where = "1";
    const size_t room = strlen(where) + sizeof pinned + sizeof "(\n)";
    char *text = malloc(room);
    if (text)
        snprintf(text, room, "%s(%s\n)", line_has(line, "pinned") ? pinned : "", where);
    else
        fault_memory(f, "a condition");
    return text;
}

int cmd_runs(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    if (!lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    store_stop_when(l.database, stop, app);
    lister each = { .app = app, .list = line_has(line, "json") ? cJSON_CreateArray() : NULL };
    char *where = condition(l.database, line, &f);
    bool ok = where && store_each_run(l.database, where, line_int(line, "limit"), list_run, &each, &f);
    free(where);
    if (ok && each.list)
        ok = report_json(stdout, each.list, &f);
    else
        cJSON_Delete(each.list);
    if (ok && each.n == 0 && !line_has(line, "json")) fprintf(stderr, "kvant: no runs\n");
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
