/* weights.h - softmax in pieces: the weights of one query's attention, a run of positions at a time.
 *
 * exp(scale (score - max)) with the maximum over all runs, and their sum, by which whoever adds up the runs divides.
 * Weights below WEIGHTS_LEAST of the largest one (which is 1) are 0 and not in the sum: what they would add is less
 * than rounding leaves of it, and rows with weight 0 need not be read. The sum has 16 fixed lanes counted from the
 * run's first score, so all levels give the same bits.
 *
 *     const weigher *w = weigher_best();
 *     float max = fmaxf(w->max(scores, 512), w->max(scores + 512, 100));
 *     float sum = w->make(scores, 512, max, scale, to, &kept);
 *     sum += w->make(scores + 512, 100, max, scale, to + 512, &kept);
 */
#ifndef KVANT_KERNELS_WEIGHTS_H
#define KVANT_KERNELS_WEIGHTS_H

#include <stddef.h>

#define WEIGHTS_LEAST 1e-6f

typedef struct weigher {
    /* The largest of n scores; -infinity of none. [any thread] */
    float (*max)(const float *scores, size_t n);

    /* to[0 ... n): the weights of finite scores; to may be scores. *kept grows by those that are not 0. Returns their
     * sum. scale > 0. [any thread] */
    float (*make)(const float *scores, size_t n, float max, float scale, float *to, size_t *kept);
} weigher;

/* The fastest level this processor runs, or the one that KVANT_SIMD names (kernels/cpu.h). */
const weigher *weigher_best(void);

/* Level i of those this build has and this processor runs, the portable one first; NULL past the last. For tests. */
const weigher *weigher_level(int i);

#endif
