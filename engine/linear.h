/* linear.h - matrices of weights in the types of the file, and their product with rows of activations.
 *
 * y = x W^T + b: W has n_out rows of n_in values in a GGUF type. Rows of W become f32 a panel at a time on their way to
 * the multiplication; a model small enough keeps the panels (linear_keep). Sums run in ascending order of n_in with
 * fused multiply-adds (kernels/simd.h), so a row of y depends on its row of x alone: not on threads, batch or
 * instruction set.
 */
#ifndef KVANT_ENGINE_LINEAR_H
#define KVANT_ENGINE_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/pool.h"
#include "engine/tensor.h"
#include "kernels/simd.h"

typedef struct linear {
    const tensor_type *type;
    const uint8_t *rows; /* n_out rows of row_bytes, inside the mapped file */
    size_t row_bytes;
    size_t n_in, n_out;
    float *bias;   /* n_out, or NULL; owned */
    float *panels; /* all of W as f32 panels, or NULL; owned */
} linear;

/* Threads, instruction set and scratch space that products share. One product at a time. */
typedef struct linear_work {
    pool *crew;
    const simd *simd;
    float **scratch; /* one per thread */
    size_t scratch_floats;
} linear_work;

bool linear_work_open(linear_work *w, int threads, fault *f);
void linear_work_close(linear_work *w);

/* Converts all of W to f32 panels once; 4 bytes per weight. */
bool linear_keep(linear *l, const linear_work *w, fault *f);
void linear_release(linear *l);

/* y (m x n_out) = x (m x n_in) W^T + b, both row-major. False when there is no memory for scratch. */
bool linear_apply(const linear *l, linear_work *w, const float *x, size_t m, float *y, fault *f);

/* Row i of W as f32: the embedding of token i. */
void linear_row(const linear *l, size_t i, float *row);

#endif
