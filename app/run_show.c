#include "app/run_show.h"

#include <stdlib.h>

#include "app/repeat.h"
#include "app/report.h"
#include "app/suite_show.h"

static cJSON *run_json(const store_run *run, const store_layer *sides, size_t n, const suite_items *items,
                       const char *again)
{
    cJSON *json = report_run_json(run, sides, n);
    bool ok = json != NULL;
    if (ok && items->n > 0) ok = cJSON_AddItemToObject(json, "items", suite_show_json(items));
    if (ok && again) ok = cJSON_AddStringToObject(json, "command", again);
    if (ok) return json;
    cJSON_Delete(json);
    return NULL;
}

bool run_show(const app_context *app, store *s, int64_t id, bool json, bool full, fault *f)
{
    store_layer *sides = NULL;
    size_t n = 0;
    suite_items items = { 0 };
    store_run *run = store_get_run(s, id, f);
    bool ok = run && report_layers(s, id, &sides, &n, f) && suite_items_read(s, id, &items, f);
    char *again = ok && full ? repeat_line("kvant ", run, NULL) : NULL;
    if (ok && full && !again) ok = fault_memory(f, "the command");
    if (ok && json)
        ok = report_json(stdout, run_json(run, sides, n, &items, again), f);
    else if (ok) {
        report_run(stdout, &app->out, run, sides, n);
        suite_show(stdout, &app->out, run, &items, full);
        if (full) report_sides(stdout, sides, n);
    }
    if (ok && again && !json) printf("again    %s\n", again);
    free(again);
    suite_items_free(&items);
    report_layers_free(sides, n);
    free(run);
    return ok;
}
