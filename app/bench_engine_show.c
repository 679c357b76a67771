/* kvant bench --engine, from the line to the tables. The engine runs in a child (kvant bench-engine-child) that writes
 * the answer, so that --timeout and an interrupt end it in the middle of a long prompt, too. */
#include <stdio.h>
#include <stdlib.h>

#include "app/bench_engine.h"
#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/figures.h"
#include "app/fingerprint.h"
#include "app/number.h"
#include "app/progress.h"
#include "app/report.h"
#include "base/clock.h"

/* What a row is called, what it is compared with (BENCH_PEAK, BENCH_READ; itself: with nothing) and how. */
static const struct {
    const char *key, *name, *unit;
    engine_row bound;
} rows[BENCH_ROWS] = {
    [BENCH_PEAK] = { "peak", "multiply-adds on registers", "GFLOPS", BENCH_PEAK },
    [BENCH_PRODUCTS] = { "products", "products, 512 rows", "GFLOPS", BENCH_PEAK },
    [BENCH_READ] = { "read", "reading the weights", "GB/s", BENCH_READ },
    [BENCH_PROMPT] = { "prompt", "prompt of 512", "tokens/s", BENCH_PEAK },
    [BENCH_GENERATION] = { "generation", "generation of 128", "tokens/s", BENCH_READ },
    [BENCH_DEPTH] = { "depth", "generation at depth 1000", "tokens/s", BENCH_READ },
    [BENCH_ROUND] = { "round", "round of the thread pool", "us", BENCH_ROUND },
};

/* The figure in the unit of its bound: GFLOPS of the products a token needs, GB/s of the weights it reads. */
static double in_units_of_bound(const engine_bench *b, engine_row row, double figure)
{
    if (row == BENCH_PROMPT) {
        double weights = 0;
        for (int i = 0; i < b->m->shape.n_layers; i++) {
            const model_layer *l = &b->m->layers[i];
            const linear *const all[] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down };
            for (size_t j = 0; j < sizeof all / sizeof *all; j++)
                weights += (double)all[j]->n_in * (double)all[j]->n_out;
        }
        return 2e-9 * weights * figure;
    }
    return row == BENCH_GENERATION || row == BENCH_DEPTH ? 1e-9 * (double)b->m->panel_bytes * figure : figure;
}

static double percent(const engine_bench *b, engine_row row)
{
    return 100 * in_units_of_bound(b, row, engine_bench_median(b, row)) / engine_bench_median(b, rows[row].bound);
}

static const char *hash_of(const engine_bench *b, engine_row row)
{
    return row == BENCH_PROMPT       ? b->prompt_hash
           : row == BENCH_GENERATION ? b->ids_hash
           : row == BENCH_DEPTH      ? b->depth_hash
                                     : "";
}

static table_cell real(char *text, const char *format, double value)
{
    return table_real_as(value, figure(text, format, value));
}

static bool add_row(table *t, const engine_bench *b, engine_row row, fault *f)
{
    char text[3][FIGURE], of[2 * FIGURE], beginning[HASH_SHOWN + 1];
    const char *format = row == BENCH_ROUND ? "%.2f" : "%.1f";
    const bool bounded = rows[row].bound != row;
    snprintf(beginning, sizeof beginning, "%.*s", HASH_SHOWN, hash_of(b, row));
    snprintf(of, sizeof of, "%s", bounded ? rows[rows[row].bound].name : "");
    const table_cell cells[] = {
        table_text(rows[row].name),
        real(text[0], format, engine_bench_median(b, row)),
        real(text[1], format, engine_bench_best(b, row)),
        table_text(rows[row].unit),
        bounded ? real(text[2], "%.0f", percent(b, row)) : table_text(""),
        table_text(of),
        table_text(beginning),
    };
    return table_add(t, cells, f);
}

static bool print(const engine_bench *b, const terminal *to, fault *f)
{
    static const char *const names[] = { "what", "median", "best", "unit", "%", "of", "hash" };
    const model_shape *s = &b->m->shape;
    machine here = { 0 };
    fingerprint_machine(&here);
    const int threads = pool_threads(engine_pool(b->e));
    printf("%s, %s, %d thread%s; medians of %d, wall time\n", here.cpu, here.simd, threads, threads == 1 ? "" : "s",
           b->reps);
    figures_name(s->name, to);
    printf(": %d layers of %d, %.1f MB in the file, %.1f MB kept, loaded in %.3f s\n", s->n_layers, s->n_embd,
           1e-6 * b->file_bytes, 1e-6 * (double)b->m->panel_bytes, b->load_s);
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (int row = 0; ok && row < BENCH_ROWS; row++)
        ok = add_row(t, b, (engine_row)row, f);
    return figures_write(t, ok, to, f) && (!b->whole || whole_bench_print(b->whole, to, f));
}

static bool print_json(const engine_bench *b, fault *f)
{
    cJSON *json = figures_json();
    number_put(json, "threads", pool_threads(engine_pool(b->e)));
    number_put(json, "load_s", b->load_s);
    number_put(json, "file_bytes", b->file_bytes);
    number_put(json, "kept_bytes", (double)b->m->panel_bytes);
    number_put(json, "reps", b->reps);
    cJSON *to = cJSON_AddArrayToObject(json, "rows");
    for (int i = 0; i < BENCH_ROWS; i++) {
        const engine_row row = (engine_row)i;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "what", rows[i].key);
        cJSON_AddStringToObject(one, "unit", rows[i].unit);
        number_put(one, "median", engine_bench_median(b, row));
        number_put(one, "best", engine_bench_best(b, row));
        if (rows[i].bound != row) cJSON_AddStringToObject(one, "bound", rows[rows[i].bound].key);
        if (rows[i].bound != row) number_put(one, "percent", percent(b, row));
        if (*hash_of(b, row)) cJSON_AddStringToObject(one, "hash", hash_of(b, row));
        cJSON_AddItemToArray(to, one);
    }
    if (b->whole) whole_bench_put(json, b->whole);
    return report_json(stdout, json, f);
}

int cmd_bench_engine(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_words words;
    int status = 0;
    child_words_begin(&words, app, "bench-engine-child", line);
    const bool ok = child_words_end(&words, "bench", &f) &&
                    (child_run_of(app, "bench", "the engine", words.at, line_real(line, "timeout"), &status, &f) ||
                     against_blame(line_text(line, "against"), &f));
    return ok ? status : app_report(app, &f);
}

/* ---- the child ---- */

typedef struct watcher {
    app_context *app;
    progress bar;
    uint64_t steps;
} watcher;

static bool go_on(void *self, engine_row row)
{
    watcher *w = self;
    progress_at(&w->bar, w->steps++, row >= BENCH_ROWS ? "the reference" : rows[row].name);
    return !app_cancelled(w->app);
}

static bool open_library(engine_bench *b, const char *path, against **a, fault *f)
{
    return !path || (b->against = *a = against_open(path, AGAINST_ENGINE, f));
}

static bool open_model(engine_bench *b, const char *path, int threads, model **m, fault *f)
{
    const double begin = clock_seconds();
    if (!(b->m = *m = model_open(path, f))) return false;
    b->load_s = clock_seconds() - begin;
    b->file_bytes = (double)gguf_file_bytes(b->m->file);
    return (b->e = engine_open(*m, threads, f)) != NULL;
}

static bool measure(engine_bench *b, watcher *w, fault *f)
{
    progress_start(&w->bar, stderr, &w->app->err, "bench", engine_bench_steps(b), "timings");
    const bool ok = engine_bench_run(b, f);
    progress_end(&w->bar);
    return ok;
}

/* What the results have room for. */
static bool check_reps(const command_line *line, fault *f)
{
    return line_int(line, "reps") <= ENGINE_BENCH_REPS ||
           fault_set(f, FAULT_USAGE, "bench: --engine has at most %d repetitions", ENGINE_BENCH_REPS);
}

int cmd_bench_engine_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    watcher w = { .app = app };
    model *m = NULL;
    against *a = NULL;
    child_begin();
    engine_bench *b = calloc(1, sizeof *b);
    const char *path = (b || fault_memory(&f, "bench")) && check_reps(line, &f) ? app_model(app, line, &f) : NULL;
    bool ok = path != NULL;
    if (ok) {
        *b = (engine_bench){ .path = path, .seed = 1, .reps = (int)line_int(line, "reps"), .go_on = go_on, .self = &w };
        ok = open_library(b, line_text(line, "against"), &a, &f) && open_model(b, path, app_threads(line), &m, &f) &&
             measure(b, &w, &f) && (line_has(line, "json") ? print_json(b, &f) : print(b, &app->out, &f));
    }
    whole_bench_close(b ? b->whole : NULL);
    engine_close(b ? b->e : NULL);
    model_close(m);
    against_close(a);
    free(b);
    return child_end(app, ok, CHILD_DONE, &f);
}
