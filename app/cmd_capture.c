/* kvant capture: a model's keys, values and queries as a file. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/capture.h"
#include "app/commands.h"
#include "app/model_hash.h"
#include "app/progress.h"
#include "app/report.h"

typedef struct watcher {
    app_context *app;
    progress bar;
    char what[64]; /* the step the bar is about */
} watcher;

static bool at_step(watcher *w, const char *what, const char *unit, uint64_t done, uint64_t total)
{
    if (strcmp(what, w->what) != 0) {
        if (w->what[0]) progress_end(&w->bar);
        snprintf(w->what, sizeof w->what, "%s", what);
        progress_start(&w->bar, stderr, &w->app->err, w->what, total, unit);
    }
    progress_at(&w->bar, done, NULL);
    return !app_cancelled(w->app);
}

static bool at_text(void *self, const char *what, size_t done, size_t total)
{
    return at_step(self, what, "tokens", done, total);
}

static bool at_rows(void *self, uint64_t done, uint64_t total)
{
    return at_step(self, "capturing", "rows", done, total);
}

/* Everything a capture holds. */
typedef struct work {
    const command_line *line;
    const char *path, *text_name;
    shelf kept;
    model *model;
    tokenizer *tokenizer;
    engine *engine;
    char model_id[HASH_HEX];
    passages text;
    watcher watch;
} work;

/* What would be found out only after the work. */
static bool check_output(const work *w, fault *f)
{
    struct stat about;
    char dir[PATH_MAX] = ".";
    if (!w->path) return fault_set(f, FAULT_USAGE, "capture: say where to write it: -o OUT.safetensors");
    const char *slash = strrchr(w->path, '/');
    if (strlen(w->path) >= sizeof dir) return fault_set(f, FAULT_INPUT, "capture: the path is too long");
    if (slash) snprintf(dir, sizeof dir, "%.*s", (int)(slash - w->path + 1), w->path);
    if (access(dir, W_OK)) return fault_set(f, FAULT_INPUT, "%s: %s", w->path, strerror(errno));
    if (stat(w->path, &about)) return true;
    if (!S_ISREG(about.st_mode)) return fault_set(f, FAULT_INPUT, "%s: is no regular file", w->path);
    if (line_has(w->line, "force")) return true;
    return fault_set(f, FAULT_INPUT, "%s: is there already; --force replaces it", w->path);
}

static bool open_model(work *w, fault *f)
{
    const app_context *app = w->watch.app;
    const char *path = app_model(app, w->line, f);
    if (!path || !shelf_open(&w->kept, line_has(w->line, "no-cache") ? NULL : app->places.cache, f)) return false;
    w->model = model_open(path, f);
    if (!w->model || !model_hash(path, &w->kept, w->model_id, f)) return false;
    w->tokenizer = tokenizer_open(w->model->file, f);
    w->engine = w->tokenizer ? engine_open(w->model, app_threads(w->line), f) : NULL;
    return w->engine != NULL;
}

static bool make_text(work *w, fault *f)
{
    const passages_request request = {
        .text = w->text_name,
        .n = (int)line_int(w->line, "passages"),
        .at_most = !line_given(w->line, "passages"),
        .length = (int)line_int(w->line, "ctx"),
        .seed = (uint64_t)line_int(w->line, "seed"),
        .model_id = w->model_id,
    };
    const passages_watch watch = { at_text, &w->watch };
    if (request.length > w->model->shape.n_ctx)
        fprintf(stderr, "kvant: note: passages of %d tokens, but the model was trained for %d\n", request.length,
                w->model->shape.n_ctx);
    return passages_make(&request, w->tokenizer, w->engine, &w->kept, &watch, &w->text, f);
}

static bool write_capture(work *w, capture_request *r, fault *f)
{
    const char *form = line_text(w->line, "rope"), *type = line_text(w->line, "type");
    *r = (capture_request){
        .e = w->engine,
        .text = &w->text,
        .model_id = w->model_id,
        .text_name = app_text_name(w->text_name),
        .seed = (uint64_t)line_int(w->line, "seed"),
        .rotated = form && strcmp(form, "post") == 0,
        .type = type && strcmp(type, "f32") == 0 ? SAFETENSORS_F32 : SAFETENSORS_F16,
        .at = at_rows,
        .self = &w->watch,
    };
    return capture(r, w->path, f);
}

static bool print_answer(const work *w, const capture_request *r, fault *f)
{
    const model_shape *s = &w->model->shape;
    const double rows = (double)w->text.n * w->text.length;
    if (!line_has(w->line, "json")) {
        printf("file        %s, %.1f MB\n", w->path, (double)capture_bytes(r) / 1e6);
        printf("model       %s, %d layers\n", s->name, s->n_layers);
        printf("rows        %.0f per stream, in %d passage%s of %d, %s\n", rows, w->text.n, w->text.n == 1 ? "" : "s",
               w->text.length, r->type == SAFETENSORS_F32 ? "f32" : "f16");
        printf("keys        %s RoPE, as the queries\n", r->rotated ? "after" : "before");
        return true;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "file", w->path);
    cJSON_AddStringToObject(json, "model", w->model_id);
    cJSON_AddStringToObject(json, "model_name", s->name);
    cJSON_AddStringToObject(json, "text", r->text_name);
    cJSON_AddNumberToObject(json, "layers", s->n_layers);
    cJSON_AddNumberToObject(json, "passages", w->text.n);
    cJSON_AddNumberToObject(json, "ctx", w->text.length);
    cJSON_AddNumberToObject(json, "rows", rows);
    cJSON_AddStringToObject(json, "rope", r->rotated ? "post" : "pre");
    cJSON_AddStringToObject(json, "type", r->type == SAFETENSORS_F32 ? "f32" : "f16");
    cJSON_AddNumberToObject(json, "bytes", (double)capture_bytes(r));
    return report_json(stdout, json, f);
}

int cmd_capture(app_context *app, const command_line *line)
{
    fault f = { 0 };
    capture_request r;
    const char *text = line_text(line, "text");
    work w = { .line = line, .path = line_text(line, "output"), .text_name = text ? text : "self", .watch.app = app };
    bool ok = check_output(&w, &f) && open_model(&w, &f) && make_text(&w, &f) && write_capture(&w, &r, &f);
    if (w.watch.what[0]) progress_end(&w.watch.bar);
    ok = ok && print_answer(&w, &r, &f);
    passages_release(&w.text);
    engine_close(w.engine);
    tokenizer_close(w.tokenizer);
    model_close(w.model);
    return ok ? FAULT_NONE : app_report(app, &f);
}
