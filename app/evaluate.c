#include "app/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/calibration_files.h"
#include "app/compress.h"
#include "app/logits_window.h"
#include "app/model_hash.h"
#include "app/passages.h"
#include "app/reference.h"
#include "app/run_memory.h"
#include "app/suite_work.h"
#include "base/clock.h"

#define OVERLAP_MOST 0.01 /* of the text */

/* Everything a run holds. */
typedef struct evaluation {
    const job *job;
    const evaluate_watch *watch;
    job_result *out;
    shelf kept;
    registry *codecs;
    config *config;
    model *model;
    tokenizer *tokenizer;
    engine *engine;
    passages text;
    logits_window logits;
    compressor *compressor;
    kv_cache *cache; /* of every passage in turn: fresh memory for each costs more than some codecs */
    host_env env;
    calibration *calibration; /* when a codec wanted it */
    metrics scores;
    suite_work suite; /* when the job has one, as the next two */
    const struct suite *tasks;
    void *tasks_self;
    stopwatch *spent; /* NULL: not asked for */
    bool exact;       /* the forward pass at work is a reference's */
    int passage;      /* at work */
    double forward;   /* seconds in the config's forward passes */
    uint64_t forward_tokens;
} evaluation;

/* The engine's steps as phases: of the config's passes, and of a reference's as one; the text's are not told apart. */
static void at_step(void *self, engine_step now)
{
    static const stopwatch_phase phases[] = {
        [ENGINE_ROWS] = STOPWATCH_ROWS,           [ENGINE_PRODUCT] = STOPWATCH_GEMM,  [ENGINE_TAP] = STOPWATCH_CODECS,
        [ENGINE_ATTENTION] = STOPWATCH_ATTENTION, [ENGINE_LOGITS] = STOPWATCH_LOGITS, [ENGINE_DONE] = STOPWATCH_CODECS,
    };
    const evaluation *v = self;
    if (v->exact)
        stopwatch_enter(v->spent, now == ENGINE_DONE ? STOPWATCH_KEPT : STOPWATCH_REFERENCE);
    else
        stopwatch_enter(v->spent, phases[now]);
}

static bool stopped(const evaluation *v, fault *f)
{
    return v->watch->cancelled(v->watch->self) && !fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

/* ---- set-up ---- */

static bool open_model(evaluation *v, fault *f)
{
    v->model = model_open(v->job->model, f);
    if (!v->model || !model_hash(v->job->model, &v->kept, v->out->model_id, f)) return false;
    v->tokenizer = tokenizer_open(v->model->file, f);
    v->engine = v->tokenizer ? engine_open(v->model, v->job->threads, f) : NULL;
    if (!v->engine) return false;
    stopwatch_follow(v->spent, engine_pool(v->engine));
    const model_shape *s = &v->model->shape;
    job_result *out = v->out;
    snprintf(out->model_name, sizeof out->model_name, "%s", s->name);
    snprintf(out->model_arch, sizeof out->model_arch, "%s", s->arch->name);
    snprintf(out->model_type, sizeof out->model_type, "%s", v->model->layers[0].q.type->name);
    out->model_bytes = gguf_file_bytes(v->model->file);
    out->model_params = s->n_params;
    out->n_layers = s->n_layers;
    out->n_heads = s->n_heads;
    out->n_kv_heads = s->n_kv_heads;
    out->head_dim = s->head_dim;
    out->n_ctx_train = s->n_ctx;
    return true;
}

static bool open_config(evaluation *v, fault *f)
{
    v->codecs = registry_create(f);
    if (!v->codecs) return false;
    for (int i = 0; i < JOB_PLUGINS && v->job->plugins[i][0]; i++)
        if (!registry_load(v->codecs, v->job->plugins[i], f)) return false;
    v->config = config_parse(registry_catalog(v->codecs), v->job->config, f);
    if (!v->config) return false;
    if (strlen(v->config->text) >= sizeof v->out->config)
        return fault_set(f, FAULT_INPUT, "the config is longer than %zu characters", sizeof v->out->config - 1);
    strcpy(v->out->config, v->config->text);
    strcpy(v->out->config_id, v->config->id);
    return true;
}

static bool passages_progress(void *self, const char *what, size_t done, size_t total)
{
    const evaluation *v = self;
    v->watch->progress(v->watch->self, what, done, total, NAN);
    return !v->watch->cancelled(v->watch->self);
}

static bool make_passages(evaluation *v, fault *f)
{
    const job *j = v->job;
    passages_request request = {
        .text = j->text,
        .n = j->passages,
        .at_most = j->at_most,
        .seed = j->seed,
        .model_id = v->out->model_id,
        .length = reference_length(j->protocol, j->ctx, j->eval),
    };
    if (reference_scored(j->protocol, j->ctx, j->eval) < 1)
        return fault_set(f, FAULT_USAGE, "ctx %d and eval %d leave nothing to score", j->ctx, j->eval);
    if (request.length > v->model->shape.n_ctx)
        snprintf(v->out->warning, sizeof v->out->warning, "passages of %d tokens, but the model was trained for %d",
                 request.length, v->model->shape.n_ctx);
    passages_watch watch = { passages_progress, v };
    const stopwatch_phase before = stopwatch_enter(v->spent, STOPWATCH_TEXT);
    if (!passages_make(&request, v->tokenizer, v->engine, &v->kept, &watch, &v->text, f)) return false;
    stopwatch_enter(v->spent, before);
    if (v->spent) engine_observe(v->engine, at_step, v);
    v->out->passages = v->text.n;
    v->out->text_tokens = v->text.text_tokens;
    strcpy(v->out->text_id, v->text.text_id);
    return true;
}

static bool prepare_suite(evaluation *v, fault *f)
{
    v->suite = (suite_work){ .job = v->job,
                             .watch = v->watch,
                             .out = v->out,
                             .model = v->model,
                             .tokenizer = v->tokenizer,
                             .engine = v->engine,
                             .kept = &v->kept,
                             .config = v->config,
                             .scores = &v->scores };
    v->tasks = suite_open(&v->suite, &v->tasks_self, f);
    return v->tasks != NULL;
}

static bool prepare(evaluation *v, fault *f)
{
    v->out->score = v->out->score_ref = NAN;
    if (v->job->suite[0]) return prepare_suite(v, f);
    v->out->ctx = v->job->ctx;
    return make_passages(v, f);
}

/* A config's layers and head dimensions are checked against the model before anything is computed. */
static bool check_config(const evaluation *v, fault *f)
{
    config_layer *plan = compress_plan(v->config, &v->model->shape, f);
    free(plan);
    return plan != NULL;
}

/* A codec that always calibrates says so in its descriptor: whether there is a calibration is asked before a text is
 * sampled. What a codec says only once it is open is asked then (open_calibration). */
static bool find_calibration(const evaluation *v, fault *f)
{
    uint32_t flags = 0;
    const config *c = v->config;
    for (size_t i = 0; i <= c->n_exceptions; i++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            for (const spec *s = i ? c->exceptions[i - 1].spec[side] : c->base[side]; s; s = s->inner)
                flags |= s->codec->flags;
    char path[PATH_MAX];
    return !(flags & KVANT_CALIBRATES) ||
           calibration_find(v->job->calibrations, v->out->model_id, v->job->calibration, path, f);
}

/* ---- the host's side of codecs ---- */

static void log_line(void *arg, const char *line)
{
    const evaluation *v = arg;
    v->watch->log(v->watch->self, line);
}

static bool codec_cancelled(void *arg)
{
    const evaluation *v = arg;
    return v->watch->cancelled(v->watch->self);
}

static void at_layer(void *self, int layer)
{
    const evaluation *v = self;
    v->watch->stage(v->watch->self, STAGE_CODEC, v->tasks ? v->suite.item : v->passage, layer);
}

/* A calibration's text must not be the one that is scored. A few common phrases are no overlap. */
static bool check_overlap(const evaluation *v, fault *f)
{
    const int32_t *text = v->tasks ? v->suite.read.at : v->text.tokens;
    size_t n = v->tasks ? v->suite.read.n : (size_t)v->text.n * (size_t)v->text.length;
    double shared = calibration_overlap(v->calibration, text, n, f);
    if (isnan(shared)) return false;
    return shared <= OVERLAP_MOST ||
           fault_set(f, FAULT_INPUT,
                     "%.1f %% of the text is in the calibration (made on %s, %" PRIu64
                     " tokens), at most %g %% may be: calibrate on another text, or on another part of it",
                     100 * shared, v->out->calibration.text, v->out->calibration.tokens, 100 * OVERLAP_MOST);
}

static const calibration *open_calibration(void *self, fault *f)
{
    evaluation *v = self;
    char path[PATH_MAX];
    v->watch->stage(v->watch->self, STAGE_SETUP, -1, -1); /* a calibration that is missing is not the config's fault */
    if (!calibration_find(v->job->calibrations, v->out->model_id, v->job->calibration, path, f)) return NULL;
    v->calibration = calibration_open(path, v->out->model_id, &v->model->shape, f);
    if (!v->calibration) return NULL;
    calibration_identify(v->calibration, &v->out->calibration);
    if (!check_overlap(v, f)) return NULL;
    v->watch->stage(v->watch->self, STAGE_CODEC, -1, -1);
    return v->calibration;
}

static bool open_codecs(evaluation *v, fault *f)
{
    v->env = (host_env){ log_line, codec_cancelled, v, NULL };
    compress_request request = { v->codecs, v->config, v->engine, v->out->ctx, &v->env, at_layer, v, open_calibration };
    v->compressor = compress_open(&request, f);
    calibration_close(v->calibration);
    return v->compressor != NULL;
}

/* ---- passages ---- */

/* The config's states of the scored positions of one passage. */
static bool run_config(evaluation *v, const reference *exact, const int32_t *tokens, float *states, fault *f)
{
    const job *j = v->job;
    const bool snapshot = j->protocol == PROTOCOL_SNAPSHOT;
    const kv_tap tap = compress_tap(v->compressor);
    sequence s = { .cache = v->cache,
                   .tokens = snapshot ? tokens + j->ctx : tokens,
                   .n = snapshot ? j->eval - 1 : j->ctx,
                   .states = states,
                   .logits_from = snapshot ? 0 : reference_first_scored(j->protocol, j->ctx),
                   .tap = snapshot ? NULL : &tap };
    double start = clock_seconds(), on_prefix = 0;
    v->cache->n = 0;
    const bool ok =
        snapshot ? compress_snapshot(v->compressor, exact, &s, &on_prefix, f) : compress_stream(v->compressor, &s, f);
    v->forward += clock_seconds() - start - on_prefix;
    v->forward_tokens += (uint64_t)s.n;
    return ok;
}

static bool run_passage(evaluation *v, int i, float *states, fault *f)
{
    const job *j = v->job;
    const evaluate_watch *watch = v->watch;
    const int32_t *tokens = passages_at(&v->text, i);
    reference_request request = { v->engine, &v->kept, v->out->model_id, j->protocol, j->ctx, j->eval };
    reference exact;
    v->passage = i;
    watch->stage(watch->self, STAGE_REFERENCE, i, -1);
    stopwatch_enter(v->spent, STOPWATCH_KEPT);
    v->exact = true;
    if (!reference_make(&request, tokens, &exact, f)) return false;
    v->exact = false;
    engine_rest(v->engine);
    stopwatch_enter(v->spent, STOPWATCH_CODECS);
    if (!exact.kept) v->out->reference_kept = false;
    watch->stage(watch->self, STAGE_CODEC, i, -1);
    const int32_t *next = tokens + reference_first_scored(j->protocol, j->ctx) + 1;
    bool ok = run_config(v, &exact, tokens, states, f);
    engine_rest(v->engine);
    ok = ok && logits_window_compare(&v->logits, &v->scores, i, &exact, states, next, f);
    reference_release(&exact);
    if (ok) watch->progress(watch->self, "evaluating", (uint64_t)i + 1, (uint64_t)v->text.n, metrics_kld(&v->scores));
    return ok;
}

/* The stream protocol's pass has a position after the last that is scored: its state, too, has room. */
static bool run_passages(evaluation *v, fault *f)
{
    const size_t rows = (size_t)reference_scored(v->job->protocol, v->job->ctx, v->job->eval);
    float *states = reallocarray(NULL, rows + 1, (size_t)v->model->shape.n_embd * sizeof *states);
    bool ok = states || fault_memory(f, "the states");
    logits_window_set(&v->logits, v->engine, rows);
    v->logits.spent = v->spent;
    v->logits.watch = v->watch;
    const int length = reference_length(v->job->protocol, v->job->ctx, v->job->eval);
    ok = ok && (v->cache = kv_cache_create(&v->model->shape, length, compress_form(v->compressor), f)) != NULL;
    v->out->reference_kept = true;
    v->watch->progress(v->watch->self, "evaluating", 0, (uint64_t)v->text.n, NAN);
    for (int i = 0; ok && i < v->text.n; i++)
        ok = !stopped(v, f) && run_passage(v, i, states, f);
    v->forward += v->logits.seconds;
    kv_cache_destroy(v->cache);
    free(states);
    return ok;
}

static bool run_suite(evaluation *v, fault *f)
{
    v->suite.compressor = v->compressor;
    return v->tasks->run(&v->suite, v->tasks_self, f);
}

/* ---- the result ---- */

static bool summarise(evaluation *v, double seconds, fault *f)
{
    job_result *out = v->out;
    if (!metrics_summarise(&v->scores, v->job->seed, &out->metrics, f) || !compress_report(v->compressor, out, f))
        return false;
    out->blocks = v->scores.blocks;
    out->n_blocks = v->scores.n_blocks;
    v->scores.blocks = NULL;
    out->verdict = verdict_of(&out->metrics);
    job_ratios(out, out->ctx);
    out->seconds = seconds;
    out->ms_per_token_layer = NAN;
    if (v->forward_tokens > 0)
        out->ms_per_token_layer = 1000 * v->forward / ((double)v->forward_tokens * v->model->shape.n_layers);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) out->peak_rss = (uint64_t)usage.ru_maxrss * 1024;
    return true;
}

static void tell_memory(const evaluation *v)
{
    char line[RUN_MEMORY_LINE];
    run_memory_tell(v->job, v->out, &v->logits, line);
    v->watch->log(v->watch->self, line);
}

bool evaluate(const job *j, const evaluate_watch *watch, job_result *out, fault *f)
{
    evaluation v = { .job = j, .watch = watch, .out = out };
    double start = clock_seconds();
    *out = (job_result){ 0 };
    run_memory_settle();
    if (j->timing) stopwatch_start(v.spent = &out->spent, j->threads);
    fingerprint_machine(&out->machine);
    watch->stage(watch->self, STAGE_SETUP, -1, -1);
    bool ok = shelf_open(&v.kept, j->cache, f) && open_config(&v, f) && open_model(&v, f) && check_config(&v, f) &&
              find_calibration(&v, f) && prepare(&v, f);
    if (ok) {
        watch->started(watch->self, out);
        watch->stage(watch->self, STAGE_CODEC, -1, -1);
        stopwatch_enter(v.spent, STOPWATCH_LEARNING);
        ok = open_codecs(&v, f) && (v.tasks ? run_suite(&v, f) : run_passages(&v, f));
        if (ok) watch->stage(watch->self, STAGE_SUMMARY, -1, -1);
        stopwatch_enter(v.spent, STOPWATCH_SUMMARY);
        ok = ok && summarise(&v, clock_seconds() - start, f);
        if (ok && v.spent && !v.tasks) tell_memory(&v);
        if (ok) watch->stage(watch->self, STAGE_CODEC, -1, -1); /* destroy is the codecs' code, too */
    }
    stopwatch_enter(v.spent, STOPWATCH_CLOSING);
    if (!compress_close(v.compressor, ok ? f : NULL)) ok = false;
    shelf_trim(&v.kept, SHELF_MOST, NULL); /* a directory that grows is no reason to lose a run */
    if (v.tasks) v.tasks->release(v.tasks_self);
    free(v.suite.read.at);
    metrics_release(&v.scores);
    passages_release(&v.text);
    stopwatch_follow(v.spent, NULL);
    engine_close(v.engine);
    tokenizer_close(v.tokenizer);
    model_close(v.model);
    config_free(v.config);
    registry_destroy(v.codecs);
    stopwatch_stop(v.spent);
    return ok;
}
