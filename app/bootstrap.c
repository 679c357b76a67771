#include "app/bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/random.h"

enum { DRAWS = 2000 };

/* Running sums of drawn blocks. */
typedef struct sums {
    double n, nll_ref, nll, kld, dp2, same_top;
} sums;

static void add(sums *s, const block_metrics *b)
{
    s->n += b->n;
    s->nll_ref += b->nll_ref;
    s->nll += b->nll;
    s->kld += b->kld;
    s->dp2 += b->dp2;
    s->same_top += b->same_top;
}

static double value_of(const sums *s, metric_id metric)
{
    switch (metric) {
    case METRIC_KLD: return s->kld / s->n;
    case METRIC_DPPL: return 100 * expm1((s->nll - s->nll_ref) / s->n);
    case METRIC_TOP1: return 100 * s->same_top / s->n;
    case METRIC_RMS_DP: return 100 * sqrt(s->dp2 / s->n);
    }
    return NAN;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double statistic(const sums *a, const sums *b, bool paired, metric_id metric)
{
    return value_of(a, metric) - (paired ? value_of(b, metric) : 0);
}

/* One of n, by the counter-based generator. */
static size_t draw(uint64_t seed, uint64_t counter, size_t n)
{
    const size_t k = (size_t)(random_uniform(seed, counter) * (double)n);
    return k < n ? k : n - 1;
}

/* The middle 95 % of what was drawn: percentiles 2.5 and 97.5, halfway between the neighbouring draws. */
static interval middle_of(double drawn[DRAWS], double value)
{
    qsort(drawn, DRAWS, sizeof *drawn, ascending);
    return (interval){
        .value = value,
        .lo = (drawn[DRAWS / 40 - 1] + drawn[DRAWS / 40]) / 2,
        .hi = (drawn[DRAWS - DRAWS / 40 - 1] + drawn[DRAWS - DRAWS / 40]) / 2,
    };
}

bool bootstrap_metric(const block_metrics *a, const block_metrics *b, size_t n, metric_id metric, uint64_t seed,
                      interval *out, fault *f)
{
    sums whole_a = { 0 }, whole_b = { 0 };
    for (size_t i = 0; i < n; i++) {
        add(&whole_a, &a[i]);
        if (!b) continue;
        if (a[i].passage != b[i].passage || a[i].block != b[i].block || a[i].n != b[i].n)
            return fault_set(f, FAULT_INPUT, "the runs were not scored on the same positions (block %zu)", i);
        add(&whole_b, &b[i]);
    }
    double *drawn = reallocarray(NULL, DRAWS, sizeof *drawn);
    if (!drawn) return fault_memory(f, "the bootstrap");
    for (uint64_t d = 0; d < DRAWS; d++) {
        sums sa = { 0 }, sb = { 0 };
        for (size_t i = 0; i < n; i++) {
            const size_t k = draw(seed, d * n + i, n);
            add(&sa, &a[k]);
            if (b) add(&sb, &b[k]);
        }
        drawn[d] = statistic(&sa, &sb, b != NULL, metric);
    }
    *out = middle_of(drawn, statistic(&whole_a, &whole_b, b != NULL, metric));
    free(drawn);
    return true;
}

double bootstrap_median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return (x[(n - 1) / 2] + x[n / 2]) / 2;
}

bool bootstrap_ratio(const double *a, const double *b, size_t n, uint64_t seed, interval *out, fault *f)
{
    double *drawn = reallocarray(NULL, DRAWS, sizeof *drawn), *pairs = reallocarray(NULL, n, 2 * sizeof *pairs);
    const bool ok = drawn && pairs;
    for (uint64_t d = 0; ok && d <= DRAWS; d++) {
        for (size_t i = 0; i < n; i++) {
            const size_t k = d < DRAWS ? draw(seed, d * n + i, n) : i; /* the last are the samples themselves */
            pairs[i] = a[k];
            pairs[n + i] = b[k];
        }
        const double ratio = bootstrap_median(pairs + n, n) / bootstrap_median(pairs, n);
        if (d < DRAWS)
            drawn[d] = ratio;
        else
            *out = middle_of(drawn, ratio);
    }
    free(drawn);
    free(pairs);
    return ok || fault_memory(f, "the bootstrap");
}

bool binomial_top1(const block_metrics *blocks, size_t n, interval *out)
{
    double total = 0, same = 0;
    for (size_t i = 0; i < n; i++) {
        total += blocks[i].n;
        same += blocks[i].same_top;
    }
    const double z = 1.959963984540054;
    double p = same / total, z2 = z * z / total;
    double centre = (p + z2 / 2) / (1 + z2);
    double half = z / (1 + z2) * sqrt(p * (1 - p) / total + z2 / (4 * total));
    *out = (interval){ 100 * p, 100 * fmax(0, centre - half), 100 * fmin(1, centre + half) };
    return true;
}
