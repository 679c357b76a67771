/* qprecond.h - the parts of the whitening wrapper: its state, and the trial that decides whether it whitens. */
#ifndef KVANT_PLUGINS_QPRECOND_QPRECOND_H
#define KVANT_PLUGINS_QPRECOND_QPRECOND_H

#include "kernels/fan.h"
#include "plugins/wrapper.h"

enum { QPRECOND_OPEN = -1, QPRECOND_PLAIN, QPRECOND_WHITENED }; /* not decided; rows as they are; rows times L */

typedef struct qprecond {
    wrapper base;
    kvant_shape shape;
    const kvant_inner *inner; /* for trials */
    double ridge;
    int skip;
    int plain; /* whiten by the queries before RoPE */
    int decision;
    fan threads;     /* the host's parallel */
    double *factors; /* [head][n][n]; NULL before calibrate or load, and where it is known to be of no use */
} qprecond;

/* Rows times L, in w->base.rows. KVANT_E_RANGE, with a message, when a value leaves f32. */
int qprecond_whiten(qprecond *w, size_t first, const float *rows, size_t n_rows);

/* The moment of the queries as keys meet them: by what an error is measured. */
const float *qprecond_met(const kvant_samples *samples);

/* What the inner codec is calibrated with: whitened holds n_rows of samples->rows times L, moments one identity per
 * head. */
kvant_samples qprecond_whitened(const kvant_samples *samples, const float *whitened, size_t n_rows,
                                const float *moments);

/* The inner codec's mean error (k - k̂) M (k - k̂)', as a share of k M k', for each decision: calibrated with the first
 * half of the sample sequences and measured on the others, encoder and decoder apart. M is qprecond_met's.
 * Infinite where the inner codec says that a value is beyond its range. */
int qprecond_trial(qprecond *w, const kvant_samples *samples, const float *moments, double error[2]);

#endif
