/* linear.h - matrices of weights in the types of the file, and their products with rows of activations.
 *
 * y = x W^T + b: W has n_out rows of n_in values in a GGUF type. linear_keep puts them once into panels of the same few
 * bits (kernels/packed.h). One row of x is multiplied with the panels as they stand; for many rows a stretch of a panel
 * becomes f32 in the first-level cache and all rows go through it. Sums run in ascending order of n_in with fused
 * multiply-adds (kernels/simd.h), so a row of y depends on its row of x alone: not on threads, batch or instruction
 * set. Where the processor multiplies tiles of bytes, weights that are codes go through kernels/products.h instead,
 * whose sums are as exact and other ones.
 *
 * What follows a product element by element is done by the task that has just made the values:
 *
 *     linear_round r = { .x = h, .m = m, .n = 2, .parts = { { gate, g }, { up, u } }, .gate = s->silu_mul };
 *     linear_run(&r, &work, &f);                                  g = silu(h Wgate^T) * (h Wup^T), shared out once
 */
#ifndef KVANT_ENGINE_LINEAR_H
#define KVANT_ENGINE_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/pool.h"
#include "engine/tensor.h"
#include "kernels/products.h"
#include "kernels/simd.h"

typedef struct linear {
    const tensor_type *type;
    const uint8_t *rows; /* n_out rows of row_bytes, inside the mapped file */
    size_t row_bytes;
    size_t n_in, n_out;
    float *bias;              /* n_out, or NULL; owned */
    uint8_t *panels;          /* all of W, or NULL; the caller's */
    int width;                /* of the panels */
    const products *products; /* that the panels are made for, or NULL */
} linear;

/* Threads, instruction set and scratch space that products share. One product at a time. */
typedef struct linear_work {
    pool *crew;
    const simd *simd;
    const products *products; /* NULL: all weights go through simd */
    float **scratch;          /* one per thread */
    size_t scratch_bytes;
    uint8_t *digits; /* of the rows that are multiplied, for products */
    size_t digits_bytes;
} linear_work;

bool linear_work_open(linear_work *w, int threads, fault *f);
void linear_work_close(linear_work *w);

/* Gives back what a product of many rows left, some 6 bytes a value of them; the next one gets it anew. */
void linear_work_rest(linear_work *w);

/* Bytes that panels of all of W take, a multiple of 64: as many as in the file, or somewhat more
 * (docs/performance/engine.md). */
size_t linear_bytes(const linear *l, const linear_work *w);

/* Makes them, with the threads of w. panels: linear_bytes of them, aligned to 64; they stay the caller's. */
void linear_keep(linear *l, const linear_work *w, uint8_t *panels);
void linear_release(linear *l);

/* Several products of the same rows in one round of the pool. */
typedef struct linear_part {
    const linear *l;
    float *y;    /* m x n_out */
    float *onto; /* m x n_out, or NULL: y is added to it when it is done */
} linear_part;

enum { LINEAR_PARTS = 3 };

typedef struct linear_round {
    const float *x; /* m x n_in */
    size_t m, n;    /* rows; parts */
    linear_part parts[LINEAR_PARTS];
    /* Or NULL: y of part 0 = gate(y of part 0, y of part 1); n is 2 and both have the same shape. */
    void (*gate)(float *gate, const float *up, size_t n);
} linear_round;

/* False when there is no memory for scratch. */
bool linear_run(const linear_round *r, linear_work *w, fault *f);

/* y (m x n_out) = x (m x n_in) W^T + b, both row-major: a round with one part. */
bool linear_apply(const linear *l, linear_work *w, const float *x, size_t m, float *y, fault *f);

/* Row i of W as f32: the embedding of token i. */
void linear_row(const linear *l, size_t i, float *row);

#endif
