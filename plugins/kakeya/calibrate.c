#include "plugins/kakeya/calibrate.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/finite.h"
#include "kernels/half.h"
#include "plugins/kakeya/codebook.h"
#include "plugins/kakeya/config.h"
#include "plugins/kakeya/fit.h"
#include "plugins/kakeya/residual.h"

enum { POOL_MOST = 1 << 21 }; /* values kept; of more rows every n-th counts */

typedef struct pool {
    float *values; /* NULL: only measure */
    size_t n, room, every;
    double error; /* Σ |e - ê|² of all rows */
} pool;

static void add_row(const kakeya *c, const kakeya_work *w, size_t i, size_t from, pool *p)
{
    const kakeya_skeleton *s = &w->skeleton;
    const float *scaled = w->scaled + i * s->width;
    const double gain = ldexp((double)half_to_float(w->block.gain[i]), w->block.exponent);
    float levels[KAKEYA_DIM_MAX];
    double error = 0.0;
    if (!residual_levels(c, s, &w->block, i, from, levels)) return;
    for (size_t j = 0; j < s->width; j++) {
        const double off = gain * (double)levels[j] - w->length[i] * (double)scaled[j];
        error += off * off;
    }
    p->error += error / (double)s->width;
    if (!p->values || i % p->every != 0 || !(w->length[i] > 0.0)) return;
    for (size_t j = 0; j < s->width && p->n < p->room; j++)
        if (!(c->config.outlier > 0.0 && fabs((double)scaled[j]) > c->config.outlier)) p->values[p->n++] = scaled[j];
}

static int add_group(kakeya *c, kakeya_work *w, const float *rows, size_t n, size_t first, pool *p)
{
    const size_t dim = c->config.dim;
    w->tells = !c->logged;
    int rc = kakeya_fit_skeleton(c, w, rows, NULL, n, first);
    c->logged = true;
    for (size_t at = 0; rc == KVANT_OK && at < n; at += c->config.block) {
        const size_t some = n - at < c->config.block ? n - at : c->config.block;
        rc = kakeya_fit_block(c, w, rows + at * dim, NULL, some, first + at);
        for (size_t i = 0, from = 0; rc == KVANT_OK && i < some; from += w->block.count[i++])
            add_row(c, w, i, from, p);
    }
    return rc;
}

/* The rows of a group in these samples. */
static size_t group_of(const kakeya *c, const kvant_samples *samples, size_t sequence)
{
    const size_t group = c->config.block * c->config.shared;
    const size_t longest = sequence < samples->n_rows ? sequence : (size_t)samples->n_rows;
    return longest < group ? longest : group;
}

static int add_samples(kakeya *c, kakeya_work *w, const kvant_samples *samples, pool *p)
{
    const size_t n = (size_t)samples->n_rows, sequence = samples->sequence ? (size_t)samples->sequence : n;
    const size_t group = group_of(c, samples, sequence);
    for (size_t start = 0; start < n; start += sequence) {
        const size_t end = n - start < sequence ? n : start + sequence;
        for (size_t at = start; at + group <= end; at += group) {
            if (c->host->cancelled(c->host)) return KVANT_E_CANCELLED;
            const int rc = add_group(c, w, samples->rows + at * c->config.dim, group, at, p);
            if (rc != KVANT_OK) return rc;
        }
    }
    return KVANT_OK;
}

/* Levels for the pool, or false when there are none to fit or they cannot be told apart. */
static bool fit_levels(kakeya *c, pool *p, double *sums)
{
    const size_t n_levels = (size_t)1 << c->config.bits;
    double level[QUANTIZER_LEVELS];
    float narrow[QUANTIZER_LEVELS];
    if (p->n == 0) return false;
    for (size_t k = 0; k < n_levels; k++)
        level[k] = (double)c->table.level[k];
    codebook_fit(p->values, p->n, level, n_levels, sums);
    for (size_t k = 0; k < n_levels; k++)
        narrow[k] = (float)level[k];
    return kakeya_set_table(c, narrow);
}

static int fit_table(kakeya *c, kakeya_work *w, const kvant_samples *samples, pool *p, double *sums)
{
    int rc = add_samples(c, w, samples, p);
    if (rc != KVANT_OK) return rc;
    const quantizer gaussian = c->table;
    if (fit_levels(c, p, sums)) {
        pool again = { 0 };
        if ((rc = add_samples(c, w, samples, &again)) != KVANT_OK) return rc;
        if (again.error > p->error) c->table = gaussian;
    }
    c->has_table = true;
    return KVANT_OK;
}

int kakeya_calibrate(kakeya *c, const kvant_samples *samples)
{
    const kvant_host *host = c->host;
    if (!c->config.calibrated) return KVANT_OK;
    const size_t n = (size_t)samples->n_rows, values = n * c->config.dim;
    if (n < 2) return host->fail(host, KVANT_E_PARAM, "kakeya: %zu rows to calibrate with, at least 2 are needed", n);
    const size_t bad = finite_scan_within(samples->rows, values, KAKEYA_LARGEST);
    if (bad < values)
        return host->fail(host, KVANT_E_NONFINITE, "kakeya: sample row %zu, column %zu is %g", bad / c->config.dim,
                          bad % c->config.dim, (double)samples->rows[bad]);
    kakeya_work w;
    int rc = kakeya_work_open(c, true, &w);
    if (rc != KVANT_OK) return rc;
    const size_t all = n * w.skeleton.width;
    pool p = { .room = all < POOL_MOST ? all : POOL_MOST, .every = all / POOL_MOST + 1 };
    p.values = host->alloc(host, p.room * sizeof *p.values);
    double *sums = host->alloc(host, (p.room + 1) * sizeof *sums);
    rc = p.values && sums ? fit_table(c, &w, samples, &p, sums)
                          : host->fail(host, KVANT_E_MEMORY, "kakeya: no memory for %zu residuals", p.room);
    host->release(host, sums);
    host->release(host, p.values);
    kakeya_work_close(c, &w);
    return rc;
}
