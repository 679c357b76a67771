#include "app/bench_whole.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/bootstrap.h"
#include "app/number.h"

enum { SIDES = 2 /* ours, theirs */ };

typedef struct whole_part {
    double *seconds[SIDES]; /* a token, one for each repetition */
    double rate[SIDES];     /* tokens/s, medians */
    interval over;          /* kvant's over the reference's */
} whole_part;

struct whole_bench {
    const against *library;
    against_engine *engine;
    against_work work;
    int reps;
    whole_part parts[AGAINST_PARTS];
    position_metrics apart;
};

whole_bench *whole_bench_open(const against *a, const against_work *work, int reps, fault *f)
{
    whole_bench *b = calloc(1, sizeof *b);
    bool ok = b != NULL;
    for (int i = 0; ok && i < AGAINST_PARTS * SIDES; i++)
        ok = (b->parts[i / SIDES].seconds[i % SIDES] = calloc((size_t)reps, sizeof(double))) != NULL;
    if (!ok) fault_memory(f, "timings");
    if (ok) {
        b->library = a;
        b->work = *work;
        b->reps = reps;
        if ((b->engine = against_engine_open(a, work, f))) return b;
    }
    whole_bench_close(b);
    return NULL;
}

void whole_bench_close(whole_bench *b)
{
    if (!b) return;
    against_engine_close(b->engine);
    for (int i = 0; i < AGAINST_PARTS * SIDES; i++)
        free(b->parts[i / SIDES].seconds[i % SIDES]);
    free(b);
}

bool whole_bench_turn(whole_bench *b, against_part part, int rep, fault *f)
{
    double rate;
    if (!against_engine_time(b->engine, part, &rate, f)) return false;
    b->parts[part].seconds[1][rep] = 1 / rate;
    return true;
}

bool whole_bench_check(whole_bench *b, pool *crew, const float *logits, fault *f)
{
    metrics m = { 0 };
    const int32_t next = 0; /* any */
    const bool ok =
        metrics_add(&m, crew, 0, logits, against_engine_logits(b->engine), &next, 1, (size_t)b->work.n_vocab, f);
    if (ok) b->apart = m.positions[0];
    metrics_release(&m);
    if (!ok) return fault_prefix(f, "bench: --against %s", against_path(b->library));
    return b->apart.kld <= WHOLE_BENCH_MOST_KLD ||
           fault_set(f, FAULT_INPUT,
                     "bench: --against %s: behind the prompt its logits are %.3g nats from kvant's, more than %g: "
                     "another model",
                     against_path(b->library), b->apart.kld, WHOLE_BENCH_MOST_KLD);
}

bool whole_bench_compare(whole_bench *b, const double *prompt, const double *generation, const double *depth, fault *f)
{
    const double *const ours[AGAINST_PARTS] = { prompt, generation, depth };
    const size_t reps = (size_t)b->reps;
    for (int i = 0; i < AGAINST_PARTS; i++) {
        whole_part *p = &b->parts[i];
        for (size_t rep = 0; rep < reps; rep++)
            p->seconds[0][rep] = 1 / ours[i][rep];
        if (!bootstrap_ratio(p->seconds[0], p->seconds[1], reps, 1, &p->over, f)) return false;
        for (int side = 0; side < SIDES; side++)
            p->rate[side] = 1 / bootstrap_median(p->seconds[side], reps);
    }
    return true;
}

/* ---- what came of it ---- */

static const char *const keys[AGAINST_PARTS] = { "prompt", "generation", "depth" };

static bool add_row(table *t, const whole_bench *b, against_part part, fault *f)
{
    const whole_part *p = &b->parts[part];
    const against_work *w = &b->work;
    char name[64], text[SIDES + 1][FIGURE];
    if (part == AGAINST_DEPTH)
        snprintf(name, sizeof name, "generation at depth %d", w->depth);
    else
        snprintf(name, sizeof name, "%s of %d", keys[part], part == AGAINST_PROMPT ? w->prompt : w->generate);
    const table_cell cells[] = {
        table_text(name),
        table_real_as(p->rate[0], figure(text[0], "%.1f", p->rate[0])),
        table_real_as(p->rate[1], figure(text[1], "%.1f", p->rate[1])),
        table_real_as(p->over.value, figure_interval(text[2], p->over, 2)),
    };
    return table_add(t, cells, f);
}

bool whole_bench_print(const whole_bench *b, const terminal *to, fault *f)
{
    static const char *const names[] = { "tokens/s", "kvant", "reference", "x reference" };
    fputs("against the engine of ", stdout);
    figures_name(against_path(b->library), to);
    printf("; behind the prompt its logits are %.2g nats from kvant's%s\n", b->apart.kld,
           b->apart.same_top ? "" : ", and its most likely token is another");
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (int part = 0; ok && part < AGAINST_PARTS; part++)
        ok = add_row(t, b, (against_part)part, f);
    return figures_write(t, ok, to, f);
}

void whole_bench_put(cJSON *json, const whole_bench *b)
{
    cJSON_AddStringToObject(json, "against", against_path(b->library));
    cJSON *engine = cJSON_AddObjectToObject(json, "reference_engine");
    number_put(engine, "kld", b->apart.kld);
    cJSON_AddBoolToObject(engine, "same_top", b->apart.same_top);
    cJSON *rows = cJSON_AddArrayToObject(engine, "rows");
    for (int part = 0; part < AGAINST_PARTS; part++) {
        const whole_part *p = &b->parts[part];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "what", keys[part]);
        number_put(one, "kvant", p->rate[0]);
        number_put(one, "reference", p->rate[1]);
        figures_put_interval(one, "over_reference", p->over);
        cJSON_AddItemToArray(rows, one);
    }
}
