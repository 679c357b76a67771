/* kvant speed: a config's cache beside another's, timed. Codecs run in a child (kvant speed-child) that writes the
 * answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/model_hash.h"
#include "app/passages.h"
#include "app/profile.h"
#include "app/progress.h"
#include "app/report.h"
#include "app/size_list.h"
#include "app/speed_show.h"

#define EXACT    "exact"
#define STANDARD "f16" /* of --reference */

/* ---- the front ---- */

/* The other side: a config, or the exact cache, which is NULL without a fault. A standard that nobody has named keeps
 * its keys where the config does: that is half of what attention on bytes costs. */
static bool other_side(app_context *app, const command_line *line, const catalog *known, const config *c, config **out,
                       fault *f)
{
    const char *text = line_text(line, "reference");
    if (c->rope_post && !line_given(line, "reference") && strcmp(text, STANDARD) == 0) text = STANDARD " rope=post";
    *out = NULL;
    return strcmp(text, EXACT) == 0 || (*out = profile_config(app, line, known, text, f)) != NULL;
}

int cmd_speed(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_words words;
    int status = 0;
    config *reference = NULL;
    catalog *known = lab_catalog(app, line, &f);
    config *c = known ? profile_config(app, line, known, line_arg(line, 0), &f) : NULL;
    const char *path = c && other_side(app, line, known, c, &reference, &f) ? app_model(app, line, &f) : NULL;
    child_words_begin(&words, app, "speed-child", line);
    if (path) {
        child_words_argument(&words, path);
        child_words_argument(&words, c->text);
        child_words_argument(&words, reference ? reference->text : EXACT);
        child_words_config(&words, c);
        if (reference) child_words_config(&words, reference);
    }
    const bool ok = path && child_words_end(&words, "speed", &f) &&
                    child_run(app, "speed", words.at, line_real(line, "timeout"), &status, &f);
    config_free(reference);
    config_free(c);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}

/* ---- the child ---- */

enum { MODEL, CONFIG, REFERENCE, PLUGINS }; /* its arguments */

typedef struct bench {
    app_context *app;
    const command_line *line;
    progress bar;
    char what[64]; /* the step the bar is about */
    shelf kept;
    registry *codecs;
    config *config[SPEED_SIDES];
    model *model;
    tokenizer *tokenizer;
    engine *engine;
    passages text;
    int room; /* tokens that may stand before the prompt: as far as the model was trained and the text goes */
    speed_fill fill;
    char model_id[HASH_HEX];
    speed_report report;
} bench;

static void step(bench *b, const char *what, size_t total, const char *unit)
{
    if (strcmp(what, b->what) == 0) return;
    if (b->what[0]) progress_end(&b->bar);
    snprintf(b->what, sizeof b->what, "%s", what);
    if (*what) progress_start(&b->bar, stderr, &b->app->err, b->what, total, unit);
}

static bool at_text(void *self, const char *what, size_t done, size_t total)
{
    bench *b = self;
    step(b, what, total, "tokens");
    progress_at(&b->bar, done, NULL);
    return !app_cancelled(b->app);
}

static bool at_run(void *self, int done, int total)
{
    bench *b = self;
    step(b, "speed", (size_t)total * b->report.n, "runs");
    size_t before = 0;
    while (before < b->report.n && b->report.result[before].prompt.config > 0)
        before++;
    char where[32];
    snprintf(where, sizeof where, "at depth %d", before < b->report.n ? b->report.depth[before] : 0);
    progress_at(&b->bar, before * (size_t)total + (size_t)done, where);
    return !app_cancelled(b->app);
}

static void log_line(void *arg, const char *text)
{
    bench *b = arg;
    if (b->what[0]) progress_hide(&b->bar);
    fprintf(stderr, "%s\n", text);
}

static bool cancelled(void *arg)
{
    const bench *b = arg;
    return app_cancelled(b->app);
}

static bool read_depths(const char *list, speed_report *r, fault *f)
{
    const command_option size = { "depth", .type = OPTION_SIZE, .min = 0, .max = 1 << 24 };
    return size_list_read(&size, "speed", list, r->depth, SPEED_DEPTHS, &r->n, f);
}

static bool open_configs(bench *b, fault *f)
{
    const command_line *line = b->line;
    for (size_t i = PLUGINS; i < line_n_args(line); i++)
        if (!registry_load(b->codecs, line_arg(line, i), f)) return false;
    const catalog *known = registry_catalog(b->codecs);
    b->config[SPEED_CONFIG] = config_parse(known, line_arg(line, CONFIG), f);
    if (!b->config[SPEED_CONFIG]) return false;
    if (strcmp(line_arg(line, REFERENCE), EXACT) == 0) return true;
    b->config[SPEED_REFERENCE] = config_parse(known, line_arg(line, REFERENCE), f);
    return b->config[SPEED_REFERENCE] != NULL;
}

static bool open_model(bench *b, fault *f)
{
    const char *path = line_arg(b->line, MODEL);
    b->model = model_open(path, f);
    if (!b->model || !model_hash(path, &b->kept, b->model_id, f)) return false;
    b->tokenizer = tokenizer_open(b->model->file, f);
    b->engine = b->tokenizer ? engine_open(b->model, b->report.threads, f) : NULL;
    return b->engine != NULL;
}

static bool make_text(bench *b, int length, fault *f)
{
    const passages_request request = {
        .text = line_text(b->line, "text"),
        .n = 1,
        .length = length,
        .seed = b->report.seed,
        .model_id = b->model_id,
    };
    const passages_watch watch = { at_text, b };
    passages_release(&b->text);
    return passages_make(&request, b->tokenizer, b->engine, &b->kept, &watch, &b->text, f);
}

/* Tokens before the prompt that the model was trained for and the text has. */
static bool find_room(bench *b, fault *f)
{
    const speed_report *r = &b->report;
    const char *text = line_text(b->line, "text");
    b->room = b->model->shape.n_ctx - r->prompt - r->generate;
    if (strcmp(text, "self") != 0) {
        if (!make_text(b, r->prompt + 1, f)) return false;
        const uint64_t has = b->text.text_tokens - (uint64_t)r->prompt;
        if (has < (uint64_t)INT_MAX && (int)has < b->room) b->room = (int)has;
    }
    if (b->room < 1) b->room = 1;
    return true;
}

/* Which depths the text fills, and which its rows do; then as much of it as they need. */
static bool read_text(bench *b, fault *f)
{
    speed_report *r = &b->report;
    const char *how = line_text(b->line, "fill");
    const bool always = strcmp(how, "repeat") == 0, never = strcmp(how, "text") == 0;
    int before = 0, longest = 0;
    if (!never && !find_room(b, f)) return false;
    for (size_t i = 0; i < r->n; i++) {
        if (!never && r->depth[i] > 0 && (always || r->depth[i] > b->room)) r->filled[i] = b->room;
        const int needs = r->filled[i] > 0 ? b->room : r->depth[i];
        if (needs > before) before = needs;
        if (!r->filled[i] && r->depth[i] > longest) longest = r->depth[i];
    }
    longest += r->prompt + r->generate;
    if (longest > b->model->shape.n_ctx)
        fprintf(stderr, "kvant: note: sequences of %d tokens, but the model was trained for %d\n", longest,
                b->model->shape.n_ctx);
    if (!make_text(b, before + r->prompt, f)) return false;
    for (size_t i = 0; i < r->n; i++)
        if (r->filled[i] > 0 && !b->fill.n && !speed_fill_make(b->engine, b->text.tokens, b->room, &b->fill, f))
            return false;
    return true;
}

static bool measure(bench *b, fault *f)
{
    speed_report *r = &b->report;
    const host_env env = { log_line, cancelled, b, NULL };
    const char *calibration = line_text(b->line, "calibration");
    bool ok = true;
    for (size_t i = 0; ok && i < r->n; i++) {
        const speed_request request = { .known = b->codecs,
                                        .config = { b->config[SPEED_REFERENCE], b->config[SPEED_CONFIG] },
                                        .e = b->engine,
                                        .decoded = r->decoded,
                                        .tokens = b->text.tokens + r->filled[i],
                                        .fill = r->filled[i] > 0 ? &b->fill : NULL,
                                        .depth = r->depth[i],
                                        .prompt = r->prompt,
                                        .generate = r->generate,
                                        .reps = r->reps,
                                        .seed = r->seed,
                                        .calibrations = b->app->places.calibrations,
                                        .calibration = calibration ? calibration : "",
                                        .model_id = b->model_id,
                                        .env = &env,
                                        .at = at_run,
                                        .self = b };
        ok = speed_measure(&request, &r->result[i], f);
    }
    return ok;
}

static bool print(bench *b, fault *f)
{
    speed_report *r = &b->report;
    r->names[SPEED_CONFIG] = b->config[SPEED_CONFIG]->text;
    r->names[SPEED_REFERENCE] = b->config[SPEED_REFERENCE] ? b->config[SPEED_REFERENCE]->text : EXACT;
    r->model = b->model->shape.name;
    r->model_id = b->model_id;
    r->text = app_text_name(line_text(b->line, "text"));
    r->text_id = b->text.text_id;
    return line_has(b->line, "json") ? report_json(stdout, speed_json(r), f) : speed_print(r, &b->app->out, f);
}

static void release(bench *b)
{
    for (size_t i = 0; i < b->report.n; i++)
        speed_release(&b->report.result[i]);
    passages_release(&b->text);
    speed_fill_release(&b->fill);
    engine_close(b->engine);
    tokenizer_close(b->tokenizer);
    model_close(b->model);
    for (int i = 0; i < SPEED_SIDES; i++)
        config_free(b->config[i]);
    registry_destroy(b->codecs);
}

int cmd_speed_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    bench b = { .app = app, .line = line };
    child_begin();
    b.report.prompt = (int)line_int(line, "prompt");
    b.report.generate = (int)line_int(line, "generate");
    b.report.reps = (int)line_int(line, "reps");
    b.report.threads = app_threads(line);
    b.report.decoded = line_has(line, "decoded");
    b.report.plot = line_has(line, "plot");
    b.report.seed = (uint64_t)line_int(line, "seed");
    bool ok = read_depths(line_text(line, "depth"), &b.report, &f) &&
              shelf_open(&b.kept, line_has(line, "no-cache") ? "" : app->places.cache, &f) &&
              (b.codecs = registry_create(&f)) && open_configs(&b, &f) && open_model(&b, &f) && read_text(&b, &f) &&
              measure(&b, &f);
    step(&b, "", 0, "");
    ok = ok && print(&b, &f);
    release(&b);
    return child_end(app, ok, CHILD_DONE, &f);
}
