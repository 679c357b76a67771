#include "app/offline_samples.h"

#include <stdlib.h>
#include <string.h>

#include "app/offline_attention.h"
#include "app/query_moment.h"

/* The mean of q q' over the queries of one kv head's group; sums: dim x dim f64. */
static void find_moment(const offline_source *s, size_t head, double *sums, float *moment)
{
    const size_t dim = s->dim;
    memset(sums, 0, dim * dim * sizeof *sums);
    for (size_t g = head * s->group; g < (head + 1) * s->group; g++)
        for (size_t r = 0; r < s->rows; r++) {
            const float *q = s->queries + (g * s->stride + r) * dim;
            for (size_t i = 0; i < dim; i++)
                for (size_t j = 0; j <= i; j++)
                    sums[i * dim + j] += (double)q[i] * (double)q[j];
        }
    const double n = (double)(s->group * s->rows);
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++)
            moment[i * dim + j] = moment[j * dim + i] = (float)(sums[i * dim + j] / n);
}

static bool find_moments(offline_known *k, fault *f)
{
    const offline_source *s = &k->from;
    const size_t square = s->dim * s->dim;
    double *sums = reallocarray(NULL, square, sizeof *sums);
    k->moments = reallocarray(NULL, s->heads * square, sizeof *k->moments);
    for (size_t h = 0; sums && k->moments && h < s->heads; h++)
        find_moment(s, h, sums, k->moments + h * square);
    free(sums);
    return (sums && k->moments) || fault_memory(f, "the queries' moments");
}

static size_t sequence_of(const offline_source *s)
{
    return s->sequence < s->rows ? s->sequence : s->rows;
}

static bool find_met(offline_known *k, fault *f)
{
    const offline_source *s = &k->from;
    const size_t square = s->dim * s->dim;
    double *plain = reallocarray(NULL, square, 2 * sizeof *plain), *met = plain ? plain + square : NULL;
    const size_t planes = query_planes(s->dim);
    query_turn *turns = reallocarray(NULL, planes, planes * sizeof *turns);
    k->met = reallocarray(NULL, s->heads * square, sizeof *k->met);
    const bool ok = plain && turns && k->met;
    for (size_t p = 0; ok && p < planes; p++)
        query_turns(s->rope, s->dim, sequence_of(s), 0, p, turns + p * planes);
    for (size_t h = 0; ok && h < s->heads; h++) {
        for (size_t i = 0; i < square; i++)
            plain[i] = (double)k->moments[h * square + i];
        query_moment_met(s->rope, turns, plain, s->dim, met);
        for (size_t i = 0; i < square; i++)
            k->met[h * square + i] = (float)met[i];
    }
    free(plain);
    free(turns);
    return ok || fault_memory(f, "the moments that keys meet");
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

static bool find_attention(offline_known *k, fault *f)
{
    const offline_source *s = &k->from;
    k->n_attention = sequence_of(s);
    double *sums = reallocarray(NULL, k->n_attention, sizeof *sums);
    uint64_t *counts = reallocarray(NULL, k->n_attention, sizeof *counts);
    k->attention = reallocarray(NULL, s->heads * k->n_attention, sizeof *k->attention);
    bool ok = (sums && counts && k->attention) || fault_memory(f, "the attention of positions");
    for (size_t h = 0; ok && h < s->heads; h++)
        ok = receive(k, h, sums, counts, f);
    free(sums);
    free(counts);
    return ok;
}

bool offline_learn(offline_known *known, const offline_source *source, fault *f)
{
    *known = (offline_known){ .from = *source };
    return (!source->queries || find_moments(known, f)) && (!source->queries || !source->rope || find_met(known, f)) &&
           (!source->k_turned || !source->q_turned || find_attention(known, f));
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
