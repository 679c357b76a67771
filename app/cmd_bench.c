/* kvant bench: how fast codecs are on this machine. Codecs run in a child (kvant bench-child) that writes the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "app/bench.h"
#include "app/bench_attend.h"
#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/progress.h"

/* Those with a target, and what shares their kernels. */
static const char *const usual[] = { "turbo2", "turbo3", "turbo4", "polar(bits=2)", "polar(bits=3)",
                                     "polar",  "q8_0",   "q4_0",   "rotate(q8_0)" };
enum { USUAL = sizeof usual / sizeof *usual, MOST_CODECS = 100 };

/* With --attention: those without decoding. The first is what the others are compared with. */
static const char *const attending[] = { "f16",    "q8_0",          "q4_0",          "turbo2", "turbo3",
                                         "turbo4", "polar(bits=2)", "polar(bits=3)", "polar" };
enum { ATTENDING = sizeof attending / sizeof *attending };

/* ---- the front ---- */

typedef struct wanted {
    spec *codec[MOST_CODECS];
    size_t n;
} wanted;

static bool read_codecs(const command_line *line, const catalog *known, wanted *w, fault *f)
{
    const bool attends = line_has(line, "attention");
    const char *const *standard = attends ? attending : usual;
    const size_t given = line_n_args(line), skip = given && attends; /* f16, then what is given */
    const size_t n = given ? given + skip : attends ? ATTENDING : line_has(line, "kernels") ? 0 : USUAL;
    if (n > MOST_CODECS) return fault_set(f, FAULT_USAGE, "bench: %zu codecs, at most %d at a time", n, MOST_CODECS);
    for (; w->n < n; w->n++) {
        const char *text = given && w->n >= skip ? line_arg(line, w->n - skip) : standard[w->n];
        spec *s = w->codec[w->n] = spec_parse(known, text, f);
        if (!s) return false;
        if (!spec_check_dim(s, text, (int)line_int(line, "dim"), f)) {
            w->n++;
            return false;
        }
    }
    return true;
}

/* What is asked for that would not be done. */
static bool check_together(const command_line *line, fault *f)
{
    static const char *const others[][2] = { { "engine", "attention" },
                                             { "engine", "kernels" },
                                             { "engine", "rows" },
                                             { "attention", "kernels" },
                                             { "attention", "against" } };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (line_has(line, others[i][0]) && line_has(line, others[i][1]))
            return fault_set(f, FAULT_USAGE, "bench: --%s and --%s do not go together", others[i][0], others[i][1]);
    if (line_has(line, "engine") && line_n_args(line) > 0)
        return fault_set(f, FAULT_USAGE, "bench: --engine times no codec; %s is one too many", line_arg(line, 0));
    return true;
}

int cmd_bench(app_context *app, const command_line *line)
{
    fault f = { 0 };
    if (!check_together(line, &f)) return app_report(app, &f);
    if (line_has(line, "engine")) return cmd_bench_engine(app, line);
    wanted w = { 0 };
    child_words words;
    int status = 0;
    catalog *known = lab_catalog(app, line, &f);
    bool ok = known && read_codecs(line, known, &w, &f);
    child_words_begin(&words, app, "bench-child", line);
    for (size_t i = 0; ok && i < w.n; i++)
        child_words_argument(&words, w.codec[i]->text);
    if (ok) child_words_argument(&words, ""); /* codecs end here, plugins follow */
    for (size_t i = 0; ok && i < w.n; i++)
        child_words_plugins(&words, w.codec[i]);
    ok = ok && child_words_end(&words, "bench", &f) &&
         (child_run(app, "bench", words.at, line_real(line, "timeout"), &status, &f) ||
          against_blame(line_text(line, "against"), &f));
    for (size_t i = 0; i < w.n; i++)
        spec_free(w.codec[i]);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}

/* ---- the child ---- */

/* Without --rows: one working set for the second-level cache and one for beyond it. */
enum { MOST_KERNELS = 128, SETS = 2, SMALL_SET = 256 << 10, LARGE_SET = 16 << 20 };

typedef struct work {
    const app_context *app;
    const command_line *line;
    progress bar;
    uint64_t steps;
    registry *codecs;
    against *against; /* or NULL */
    size_t n;         /* codecs on the line */
    bench_result results[SETS * MOST_CODECS];
    spec *specs[MOST_CODECS];
    bench_kernel kernels[MOST_KERNELS];
    attend_result *attended;
    bench_report report;
} work;

static bool load(work *w, fault *f)
{
    const size_t n = line_n_args(w->line);
    while (w->n < n && *line_arg(w->line, w->n))
        w->n++;
    for (size_t i = w->n + 1; i < n; i++)
        if (!registry_load(w->codecs, line_arg(w->line, i), f)) return false;
    if (w->n > MOST_CODECS) return fault_set(f, FAULT_USAGE, "bench: %zu codecs", w->n);
    for (size_t i = 0; i < w->n; i++)
        if (!(w->specs[i] = spec_parse(registry_catalog(w->codecs), line_arg(w->line, i), f))) return false;
    return true;
}

static size_t rows_of(const command_line *line, int set)
{
    const size_t row = (size_t)line_int(line, "dim") * sizeof(float);
    return line_has(line, "rows") ? (size_t)line_int(line, "rows") : (set ? LARGE_SET : SMALL_SET) / row;
}

static int sets_of(const command_line *line)
{
    return line_has(line, "rows") ? 1 : SETS;
}

/* Before each codec and kernel. */
static bool step(work *w, const char *what, fault *f)
{
    progress_at(&w->bar, w->steps++, what);
    return !app_cancelled(w->app) || fault_set(f, FAULT_INTERRUPTED, "bench: interrupted");
}

static bool time_codecs(work *w, fault *f)
{
    const int sets = sets_of(w->line);
    for (int set = 0; set < sets; set++)
        for (size_t i = 0; i < w->n; i++) {
            const bench_request request = { .known = w->codecs,
                                            .against = w->against,
                                            .codec = w->specs[i],
                                            .dim = (int)line_int(w->line, "dim"),
                                            .rows = rows_of(w->line, set),
                                            .reps = w->report.reps,
                                            .seed = 1 };
            if (!step(w, w->specs[i]->text, f) || !bench_codec(&request, &w->results[w->report.n_codecs], f))
                return false;
            w->report.n_codecs++;
        }
    return true;
}

/* Without --rows: 64 MiB as f32, which no cache of a core holds, not even of 4 bits. */
enum { ATTENDED_SET = 64 << 20 };

static bool attend(work *w, fault *f)
{
    bool ok = (w->attended = calloc(w->n, sizeof *w->attended)) || fault_memory(f, "results");
    const size_t row = (size_t)line_int(w->line, "dim") * sizeof(float);
    for (size_t i = 0; ok && i < w->n; i++) {
        const attend_request request = { .known = w->codecs,
                                         .codec = w->specs[i],
                                         .f16 = w->specs[0],
                                         .dim = (int)line_int(w->line, "dim"),
                                         .rows = line_has(w->line, "rows") ? (size_t)line_int(w->line, "rows")
                                                                           : ATTENDED_SET / row,
                                         .reps = w->report.reps,
                                         .seed = 1 };
        ok = step(w, w->specs[i]->text, f) && bench_attend(&request, &w->attended[i], f);
    }
    return ok;
}

static size_t kernels_of(const command_line *line)
{
    const size_t n = bench_kernels();
    return !line_has(line, "kernels") ? 0 : n < MOST_KERNELS ? n : MOST_KERNELS;
}

static bool time_kernels(work *w, fault *f)
{
    for (size_t i = 0; i < kernels_of(w->line); i++) {
        if (!step(w, "kernels", f) || !bench_kernel_run(i, w->report.reps, 1, &w->kernels[i], f)) return false;
        w->report.n_kernels++;
    }
    return true;
}

static bool open_against(work *w, fault *f)
{
    if (!line_has(w->line, "against")) return true;
    w->report.against = w->against = against_open(line_text(w->line, "against"), AGAINST_CODECS, f);
    return w->against != NULL;
}

static bool measure(work *w, fault *f)
{
    const bool attends = line_has(w->line, "attention");
    const size_t n = attends ? w->n : (size_t)sets_of(w->line) * w->n + kernels_of(w->line);
    if (!open_against(w, f)) return false;
    progress_start(&w->bar, stderr, &w->app->err, "bench", n, "timings");
    const bool ok = attends ? attend(w, f) : time_codecs(w, f) && time_kernels(w, f);
    progress_end(&w->bar);
    return ok;
}

static bool print(work *w, fault *f)
{
    const bool json = line_has(w->line, "json");
    const terminal *out = &w->app->out;
    w->report.codecs = w->results;
    w->report.kernels = w->kernels;
    if (w->attended)
        return json ? bench_attend_print_json(w->attended, w->n, w->report.reps, f)
                    : bench_attend_print(w->attended, w->n, w->report.reps, out, f);
    return json ? bench_print_json(&w->report, f) : bench_print(&w->report, out, f);
}

int cmd_bench_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_begin();
    work *w = calloc(1, sizeof *w);
    bool ok = w || fault_memory(&f, "bench");
    if (ok) {
        w->app = app;
        w->line = line;
        w->report.reps = (int)line_int(line, "reps");
        ok = (w->codecs = registry_create(&f)) && load(w, &f) && measure(w, &f) && print(w, &f);
        for (size_t i = 0; i < w->n && i < MOST_CODECS; i++)
            spec_free(w->specs[i]);
        registry_destroy(w->codecs);
        against_close(w->against);
        free(w->attended);
    }
    free(w);
    return child_end(app, ok, CHILD_DONE, &f);
}
