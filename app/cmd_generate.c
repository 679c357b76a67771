/* kvant generate: text from a model through the exact cache or a config's, several beside each other. The texts are
 * made by children, one for each config (app/generate_child.c). */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/generate_answer.h"
#include "app/generate_columns.h"
#include "app/generate_show.h"
#include "app/lab.h"
#include "app/profile.h"
#include "app/progress.h"
#include "app/report.h"
#include "base/file.h"

#define EXACT "exact"
enum { TICK_MS = 100, LONG_PROMPT = 512 }; /* tokens worth a progress line */

typedef struct generating {
    app_context *app;
    const command_line *line;
    lab lab; /* the codecs, and what the jobs share */
    generate_job job;
    char *prompt; /* NULL: none */
    generate_answer answers[GENERATE_SIDES];
    size_t n;
    generate_columns *columns; /* side by side; else: */
    size_t at, shown;          /* the text that is shown now, and its bytes that have been */
    bool headed;
    progress bar;
    bool reading, asked;
} generating;

/* ---- what is asked ---- */

static bool read_prompt(generating *g, fault *f)
{
    const char *given = line_text(g->line, "prompt");
    size_t n = given ? strlen(given) : 0;
    if (!given) return true;
    const bool from_stdin = strcmp(given, "-") == 0;
    if (from_stdin) {
        if (!file_read("-", &g->prompt, &n, f)) return false;
    } else if (!(g->prompt = strdup(given))) {
        return fault_memory(f, "the prompt");
    }
    if (n == 0)
        return fault_set(f, from_stdin ? FAULT_INPUT : FAULT_USAGE,
                         "the prompt is empty; without --prompt the model begins by itself");
    if (n > GENERATE_PROMPT)
        return fault_set(f, FAULT_INPUT, "the prompt is %zu bytes, at most %d", n, GENERATE_PROMPT);
    char *text = realloc(g->prompt, n + 1);
    if (!text) return fault_memory(f, "the prompt");
    g->prompt = text;
    text[n] = '\0';
    return strlen(text) == n ||
           fault_set(f, FAULT_INPUT, "the prompt holds a zero byte (at %zu) and is no text", strlen(text));
}

static bool copy(char to[PATH_MAX], const char *from, const char *what, fault *f)
{
    return snprintf(to, PATH_MAX, "%s", from) < PATH_MAX ||
           fault_set(f, FAULT_INPUT, "the path of the %s is too long", what);
}

static bool read_line(generating *g, fault *f)
{
    const command_line *line = g->line;
    const bool raw = line_has(line, "raw"), chat = line_has(line, "chat");
    if (raw && chat) return fault_set(f, FAULT_USAGE, "generate: --raw or --chat, not both");
    if (!read_prompt(g, f)) return false;
    if (chat && !g->prompt) return fault_set(f, FAULT_USAGE, "generate: --chat needs a --prompt to answer");
    const char *model = line_n_args(line) ? line_arg(line, 0) : app_model(g->app, line, f);
    if (line_n_args(line) && access(model, F_OK) != 0) /* where other commands have a config */
        return fault_set(f, FAULT_INPUT, "%s: %s (the model; a config stands behind --config)", model, strerror(errno));
    const char *calibration = line_text(line, "calibration");
    job *j = &g->lab.job;
    if (!model || !copy(j->model, model, "model", f) || !copy(j->cache, g->app->places.cache, "cache", f) ||
        !copy(j->calibrations, g->app->places.calibrations, "calibrations", f) ||
        !copy(j->calibration, calibration ? calibration : "", "calibration", f))
        return false;
    j->ctx = (int)line_int(line, "ctx");
    j->seed = (uint64_t)line_int(line, "seed");
    g->job.prompt = g->prompt;
    g->job.form = raw ? GENERATE_RAW : chat ? GENERATE_CHAT : GENERATE_AUTO;
    g->job.tokens = (int)line_int(line, "tokens");
    g->job.temperature = line_real(line, "temperature");
    return true;
}

/* ---- children ---- */

/* Config NULL: the exact cache. */
static bool start_one(generating *g, const config *c, fault *f)
{
    const double seconds = line_real(g->line, "timeout");
    generate_job j = g->job;
    bool ok = true;
    j.exact = !c;
    j.job = g->lab.job;
    if (c) ok = lab_job(&g->lab, c, &j.job, f);
    ok = ok && generate_answer_open(&g->answers[g->n], g->app->places.executable, c ? c->text : EXACT, &j, seconds, f);
    g->n += ok;
    return ok;
}

/* Each has its share of the threads, unless the line says how many it gets. */
static int threads_each(const command_line *line, size_t n)
{
    const int all = app_threads(line), share = all / (int)n;
    return line_int(line, "threads") > 0 ? all : share > 1 ? share : 1;
}

static bool start_all(generating *g, fault *f)
{
    const size_t configs = line_count(g->line, "config");
    const bool exact = configs == 0 || line_has(g->line, "beside");
    if (configs + exact > GENERATE_SIDES)
        return fault_set(f, FAULT_USAGE, "generate: %zu texts at once, at most %d", configs + exact, GENERATE_SIDES);
    g->lab.job.threads = threads_each(g->line, configs + exact);
    config *all[GENERATE_SIDES] = { 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < configs; i++)
        ok = (all[i] = profile_config(g->app, g->line, g->lab.known, line_text_at(g->line, "config", i), f)) != NULL;
    if (ok && exact) ok = start_one(g, NULL, f);
    for (size_t i = 0; ok && i < configs; i++)
        ok = start_one(g, all[i], f);
    for (size_t i = 0; i < configs; i++)
        config_free(all[i]);
    return ok;
}

/* ---- showing ---- */

static bool silent(const generating *g)
{
    return line_has(g->line, "json");
}

static void show_reading(generating *g)
{
    const generate_answer *a = &g->answers[0];
    const bool reads = a->started && a->n == 0 && !a->over && a->prompt_tokens >= LONG_PROMPT;
    if (reads && !g->reading)
        progress_start(&g->bar, stderr, &g->app->err, "reading", (uint64_t)a->prompt_tokens, "tokens");
    if (reads) progress_at(&g->bar, (uint64_t)a->read, NULL);
    if (g->reading && !reads) progress_end(&g->bar);
    g->reading = reads;
}

static void show_heading(const generating *g, size_t i)
{
    const terminal *t = &g->app->out;
    printf("%s%s%s%s\n", i ? "\n" : "", terminal_style(t, STYLE_BOLD), g->answers[i].label,
           terminal_style(t, STYLE_PLAIN));
}

/* One after the other; what the next says meanwhile waits. */
static void show_texts(generating *g)
{
    for (; g->at < g->n; g->at++, g->shown = 0, g->headed = false) {
        const generate_answer *a = &g->answers[g->at];
        if (!a->over && a->n_bytes == 0) return;
        if (g->n > 1 && !g->headed) show_heading(g, g->at);
        g->headed = true;
        generate_show_text(stdout, &g->app->out, a, &g->shown);
        if (!a->over) return;
        if (a->n_bytes > 0 && a->bytes[a->n_bytes - 1] != '\n') putchar('\n');
    }
}

static void show(generating *g)
{
    show_reading(g);
    if (silent(g) || g->reading) return;
    if (g->columns)
        generate_columns_show(g->columns);
    else
        show_texts(g);
}

/* A person sees what is continued. */
static void show_prompt(const generating *g)
{
    const terminal *t = &g->app->out;
    if (!t->is_tty || silent(g) || g->n > 1 || !g->prompt || strcmp(g->answers[0].format, "raw") != 0) return;
    fputs(terminal_style(t, STYLE_DIM), stdout);
    generate_show_all(stdout, t, g->prompt, strlen(g->prompt));
    fputs(terminal_style(t, STYLE_PLAIN), stdout);
    fflush(stdout);
}

static bool open_view(generating *g, fault *f)
{
    const terminal *t = &g->app->out;
    if (silent(g) || g->n < 2 || !t->is_tty || generate_columns_width(t, g->n) < GENERATE_NARROWEST) return true;
    g->columns = generate_columns_open(stdout, t, g->answers, g->n, f);
    return g->columns != NULL;
}

/* ---- the work ---- */

static bool take_all(generating *g)
{
    bool over = true;
    for (size_t i = 0; i < g->n; i++) {
        if (app_cancelled(g->app)) generate_answer_stop(&g->answers[i]);
        over = generate_answer_take(&g->answers[i]) && over;
    }
    return over;
}

static void wait_a_moment(const generating *g)
{
    struct pollfd fds[GENERATE_SIDES * GENERATE_FDS];
    for (size_t i = 0; i < g->n; i++)
        generate_answer_poll(&g->answers[i], fds + i * GENERATE_FDS);
    poll(fds, (nfds_t)(g->n * GENERATE_FDS), TICK_MS);
}

static void work(generating *g)
{
    bool prompted = false;
    for (bool over = false; !over;) {
        over = take_all(g);
        if (!prompted && g->answers[0].started) {
            show_prompt(g);
            prompted = true;
        }
        show(g);
        if (!over) wait_a_moment(g);
    }
}

/* ---- the end ---- */

static void tell_figures(const generating *g)
{
    for (size_t i = 0; i < g->n; i++) {
        const generate_answer *a = &g->answers[i];
        if (a->note[0] && i == 0) fprintf(stderr, "kvant: note: %s\n", a->note);
        generate_show_figures(stderr, a, g->n > 1);
    }
    generate_show_parting(stderr, &g->app->err, g->answers, g->n);
}

/* The first fault is the command's, the others are told. */
static bool judge(const generating *g, fault *f)
{
    bool ok = true;
    for (size_t i = 0; i < g->n; i++) {
        const generate_answer *a = &g->answers[i];
        if (!a->done && ok)
            *f = a->fault;
        else if (!a->done && a->fault.code != FAULT_INTERRUPTED)
            app_report(g->app, &a->fault);
        ok = ok && a->done;
    }
    for (size_t i = 0; ok && i < g->n; i++)
        if (g->answers[i].figures.interrupted) ok = fault_set(f, FAULT_INTERRUPTED, "interrupted");
    return ok;
}

static bool finish(generating *g, fault *f)
{
    bool ok = true;
    generate_columns_close(g->columns);
    g->columns = NULL;
    fflush(stdout);
    if (silent(g))
        ok = report_json(stdout, generate_show_json(&g->job, g->answers, g->n), f);
    else
        tell_figures(g);
    return ok && judge(g, f);
}

int cmd_generate(app_context *app, const command_line *line)
{
    fault f = { 0 };
    generating g = { .app = app, .line = line, .lab = { .app = app, .line = line } };
    bool ok = read_line(&g, &f) && (g.lab.known = lab_catalog(app, line, &f)) && start_all(&g, &f) && open_view(&g, &f);
    if (ok) {
        snprintf(g.job.job.model, sizeof g.job.job.model, "%s", g.lab.job.model);
        g.job.job.seed = g.lab.job.seed;
        work(&g);
        ok = finish(&g, &f);
    }
    for (size_t i = 0; i < g.n; i++)
        generate_answer_close(&g.answers[i]);
    generate_columns_close(g.columns);
    catalog_free(g.lab.known);
    free(g.prompt);
    return ok ? FAULT_NONE : app_report(app, &f);
}
