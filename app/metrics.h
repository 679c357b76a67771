/* metrics.h - what a config did to the model's predictions, position by position.
 *
 * P is the reference (exact cache, same protocol), Q the config. Both are rows of logits; all sums are f64, logarithms
 * natural, the vocabulary in full. A row where P and Q are equal bit for bit gives KLD exactly 0.
 *
 * Positions are grouped in blocks of up to 64 neighbours that never cross a passage: the unit of every interval,
 * because neighbours are correlated.
 */
#ifndef KVANT_APP_METRICS_H
#define KVANT_APP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/pool.h"

enum { METRICS_BLOCK = 64 };

typedef struct position_metrics {
    double nll_ref, nll; /* -ln of the next token's probability under P and under Q, nats */
    double kld;          /* sum_v P ln(P/Q), nats */
    double dp;           /* Q(next token) - P(next token) */
    int same_top;        /* 1: both argmax are the same id (the lowest among equals) */
} position_metrics;

/* Sums over a block of positions. */
typedef struct block_metrics {
    int passage, block; /* block counts within its passage */
    int n;              /* positions */
    double nll_ref, nll, kld, dp2;
    int same_top;
} block_metrics;

/* An estimate with its 95 % interval. */
typedef struct interval {
    double value, lo, hi;
} interval;

typedef struct run_metrics {
    size_t n; /* scored positions */
    interval kld;
    double kld_median, kld_p99, kld_p999, kld_max;
    double ppl_ref, ppl;
    interval dppl;   /* percent */
    interval top1;   /* percent */
    interval rms_dp; /* percent */
} run_metrics;

/* All positions of a run, in order. */
typedef struct metrics {
    position_metrics *positions;
    size_t n, capacity;
    block_metrics *blocks;
    size_t n_blocks, blocks_capacity;
} metrics;

void metrics_release(metrics *m);

/* Adds one passage: n rows of n_vocab logits of P and of Q, and the token each row should predict. A logit that is not
 * finite is a fault that names passage, row and side, as is a token outside the vocabulary; the metrics are then of no
 * use. */
bool metrics_add(metrics *m, pool *crew, int passage, const float *p, const float *q, const int32_t *next, size_t n,
                 size_t n_vocab, fault *f);

/* The same for rows first … first+n-1 of a passage whose earlier rows have been added; first is a multiple of
 * METRICS_BLOCK. A passage in pieces gives the same metrics as a whole one. */
bool metrics_add_rows(metrics *m, pool *crew, int passage, size_t first, const float *p, const float *q,
                      const int32_t *next, size_t n, size_t n_vocab, fault *f);

/* Mean KLD of what was added so far; NaN of nothing. */
double metrics_kld(const metrics *m);

/* Means, percentiles (linear interpolation at q·(n-1)) and intervals. seed: of the bootstrap. n must not be 0. */
bool metrics_summarise(const metrics *m, uint64_t seed, run_metrics *out, fault *f);

#endif
