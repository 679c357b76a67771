/* kvant calibrate: what codecs that calibrate are given, gathered once per model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/calibrate.h"
#include "app/calibration_files.h"
#include "app/commands.h"
#include "app/model_hash.h"
#include "app/progress.h"
#include "app/report.h"

typedef struct calibrating {
    app_context *app;
    progress bar;
    char what[64]; /* the step the bar is about */
    const char *unit;
    shelf kept;
    char model_id[HASH_HEX], path[PATH_MAX];
    model *model;
    tokenizer *tokenizer;
    engine *engine;
    passages text;
    bool there; /* the file, already, and that is fine */
} calibrating;

static bool at_step(void *self, const char *what, size_t done, size_t total)
{
    calibrating *c = self;
    if (strcmp(what, c->what) != 0) {
        if (c->what[0]) progress_end(&c->bar);
        snprintf(c->what, sizeof c->what, "%s", what);
        progress_start(&c->bar, stderr, &c->app->err, c->what, total, c->unit);
    }
    progress_at(&c->bar, done, "");
    return !app_cancelled(c->app);
}

static bool at_passage(void *self, size_t done, size_t total)
{
    calibrating *c = self;
    c->unit = "passages";
    return at_step(c, "calibrating", done, total);
}

/* The file to write: --output, or the model's own under --name; one that is there stays without --force. */
static bool choose_path(calibrating *c, const command_line *line, fault *f)
{
    const char *output = line_text(line, "output"), *name = line_text(line, "name");
    if (output && name) return fault_set(f, FAULT_USAGE, "calibrate: --name and --output exclude each other");
    if (output && strlen(output) >= sizeof c->path)
        return fault_set(f, FAULT_INPUT, "the path of --output is too long");
    if (output)
        strcpy(c->path, output);
    else if (!calibration_path(c->app->places.calibrations, c->model_id, name ? name : "", c->path, f))
        return false;
    c->there = access(c->path, F_OK) == 0 && !line_has(line, "force");
    if (c->there && !line_has(line, "once"))
        return fault_set(f, FAULT_USAGE,
                         "%s is there already; --force replaces it (runs that used it keep its hash), --name makes "
                         "another",
                         c->path);
    return output || paths_make_parent(c->path, f);
}

static bool open_all(calibrating *c, const command_line *line, fault *f)
{
    const char *path = app_model(c->app, line, f);
    if (!path || !shelf_open(&c->kept, line_has(line, "no-cache") ? "" : c->app->places.cache, f)) return false;
    c->model = model_open(path, f);
    if (!c->model || !model_hash(path, &c->kept, c->model_id, f) || !choose_path(c, line, f)) return false;
    if (c->there) return true;
    c->tokenizer = tokenizer_open(c->model->file, f);
    c->engine = c->tokenizer ? engine_open(c->model, app_threads(line), f) : NULL;
    return c->engine != NULL;
}

static bool read_text(calibrating *c, const command_line *line, fault *f)
{
    const passages_request request = {
        .text = line_text(line, "text"),
        .n = (int)line_int(line, "passages"),
        .at_most = !line_given(line, "passages"),
        .from_end = true,
        .length = (int)line_int(line, "ctx"),
        .seed = (uint64_t)line_int(line, "seed"),
        .model_id = c->model_id,
    };
    const passages_watch watch = { at_step, c };
    c->unit = "tokens";
    return passages_make(&request, c->tokenizer, c->engine, &c->kept, &watch, &c->text, f);
}

/* Passages whose rows are kept: as many as --rows asks for, at least one. */
static int sampled_of(const calibrating *c, const command_line *line)
{
    const int64_t wanted = (line_int(line, "rows") + c->text.length - 1) / c->text.length;
    return wanted < c->text.n ? (int)wanted : c->text.n;
}

static bool print_answer(const calibrating *c, const char *text_name, int sampled, bool as_json, fault *f)
{
    const long tokens = (long)c->text.n * c->text.length, rows = (long)sampled * c->text.length;
    char id[HASH_HEX];
    if (!hash_file(c->path, id, f)) return false;
    if (!as_json) {
        printf("%s\n%ld tokens of %s; moments and attention of all, %ld rows of each stream kept (%.16s)\n", c->path,
               tokens, text_name, rows, id);
        return true;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "file", c->path);
    cJSON_AddStringToObject(json, "hash", id);
    cJSON_AddStringToObject(json, "model_hash", c->model_id);
    cJSON_AddStringToObject(json, "text", text_name);
    cJSON_AddStringToObject(json, "text_hash", c->text.text_id);
    cJSON_AddNumberToObject(json, "tokens", (double)tokens);
    cJSON_AddNumberToObject(json, "rows", (double)rows);
    return report_json(stdout, json, f);
}

int cmd_calibrate(app_context *app, const command_line *line)
{
    fault f = { 0 };
    calibrating c = { .app = app };
    const char *text = line_text(line, "text"), *text_name = app_text_name(text);
    bool ok = open_all(&c, line, &f);
    if (ok && c.there) {
        model_close(c.model);
        fprintf(stderr, "kvant: note: %s is there already\n", c.path);
        return FAULT_NONE;
    }
    ok = ok && read_text(&c, line, &f);
    const int sampled = ok ? sampled_of(&c, line) : 0;
    const calibrate_request request = {
        .e = c.engine,
        .text = &c.text,
        .sampled = sampled,
        .model_id = c.model_id,
        .text_name = text_name,
        .seed = strcmp(text, "self") == 0 ? (uint64_t)line_int(line, "seed") : 0,
        .at = at_passage,
        .self = &c,
    };
    ok = ok && calibrate(&request, c.path, &f);
    if (c.what[0]) progress_end(&c.bar);
    ok = ok && print_answer(&c, text_name, sampled, line_has(line, "json"), &f);
    passages_release(&c.text);
    engine_close(c.engine);
    tokenizer_close(c.tokenizer);
    model_close(c.model);
    return ok ? FAULT_NONE : app_report(app, &f);
}
