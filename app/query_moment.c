#include "app/query_moment.h"

#include <string.h>

/* R M R': the rows of the symmetric M turned, then its columns. */
static void turn(const rope_table *rope, float *m, size_t dim, int distance)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < dim; i++)
            rope_rotate(rope, m + i * dim, distance);
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j < i; j++) {
                const float x = m[i * dim + j];
                m[i * dim + j] = m[j * dim + i];
                m[j * dim + i] = x;
            }
    }
}

void query_moment_met(const rope_table *rope, const double *plain, size_t dim, size_t positions, float *scratch,
                      double *met)
{
    const double all = (double)positions * (double)(positions + 1) / 2;
    memset(met, 0, dim * dim * sizeof *met);
    for (size_t distance = 0; distance < positions; distance++) {
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j <= i; j++)
                scratch[i * dim + j] = scratch[j * dim + i] = (float)plain[i * dim + j];
        turn(rope, scratch, dim, (int)distance);
        for (size_t i = 0; i < dim * dim; i++)
            met[i] += (double)(positions - distance) / all * (double)scratch[i];
    }
}
