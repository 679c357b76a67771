/* kvant offline: a config on a capture. As with roundtrip, codecs run in a child that writes the answer. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/offline.h"
#include "app/offline_report.h"
#include "app/profile.h"
#include "app/progress.h"
#include "app/report.h"

/* ---- the front ---- */

int cmd_offline(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_words words;
    int status = 0;
    catalog *known = lab_catalog(app, line, &f);
    config *c = known ? profile_config(app, line, known, line_arg(line, 0), &f) : NULL;
    child_words_begin(&words, app, "offline-child", line);
    if (c) {
        child_words_argument(&words, c->text);
        child_words_argument(&words, line_arg(line, 1));
        child_words_config(&words, c);
    }
    const bool ok = c && child_words_end(&words, "offline", &f) &&
                    child_run(app, "offline", words.at, line_real(line, "timeout"), &status, &f);
    config_free(c);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}

/* ---- the child ---- */

typedef struct watcher {
    app_context *app;
    progress bar;
    bool started;
} watcher;

static bool at_layer(void *self, int done, int n_layers)
{
    watcher *w = self;
    if (!w->started) progress_start(&w->bar, stderr, &w->app->err, "offline", (uint64_t)n_layers, "layers");
    w->started = true;
    progress_at(&w->bar, (uint64_t)done, NULL);
    return !app_cancelled(w->app);
}

static void log_line(void *arg, const char *text)
{
    watcher *w = arg;
    if (w->started) progress_hide(&w->bar);
    fprintf(stderr, "%s\n", text);
}

static bool cancelled(void *arg)
{
    const watcher *w = arg;
    return app_cancelled(w->app);
}

static config *load_config(registry *codecs, const command_line *line, fault *f)
{
    for (size_t i = 2; i < line_n_args(line); i++)
        if (!registry_load(codecs, line_arg(line, i), f)) return NULL;
    return config_parse(registry_catalog(codecs), line_arg(line, 0), f);
}

static bool run_config(app_context *app, const command_line *line, offline_request *r, fault *f)
{
    watcher w = { .app = app };
    const host_env env = { log_line, cancelled, &w, NULL };
    offline_result result;
    r->env = &env;
    r->at = at_layer;
    r->self = &w;
    r->rope = (offline_rope_options){ line_text(line, "stored"), line_text(line, "rope-pairs"),
                                      line_real(line, "rope-theta"), (int)line_int(line, "rope-dims") };
    r->sequence = (size_t)line_int(line, "ctx");
    r->calibrate_rows = line_has(line, "calibrate-rows");
    r->queries = (size_t)line_int(line, "queries");
    r->threads = app_threads(line);
    bool ok = offline_evaluate(r, &result, f);
    if (w.started) progress_end(&w.bar);
    if (ok && line_has(line, "json"))
        ok = report_json(stdout, offline_report_json(r->file, r->config, &result), f);
    else if (ok)
        ok = offline_report(stdout, &app->out, r->file, r->config, &result, line_has(line, "heads"), f);
    offline_result_release(&result);
    return ok;
}

int cmd_offline_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_begin();
    registry *codecs = registry_create(&f);
    config *c = codecs ? load_config(codecs, line, &f) : NULL;
    rows_file *file = c ? rows_file_open(line_arg(line, 1), 0, &f) : NULL;
    if (!file && f.code == FAULT_USAGE) fault_set(&f, FAULT_INPUT, "%s: is no safetensors file", line_arg(line, 1));
    offline_request request = { .known = codecs, .config = c, .file = file };
    const bool ok = file && run_config(app, line, &request, &f);
    rows_file_close(file);
    config_free(c);
    registry_destroy(codecs);
    return child_end(app, ok, CHILD_DONE, &f);
}
