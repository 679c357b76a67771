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

enum {
    POOL_MOST = 1 << 21, /* values kept; of more rows every n-th counts */
    WAVE = 16,           /* groups that are looked at at once */
};

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

/* Groups of sample rows are tasks, some at a time, each with room and a pool of its own. */
typedef struct wave {
    const kakeya *c;
    const kvant_samples *samples;
    size_t group;     /* rows */
    size_t kept;      /* values of a group at most; 0: none */
    size_t at[WAVE];  /* the groups' first rows */
    pool parts[WAVE]; /* of the groups */
    int rc[WAVE];
} wave;

static void add_blocks(wave *v, kakeya_work *w, size_t i)
{
    const kakeya *c = v->c;
    const size_t n = v->group, first = v->at[i], dim = c->config.dim;
    const float *rows = v->samples->rows + first * dim;
    v->rc[i] = kakeya_fit_skeleton(c, w, rows, NULL, n, first);
    for (size_t at = 0; v->rc[i] == KVANT_OK && at < n; at += c->config.block) {
        const size_t some = n - at < c->config.block ? n - at : c->config.block;
        v->rc[i] = kakeya_fit_block(c, w, rows + at * dim, NULL, some, first + at);
        for (size_t r = 0, from = 0; v->rc[i] == KVANT_OK && r < some; from += w->block.count[r++])
            add_row(c, w, r, from, &v->parts[i]);
    }
}

static void add_group(void *arg, size_t i)
{
    wave *v = arg;
    kakeya_work w;
    v->rc[i] = kakeya_work_open(v->c, true, &w);
    w.tells = !v->c->logged && i == 0;
    v->parts[i].n = 0;
    v->parts[i].error = 0.0;
    if (v->rc[i] == KVANT_OK) add_blocks(v, &w, i);
    kakeya_work_close(v->c, &w);
}

/* What the groups found, in their order. Of errors the first counts, made once more so that its message stands. */
static int join(wave *v, size_t n, pool *p)
{
    for (size_t i = 0; i < n; i++) {
        const int rc = v->rc[i];
        if (rc != KVANT_OK) {
            add_group(v, i);
            return rc;
        }
        const size_t left = p->room - p->n, some = v->parts[i].n < left ? v->parts[i].n : left;
        if (some > 0) memcpy(p->values + p->n, v->parts[i].values, some * sizeof *p->values);
        p->n += some;
        p->error += v->parts[i].error;
    }
    return KVANT_OK;
}

static int add_wave(kakeya *c, wave *v, size_t n, pool *p)
{
    const kvant_host *host = c->host;
    if (host->cancelled(host)) return KVANT_E_CANCELLED;
    for (size_t i = 0; i < n; i++)
        v->parts[i] =
            (pool){ .values = p->values ? v->parts[0].values + i * v->kept : NULL, .room = v->kept, .every = p->every };
    host->parallel(host, n, add_group, v);
    c->logged = true;
    return join(v, n, p);
}

/* The rows of a group in these samples. */
static size_t group_of(const kakeya *c, const kvant_samples *samples, size_t sequence)
{
    const size_t group = c->config.block * c->config.shared;
    const size_t longest = sequence < samples->n_rows ? sequence : (size_t)samples->n_rows;
    return longest < group ? longest : group;
}

static int add_groups(kakeya *c, wave *v, size_t sequence, pool *p)
{
    const size_t n_rows = (size_t)v->samples->n_rows;
    size_t n = 0;
    int rc = KVANT_OK;
    for (size_t start = 0; rc == KVANT_OK && start < n_rows; start += sequence) {
        const size_t end = n_rows - start < sequence ? n_rows : start + sequence;
        for (size_t at = start; rc == KVANT_OK && at + v->group <= end; at += v->group) {
            v->at[n++] = at;
            if (n < WAVE) continue;
            rc = add_wave(c, v, n, p);
            n = 0;
        }
    }
    return rc == KVANT_OK && n > 0 ? add_wave(c, v, n, p) : rc;
}

/* Adds all groups of the samples to the pool. `width`: values of a row's residual. */
static int add_samples(kakeya *c, size_t width, const kvant_samples *samples, pool *p)
{
    const kvant_host *host = c->host;
    const size_t n = (size_t)samples->n_rows, sequence = samples->sequence ? (size_t)samples->sequence : n;
    wave v = { .c = c, .samples = samples, .group = group_of(c, samples, sequence) };
    float *room = NULL;
    if (p->values) {
        const size_t block = v.group < c->config.block ? v.group : c->config.block, in_wave = n / v.group + 1;
        v.kept = (v.group / block + 1) * ((block - 1) / p->every + 1) * width;
        room = host->alloc(host, (in_wave < WAVE ? in_wave : WAVE) * v.kept * sizeof *room);
        if (!room)
            return host->fail(host, KVANT_E_MEMORY, "kakeya: no memory for the residuals of %zu groups", in_wave);
        v.parts[0].values = room;
    }
    const int rc = add_groups(c, &v, sequence, p);
    host->release(host, room);
    return rc;
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

static int fit_table(kakeya *c, size_t width, const kvant_samples *samples, pool *p, double *sums)
{
    int rc = add_samples(c, width, samples, p);
    if (rc != KVANT_OK) return rc;
    const quantizer gaussian = c->table;
    if (fit_levels(c, p, sums)) {
        pool again = { 0 };
        if ((rc = add_samples(c, width, samples, &again)) != KVANT_OK) return rc;
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
    kakeya_skeleton most;
    kakeya_set_rank(c, &most, c->config.rank_most);
    const size_t width = most.width, all = n * width;
    pool p = { .room = all < POOL_MOST ? all : POOL_MOST, .every = all / POOL_MOST + 1 };
    p.values = host->alloc(host, p.room * sizeof *p.values);
    double *sums = host->alloc(host, (p.room + 1) * sizeof *sums);
    const int rc = p.values && sums ? fit_table(c, width, samples, &p, sums)
                                    : host->fail(host, KVANT_E_MEMORY, "kakeya: no memory for %zu residuals", p.room);
    host->release(host, sums);
    host->release(host, p.values);
    return rc;
}
