/* directions_kmeans.h - a few lines through the origin such that every row lies close to one of them.
 *
 * Spherical k-means where a row and its negative are the same: rows u_i = x_i/|x_i| belong to the centre with the
 * largest |<u_i, c>|, and a centre becomes the normalised Σ w_i sign(<u_i, c>) u_i of its rows, so Σ w_i |<u_i, c>|
 * never falls. The first centre is a drawn row, each further one the row whose nearest centre (in <u, c>, sign and all)
 * is farthest. Of equals the first wins; a centre without rows stays where it is; it ends when no row changes.
 *
 * Threads (NULL: none) share rows of an assignment and columns of an update, where there are enough of them: the
 * result has the same bits whoever does it.
 *
 * Rows shorter than 2^-23 of the longest have no direction and are left out.
 */
#ifndef KVANT_KERNELS_DIRECTIONS_KMEANS_H
#define KVANT_KERNELS_DIRECTIONS_KMEANS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/fan.h"

typedef struct directions_input {
    const float *rows;    /* n x dim, finite */
    const float *weights; /* n, positive; NULL: 1 for all */
    size_t n, dim;
    size_t k;       /* centres wanted */
    int iterations; /* at most so many updates */
    uint64_t draw;  /* chooses the first centre: the row draw mod (rows with a direction) among these */
} directions_input;

/* Bytes of work for directions_kmeans, aligned like a double. */
size_t directions_work(const directions_input *in);

/* Writes min(k, rows with a direction) unit centres of dim values; returns their number. [any thread] */
size_t directions_kmeans(const directions_input *in, float *centres, void *work, const fan *threads);

/* nearest[i] = argmax over the k >= 1 centres of |<x_i, c>|, the first of equals; along[i], if not NULL, = <x_i, c> of
 * that one. Centres need not have unit length. space: directions_nearest_space floats. [any thread] */
void directions_nearest(const float *rows, size_t n, size_t dim, const float *centres, size_t k, uint8_t *nearest,
                        float *along, float *space, const fan *threads);
size_t directions_nearest_space(size_t n, size_t dim, size_t k);

enum { DIRECTIONS_MAX = 256 }; /* centres */

#endif
