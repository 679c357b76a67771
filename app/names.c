#include "app/names.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/catalog_cache.h"
#include "app/complete.h"
#include "app/complete_files.h"
#include "app/lab.h"
#include "app/recipe_files.h"

enum { RECENT = 50 }; /* runs offered */

/* ---- codecs ---- */

char *names_plugins(const app_context *app)
{
    const char *dirs[] = { app->places.plugins[0], app->places.plugins[1] };
    const plugin_search where = { NULL, 0, getenv("KVANT_PLUGIN_PATH"), dirs, sizeof dirs / sizeof *dirs };
    return catalog_cache_signature(&where);
}

struct catalog_cache *complete_codecs(app_context *app)
{
    const char *dirs[] = { app->places.plugins[0], app->places.plugins[1] };
    const plugin_search where = { NULL, 0, getenv("KVANT_PLUGIN_PATH"), dirs, sizeof dirs / sizeof *dirs };
    if (!app->codecs) app->codecs = catalog_cache_create(&where, app->places.executable, NULL);
    return app->codecs;
}

static void codec_names(app_context *app, app_add_name add, void *to)
{
    const catalog *known = complete_catalog(app);
    for (size_t i = 0; known && i < known->n_codecs; i++)
        add(to, known->codecs[i]->name, known->codecs[i]->summary);
}

/* ---- the database ---- */

typedef struct adder {
    app_add_name add;
    void *to;
} adder;

static void metric_names(app_context *app, app_add_name add, void *to)
{
    (void)app;
    for (const store_metric *m = store_metrics; m->name; m++)
        add(to, m->name, NULL);
}

static bool add_run(void *arg, const store_run *run)
{
    const adder *a = arg;
    char id[24], help[512];
    snprintf(id, sizeof id, "%" PRId64, run->id);
    snprintf(help, sizeof help, "%s%.400s", strcmp(run->status, "done") == 0 ? "" : "failed: ", run->config.canonical);
    a->add(a->to, id, help);
    return true;
}

/* Whoever types does not wait for another process's lock. */
static store *open_store(const app_context *app)
{
    const char *set = settings_get(app->session, "db"), *path = set ? set : app->places.database;
    return access(path, F_OK) == 0 ? store_open(path, STORE_WATCH, NULL) : NULL;
}

static void run_names(app_context *app, app_add_name add, void *to)
{
    store *s = open_store(app);
    adder a = { add, to };
    if (s) store_each_run(s, NULL, RECENT, add_run, &a, NULL);
    store_close(s);
}

static bool add_question(void *arg, const store_question *q)
{
    const adder *a = arg;
    a->add(a->to, q->name, q->note);
    return true;
}

static void question_names(app_context *app, app_add_name add, void *to)
{
    store *s = open_store(app);
    adder a = { add, to };
    if (s) store_each_question(s, add_question, &a, NULL);
    store_close(s);
}

static bool add_profile(void *arg, const store_profile *p)
{
    const adder *a = arg;
    a->add(a->to, p->name, *p->note ? p->note : p->config);
    return true;
}

static void profile_names(app_context *app, app_add_name add, void *to)
{
    store *s = open_store(app);
    adder a = { add, to };
    if (s) store_each_profile(s, add_profile, &a, NULL);
    store_close(s);
}

/* ---- files kvant came with ---- */

static void add_model(void *arg, const char *path, bool is_directory)
{
    const adder *a = arg;
    if (!is_directory) a->add(a->to, path, "came with kvant");
}

static void model_names(app_context *app, app_add_name add, void *to)
{
    char dir[PATH_MAX + 1];
    adder a = { add, to };
    snprintf(dir, sizeof dir, "%s/", app->places.models);
    if (app->places.models[0]) complete_files(dir, ".gguf", add_model, &a);
}

static bool add_recipe(void *arg, const recipe_file *file)
{
    const adder *a = arg;
    a->add(a->to, file->name, file->title);
    return true;
}

static void recipe_names(app_context *app, app_add_name add, void *to)
{
    adder a = { add, to };
    recipe_each(app, add_recipe, &a, NULL);
}

const app_name_source names_sources[] = {
    { COMPLETE_CODEC, codec_names },     { COMPLETE_METRIC, metric_names }, { COMPLETE_RUN, run_names },
    { COMPLETE_QUERY, question_names },  { COMPLETE_MODEL, model_names },   { COMPLETE_RECIPE, recipe_names },
    { COMPLETE_PROFILE, profile_names }, { COMPLETE_NONE, NULL },
};
