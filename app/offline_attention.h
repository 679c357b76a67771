/* offline_attention.h - what a changed cache does to attention, from stored queries, keys and values.
 *
 * For the query at position t of a sequence: the logits q.k, the causal softmax weights over positions 0 ... t (scale
 * 1/sqrt(dim)), and the mixed values, once with the exact rows and once with the decoded ones. Compared are
 *
 *     logits     sum (q.k - q.k')^2 / sum (q.k)^2 over all causal pairs
 *     weights    cosine of the two weight vectors
 *     outputs    cosine of the two mixed values
 *
 * Products run in f32 as the engine's do, in the same order for both, so that equal rows give a cosine of exactly 1;
 * all sums over them are f64. Keys and queries stand after RoPE. A cosine with a zero vector is 0, of two of them 1.
 *
 * A cache at work (app/suite_attention.c) has more to it: rows of which a query sees some open (kernels/attention.h),
 * layers that see a window only, a scale of their own, and queries for the last positions alone. What is left zero
 * means none of that.
 */
#ifndef KVANT_APP_OFFLINE_ATTENTION_H
#define KVANT_APP_OFFLINE_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

typedef struct attention_rows {
    const float *k, *v; /* n x dim, n x v_dim */
    const float *k_decoded, *v_decoded;
    size_t n, dim, v_dim;
    const float *k_open, *v_open; /* what stands in for decoded rows from attention_settled on; NULL: nothing does */
    uint32_t k_block, k_window, v_block, v_window;
    uint32_t visible; /* rows a query sees; 0: all up to its own */
    float scale;      /* of the logits; 0: 1/sqrt(dim) */
    size_t first;     /* position of the first query */
} attention_rows;

typedef struct attention_gap {
    uint64_t queries;
    double weights, outputs; /* sums of cosines */
    double least;            /* cosine of weights; means nothing while queries is 0 */
    double logit_error, logit_total;
} attention_gap;

/* Adds the queries ((n - first) x dim) of one query head: all of them, or `most` positions spread evenly (0: all). */
bool attention_gap_add(attention_gap *g, const attention_rows *rows, const float *queries, size_t most, fault *f);

/* sums[i] += (j+1) times the weight of position i, over the queries j >= i; counts[i] += their number. */
bool attention_received(const float *queries, const float *k, size_t n, size_t dim, double *sums, uint64_t *counts,
                        fault *f);

#endif
