/* kvant pin and kvant unpin: runs that are kept in sight. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/report.h"
#include "app/run_number.h"

typedef struct pinner {
    store *s;
    bool pinned;
    cJSON *list; /* with --json */
} pinner;

static bool pin_one(const pinner *p, int64_t id, fault *f)
{
    bool changed = false;
    if (!store_pin(p->s, id, p->pinned, &changed, f)) return false;
    if (!p->list) {
        printf("run %" PRId64 " is %s%s\n", id,
               changed     ? ""
               : p->pinned ? "already "
                           : "",
               p->pinned ? "pinned" : "not pinned");
        return true;
    }
    cJSON *one = cJSON_CreateObject();
    cJSON_AddNumberToObject(one, "run", (double)id);
    cJSON_AddBoolToObject(one, "pinned", p->pinned);
    cJSON_AddBoolToObject(one, "changed", changed);
    return cJSON_AddItemToArray(p->list, one) || fault_memory(f, "the JSON");
}

static bool pin_all(pinner *p, const command_line *line, fault *f)
{
    bool ok = true;
    int64_t id;
    for (size_t i = 0; ok && i < line_n_args(line); i++) /* before the first is touched */
        ok = run_number_read(line, i, &id, f);
    for (size_t i = 0; ok && i < line_n_args(line); i++)
        ok = run_number_read(line, i, &id, f) && pin_one(p, id, f);
    return ok;
}

static int pin(app_context *app, const command_line *line, bool pinned)
{
    fault f = { 0 };
    lab l;
    const char *path = app_database(app, line);
    store *there = store_open(path, STORE_READ, &f); /* opening it to write would make it */
    if (!there) return app_report(app, &f);
    store_close(there);
    if (!lab_open(&l, app, line, LAB_DATABASE, &f)) return app_report(app, &f);
    pinner p = { l.database, pinned, line_has(line, "json") ? cJSON_CreateArray() : NULL };
    bool ok = pin_all(&p, line, &f);
    if (ok && p.list)
        ok = report_json(stdout, p.list, &f);
    else
        cJSON_Delete(p.list);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}

int cmd_pin(app_context *app, const command_line *line)
{
    return pin(app, line, true);
}

int cmd_unpin(app_context *app, const command_line *line)
{
    return pin(app, line, false);
}
