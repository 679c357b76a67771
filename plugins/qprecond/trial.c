/* Is whitening worth it? Measured on sample rows that the codec was not calibrated with. */

#include <math.h>

#include "kernels/dense.h"
#include "plugins/qprecond/qprecond.h"
#include "plugins/qprecond/whitening.h"

enum { WEIGHINGS = 16 }; /* tasks of a sum over rows */

/* Samples cut in two at a row. The first part is of whole sequences, or, when there is only one, of whole blocks. */
typedef struct halves {
    size_t cut, n_rows, sequence; /* sequence: rows of one, here never 0 */
    size_t block;
} halves;

/* An inner codec twice: one that encodes, and one that knows the bytes and the side data. */
typedef struct pair {
    kvant_instance encoder, decoder;
    uint8_t *bytes;
    size_t capacity;
    float *back;
} pair;

static int cut_samples(const qprecond *w, const kvant_samples *samples, halves *out)
{
    const kvant_host *host = w->base.host;
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    const int rc = wrapper_geometry(&w->base, &g);
    if (rc != KVANT_OK) return rc;
    const size_t n = samples->n_rows, length = samples->sequence && samples->sequence < n ? samples->sequence : n;
    const size_t unit = g.block > w->base.heads ? g.block : w->base.heads;
    const size_t n_sequences = length ? (n + length - 1) / length : 0;
    const size_t cut = n_sequences > 1 ? n_sequences / 2 * length : n / 2 / unit * unit;
    *out = (halves){ .cut = cut, .n_rows = n, .sequence = length, .block = g.block };
    if (cut > 0 && (n_sequences > 1 ? length : n - cut) >= g.block) return KVANT_OK;
    return host->fail(host, KVANT_E_PARAM,
                      "qprecond: %zu sample rows in sequences of %zu and blocks of %zu are too few to measure whether "
                      "whitening helps; skip=never or skip=always needs no measurement",
                      n, length, (size_t)g.block);
}

static void close_pair(const qprecond *w, pair *p)
{
    const kvant_host *host = w->base.host;
    host->close_inner(host, &p->encoder);
    host->close_inner(host, &p->decoder);
    host->release(host, p->bytes);
    host->release(host, p->back);
}

static int hand_over_side_data(const qprecond *w, pair *p)
{
    const kvant_host *host = w->base.host;
    const kvant_codec *codec = p->encoder.codec;
    const int64_t n = codec->save ? codec->save(p->encoder.state, NULL, 0) : 0;
    if (n <= 0) return (int)n;
    uint8_t *side = host->alloc(host, (size_t)n);
    if (!side) return host->fail(host, KVANT_E_MEMORY, "qprecond: no memory for %lld bytes of side data", (long long)n);
    int64_t rc = codec->save(p->encoder.state, side, (size_t)n);
    if (rc >= 0) rc = codec->load(p->decoder.state, side, (size_t)rc);
    host->release(host, side);
    return (int)rc;
}

static int open_pair(const qprecond *w, const halves *h, const kvant_samples *fit, pair *p)
{
    const kvant_host *host = w->base.host;
    int rc = host->open_inner(host, w->inner, &w->shape, &p->encoder);
    if (rc == KVANT_OK) rc = host->open_inner(host, w->inner, &w->shape, &p->decoder);
    if (rc == KVANT_OK && wrapper_inner_calibrates(&w->base)) rc = p->encoder.codec->calibrate(p->encoder.state, fit);
    if (rc == KVANT_OK) rc = hand_over_side_data(w, p);
    if (rc != KVANT_OK) return rc;
    p->capacity = p->encoder.codec->bound(p->encoder.state, 0, h->sequence / h->block * h->block);
    p->bytes = host->alloc(host, p->capacity);
    p->back = host->alloc(host, h->sequence * w->base.dim * sizeof *p->back);
    if (p->bytes && p->back) return KVANT_OK;
    return host->fail(host, KVANT_E_MEMORY, "qprecond: no memory to try %zu rows", h->sequence);
}

/* The sum of x M x' over rows x = a - b; b NULL: 0. */
typedef struct weighing {
    const qprecond *w;
    const float *moments, *a, *b;
    size_t n_rows, some; /* rows; of a task */
    double sums[WEIGHINGS];
} weighing;

/* x M x' = x · Σ_i x_i M_i for the rows M_i of the moment: no sum waits for another. */
static void weigh_some(void *arg, size_t task)
{
    weighing *v = arg;
    const dense *loops = dense_best();
    const size_t n = v->w->base.dim;
    v->sums[task] = 0.0;
    for (size_t r = task * v->some; r < v->n_rows && r < (task + 1) * v->some; r++) {
        const float *m = v->moments + r % v->w->base.heads * n * n;
        double x[WHITENING_MAX], product[WHITENING_MAX] = { 0 };
        for (size_t i = 0; i < n; i++)
            x[i] = (double)v->a[r * n + i] - (v->b ? (double)v->b[r * n + i] : 0.0);
        for (size_t i = 0; i < n; i++)
            loops->add_weighted(product, m + i * n, x[i], n);
        for (size_t i = 0; i < n; i++)
            v->sums[task] += x[i] * product[i];
    }
}

/* Tasks are cut by the number of rows alone, and their sums added in order. */
static double weighted(const qprecond *w, const float *moments, const float *a, const float *b, size_t n_rows)
{
    weighing v = { .w = w, .moments = moments, .a = a, .b = b, .n_rows = n_rows, .some = n_rows / WEIGHINGS + 1 };
    const size_t tasks = (n_rows + v.some - 1) / v.some;
    double sum = 0.0;
    fan_run(&w->threads, tasks, weigh_some, &v);
    for (size_t i = 0; i < tasks; i++)
        sum += v.sums[i];
    return sum;
}

/* The whole blocks of one sequence, from its first row: `seen` by the codec, `rows` as they were. */
static int try_sequence(const qprecond *w, pair *p, int decision, const kvant_samples *samples, const float *seen,
                        const float *rows, size_t n, double sum[2])
{
    const size_t dim = w->base.dim;
    const int64_t bytes = p->encoder.codec->encode(p->encoder.state, 0, seen, n, p->bytes, p->capacity);
    if (bytes < 0) return (int)bytes;
    const int rc = p->decoder.codec->decode(p->decoder.state, 0, p->bytes, (size_t)bytes, p->back, n);
    if (rc != KVANT_OK) return rc;
    if (decision == QPRECOND_WHITENED) whitening_undo(w->factors, dim, w->base.heads, p->back, n, &w->threads);
    sum[0] += weighted(w, qprecond_met(samples), rows, p->back, n);
    sum[1] += weighted(w, qprecond_met(samples), rows, NULL, n);
    return KVANT_OK;
}

static int try_decision(const qprecond *w, const halves *h, int decision, const kvant_samples *samples,
                        const kvant_samples *fit, const float *seen, double *error)
{
    const kvant_host *host = w->base.host;
    const size_t dim = w->base.dim;
    pair p = { 0 };
    double sum[2] = { 0 };
    int rc = open_pair(w, h, fit, &p);
    for (size_t at = h->cut; rc == KVANT_OK && at < h->n_rows; at += h->sequence) {
        const size_t left = h->n_rows - at, length = left < h->sequence ? left : h->sequence;
        const size_t n = length / h->block * h->block;
        if (n > 0) rc = try_sequence(w, &p, decision, samples, seen + at * dim, samples->rows + at * dim, n, sum);
        if (host->cancelled(host)) rc = KVANT_E_CANCELLED;
    }
    close_pair(w, &p);
    if (rc != KVANT_OK && rc != KVANT_E_RANGE) return rc;
    *error = rc == KVANT_E_RANGE || !isfinite(sum[0]) ? INFINITY : sum[1] > 0.0 ? sum[0] / sum[1] : 0.0;
    return KVANT_OK;
}

int qprecond_trial(qprecond *w, const kvant_samples *samples, const float *moments, double error[2])
{
    halves h;
    kvant_samples fit = *samples;
    int rc = cut_samples(w, samples, &h);
    if (rc != KVANT_OK) return rc;
    fit.n_rows = h.cut;
    rc = try_decision(w, &h, QPRECOND_PLAIN, samples, &fit, samples->rows, &error[QPRECOND_PLAIN]);
    error[QPRECOND_WHITENED] = INFINITY;
    if (rc != KVANT_OK || !w->factors) return rc;
    rc = qprecond_whiten(w, 0, samples->rows, h.n_rows);
    if (rc == KVANT_E_RANGE) return KVANT_OK;
    if (rc != KVANT_OK) return rc;
    fit = qprecond_whitened(samples, w->base.rows, h.cut, moments);
    return try_decision(w, &h, QPRECOND_WHITENED, samples, &fit, w->base.rows, &error[QPRECOND_WHITENED]);
}
