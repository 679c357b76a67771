/* kvant merge: the runs of shards, brought into one database. */
#include <inttypes.h>
#include <string.h>

#include "app/commands.h"
#include "app/report.h"
#include "db/store.h"

enum { PATIENCE_MS = 60000 }; /* shards may still be written, and so may the database */

static void tell(const char *shard, const store_merged *m, cJSON *list)
{
    if (!list) {
        printf("%s: %" PRId64 " new, %" PRId64 " already there\n", shard, m->added, m->known);
        fflush(stdout);
        return;
    }
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "shard", shard);
    cJSON_AddNumberToObject(one, "new", (double)m->added);
    cJSON_AddNumberToObject(one, "already_there", (double)m->known);
    cJSON_AddItemToArray(list, one);
}

int cmd_merge(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *path = app_database(app, line);
    const bool own = strcmp(path, app->places.database) == 0;
    store *s = !own || paths_make_parent(path, &f) ? store_open(path, STORE_WRITE, &f) : NULL;
    if (!s) return app_report(app, &f);
    store_wait(s, PATIENCE_MS);
    cJSON *list = line_has(line, "json") ? cJSON_CreateArray() : NULL;
    int status = FAULT_NONE;
    for (size_t i = 0; i < line_n_args(line) && !app_cancelled(app); i++) {
        store_merged m;
        if (store_merge(s, line_arg(line, i), &m, &f))
            tell(line_arg(line, i), &m, list);
        else
            status = app_report(app, &f); /* the others are worth having all the same */
    }
    store_close(s);
    if (list && !report_json(stdout, list, &f)) status = app_report(app, &f);
    if (!app_cancelled(app)) return status;
    fault_set(&f, FAULT_INTERRUPTED, "interrupted");
    return app_report(app, &f);
}
