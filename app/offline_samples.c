#include "app/offline_samples.h"

#include <stdlib.h>
#include <string.h>

#include "app/offline_attention.h"
#include "app/query_moment.h"
#include "kernels/loops.h"

/* What is found of a layer: heads and planes are tasks. */
typedef struct learning {
    offline_known *k;
    query_turn *turns;
    fault *faults; /* per task */
} learning;

static size_t sequence_of(const offline_source *s)
{
    return s->sequence < s->rows ? s->sequence : s->rows;
}

static bool run_heads(learning *l, pool *crew, pool_task task, fault *f)
{
    const size_t heads = l->k->from.heads;
    l->faults = calloc(heads, sizeof *l->faults);
    bool ok = l->faults || fault_memory(f, "what queries say of keys");
    if (ok) pool_run(crew, heads, task, l);
    for (size_t h = 0; ok && h < heads; h++)
        if (l->faults[h].code != FAULT_NONE) {
            if (f) *f = l->faults[h];
            ok = false;
        }
    free(l->faults);
    return ok;
}

/* The mean of q q' over the queries of one kv head's group. */
static void moment_task(void *arg, size_t head, int thread)
{
    (void)thread;
    const learning *l = arg;
    const offline_source *s = &l->k->from;
    const loops *best = loops_best();
    const size_t dim = s->dim;
    float *moment = l->k->moments + head * dim * dim;
    double *sums = calloc(dim, dim * sizeof *sums);
    if (!sums) {
        fault_memory(&l->faults[head], "the queries' moments");
        return;
    }
    for (size_t g = head * s->group; g < (head + 1) * s->group; g++)
        for (size_t r = 0; r < s->rows; r++)
            best->add_outer(sums, s->queries + (g * s->stride + r) * dim, dim);
    const double n = (double)(s->group * s->rows);
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++)
            moment[i * dim + j] = moment[j * dim + i] = (float)(sums[i * dim + j] / n);
    free(sums);
}

static bool find_moments(learning *l, pool *crew, fault *f)
{
    const offline_source *s = &l->k->from;
    l->k->moments = reallocarray(NULL, s->heads * s->dim, s->dim * sizeof *l->k->moments);
    return l->k->moments ? run_heads(l, crew, moment_task, f) : fault_memory(f, "the queries' moments");
}

static void turns_task(void *arg, size_t plane, int thread)
{
    (void)thread;
    const learning *l = arg;
    const offline_source *s = &l->k->from;
    query_turns(s->rope, s->dim, sequence_of(s), 0, plane, l->turns + plane * query_planes(s->dim));
}

static void met_task(void *arg, size_t head, int thread)
{
    (void)thread;
    const learning *l = arg;
    const offline_source *s = &l->k->from;
    const size_t square = s->dim * s->dim;
    double *plain = reallocarray(NULL, square, 2 * sizeof *plain), *met = plain ? plain + square : NULL;
    if (!plain) {
        fault_memory(&l->faults[head], "the moments that keys meet");
        return;
    }
    for (size_t i = 0; i < square; i++)
        plain[i] = (double)l->k->moments[head * square + i];
    query_moment_met(s->rope, l->turns, plain, s->dim, met);
    for (size_t i = 0; i < square; i++)
        l->k->met[head * square + i] = (float)met[i];
    free(plain);
}

static bool find_met(learning *l, pool *crew, fault *f)
{
    const offline_source *s = &l->k->from;
    const size_t planes = query_planes(s->dim);
    l->turns = reallocarray(NULL, planes, planes * sizeof *l->turns);
    l->k->met = reallocarray(NULL, s->heads * s->dim, s->dim * sizeof *l->k->met);
    bool ok = (l->turns && l->k->met) || fault_memory(f, "the moments that keys meet");
    if (ok) pool_run(crew, planes, turns_task, l);
    ok = ok && run_heads(l, crew, met_task, f);
    free(l->turns);
    return ok;
}

/* sums, counts: room for n_attention. */
static bool receive(const offline_known *k, size_t head, double *sums, uint64_t *counts, fault *f)
{
    const offline_source *s = &k->from;
    memset(sums, 0, k->n_attention * sizeof *sums);
    memset(counts, 0, k->n_attention * sizeof *counts);
    for (size_t g = head * s->group; g < (head + 1) * s->group; g++)
        for (size_t first = 0; first < s->rows; first += k->n_attention) {
            const size_t n = s->rows - first < k->n_attention ? s->rows - first : k->n_attention;
            if (!attention_received(s->q_turned + (g * s->stride + first) * s->dim,
                                    s->k_turned + (head * s->stride + first) * s->dim, n, s->dim, sums, counts, f))
                return false;
        }
    for (size_t i = 0; i < k->n_attention; i++)
        k->attention[head * k->n_attention + i] = (float)(sums[i] / (double)counts[i]);
    return true;
}

static void attention_task(void *arg, size_t head, int thread)
{
    (void)thread;
    const learning *l = arg;
    const size_t n = l->k->n_attention;
    double *sums = reallocarray(NULL, n, sizeof *sums);
    uint64_t *counts = reallocarray(NULL, n, sizeof *counts);
    if (!sums || !counts)
        fault_memory(&l->faults[head], "the attention of positions");
    else
        receive(l->k, head, sums, counts, &l->faults[head]);
    free(sums);
    free(counts);
}

static bool find_attention(learning *l, pool *crew, fault *f)
{
    offline_known *k = l->k;
    k->n_attention = sequence_of(&k->from);
    k->attention = reallocarray(NULL, k->from.heads * k->n_attention, sizeof *k->attention);
    return k->attention ? run_heads(l, crew, attention_task, f) : fault_memory(f, "the attention of positions");
}

bool offline_learn(offline_known *known, const offline_source *source, pool *crew, fault *f)
{
    learning l = { .k = known };
    *known = (offline_known){ .from = *source };
    return (!source->queries || find_moments(&l, crew, f)) &&
           (!source->queries || !source->rope || find_met(&l, crew, f)) &&
           (!source->k_turned || !source->q_turned || find_attention(&l, crew, f));
}

void offline_forget(offline_known *known)
{
    free(known->moments);
    free(known->met);
    free(known->attention);
    known->moments = known->met = known->attention = NULL;
}

bool offline_samples(const offline_known *known, const float *rows, size_t dim, int head, kvant_samples *out,
                     void **memory, fault *f)
{
    const offline_source *s = &known->from;
    const size_t n = head < 0 ? s->heads : 1, first = head < 0 ? 0 : (size_t)head;
    float *mixed = reallocarray(NULL, n * s->rows, dim * sizeof *mixed);
    *memory = mixed;
    if (!mixed) return fault_memory(f, "calibration's rows");
    for (size_t r = 0; r < s->rows; r++)
        for (size_t h = 0; h < n; h++)
            memcpy(mixed + (r * n + h) * dim, rows + ((first + h) * s->stride + r) * dim, dim * sizeof *mixed);
    *out = (kvant_samples){ .rows = mixed, .n_rows = n * s->rows, .sequence = n * sequence_of(s) };
    if (known->moments && dim == s->dim) out->query_moment = known->moments + first * dim * dim;
    if (known->met && dim == s->dim) out->query_moment_met = known->met + first * dim * dim;
    if (known->attention) {
        out->attention = known->attention + first * known->n_attention;
        out->n_attention = known->n_attention;
    }
    return true;
}
