/* kvant memory: what a cache weighs, and the context that fits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/memory_table.h"
#include "app/profile.h"
#include "app/report.h"
#include "app/size_list.h"

static const char *const usual_configs[] = {
    "f16", "q8_0", "k=q8_0 v=turbo4", "k=q8_0 v=turbo3", "k=q8_0 v=turbo2", "turbo4", "turbo3", "turbo2"
};
enum { USUAL = sizeof usual_configs / sizeof *usual_configs };

/* ---- the model ---- */

/* How many of the arguments are the model: a file's name, or the words of a description that nobody quoted. */
static size_t model_words(const command_line *line)
{
    size_t n = 1;
    if (!memory_shape_described(line_arg(line, 0))) return 1;
    while (line_arg(line, n) && memory_shape_described(line_arg(line, n)))
        n++;
    return n;
}

static bool join(const command_line *line, size_t n, char text[MEMORY_TEXT], fault *f)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, used < MEMORY_TEXT ? MEMORY_TEXT - used : 0, "%s%s", i ? " " : "",
                                 line_arg(line, i));
    return used < MEMORY_TEXT ||
           fault_set(f, FAULT_INPUT, "the model's description is longer than %d bytes", MEMORY_TEXT - 1);
}

static bool read_shape(const char *text, memory_shape *s, fault *f)
{
    return memory_shape_described(text) ? memory_shape_parse(text, s, f) : memory_shape_read(text, s, f);
}

/* ---- options ---- */

static bool read_contexts(const char *list, memory_table *t, fault *f)
{
    const command_option size = { "ctx", .type = OPTION_SIZE, .min = 1, .max = MEMORY_CTX };
    return size_list_read(&size, "memory", list, t->ctx, MEMORY_CONTEXTS, &t->n_ctx, f);
}

/* The contexts that are shown when nobody names any: those the model was trained for. */
static void usual_contexts(memory_table *t)
{
    static const int all[] = { 2048, 8192, 32768, 65536, 131072 };
    const int trained = t->plan.shape->ctx_train;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!trained || all[i] <= trained) t->ctx[t->n_ctx++] = all[i];
    if (t->n_ctx == 0) t->ctx[t->n_ctx++] = trained < 16 ? 16 : trained;
}

/* --weights on|off|BYTES; a file's weights are counted unless told otherwise. */
static bool read_weights(const command_line *line, memory_table *t, fault *f)
{
    const command_option size = { "weights", .type = OPTION_SIZE, .min = 0, .max = 1e15 };
    const char *said = line_text(line, "weights");
    const double file = (double)t->plan.shape->weights;
    option_value value;
    t->weighed = "the file";
    if (!said || strcmp(said, "on") == 0) {
        t->plan.weights = file;
        return file > 0 || !said ||
               fault_set(
                   f, FAULT_USAGE,
                   "memory: option --weights is on, but a model that is described has no file: say how many bytes");
    }
    if (strcmp(said, "off") == 0) return true;
    t->weighed = "as given";
    if (!option_read(&size, "memory", said, &value, f)) {
        fault_set(f, FAULT_USAGE, "memory: option --weights is \"%.60s\", but must be on, off or a number of bytes",
                  said);
        return false;
    }
    t->plan.weights = (double)value.i;
    return true;
}

static bool read_options(const command_line *line, memory_table *t, fault *f)
{
    const char *list = line_text(line, "ctx");
    t->plan.round = (int)line_int(line, "round");
    t->plan.sequences = (int)line_int(line, "sequences");
    t->budget = (double)line_int(line, "budget");
    t->need_ctx = (int)line_int(line, "need-ctx");
    if (t->need_ctx && t->budget <= 0)
        return fault_set(f, FAULT_USAGE, "memory: option --need-ctx needs --budget: bytes that must be enough");
    if (line_has(line, "measure") && memory_shape_described(t->model))
        return fault_set(f, FAULT_USAGE, "memory: option --measure needs a model's file, a description cannot be run");
    if (!list) usual_contexts(t);
    if (list && !read_contexts(list, t, f)) return false;
    enum { MEASURE_MOST = 512, MEASURE_LEAST = 8 };
    if (line_has(line, "measure")) t->measure = list || t->ctx[0] < MEASURE_MOST ? t->ctx[0] : MEASURE_MOST;
    if (t->measure && t->measure < MEASURE_LEAST)
        return fault_set(f, FAULT_USAGE, "memory: a run of %d tokens measures nothing, at least %d", t->measure,
                         MEASURE_LEAST);
    return read_weights(line, t, f);
}

/* ---- the configs ---- */

static bool make_rows(app_context *app, const command_line *line, const catalog *known, size_t first, memory_table *t,
                      fault *f)
{
    const size_t n = line_n_args(line) - first;
    t->named = n > 0;
    t->n_rows = n ? n : USUAL;
    t->rows = calloc(t->n_rows, sizeof *t->rows);
    if (!t->rows) return fault_memory(f, "the table");
    for (size_t i = 0; i < t->n_rows; i++) {
        const char *text = n ? line_arg(line, first + i) : usual_configs[i];
        t->rows[i].config = profile_config(app, line, known, text, f);
        if (!t->rows[i].config) return false;
    }
    return true;
}

static void release(memory_table *t)
{
    memory_close(&t->plan);
    for (size_t i = 0; t->rows && i < t->n_rows; i++)
        config_free(t->rows[i].config);
    free(t->rows);
}

static bool measure_all(lab *l, memory_table *t, fault *f)
{
    for (size_t i = 0; i < t->n_rows; i++)
        if (t->rows[i].known && !memory_measure(l, &t->plan, &t->rows[i], t->measure, f)) return false;
    return true;
}

/* 3: a config that was named cannot be counted; 1: one does not reach the context it must. */
static int status_of(const memory_table *t)
{
    int status = FAULT_NONE;
    for (size_t i = 0; i < t->n_rows; i++) {
        if (t->named && !t->rows[i].known) return app_report(t->plan.app, &t->rows[i].problem);
        if (t->rows[i].known && !memory_row_reaches(t, &t->rows[i])) status = FAULT_NO;
    }
    return status;
}

/* Only who measures has a job, and a job has a file. */
static bool open_lab(lab *l, app_context *app, const command_line *line, const memory_table *t, fault *f)
{
    if (!t->measure) return (l->known = lab_catalog(app, line, f)) != NULL;
    if (!lab_open(l, app, line, LAB_CODECS, f)) return false;
    return realpath(t->model, l->job.model) || fault_set(f, FAULT_INPUT, "%s: is not there", t->model);
}

static bool work(app_context *app, const command_line *line, size_t first, memory_table *t, int *status, fault *f)
{
    lab l = { .app = app, .line = line };
    bool ok = open_lab(&l, app, line, t, f);
    ok = ok && make_rows(app, line, l.known, first, t, f) && memory_open(&t->plan, f) && memory_table_fill(t, f) &&
         (!t->measure || measure_all(&l, t, f));
    if (ok && line_has(line, "json")) {
        ok = report_json(stdout, memory_table_json(t), f);
    } else if (ok) {
        static const memory_unit units[] = { { "MiB", 1048576.0 }, { "GiB", 1073741824.0 }, { "bytes", 1 } };
        ok = memory_table_print(t, units[line_int(line, "unit")], &app->out, f);
    }
    *status = ok ? status_of(t) : FAULT_NONE;
    release(t);
    lab_close(&l);
    return ok;
}

int cmd_memory(app_context *app, const command_line *line)
{
    fault f = { 0 };
    int status = FAULT_NONE;
    char asked[MEMORY_TEXT];
    const size_t first = model_words(line);
    memory_shape *shape = malloc(sizeof *shape);
    memory_table t = { .plan = { .app = app, .line = line, .shape = shape }, .model = asked };
    const bool ok = (shape || fault_memory(&f, "a model's shape")) && join(line, first, asked, &f) &&
                    read_shape(asked, shape, &f) && read_options(line, &t, &f) &&
                    work(app, line, first, &t, &status, &f);
    if (!ok) status = app_report(app, &f);
    free(shape);
    return status;
}
