#include "plugins/besi/riemann_fit.h"

#include <math.h>

#include "kernels/finite.h"
#include "plugins/besi/tally.h"

enum { SCALE_DIRECTION_BITS = 4, TASKS = 8 };

typedef struct work {
    float *rows; /* a copy, the means of its blocks subtracted */
    size_t n;
    tally *tallies; /* TASKS of them: a task counts in its own */
    besi_lines coarse;
} work;

/* ---- levels ----------------------------------------------------------------------------------------------------- */

/* The value that N(0,1) is below with probability p >= 1/2, by Newton's method. */
static double normal_quantile(double p)
{
    double x = 0.0;
    for (int i = 0; i < 60; i++)
        x += (p - 0.5 * erfc(-x * 0.70710678118654752)) * 2.5066282746310005 * exp(0.5 * x * x);
    return x;
}

void riemann_gauss_levels(int bits, double *level)
{
    const int half = 1 << (bits - 1);
    for (int k = 0; k < half; k++) {
        level[half + k] = normal_quantile(0.5 + (k + 0.5) / (2 * half));
        level[half - 1 - k] = -level[half + k];
    }
}

/* What a task has: rows when levels are fitted, pairs when scales are. */
typedef struct fitting {
    const riemann_fit *f;
    const work *w;
    const float *scale;
    double *exact;
} fitting;

static size_t share(size_t n, size_t task)
{
    return n / TASKS * task + (n % TASKS < task ? n % TASKS : task);
}

static void count_rows(void *arg, size_t task)
{
    const fitting *x = arg;
    const size_t dim = x->f->blocks->dim;
    tally *t = &x->w->tallies[task];
    tally_clear(t);
    for (size_t r = share(x->w->n, task); r < share(x->w->n, task + 1); r++)
        for (size_t k = 0; k < dim / RIEMANN_GROUP; k++) {
            float alpha;
            besi_nearest(x->f->lines, x->w->rows + r * dim + RIEMANN_GROUP * k, &alpha);
            tally_add(t, alpha / x->scale[k]);
        }
}

/* Counts are whole numbers: their sums do not depend on who counted. */
static bool fit_levels(const riemann_fit *f, const work *w, const float *scale, double *level)
{
    const kvant_host *host = f->blocks->host;
    fitting x = { f, w, scale, NULL };
    host->parallel(host, TASKS, count_rows, &x);
    for (size_t task = 1; task < TASKS; task++)
        tally_join(&w->tallies[0], &w->tallies[task]);
    return tally_levels(&w->tallies[0], f->bits, level);
}

/* ---- scales ----------------------------------------------------------------------------------------------------- */

static float coarse_length(const riemann_fit *f, const work *w, size_t row, size_t pair)
{
    float alpha;
    besi_nearest(&w->coarse, w->rows + row * f->blocks->dim + RIEMANN_GROUP * pair, &alpha);
    return alpha;
}

static double scale_of(const riemann_fit *f, const work *w, tally *t, size_t pair)
{
    static const double shares[] = { [RIEMANN_PCT95] = 0.95, [RIEMANN_PCT99] = 0.99, [RIEMANN_PCT999] = 0.999 };
    double trace = 0.0, square = 0.0;
    for (size_t r = 0; r < w->n; r++) {
        const float *x = w->rows + r * f->blocks->dim + RIEMANN_GROUP * pair;
        const double alpha = (double)coarse_length(f, w, r, pair);
        trace += (double)x[0] * (double)x[0] + (double)x[1] * (double)x[1];
        square += alpha * alpha;
    }
    const double rms = sqrt(square / (double)w->n);
    if (f->scale_kind == RIEMANN_SQRT_TRACE) return sqrt(trace / (RIEMANN_GROUP * (double)w->n));
    if (f->scale_kind == RIEMANN_RMS || !(rms > 0.0)) return rms;

    tally_clear(t);
    for (size_t r = 0; r < w->n; r++)
        tally_add(t, (float)((double)coarse_length(f, w, r, pair) / rms));
    return rms * tally_quantile(t, shares[f->scale_kind]) / 2.7;
}

static void scale_pairs(void *arg, size_t task)
{
    const fitting *x = arg;
    const size_t pairs = x->f->blocks->dim / RIEMANN_GROUP;
    for (size_t k = share(pairs, task); k < share(pairs, task + 1); k++)
        x->exact[k] = scale_of(x->f, x->w, &x->w->tallies[task], k);
}

/* The largest of them, before pairs that hardly moved are given theirs. */
static double fit_scales(const riemann_fit *f, const work *w, float *scale)
{
    const size_t pairs = f->blocks->dim / RIEMANN_GROUP;
    double exact[RIEMANN_PAIRS_MAX], largest = 0.0;
    fitting x = { f, w, NULL, exact };
    const kvant_host *host = f->blocks->host;
    host->parallel(host, TASKS, scale_pairs, &x);
    for (size_t k = 0; k < pairs; k++)
        largest = fmax(largest, exact[k]);
    for (size_t k = 0; k < pairs; k++)
        scale[k] = largest > 0.0 ? (float)fmax(fmax(exact[k], 1e-4 * largest), 1e-37) : 1.0f;
    return largest;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* Blocks begin anew with each sequence, whose last one may be shorter. */
static int centre(const mean_blocks *b, const kvant_samples *samples, float *rows)
{
    float mean[MEAN_BLOCKS_DIM] = { 0 };
    const size_t n = (size_t)samples->n_rows;
    const size_t sequence = samples->sequence > 0 && samples->sequence < n ? (size_t)samples->sequence : n;
    for (size_t r = 0; r < n; r++) {
        const size_t in_block = r % sequence % b->block, in_sequence = sequence - r % sequence;
        if (b->mean && in_block == 0) {
            const size_t rest = in_sequence < n - r ? in_sequence : n - r;
            const int rc =
                mean_blocks_fit(b, r, samples->rows + r * b->dim, rest < b->block ? rest : b->block, mean, NULL);
            if (rc != KVANT_OK) return rc;
        }
        for (size_t k = 0; k < b->dim; k++)
            rows[r * b->dim + k] = samples->rows[r * b->dim + k] - mean[k];
    }
    return KVANT_OK;
}

static int fit(const riemann_fit *f, const kvant_samples *samples, work *w, float *scale, double *level)
{
    const mean_blocks *b = f->blocks;
    const int rc = centre(b, samples, w->rows);
    if (rc != KVANT_OK) return rc;
    besi_lines_init(&w->coarse, RIEMANN_GROUP, SCALE_DIRECTION_BITS);
    const double largest = fit_scales(f, w, scale);
    if (largest > 1e18)
        return b->host->fail(b->host, KVANT_E_RANGE, "%s: the calibration rows give a scale of %g, more than 1e18",
                             b->name, largest);
    riemann_gauss_levels(f->bits, level);
    if (!f->calibrated || largest == 0.0 || fit_levels(f, w, scale, level)) return KVANT_OK;
    return b->host->fail(b->host, KVANT_E_PARAM, "%s: no levels of %d bits for these calibration rows", b->name,
                         f->bits);
}

static int check_samples(const mean_blocks *b, const kvant_samples *samples, size_t *bytes)
{
    const uint64_t n = samples->n_rows;
    if (n == 0) return b->host->fail(b->host, KVANT_E_PARAM, "%s: no rows to calibrate with", b->name);
    if (__builtin_mul_overflow(n, b->dim * sizeof(float), bytes))
        return b->host->fail(b->host, KVANT_E_MEMORY, "%s: no memory for %llu calibration rows", b->name,
                             (unsigned long long)n);
    const size_t values = *bytes / sizeof(float), bad = finite_scan(samples->rows, values);
    if (bad == values) return KVANT_OK;
    return b->host->fail(b->host, KVANT_E_NONFINITE, "%s: calibration row %zu, column %zu is %g, not a finite number",
                         b->name, bad / b->dim, bad % b->dim, (double)samples->rows[bad]);
}

int riemann_fit_rows(const riemann_fit *f, const kvant_samples *samples, float *scale, double *level)
{
    const kvant_host *host = f->blocks->host;
    size_t bytes = 0;
    int rc = check_samples(f->blocks, samples, &bytes);
    if (rc != KVANT_OK) return rc;
    work w = { .rows = host->alloc(host, bytes),
               .tallies = host->alloc(host, TASKS * sizeof(tally)),
               .n = samples->n_rows };
    rc = w.rows && w.tallies ? fit(f, samples, &w, scale, level)
                             : host->fail(host, KVANT_E_MEMORY, "%s: no memory for %zu calibration rows",
                                          f->blocks->name, (size_t)samples->n_rows);
    host->release(host, w.rows);
    host->release(host, w.tallies);
    return rc;
}
