/* Speed and set-up, measured by `kvant speed --json` in a process of its own. */
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "app/gate_work.h"
#include "app/worker_pipe.h"
#include "app/progress.h"

enum { TICK_MS = 100, SOON_MS = 5, ANSWER_MOST = 1 << 24 };

/* ---- the process ---- */

typedef struct hearing {
    worker_pipe pipe;
    char *text;
    size_t n, room;
    worker_tail tail;
} hearing;

static bool hear(hearing *h, fault *f)
{
    for (;;) {
        if (h->room - h->n < 4096) {
            const size_t room = h->room ? 2 * h->room : 65536;
            char *grown = room <= ANSWER_MOST ? realloc(h->text, room) : NULL;
            if (!grown) return fault_memory(f, "the answer about speed");
            h->text = grown;
            h->room = room;
        }
        const size_t n = worker_pipe_read(&h->pipe.out, h->text + h->n, h->room - h->n - 1);
        if (n == 0) return true;
        h->n += n;
        h->text[h->n] = '\0';
    }
}

static void hear_errors(hearing *h)
{
    char text[WORKER_TAIL];
    for (size_t n; (n = worker_pipe_read(&h->pipe.err, text, sizeof text)) > 0;)
        worker_tail_keep(&h->tail, text, n);
}

static bool wait_for(gate_work *w, hearing *h, fault *f)
{
    progress bar;
    bool ok = true;
    progress_start(&bar, stderr, &w->app->err, "speed", 0, "runs");
    while (ok && (h->pipe.out >= 0 || h->pipe.err >= 0)) {
        struct pollfd fds[] = { { h->pipe.out, POLLIN, 0 }, { h->pipe.err, POLLIN, 0 } };
        if (bar.terminal->is_tty) progress_at(&bar, 0, w->config->text);
        poll(fds, 2, TICK_MS);
        if (app_cancelled(w->app)) ok = fault_set(f, FAULT_INTERRUPTED, "interrupted");
        ok = ok && hear(h, f);
        hear_errors(h);
    }
    if (bar.terminal->is_tty) progress_end(&bar);
    return ok;
}

/* The last line it said, without the program's name. */
static const char *last_word(hearing *h)
{
    static const char name[] = "kvant: ";
    const char *line = worker_tail_line(&h->tail);
    return strncmp(line, name, sizeof name - 1) == 0 ? line + sizeof name - 1 : line;
}

/* ---- its answer ---- */

static double number_at(const cJSON *json, const char *name)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsNumber(x) ? x->valuedouble : (double)NAN;
}

static const struct {
    gate_id gate;
    const char *name;
    double scale; /* for people */
    const char *unit;
} figures[] = { { GATE_PROMPT, "prompt_per_s", 1, "tokens/s" },
                { GATE_GENERATION, "generation_per_s", 1, "tokens/s" },
                { GATE_FIRST, "first_token_s", 1000, "ms" } };

static void take_answer(gate_work *w, const cJSON *json)
{
    const char *reference = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "reference"));
    const cJSON *depth = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "depths"), 0);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        const gate_id g = figures[i].gate;
        const cJSON *x = cJSON_GetObjectItemCaseSensitive(depth, figures[i].name);
        const cJSON *ratio = cJSON_GetObjectItemCaseSensitive(x, "ratio");
        if (!w->wanted[g]) continue;
        gate_know(&w->measures, g, 100 * number_at(ratio, "value"), 100 * number_at(ratio, "lo"),
                  100 * number_at(ratio, "hi"));
        if (w->measures.of[g].known)
            gate_about(&w->measures, g, "%.4g against %.4g %s of %s", figures[i].scale * number_at(x, "config"),
                       figures[i].scale * number_at(x, "reference"), figures[i].unit, reference ? reference : "");
    }
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(depth, "config");
    if (w->wanted[GATE_SETUP]) gate_know(&w->measures, GATE_SETUP, number_at(own, "setup_s"), NAN, NAN);
}

/* The config could not be timed: by its own fault, when the plain run failed, too; otherwise it is not known whose. */
static void take_failure(gate_work *w, hearing *h, const gate_id *served, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->wanted[served[i]]) gate_miss(&w->measures, served[i], "it could not be timed: %.160s", last_word(h));
}

static bool run_child(gate_work *w, const gate_words *words, hearing *h, int *status, fault *f)
{
    if (!worker_pipe_open(&h->pipe, (char *const *)words->at, f)) return false;
    worker_pipe_close(&h->pipe.in);
    const bool ok = wait_for(w, h, f);
    while (ok && !worker_pipe_ended(&h->pipe) && !app_cancelled(w->app))
        poll(NULL, 0, SOON_MS); /* both pipes are closed: it is ending, and must not be ended before it has */
    worker_pipe_end(&h->pipe, status);
    return ok;
}

bool gate_speed(gate_work *w, fault *f)
{
    static const gate_id served[] = { GATE_PROMPT, GATE_GENERATION, GATE_FIRST, GATE_SETUP };
    const size_t n = sizeof served / sizeof *served;
    const command *c = command_find(&w->app->commands, "speed");
    const bool timed = gate_wants(w, served, 3);
    /* Unless one is named, `speed` takes the standard with its keys where the config has them. */
    const char *const named = line_text(w->line, "speed-reference");
    const bool standard = !line_given(w->line, "speed-reference") && strcmp(named, "f16") == 0;
    const char *const all[] = { "--json", standard ? NULL : "--reference", named, NULL };
    /* Set-up alone needs no long text. */
    const char *const brief[] = { "--json", "--prompt", "16", "--generate", "1", "--reps", "5", NULL };
    gate_words *words = malloc(sizeof *words);
    hearing h = { .pipe = { -1, -1, -1, -1 } };
    int status = 0;
    if (!gate_wants(w, served, n) || !c) {
        free(words);
        return true;
    }
    bool ok = words || fault_memory(f, "words");
    ok = ok && gate_words_of(w, c, timed ? all : brief, words, f) && run_child(w, words, &h, &status, f);
    cJSON *json = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? cJSON_ParseWithLength(h.text, h.n) : NULL;
    if (ok && json) take_answer(w, json);
    if (ok && !json) take_failure(w, &h, served, n);
    cJSON_Delete(json);
    free(h.text);
    free(words);
    return ok;
}
