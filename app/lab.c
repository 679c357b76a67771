#include "app/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/calibration_files.h"
#include "app/crew.h"
#include "app/scan.h"
#include "app/suite_line.h"

/* ---- opening ---- */

catalog *lab_catalog(app_context *app, const command_line *line, fault *f)
{
    const char *files[JOB_PLUGINS];
    size_t n = line ? line_count(line, "plugin") : 0;
    if (n > JOB_PLUGINS) {
        fault_set(f, FAULT_USAGE, "%zu plugins: at most %d can be named", n, JOB_PLUGINS);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        files[i] = line_text_at(line, "plugin", i);
    const char *dirs[] = { app->places.plugins[0], app->places.plugins[1] };
    plugin_search where = { files, n, getenv("KVANT_PLUGIN_PATH"), dirs, sizeof dirs / sizeof *dirs };
    plugin_files found = { 0 };
    const char *const describer[] = { app->places.executable, "describe", NULL };
    catalog *known = plugin_files_find(&found, &where, f) ? catalog_scan(describer, &found, NULL, f) : NULL;
    plugin_files_free(&found);
    return known;
}

static bool copy_path(char to[PATH_MAX], const char *from, const char *what, fault *f)
{
    if (strlen(from) >= PATH_MAX) return fault_set(f, FAULT_INPUT, "the path of the %s is too long", what);
    strcpy(to, from);
    return true;
}

/* A file's absolute path, so that a row says which file it was. */
static bool resolve_path(char to[PATH_MAX], const char *from, const char *what, fault *f)
{
    char resolved[PATH_MAX];
    return copy_path(to, realpath(from, resolved) ? resolved : from, what, f);
}

static bool make_job(lab *l, fault *f)
{
    const command_line *line = l->line;
    const char *path = app_model(l->app, line, f), *text = line_text(line, "text");
    if (!path) return false;
    l->text_name = text ? text : "self";
    const char *protocol_word = line_text(line, "protocol");
    job *j = &l->job;
    j->protocol = protocol_word && strcmp(protocol_word, "snapshot") == 0 ? PROTOCOL_SNAPSHOT : PROTOCOL_STREAM;
    j->ctx = (int)line_int(line, "ctx");
    j->eval = (int)line_int(line, "eval");
    j->passages = (int)line_int(line, "passages");
    j->at_most = !line_given(line, "passages");
    j->threads = app_threads(line);
    j->seed = (uint64_t)line_int(line, "seed");
    if (!suite_of_line(line, j->suite, j->suite_options, f)) return false;
    const char *calibrated = line_text(line, "calibration");
    if (calibrated && !copy_path(j->calibration, calibrated, "calibration", f)) return false;
    if (!copy_path(j->calibrations, l->app->places.calibrations, "calibrations", f)) return false;
    if (!line_has(line, "no-cache") && !copy_path(j->cache, l->app->places.cache, "cache", f)) return false;
    if (!resolve_path(j->model, path, "model", f)) return false;
    bool self = strcmp(l->text_name, "self") == 0;
    return self ? copy_path(j->text, "self", "text", f) : resolve_path(j->text, l->text_name, "text", f);
}

bool lab_open_database(lab *l, const char *path, store_mode mode, fault *f)
{
    const bool own = strcmp(path, l->app->places.database) == 0;
    if (mode == STORE_WRITE && own && !paths_make_parent(path, f)) return false;
    l->database = store_open(path, mode, f);
    if (!l->database && f && app_cancelled(l->app)) f->code = FAULT_INTERRUPTED; /* it waited for a lock meanwhile */
    return l->database != NULL;
}

bool lab_open(lab *l, app_context *app, const command_line *line, unsigned wanted, fault *f)
{
    *l = (lab){ .app = app, .line = line, .timeout = line_real(line, "timeout") };
    bool ok = true;
    if (wanted & (LAB_DATABASE | LAB_READS))
        ok = lab_open_database(l, app_database(app, line), wanted & LAB_DATABASE ? STORE_WRITE : STORE_READ, f);
    if (ok && wanted & LAB_CODECS) ok = (l->known = lab_catalog(app, line, f)) && make_job(l, f);
    if (!ok) lab_close(l);
    return ok;
}

bool lab_open_like(lab *l, const lab *from, const command_line *line, fault *f)
{
    *l = (lab){ .app = from->app,
                .line = line,
                .known = from->known,
                .database = from->database,
                .timeout = line_real(line, "timeout"),
                .shares = true };
    return make_job(l, f);
}

void lab_close(lab *l)
{
    if (!l->shares) {
        catalog_free(l->known);
        store_close(l->database);
    }
    l->known = NULL;
    l->database = NULL;
}

/* ---- one run ---- */

/* The plugins a config's codecs come from, each once. */
static bool add_plugins(job *j, const spec *s, fault *f)
{
    for (; s; s = s->inner) {
        int i = 0;
        while (i < JOB_PLUGINS && j->plugins[i][0] && strcmp(j->plugins[i], s->codec->path) != 0)
            i++;
        if (i == JOB_PLUGINS) return fault_set(f, FAULT_INPUT, "the config needs more than %d plugins", JOB_PLUGINS);
        if (!copy_path(j->plugins[i], s->codec->path, "plugin", f)) return false;
    }
    return true;
}

bool lab_job(const lab *l, const config *c, job *j, fault *f)
{
    *j = l->job;
    if (strlen(c->text) >= sizeof j->config)
        return fault_set(f, FAULT_INPUT, "the config is longer than %zu characters", sizeof j->config - 1);
    strcpy(j->config, c->text);
    j->timing = l->spent != NULL;
    for (size_t i = 0; i < c->n_exceptions + 1; i++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            const spec *s = i ? c->exceptions[i - 1].spec[side] : c->base[side];
            if (!add_plugins(j, s, f)) return false;
        }
    return true;
}

bool lab_evaluate(lab *l, const config *c, lab_run *out, fault *f)
{
    crew *alone = crew_open(l->app, 1, f);
    crew_result r = { 0 };
    const bool ok = alone && crew_add(alone, l, c, c->text, NULL, f) && crew_next(alone, &r, f) == CREW_RUN;
    crew_close(alone);
    *out = r.run;
    return ok;
}

void lab_watch_timing(lab *l, stopwatch *spent)
{
    if (!line_has(l->line, "timing")) return;
    l->spent = spent;
    stopwatch_start(spent, 0);
}

void lab_tell_timing(const lab *l)
{
    if (!l->spent) return;
    stopwatch_rest(l->spent);
    if (!line_has(l->line, "json")) {
        stopwatch_show(stderr, l->spent);
        return;
    }
    cJSON *json = stopwatch_to_json(l->spent);
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    fprintf(stderr, "%s\n", text ? text : "null");
    cJSON_free(text);
    cJSON_Delete(json);
}

const char *lab_calibration(lab *l, const char *model_id)
{
    char path[PATH_MAX];
    if (!l->calibration_known && calibration_find(l->job.calibrations, model_id, l->job.calibration, path, NULL) &&
        !hash_file(path, l->calibration_id, NULL))
        l->calibration_id[0] = '\0';
    l->calibration_known = true;
    return l->calibration_id;
}

bool lab_find_done(lab *l, const config *c, const store_run *known, int64_t *id, fault *f)
{
    store_run like = *known;
    *id = 0;
    if (!known->model.hash || !*known->model.hash) return true;
    like.config.hash = c->id;
    like.calibration.hash = lab_calibration(l, known->model.hash);
    return store_find_done(l->database, &like, id, f);
}
