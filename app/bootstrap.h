/* bootstrap.h - 95 % intervals from blocks of positions.
 *
 * Blocks are drawn with replacement 2000 times with the counter-based generator; the interval is the middle 95 % of
 * what the redrawn blocks give (percentile bootstrap). Two configs measured on the same blocks are compared by
 * redrawing the same blocks for both: they are separable on a metric when the interval of the difference excludes zero.
 * Efron and Tibshirani, An Introduction to the Bootstrap, 1993; Künsch 1989 for blocks.
 */
#ifndef KVANT_APP_BOOTSTRAP_H
#define KVANT_APP_BOOTSTRAP_H

#include "app/metrics.h"

typedef enum metric_id {
    METRIC_KLD,    /* mean, nats */
    METRIC_DPPL,   /* 100 (exp(mean(nll - nll_ref)) - 1), percent: the paired mean of ln-ratios */
    METRIC_TOP1,   /* percent */
    METRIC_RMS_DP, /* percent */
} metric_id;

/* The metric over a's blocks; with b, the metric of a minus the metric of b over the same blocks. n >= 1. False with a
 * fault when a and b are not the same blocks (passage, block, n) or there is no memory. */
bool bootstrap_metric(const block_metrics *a, const block_metrics *b, size_t n, metric_id metric, uint64_t seed,
                      interval *out, fault *f);

/* median(b) / median(a) of samples that were taken in pairs (of timings: one of each, one after the other). Pairs are
 * redrawn. n >= 1, all samples above 0. */
bool bootstrap_ratio(const double *a, const double *b, size_t n, uint64_t seed, interval *out, fault *f);

/* The median, halfway between the two in the middle. Sorts x. n >= 1. */
double bootstrap_median(double *x, size_t n);

/* Top-1 agreement in percent with Wilson's binomial interval. Always true. */
bool binomial_top1(const block_metrics *blocks, size_t n, interval *out);

#endif
