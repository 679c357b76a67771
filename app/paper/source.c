#include "app/paper/source.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/random.h"

enum { TILE = 128 };

source source_normal(size_t n, int dim, uint64_t seed)
{
    source s = { malloc(n * (size_t)dim * sizeof(float)), n, dim };
    for (size_t i = 0; s.rows && i < n * (size_t)dim; i++)
        s.rows[i] = (float)random_normal(seed, i);
    return s;
}

/* The figures after a rotation depend on which channels these are, 0.07 … 0.20 for 2 bits a token: these give the
 * survey's. */
static const int biased_channels[] = { 26, 61, 68, 117 };

source source_tiles(size_t n_tiles, int biased, int scaled, uint64_t seed)
{
    source s = source_normal(n_tiles * TILE, TILE, seed);
    for (size_t t = 0; s.rows && t < s.n; t++) {
        float *row = s.rows + t * TILE;
        for (size_t i = 0; biased && i < sizeof biased_channels / sizeof *biased_channels; i++)
            row[biased_channels[i]] = 20 + 5 * row[biased_channels[i]];
        const double scale = scaled ? exp(random_normal(seed + 1, t)) : 1;
        for (size_t i = 0; i < TILE; i++)
            row[i] = (float)(scale * (double)row[i]);
    }
    return s;
}

source source_correlated(size_t n, int dim, const double *lower, uint64_t seed)
{
    source s = source_normal(n, dim, seed);
    for (size_t t = 0; s.rows && t < n; t++) {
        float *row = s.rows + t * (size_t)dim;
        for (int i = dim - 1; i >= 0; i--) { /* downwards: L is lower, so what is still needed stands */
            double sum = 0;
            for (int j = 0; j <= i; j++)
                sum += lower[i * dim + j] * (double)row[j];
            row[i] = (float)sum;
        }
    }
    return s;
}

void source_free(source *s)
{
    free(s->rows);
    s->rows = NULL;
}
