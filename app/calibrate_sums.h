/* calibrate_sums.h - what a calibration sums over a text, layer by layer, as the model runs.
 *
 * Of every kv head: the second moments of the queries that meet its keys, and how much attention each position gets. A
 * piece of the text (the positions of one call of the tap, in one layer) is shared out among all threads, also where
 * there is one kv head: positions, 64 at a time, for attention, whose parts are added in the order of positions; tiles
 * of the moments, each summed over all queries in their order. So sums do not depend on the number of threads.
 */
#ifndef KVANT_APP_CALIBRATE_SUMS_H
#define KVANT_APP_CALIBRATE_SUMS_H

#include "base/pool.h"
#include "engine/cache.h"
#include "engine/model.h"
#include "kernels/rope.h"

/* Moments of queries: before RoPE, after it, and before it but turned by every distance to a key. */
enum { CALIBRATE_PLAIN, CALIBRATE_ROTATED, CALIBRATE_MET, CALIBRATE_FORMS };

/* The sums of one layer and kv head. */
typedef struct head_sums {
    double *moment[CALIBRATE_FORMS]; /* dim x dim; the lower triangle, of CALIBRATE_MET all */
    double *attention;               /* per position: Σ (j+1) times the softmax weight it gets from the query at j */
} head_sums;

typedef struct calibrate_piece {
    const model_shape *shape;
    const kv_cache *cache; /* keys before RoPE, at positions 0 … first+n-1 */
    const rope_table *rope;
    const float *q; /* n x heads x dim, before RoPE */
    int layer;
    size_t first, n;
} calibrate_piece;

/* Adds the piece to the layer's sums, one per kv head; CALIBRATE_MET is left alone. */
bool calibrate_add(const calibrate_piece *p, pool *crew, head_sums *sums, fault *f);

#endif
