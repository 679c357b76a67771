/* kvant generate-child: the process that runs codecs for kvant generate (app/generate_job.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/calibration.h"
#include "app/chat.h"
#include "app/child.h"
#include "app/commands.h"
#include "app/compress.h"
#include "app/generate_job.h"
#include "app/generation.h"
#include "app/memory_shape.h"
#include "app/model_hash.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/sample.h"

enum { STEP = 128, PIECE = 1024 }; /* tokens of a prompt between two looks at signals; bytes of one token */

typedef struct speaker {
    const app_context *app;
    FILE *events;
    generate_job job;
    shelf kept;
    registry *codecs;
    config *config;
    model *model;
    tokenizer *tokenizer;
    engine *engine;
    host_env env;
    char model_id[HASH_HEX];
    calibration *calibration;
    compressor *compressor; /* NULL: the exact cache */
    chat *chat;             /* NULL: the text alone */
    token_list prompt;
    int ctx;
    generate_figures figures;
} speaker;

/* ---- events ---- */

/* Answers keep stdout's place; what codecs print there goes to stderr. */
static FILE *claim_stdout(void)
{
    const int fd = dup(STDOUT_FILENO);
    if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return NULL;
    return fdopen(fd, "w");
}

/* Takes the object over. A front that is gone ends the work. */
static bool send(const speaker *s, cJSON *json, const char *name, fault *f)
{
    char *line = json && cJSON_AddStringToObject(json, "event", name) ? cJSON_PrintUnformatted(json) : NULL;
    const bool ok = line ? (fprintf(s->events, "%s\n", line) >= 0 && fflush(s->events) == 0) ||
                               fault_set(f, FAULT_INTERRUPTED, "nobody listens")
                         : fault_memory(f, "an event");
    cJSON_free(line);
    cJSON_Delete(json);
    return ok;
}

static bool send_started(const speaker *s, fault *f)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "prompt_tokens", (double)s->prompt.n);
    cJSON_AddNumberToObject(json, "ctx", s->ctx);
    cJSON_AddStringToObject(json, "format", s->chat ? chat_format(s->chat) : "raw");
    cJSON_AddStringToObject(json, "note", s->chat ? chat_warning(s->chat) : "");
    return send(s, json, "started", f);
}

static bool send_read(const speaker *s, int tokens, fault *f)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "tokens", tokens);
    return send(s, json, "read", f);
}

static bool send_token(const speaker *s, int32_t id, fault *f)
{
    static const char digits[] = "0123456789abcdef";
    char bytes[PIECE], hex[2 * PIECE + 1];
    size_t n = tokenizer_piece(s->tokenizer, id, bytes, sizeof bytes);
    if (n > sizeof bytes) n = sizeof bytes;
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        hex[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
    }
    hex[2 * n] = '\0';
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "id", id);
    cJSON_AddStringToObject(json, "bytes", hex);
    return send(s, json, "token", f);
}

/* ---- opening ---- */

static bool codec_cancelled(void *arg)
{
    const speaker *s = arg;
    return app_cancelled(s->app);
}

static void log_line(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static bool open_model(speaker *s, fault *f)
{
    const job *j = &s->job.job;
    if (!shelf_open(&s->kept, j->cache, f) || !(s->model = model_open(j->model, f))) return false;
    s->tokenizer = tokenizer_open(s->model->file, f);
    s->engine = s->tokenizer ? engine_open(s->model, j->threads, f) : NULL;
    s->ctx = j->ctx ? j->ctx : s->model->shape.n_ctx;
    return s->engine != NULL;
}

static const calibration *open_calibration(void *self, fault *f)
{
    speaker *s = self;
    const job *j = &s->job.job;
    char path[PATH_MAX];
    if (!model_hash(j->model, &s->kept, s->model_id, f) ||
        !calibration_find(j->calibrations, s->model_id, j->calibration, path, f))
        return NULL;
    return s->calibration = calibration_open(path, s->model_id, &s->model->shape, f);
}

/* Opens the codecs for sequences of the length this one may have. */
static bool open_config(speaker *s, int capacity, fault *f)
{
    s->env = (host_env){ log_line, codec_cancelled, s, NULL };
    const compress_request request = { .known = s->codecs,
                                       .config = s->config,
                                       .e = s->engine,
                                       .ctx = capacity,
                                       .env = &s->env,
                                       .self = s,
                                       .calibration = open_calibration };
    s->compressor = compress_open(&request, f);
    calibration_close(s->calibration);
    s->calibration = NULL;
    return s->compressor != NULL;
}

static bool read_config(speaker *s, fault *f)
{
    const job *j = &s->job.job;
    if (s->job.exact) return true;
    s->codecs = registry_create(f);
    if (!s->codecs) return false;
    for (int i = 0; i < JOB_PLUGINS && j->plugins[i][0]; i++)
        if (!registry_load(s->codecs, j->plugins[i], f)) return false;
    s->config = config_parse(registry_catalog(s->codecs), j->config, f);
    return s->config != NULL;
}

/* ---- the prompt ---- */

/* The text as it is; BOS in front where the model wants it, nothing behind. */
static bool encode_raw(speaker *s, fault *f)
{
    const char *text = s->job.prompt ? s->job.prompt : "";
    const int32_t bos = tokenizer_bos(s->tokenizer), eos = tokenizer_eos(s->tokenizer);
    int32_t *ids = NULL;
    size_t n = 0;
    bool ok = true;
    if (tokenizer_adds_bos(s->tokenizer) && bos >= 0) ok = token_list_push(&s->prompt, bos, f);
    ok = ok && (!*text || tokenizer_encode(s->tokenizer, text, strlen(text), false, &ids, &n, f));
    for (size_t i = 0; ok && i < n; i++)
        ok = token_list_push(&s->prompt, ids[i], f);
    free(ids);
    if (!ok || s->prompt.n > 0) return ok;
    const int32_t first = bos >= 0 ? bos : eos;
    return first >= 0 ? token_list_push(&s->prompt, first, f)
                      : fault_set(f, FAULT_INPUT, "the model has no token to begin with: give it a --prompt");
}

static bool encode_prompt(speaker *s, fault *f)
{
    const generate_form form = s->job.form;
    if (form != GENERATE_RAW && s->job.prompt) {
        s->chat = chat_open(s->model->file, s->tokenizer, f);
        if (!s->chat) return false;
        if (form == GENERATE_AUTO && chat_is_plain(s->chat)) {
            chat_close(s->chat);
            s->chat = NULL;
        }
    }
    const bool ok = s->chat
                        ? chat_begin(s->chat, &s->prompt, f) && chat_ask(s->chat, NULL, s->job.prompt, &s->prompt, f)
                        : encode_raw(s, f);
    return ok && ((s->prompt.n > 0 && s->prompt.n < (size_t)s->ctx) ||
                  fault_set(f, FAULT_INPUT,
                            "the prompt is %zu tokens; a context of %d has room for at most %d and one token said",
                            s->prompt.n, s->ctx, s->ctx - 1));
}

/* ---- the text ---- */

static bool interrupted(speaker *s)
{
    return s->figures.interrupted = s->figures.interrupted || app_cancelled(s->app);
}

static bool read_prompt(speaker *s, generation *g, fault *f)
{
    const int n = (int)s->prompt.n;
    const double begin = clock_seconds();
    for (int at = 0; at < n && !interrupted(s); at += STEP) {
        const int step = n - at < STEP ? n - at : STEP;
        if (!generation_read(g, s->prompt.at + at, step, f) || !send_read(s, at + step, f)) return false;
    }
    s->figures.read_s = clock_seconds() - begin;
    return true;
}

/* A draw depends on logits, seed and position alone, so that two caches that predict the same say the same. */
static int32_t choose(const speaker *s, const generation *g)
{
    const size_t n = (size_t)s->model->shape.n_vocab;
    const float *logits = generation_logits(g);
    return s->job.temperature > 0
               ? sample_temperature(logits, n, s->job.temperature, s->job.job.seed, (uint64_t)generation_length(g))
               : sample_greedy(logits, n);
}

static bool say_all(speaker *s, generation *g, double begin, fault *f)
{
    generate_figures *x = &s->figures;
    const double read = clock_seconds();
    while (x->tokens < s->job.tokens && !interrupted(s)) {
        const int32_t next = choose(s, g);
        if (x->tokens == 0) x->first_s = clock_seconds() - begin;
        x->ended = tokenizer_is_end(s->tokenizer, next);
        if (x->ended) break;
        if (!send_token(s, next, f)) return false;
        x->tokens++;
        x->full = generation_room(g) == 0;
        if (x->full || x->tokens == s->job.tokens) break;
        if (!generation_read(g, &next, 1, f)) return false;
    }
    x->generate_s = clock_seconds() - read;
    return true;
}

static bool count_exact(speaker *s, fault *f)
{
    memory_shape shape;
    if (!memory_shape_of_model(&s->model->shape, &shape, f)) return false;
    double values = 0;
    for (int i = 0; i < shape.n_layers; i++) {
        const memory_layer *l = &shape.layers[i];
        values += (double)memory_layer_rows(l, s->figures.positions) * l->heads * (l->dim[0] + l->dim[1]);
    }
    s->figures.cache_bytes = 4 * values;
    s->figures.f16_bytes = 2 * values;
    return true;
}

static bool count_bytes(speaker *s, fault *f)
{
    if (s->figures.positions == 0) return true;
    if (!s->compressor) return count_exact(s, f);
    job_result counted = { 0 };
    const bool ok = compress_report(s->compressor, &counted, f);
    s->figures.cache_bytes = (double)counted.bytes.total;
    s->figures.f16_bytes = 2 * (double)counted.bytes.values;
    s->figures.side_bytes = (double)counted.side_bytes;
    job_result_release(&counted);
    return ok;
}

static bool speak(speaker *s, fault *f)
{
    const int left = s->ctx - (int)s->prompt.n;
    const int capacity = (int)s->prompt.n + (left < s->job.tokens ? left : s->job.tokens);
    s->figures = (generate_figures){ .prompt = (int)s->prompt.n, .first_s = NAN };
    if (s->config && !open_config(s, capacity, f)) return false;
    const double begin = clock_seconds();
    generation *g = generation_open(s->engine, s->compressor, capacity, f);
    if (!g) return false;
    const bool said = read_prompt(s, g, f) && say_all(s, g, begin, f);
    s->figures.positions = generation_length(g);
    return generation_close(g, said ? f : NULL) && said && count_bytes(s, f);
}

/* ---- the whole ---- */

static bool read_request(speaker *s, cJSON **request, fault *f)
{
    char *text = NULL;
    size_t n = 0;
    if (!file_read("-", &text, &n, f)) return false;
    *request = cJSON_ParseWithLength(text ? text : "", n);
    free(text);
    return generate_job_read(*request, &s->job, f);
}

static void close_all(speaker *s)
{
    chat_close(s->chat);
    free(s->prompt.at);
    engine_close(s->engine);
    tokenizer_close(s->tokenizer);
    model_close(s->model);
    config_free(s->config);
    registry_destroy(s->codecs);
}

int cmd_generate_child(app_context *app, const command_line *line)
{
    (void)line;
    fault f = { 0 }, unheard;
    cJSON *request = NULL;
    child_begin();
    speaker s = { .app = app, .events = claim_stdout() };
    if (!s.events) return FAULT_INTERNAL;
    bool ok = read_request(&s, &request, &f) && read_config(&s, &f) && open_model(&s, &f) && encode_prompt(&s, &f) &&
              send_started(&s, &f) && speak(&s, &f);
    if (!compress_close(s.compressor, ok ? &f : NULL)) ok = false;
    if (ok) {
        ok = send(&s, generate_figures_json(&s.figures), "done", &f);
    } else {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "code", f.code);
        cJSON_AddStringToObject(json, "text", f.text);
        send(&s, json, "fault", &unheard);
    }
    close_all(&s);
    cJSON_Delete(request);
    fclose(s.events);
    return ok ? FAULT_NONE : (int)f.code;
}
