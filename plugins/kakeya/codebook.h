/* codebook.h - levels fitted to samples: Lloyd's iteration, to its end. */
#ifndef KVANT_PLUGINS_KAKEYA_CODEBOOK_H
#define KVANT_PLUGINS_KAKEYA_CODEBOOK_H

#include <stddef.h>

/* Moves `n_levels` ascending levels until each is the mean of the n >= 1 samples nearest to it (or 10000 rounds); the
 * squared error of the samples never rises. Where a level given has no samples, all begin at the samples' quantiles
 * instead; where these are not all different it stays where it is. Sorts the samples; sums: n + 1 doubles of room. */
void codebook_fit(float *samples, size_t n, double *level, size_t n_levels, double *sums);

#endif
