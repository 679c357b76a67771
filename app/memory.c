#include "app/memory.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SECONDS 20 /* for one answer */

bool memory_open(memory_plan *p, fault *f)
{
    p->config[0] = '\0';
    p->ctx = 0;
    p->predictor = NULL;
    if (!memory_shape_write(p->shape, p->model, f)) return false;
    p->predictor = predictor_open_line(p->app, p->line, f);
    return p->predictor != NULL;
}

void memory_close(memory_plan *p)
{
    predictor_close(p->predictor);
    p->predictor = NULL;
}

/* Asks and waits. */
static bool ask(memory_plan *p, const char *config, int cells, fault *f)
{
    enum { TICK_MS = 100 };
    if (strcmp(p->config, config) == 0 && p->ctx == cells) return true; /* the answer stands */
    snprintf(p->config, sizeof p->config, "%s", config);
    p->ctx = cells;
    predictor_ask_line(p->predictor, &(prediction_wish){ .config = config, .model = p->model, .ctx = cells });
    const double end = clock_seconds() + SECONDS;
    while (!predictor_take(p->predictor)) {
        struct pollfd fd = { predictor_fd(p->predictor), POLLIN, 0 };
        if (app_cancelled(p->app)) return fault_set(f, FAULT_INTERRUPTED, "interrupted");
        if (clock_seconds() > end)
            return fault_set(f, FAULT_INTERNAL, "%s: its bytes were not counted within %d s", config, SECONDS);
        poll(&fd, 1, TICK_MS);
    }
    return true;
}

bool memory_at(memory_plan *p, const char *config, int ctx, memory_figures *out, fault *f)
{
    const int cells = memory_cells(ctx, p->round);
    if (strlen(config) >= sizeof p->config)
        return fault_set(f, FAULT_INPUT, "a config longer than %zu bytes cannot be counted", sizeof p->config - 1);
    if (cells > MEMORY_CTX)
        return fault_set(f, FAULT_USAGE, "a context of %d tokens: at most %d are counted", cells, MEMORY_CTX);
    if (!ask(p, config, cells, f)) return false;
    const prediction *a = predictor_answer(p->predictor);
    if (a->state != PREDICTION_KNOWN) {
        const size_t n = strlen(config); /* what is wrong may begin with it */
        const bool named = strncmp(a->text, config, n) == 0 && a->text[n] == ':';
        return fault_set(f, FAULT_INPUT, "%s%s%s", named ? "" : config, named ? "" : ": ", a->text);
    }
    *out = (memory_figures){
        .cells = cells,
        .bytes = a->bytes,
        .peak = a->peak_bytes,
        .f16 = 2 * a->values,
        .side = a->side_bytes,
        .k_bits = a->k_bits,
        .v_bits = a->v_bits,
        .about = a->about,
        .calibrates = a->calibrates,
    };
    return true;
}

double memory_need(const memory_plan *p, const memory_figures *x)
{
    return p->weights + x->side + p->sequences * x->peak;
}

typedef struct seeker {
    memory_plan *plan;
    const char *config;
} seeker;

static bool needs(void *self, int ctx, double *bytes, fault *f)
{
    const seeker *s = self;
    memory_figures x;
    if (!memory_at(s->plan, s->config, ctx, &x, f)) return false;
    *bytes = memory_need(s->plan, &x);
    return true;
}

bool memory_ceiling(memory_plan *p, const char *config, double budget, int *ctx, fault *f)
{
    seeker s = { p, config };
    return memory_search(needs, &s, budget, p->round, MEMORY_CTX, ctx, f);
}
