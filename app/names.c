#include "app/names.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/lab.h"

enum { RECENT = 50 }; /* runs offered */

static void codec_names(app_context *app, app_add_name add, void *to)
{
    catalog *known = lab_catalog(app, NULL, NULL);
    for (size_t i = 0; known && i < known->n_codecs; i++)
        add(to, known->codecs[i]->name, known->codecs[i]->summary);
    catalog_free(known);
}

static void metric_names(app_context *app, app_add_name add, void *to)
{
    (void)app;
    for (const store_metric *m = store_metrics; m->name; m++)
        add(to, m->name, NULL);
}

typedef struct adder {
    app_add_name add;
    void *to;
} adder;

static bool add_run(void *arg, const store_run *run)
{
    const adder *a = arg;
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, run->id);
    a->add(a->to, id, run->config.canonical);
    return true;
}

static void run_names(app_context *app, app_add_name add, void *to)
{
    const char *set = settings_get(app->session, "db");
    store *s = store_open(set ? set : app->places.database, STORE_READ, NULL);
    if (!s) return;
    adder a = { add, to };
    store_each_run(s, NULL, RECENT, add_run, &a, NULL);
    store_close(s);
}

const app_name_source names_sources[] = {
    { COMPLETE_CODEC, codec_names },
    { COMPLETE_METRIC, metric_names },
    { COMPLETE_RUN, run_names },
    { COMPLETE_NONE, NULL },
};
