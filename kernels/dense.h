/* dense.h - inner loops of linear algebra in f64 and of clustering, once per instruction set.
 *
 * One source for all levels of kernels/cpu.h: every product and every sum is rounded by itself and each value of a
 * result is summed in one order, so all levels give the same bits. Blocks are DENSE_BLOCK columns wide and stand row
 * after row without gaps: they stay in the first-level cache, and different blocks are work for different threads.
 */
#ifndef KVANT_KERNELS_DENSE_H
#define KVANT_KERNELS_DENSE_H

#include <stddef.h>
#include <stdint.h>

enum { DENSE_BLOCK = 32 };

typedef struct dense {
    /* c += Σ_k x_k y_k' for n rows x_k and y_k of a block's width, c a block of as many rows; k ascending. */
    void (*add_products)(double *c, const double *x, const double *y, size_t n);

    /* A step of turning a symmetric matrix into a tridiagonal one, for its last n rows and columns, `stride` apart:
     * row_i -= v_i w + w_i v, and then p = Σ_i u_i row_i, i ascending. */
    void (*eliminate)(double *rows, size_t stride, size_t n, const double *v, const double *w, const double *u,
                      double *p);

    /* z -= tau v (v' z) for a block of n rows. */
    void (*reflect)(double *z, size_t n, const double *v, double tau);

    /* n rotations, one after the other, of the rows i and i+1 of a block, i = first, first-1 … :
     * (z_i, z_i+1) = (c z_i - s z_i+1, s z_i + c z_i+1), with (c, s) pairs in cs. */
    void (*turn)(double *z, size_t first, size_t n, const double *cs);

    /* sum += w x for n values. */
    void (*add_weighted)(double *sum, const float *x, double w, size_t n);

    /* nearest[i] = argmax over j < k <= 256 of |p[j * stride + i]| for i < n, the first of equals; along[i] = that p.
     */
    void (*largest)(const float *p, size_t stride, size_t k, size_t n, uint8_t *nearest, float *along);
} dense;

/* The fastest level this processor runs, or the one that KVANT_SIMD names. Ask once. */
const dense *dense_best(void);

/* For a level of kernels/cpu.h that this processor runs. */
const dense *dense_at(int level);

#endif
