/* source.h - seeded synthetic rows. The same on every run; libm's last bit apart, on every machine. */
#ifndef KVANT_APP_PAPER_SOURCE_H
#define KVANT_APP_PAPER_SOURCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct source {
    float *rows; /* n x dim; NULL when there was no memory */
    size_t n;
    int dim;
} source;

/* Independent N(0, 1). */
source source_normal(size_t n, int dim, uint64_t seed);

/* Tiles of 128 x 128 like the stylised keys of the survey: N(0, 1); with `biased`, one channel in every 32 has mean 20
 * and deviation 5 in all rows; with `scaled`, every row is multiplied by exp(N(0, 1)). */
source source_tiles(size_t n_tiles, int biased, int scaled, uint64_t seed);

/* Rows with covariance C = L L', from the lower triangle L (dim x dim, row-major). */
source source_correlated(size_t n, int dim, const double *lower, uint64_t seed);

void source_free(source *s);

#endif
