#include "app/query_moment.h"

#include <string.h>

/* Both the query's and the key's rotation may lengthen what they turn; position 0 only lengthens. */
static void turn_row(const rope_table *rope, float *row, int distance)
{
    rope_rotate(rope, row, distance);
    if (rope->magnitude != 0 && rope->magnitude != 1) rope_rotate(rope, row, 0);
}

/* R M R': the rows of the symmetric M turned, then its columns. */
static void turn(const rope_table *rope, float *m, size_t dim, int distance)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < dim; i++)
            turn_row(rope, m + i * dim, distance);
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j < i; j++) {
                const float x = m[i * dim + j];
                m[i * dim + j] = m[j * dim + i];
                m[j * dim + i] = x;
            }
    }
}

void query_moment_met(const rope_table *rope, const double *plain, size_t dim, size_t positions, size_t window,
                      float *scratch, double *met)
{
    const size_t distances = window > 0 && window < positions ? window : positions;
    const double all = (double)distances * (2 * (double)positions - (double)distances + 1) / 2;
    memset(met, 0, dim * dim * sizeof *met);
    for (size_t distance = 0; distance < distances; distance++) {
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j <= i; j++)
                scratch[i * dim + j] = scratch[j * dim + i] = (float)plain[i * dim + j];
        turn(rope, scratch, dim, (int)distance);
        for (size_t i = 0; i < dim * dim; i++)
            met[i] += (double)(positions - distance) / all * (double)scratch[i];
    }
}
