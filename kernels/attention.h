/* attention.h - causal softmax attention of one kv head over its cache.
 *
 * The cache may hold two versions of a row: settled (what a codec returned) and open (what stands in until the row's
 * block is full and has left the window). The query at position t sees rows 0 … S-1 settled and S … t open, with
 * S = attention_settled(t, block, window). With block 1 and window 0 there is one version only and `open` is NULL.
 *
 * With a window of `visible` rows, the query at position t sees rows t+1-visible … t only, and what lies before them is
 * not even read.
 *
 * Sums run over coordinates and positions in ascending order, so the output of a query does not depend on which other
 * queries are computed with it. All functions: [any thread], scratch is the caller's.
 */
#ifndef KVANT_KERNELS_ATTENTION_H
#define KVANT_KERNELS_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/rope.h"
#include "kernels/simd.h"

typedef struct attention_side {
    const float *settled, *open; /* keys: panels made by attention_pack_keys; values: rows x dim */
    uint32_t block, window;
} attention_side;

typedef struct attention_head {
    int dim;          /* of a row */
    int group;        /* query heads that share this kv head, side by side in a row of queries */
    float scale;      /* of the scores, usually 1/sqrt(dim) */
    uint32_t visible; /* rows a query sees, its own included; 0: all up to its own */
    attention_side k, v;
} attention_head;

/* Rows the query at position t sees settled. */
size_t attention_settled(size_t t, uint32_t block, uint32_t window);

/* The first row the query at position t sees. */
size_t attention_first(size_t t, uint32_t visible);

/* Floats that panels of n_rows keys take. */
size_t attention_panel_floats(const simd *s, size_t n_rows, int dim);

/* Packs key rows first … first+n-1 of `rows` (row 0 is position 0), rotated by rope unless it is NULL, into panels:
 * where the panel of row `first` begins. first: a multiple of s->width. scratch: s->width * dim floats. */
void attention_pack_keys(const simd *s, const float *rows, size_t first, size_t n, int dim, const rope_table *rope,
                         float *panels, float *scratch);

/* How many queries are best answered by one call, where the last of them sees n_rows rows. */
size_t attention_together(const attention_head *head, size_t n_rows);

/* Floats of scratch that attention_queries needs for n queries, the last of which stands at position n_rows-1. */
size_t attention_scratch_floats(const simd *s, const attention_head *head, size_t n, size_t n_rows);

/* Queries (already rotated) at positions first … first+n-1: query i of group member g stands at q + i*q_stride + g*dim,
 * its output (dim f32) goes to out + i*out_stride + g*dim. */
void attention_queries(const simd *s, const attention_head *head, const float *q, size_t q_stride, size_t first,
                       size_t n, float *out, size_t out_stride, float *scratch);

#endif
