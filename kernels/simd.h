/* simd.h - the inner loops that every token passes through, one table of them per instruction set.
 *
 * Each level (portable, AVX2, AVX-512, NEON) is the same source compiled for another machine, and all give the same
 * bits: a product's sum runs over k in ascending order with one fused multiply-add per step, and reductions use 16
 * fixed lanes. So a result depends neither on the machine nor on how the work was cut into tasks or batches; a row of a
 * product does not even depend on which other rows were computed with it.
 *
 *     const simd *s = simd_best();
 *     s->pack(weights, k, n, k, panel);                          n <= s->width rows of B^T, once
 *     s->panel(a, k, m, panel, s->width, k, c, ldc, n, false);   C[m x n] = A[m x k] B, as often as wanted
 *
 * All functions: [any thread].
 */
#ifndef KVANT_KERNELS_SIMD_H
#define KVANT_KERNELS_SIMD_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/packed.h"

typedef struct simd {
    const char *name;
    int width; /* columns of a panel */

    /* Transposes n <= width rows of k f32 (row i at rows + i*stride) into panel[k][width], zeros in unused columns. */
    void (*pack)(const float *rows, size_t stride, int n, size_t k, float *panel);

    /* C[m x n] = A[m x k] · B[k x n], or C += with add; n <= width. Row kk of B stands at b + kk*ldb and must be
     * readable for `width` floats. C is written in n columns only. */
    void (*panel)(const float *a, size_t lda, size_t m, const float *b, size_t ldb, size_t k, float *c, size_t ldc,
                  int n, bool add);

    /* C[m x n] = A[m x k] · B[k x n] for any n and a B whose rows stand side by side, read once and from far away: few
     * rows of A. Nothing past B's last value is read. */
    void (*far_rows)(const float *a, size_t lda, size_t m, const float *b, size_t k, size_t n, float *c, size_t ldc);

    /* row[0 … n) = softmax(scale * row[0 … n)); row[n … padded) = 0. */
    void (*softmax)(float *row, size_t n, size_t padded, float scale);

    /* gate[i] = silu(gate[i]) * up[i], the gated feed-forward of llama. */
    void (*silu_mul)(float *gate, const float *up, size_t n);

    /* gate[i] = gelu(gate[i]) * up[i] with the tanh form of GELU (Hendrycks and Gimpel, arXiv 1606.08415), gemma's. */
    void (*gelu_mul)(float *gate, const float *up, size_t n);

    /* `steps` rounds of fused multiply-adds on registers, which is the most this machine can do; returns how many
     * floating point operations that was. For measuring. */
    size_t (*busy)(size_t steps, float *sink);

    /* Products with packed weights, one entry per packed_form. */
    const packed_kernel *packed;
} simd;

/* The fastest level this processor runs, or the one that KVANT_SIMD names (kernels/cpu.h). */
const simd *simd_best(void);

/* Level i of those this build has and this processor runs, the portable one first; NULL past the last. For tests. */
const simd *simd_level(int i);

#endif
