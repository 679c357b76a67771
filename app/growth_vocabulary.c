/* Vocabulary: the logits of 16 positions from an output matrix of noise, and what a config does to them in figures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/bench_time.h"
#include "app/growth.h"
#include "engine/linear.h"
#include "kernels/half.h"
#include "kernels/random.h"

enum { FIRST = 2048, WIDTH = 128, POSITIONS = 16, F16 = 1, LOGITS = 0, STATISTICS, PARTS };

static const char *const parts[PARTS] = { "logits", "statistics of two" };

typedef struct words {
    const growth_request *r;
    linear output; /* the first n rows of the matrix */
    linear_work *work;
    const float *x; /* [positions][WIDTH], then the same a little off */
    float *p, *q;   /* [positions][n] */
    int32_t next[POSITIONS];
    metrics figures; /* the last */
} words;

typedef struct vocabulary {
    uint16_t *matrix;
    float x[2 * POSITIONS * WIDTH];
    linear_work work;
    bool opened;
    words steps[GROWTH_POINTS];
    size_t n;
} vocabulary;

static bool make_logits(void *arg, fault *f)
{
    words *w = arg;
    return growth_at(w->r, NULL, f) && linear_apply(&w->output, w->work, w->x, POSITIONS, w->p, f);
}

static bool make_statistics(void *arg, fault *f)
{
    words *w = arg;
    metrics_release(&w->figures);
    return growth_at(w->r, NULL, f) &&
           metrics_add(&w->figures, w->work->crew, 0, w->p, w->q, w->next, POSITIONS, w->output.n_out, f);
}

static bool fill(vocabulary *v, size_t most, uint64_t seed, fault *f)
{
    const size_t n = most * WIDTH;
    v->matrix = reallocarray(NULL, n, sizeof *v->matrix);
    if (!v->matrix) return fault_memory(f, "the matrix");
    for (size_t i = 0; i < n; i++) /* of variance 1/WIDTH: logits spread as a model's do */
        v->matrix[i] = half_from_float((float)((random_uniform(seed, i) - 0.5) * sqrt(12.0 / WIDTH)));
    for (size_t i = 0; i < POSITIONS * WIDTH; i++) {
        v->x[i] = (float)(2 * random_normal(seed + 1, i));
        v->x[POSITIONS * WIDTH + i] = v->x[i] + (float)(0.1 * random_normal(seed + 2, i));
    }
    v->opened = linear_work_open(&v->work, 1, f);
    return v->opened;
}

static bool add_step(vocabulary *v, const growth_request *r, size_t n, fault *f)
{
    words *w = &v->steps[v->n++];
    const tensor_type *type = tensor_type_of(F16);
    *w = (words){ .r = r, .work = &v->work, .x = v->x };
    w->output = (linear){ .type = type,
                          .rows = (const uint8_t *)v->matrix,
                          .row_bytes = tensor_row_bytes(type, WIDTH),
                          .n_in = WIDTH,
                          .n_out = n };
    w->p = reallocarray(NULL, n, POSITIONS * sizeof *w->p);
    w->q = reallocarray(NULL, n, POSITIONS * sizeof *w->q);
    if (!w->p || !w->q) return fault_memory(f, "logits");
    for (uint64_t i = 0; i < POSITIONS; i++)
        w->next[i] = (int32_t)(random_bits(r->seed + 3, i) % n);
    return growth_at(r, "vocabulary", f) && make_logits(w, f) &&
           linear_apply(&w->output, w->work, w->x + POSITIONS * WIDTH, POSITIONS, w->q, f) && make_statistics(w, f);
}

static void hash_result(const words *w, int part, char to[HASH_HEX])
{
    hash h;
    hash_start(&h);
    if (part == LOGITS) hash_bytes(&h, w->p, POSITIONS * w->output.n_out * sizeof *w->p);
    for (size_t i = 0; part == STATISTICS && i < w->figures.n; i++) {
        const position_metrics *m = &w->figures.positions[i];
        const double numbers[] = { m->nll_ref, m->nll, m->kld, m->dp, m->same_top };
        hash_bytes(&h, numbers, sizeof numbers);
    }
    hash_finish(&h, to);
}

static bool time_all(vocabulary *v, const growth_request *r, growth *out, fault *f)
{
    static bool (*const run[PARTS])(void *, fault *) = { make_logits, make_statistics };
    const growth_question *q = growth_question_named("vocabulary");
    const size_t n = PARTS * v->n, reps = (size_t)r->reps;
    bench_entrant e[PARTS * GROWTH_POINTS];
    double *seconds = calloc(n * reps, sizeof *seconds);
    if (!seconds) return fault_memory(f, "the measurements");
    for (size_t i = 0; i < n; i++)
        e[i] = (bench_entrant){ .run = run[i / v->n], .arg = &v->steps[i % v->n], .seconds = seconds + i * reps };
    bool ok = bench_turns(e, n, r->reps, f);
    for (int part = 0; ok && part < PARTS; part++) {
        growth_series *s = growth_add(out, q->name, q->x_title, growth_law_name(GROWTH_LINEAR), f);
        ok = s != NULL;
        if (ok) snprintf(s->name, sizeof s->name, "%s", parts[part]);
        for (size_t i = 0; ok && i < v->n; i++) {
            const double n_words = (double)v->steps[i].output.n_out;
            ok = growth_point_add(s, n_words, n_words, e[(size_t)part * v->n + i].seconds, r->reps, f);
            if (ok) hash_result(&v->steps[i], part, s->points[i].result);
        }
    }
    free(seconds);
    return ok;
}

static void close_vocabulary(vocabulary *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->steps[i].p);
        free(v->steps[i].q);
        metrics_release(&v->steps[i].figures);
    }
    if (v->opened) linear_work_close(&v->work);
    free(v->matrix);
    free(v);
}

bool growth_vocabulary(const growth_request *r, growth *out, fault *f)
{
    const growth_question *q = growth_question_named("vocabulary");
    const size_t most = (size_t)growth_largest(r, q);
    vocabulary *v = calloc(1, sizeof *v);
    if (!v) return fault_memory(f, "the measurements");
    bool ok = most >= FIRST || fault_set(f, FAULT_USAGE, "growth: vocabulary begins at %d words", FIRST);
    ok = ok && fill(v, most, r->seed, f);
    for (size_t n = FIRST; ok && n <= most && v->n < GROWTH_POINTS; n *= 2)
        ok = add_step(v, r, n, f);
    ok = ok && time_all(v, r, out, f);
    close_vocabulary(v);
    return ok;
}
