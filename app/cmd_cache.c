/* kvant cache: what is kept to be reused, and how to be rid of it. */
#include "app/commands.h"
#include "app/report.h"
#include "app/shelf.h"

int cmd_cache(app_context *app, const command_line *line)
{
    fault f = { 0 };
    shelf kept;
    size_t entries;
    uint64_t bytes;
    bool clear = line_has(line, "clear");
    bool ok = shelf_open(&kept, app->places.cache, &f) && shelf_sum(&kept, &entries, &bytes, &f) &&
              (!clear || shelf_trim(&kept, 0, &f));
    if (ok && line_has(line, "json")) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "path", kept.dir);
        cJSON_AddNumberToObject(json, "entries", (double)entries);
        cJSON_AddNumberToObject(json, "bytes", (double)bytes);
        cJSON_AddBoolToObject(json, "cleared", clear);
        ok = report_json(stdout, json, &f);
    } else if (ok) {
        printf("%s: %zu entries, %.1f MiB%s\n", kept.dir, entries, (double)bytes / (1 << 20),
               clear ? ", deleted" : "; what is least used goes beyond 16 GiB");
    }
    return ok ? FAULT_NONE : app_report(app, &f);
}
