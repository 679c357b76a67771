#include "app/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/calibration_files.h"
#include "app/scan.h"

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
    const char *calibrated = line_text(line, "calibration");
    if (calibrated && !copy_path(j->calibration, calibrated, "calibration", f)) return false;
    if (!copy_path(j->calibrations, l->app->places.calibrations, "calibrations", f)) return false;
    if (!line_has(line, "no-cache") && !copy_path(j->cache, l->app->places.cache, "cache", f)) return false;
    if (!resolve_path(j->model, path, "model", f)) return false;
    bool self = strcmp(l->text_name, "self") == 0;
    return self ? copy_path(j->text, "self", "text", f) : resolve_path(j->text, l->text_name, "text", f);
}

static bool open_database(lab *l, bool write, fault *f)
{
    const char *path = app_database(l->app, l->line);
    if (write && strcmp(path, l->app->places.database) == 0 && !paths_make_parent(path, f)) return false;
    l->database = store_open(path, write ? STORE_WRITE : STORE_READ, f);
    return l->database != NULL;
}

bool lab_open(lab *l, app_context *app, const command_line *line, unsigned wanted, fault *f)
{
    *l = (lab){ .app = app, .line = line, .timeout = line_real(line, "timeout") };
    bool ok = true;
    if (wanted & (LAB_DATABASE | LAB_READS)) ok = open_database(l, wanted & LAB_DATABASE, f);
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

static bool job_of(const lab *l, const config *c, job *j, fault *f)
{
    *j = l->job;
    if (strlen(c->text) >= sizeof j->config)
        return fault_set(f, FAULT_INPUT, "the config is longer than %zu characters", sizeof j->config - 1);
    strcpy(j->config, c->text);
    for (size_t i = 0; i < c->n_exceptions + 1; i++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            const spec *s = i ? c->exceptions[i - 1].spec[side] : c->base[side];
            if (!add_plugins(j, s, f)) return false;
        }
    return true;
}

typedef struct watcher {
    app_context *app;
    progress bar;
    const char *label;
    char what[64]; /* the step the bar is about */
} watcher;

static void on_progress(void *self, const char *what, uint64_t done, uint64_t total, double kld)
{
    watcher *w = self;
    if (strcmp(what, w->what) != 0 || total != w->bar.total) {
        if (w->what[0]) progress_end(&w->bar);
        snprintf(w->what, sizeof w->what, "%s", what);
        progress_start(&w->bar, stderr, &w->app->err, w->what, total,
                       strcmp(what, "evaluating") == 0 ? "passages" : "tokens");
    }
    char note[160];
    if (kld == kld)
        snprintf(note, sizeof note, "%.90s  KLD %.3g", w->label, kld);
    else
        snprintf(note, sizeof note, "%.90s", w->label);
    progress_at(&w->bar, done, note);
}

/* What codecs and workers say while they work. */
static void on_log(void *self, const char *text)
{
    watcher *w = self;
    if (w->what[0]) progress_hide(&w->bar);
    fputs(text, stderr);
}

static bool on_cancelled(void *self)
{
    const watcher *w = self;
    return app_cancelled(w->app);
}

static void fill_machine(store_environment *e, const machine *m, char id[HASH_HEX])
{
    const char *parts[] = { m->version, m->engine, m->cpu, m->simd, m->compiler, m->os };
    hash h;
    hash_start(&h);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash_string(&h, parts[i]);
    hash_finish(&h, id);
    *e = (store_environment){ id, m->version, m->engine, m->cpu, m->simd, m->compiler, m->os };
}

static store_estimate estimate(interval i)
{
    return (store_estimate){ i.value, i.lo, i.hi };
}

/* What was run; the strings stay where they are. */
static void fill_identity(store_run *row, const lab *l, const job *j, const config *c, const job_result *r)
{
    row->model = (store_model){ r->model_id,
                                r->model_name,
                                j->model,
                                r->model_arch,
                                r->model_type,
                                r->n_layers,
                                r->n_heads,
                                r->n_kv_heads,
                                r->head_dim,
                                (int64_t)r->model_params,
                                (int64_t)r->model_bytes };
    bool self = strcmp(j->text, "self") == 0;
    row->text = (store_text){ r->text_id, app_text_name(l->text_name), self ? "self" : "file",
                              self ? (int64_t)j->seed : 0, (int64_t)r->text_tokens };
    row->config = (store_config){ c->id, c->text, c->base[KVANT_K]->text, c->base[KVANT_V]->text };
    row->calibration = (store_calibration){ r->calibration.id, r->calibration.text, r->calibration.text_id,
                                            (int64_t)r->calibration.tokens };
    row->protocol = protocol_name(j->protocol);
    row->ctx = j->ctx;
    row->eval = j->protocol == PROTOCOL_SNAPSHOT ? j->eval : 0;
    row->passages = r->passages;
    row->threads = j->threads;
    row->seed = (int64_t)j->seed;
}

static void fill_metrics(store_run *row, const job_result *r)
{
    const run_metrics *m = &r->metrics;
    row->n_values = (int64_t)r->bytes.values;
    row->bytes = (int64_t)r->bytes.total;
    row->payload_bytes = (int64_t)r->bytes.payload;
    row->metadata_bytes = (int64_t)r->bytes.metadata;
    row->exact_bytes = (int64_t)r->bytes.exact;
    row->side_bytes = (int64_t)r->side_bytes;
    row->ratio = r->ratio;
    row->bits_per_value = r->bits_per_value;
    row->ratio_ctx = r->ratio_ctx;
    row->ratio_128k = r->ratio_128k;
    row->kld = estimate(m->kld);
    row->kld_median = m->kld_median;
    row->kld_p99 = m->kld_p99;
    row->kld_p999 = m->kld_p999;
    row->kld_max = m->kld_max;
    row->ppl = m->ppl;
    row->ppl_ref = m->ppl_ref;
    row->dppl = estimate(m->dppl);
    row->top1 = estimate(m->top1);
    row->rms_dp = estimate(m->rms_dp);
    row->verdict = r->verdict.text;
    row->verdict_note = r->verdict.note;
    row->encode_gbs = r->encode_gbs;
    row->decode_gbs = r->decode_gbs;
    row->ms_per_token = r->ms_per_token_layer;
    row->peak_rss_bytes = (int64_t)r->peak_rss;
}

static bool add_done(store *s, const store_run *row, const job_result *r, int64_t *id, fault *f)
{
    store_layer *sides = calloc(r->n_layer_results + 1, sizeof *sides);
    store_block *blocks = calloc(r->n_blocks + 1, sizeof *blocks);
    for (size_t i = 0; sides && i < r->n_layer_results; i++) {
        const layer_result *l = &r->layers[i];
        sides[i] = (store_layer){ l->layer,
                                  l->stream == KVANT_K ? "k" : "v",
                                  l->codec,
                                  l->error,
                                  l->query_error,
                                  (int64_t)l->bytes.values,
                                  (int64_t)l->bytes.total };
    }
    for (size_t i = 0; blocks && i < r->n_blocks; i++) {
        const block_metrics *b = &r->blocks[i];
        blocks[i] = (store_block){ b->passage, b->block, b->n, b->nll_ref, b->nll, b->kld, b->dp2, b->same_top };
    }
    bool ok = (sides && blocks) || fault_memory(f, "the run's row");
    ok = ok && store_add_run(s, row, sides, r->n_layer_results, blocks, r->n_blocks, id, f);
    free(sides);
    free(blocks);
    return ok;
}

static bool keep_row(lab *l, const job *j, const config *c, const job_result *r, bool done, const char *phase,
                     time_t started, lab_run *out, fault *f)
{
    char environment[HASH_HEX];
    store_run row = store_run_blank();
    fill_identity(&row, l, j, c, r);
    fill_machine(&row.environment, &r->machine, environment);
    row.started = (int64_t)started;
    row.finished = (int64_t)time(NULL);
    row.wall_s = r->seconds;
    row.status = done ? "done" : "failed";
    if (done) {
        fill_metrics(&row, r);
        return add_done(l->database, &row, r, &out->id, f);
    }
    row.wall_s = (double)(row.finished - row.started);
    row.reason = out->why.text;
    row.phase = phase;
    return store_add_run(l->database, &row, NULL, 0, NULL, 0, &out->id, f);
}

bool lab_evaluate(lab *l, const config *c, const char *label, lab_run *out, fault *f)
{
    *out = (lab_run){ 0 };
    job j;
    job_result result = { 0 };
    if (!job_of(l, c, &j, f)) return false;
    watcher w = { .app = l->app, .label = label };
    worker_options options = { l->app->places.executable, l->timeout, &w, on_progress, on_log, on_cancelled };
    char phase[WORKER_PHASE];
    time_t started = time(NULL);
    worker_outcome outcome = worker_run(&options, &j, &result, phase, &out->why);
    if (w.what[0]) progress_end(&w.bar);
    bool ok = outcome != WORKER_FAULT;
    if (!ok && f) *f = out->why;
    if (ok && result.warning[0]) fprintf(stderr, "kvant: note: %s\n", result.warning);
    out->done = outcome == WORKER_DONE;
    ok = ok && keep_row(l, &j, c, &result, out->done, phase, started, out, f);
    job_result_release(&result);
    return ok;
}

/* The hash of the calibration a run would use now; "" when there is none. Looked up once. */
static const char *calibration_now(lab *l, const char *model_id)
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
    like.calibration.hash = calibration_now(l, known->model.hash);
    return store_find_done(l->database, &like, id, f);
}
