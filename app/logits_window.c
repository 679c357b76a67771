#include "app/logits_window.h"

#include <stdlib.h>

#include "base/clock.h"
#include "engine/sample.h"

static size_t vocabulary(const logits_window *w)
{
    return (size_t)engine_model(w->e)->shape.n_vocab;
}

void logits_window_set(logits_window *w, engine *e, size_t rows)
{
    *w = (logits_window){ .e = e };
    const size_t fit = LOGITS_WINDOW / (vocabulary(w) * sizeof(float)) / METRICS_BLOCK * METRICS_BLOCK;
    w->rows = fit < METRICS_BLOCK ? METRICS_BLOCK : fit;
    if (w->rows > rows) w->rows = rows;
}

static bool window_make(const logits_window *w, float **window, fault *f)
{
    if (!*window) *window = reallocarray(NULL, w->rows, vocabulary(w) * sizeof **window);
    return *window || fault_memory(f, "the logits");
}

static const float *exact_rows(logits_window *w, const reference *x, size_t first, size_t n, fault *f)
{
    if (x->logits) return x->logits + first * vocabulary(w);
    if (!window_make(w, &w->exact, f)) return NULL;
    const size_t width = (size_t)engine_model(w->e)->shape.n_embd;
    return engine_logits(w->e, x->states + first * width, n, w->exact, f) ? w->exact : NULL;
}

static bool config_rows(logits_window *w, const float *states, size_t first, size_t n, fault *f)
{
    if (!window_make(w, &w->config, f)) return false;
    const double start = clock_seconds();
    const size_t width = (size_t)engine_model(w->e)->shape.n_embd;
    const bool ok = engine_logits(w->e, states + first * width, n, w->config, f);
    w->seconds += clock_seconds() - start;
    return ok;
}

static bool compare(logits_window *w, metrics *m, int passage, const reference *exact, const float *states,
                    const int32_t *next, fault *f)
{
    for (size_t first = 0; first < exact->n_scored; first += w->rows) {
        const size_t left = exact->n_scored - first, n = left < w->rows ? left : w->rows;
        if (w->watch) w->watch->stage(w->watch->self, STAGE_CODEC, passage, -1);
        stopwatch_enter(w->spent, STOPWATCH_LOGITS);
        const float *p = exact_rows(w, exact, first, n, f);
        if (!p || !config_rows(w, states, first, n, f)) return false;
        stopwatch_enter(w->spent, STOPWATCH_STATISTICS);
        for (size_t i = 0; w->said && i < n; i++)
            w->said[first + i] = sample_greedy(w->config + i * vocabulary(w), vocabulary(w));
        if (!metrics_add_rows(m, engine_pool(w->e), passage, first, p, w->config, next + first, n, vocabulary(w), f))
            return false;
    }
    return true;
}

bool logits_window_compare(logits_window *w, metrics *m, int passage, const reference *exact, const float *states,
                           const int32_t *next, fault *f)
{
    const bool ok = compare(w, m, passage, exact, states, next, f);
    free(w->exact);
    free(w->config);
    w->exact = w->config = NULL;
    return ok;
}
