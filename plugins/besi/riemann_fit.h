/* riemann_fit.h - the scales and levels that riemann_besi takes from calibration rows. */
#ifndef KVANT_PLUGINS_BESI_RIEMANN_FIT_H
#define KVANT_PLUGINS_BESI_RIEMANN_FIT_H

#include <stdbool.h>

#include "plugins/besi/mean_blocks.h"

enum { RIEMANN_GROUP = 2, RIEMANN_PAIRS_MAX = BESI_N_MAX / RIEMANN_GROUP };

enum { RIEMANN_SQRT_TRACE, RIEMANN_RMS, RIEMANN_PCT95, RIEMANN_PCT99, RIEMANN_PCT999 };

typedef struct riemann_fit {
    const mean_blocks *blocks; /* dim, and what is subtracted before anything is measured */
    const besi_lines *lines;
    int scale_kind;
    int bits;
    bool calibrated; /* levels fitted to the rows instead of Gaussian quantiles */
} riemann_fit;

/* scale[pair], for dim/2 pairs of columns, over all rows, with alpha the signed length along the nearest of 16 lines:
 *     sqrt_trace √(mean of x²)    rms √(mean of alpha²)    pctN the N-th percentile of |alpha|, over 2.7
 * level: 2^bits, ascending and symmetric, for alpha/scale: the quantiles (i+½)/2^bits of N(0,1), or Lloyd-Max for what
 * the rows have, all pairs together. A pair that hardly moved gets 1e-4 of the largest scale; rows of nothing but zeros
 * get scale 1 and Gaussian levels. KVANT_OK or an error with a message. */
int riemann_fit_rows(const riemann_fit *f, const kvant_samples *samples, float *scale, double *level);

/* The quantiles (i+½)/2^bits of N(0,1), ascending and symmetric. */
void riemann_gauss_levels(int bits, double *level);

#endif
