#include "plugins/kakeya/codebook.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ROUNDS = 10000 };

/* Ascending as integers exactly when the numbers ascend (-0 before 0). */
static uint32_t key_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* By digits of the key, the last ones first; `room` holds n values. */
static void sort(float *values, size_t n, float *room)
{
    enum { DIGIT = 11, CELLS = 1 << DIGIT, PASSES = 3 };
    for (int pass = 0; pass < PASSES; pass++) {
        size_t at[CELLS] = { 0 }, before = 0;
        for (size_t i = 0; i < n; i++)
            at[key_of(values[i]) >> DIGIT * pass & (CELLS - 1)]++;
        for (size_t k = 0; k < CELLS; k++) {
            const size_t here = at[k];
            at[k] = before;
            before += here;
        }
        for (size_t i = 0; i < n; i++)
            room[at[key_of(values[i]) >> DIGIT * pass & (CELLS - 1)]++] = values[i];
        memcpy(values, room, n * sizeof *values);
    }
}

/* The number of samples below a boundary. */
static size_t below(const float *sorted, size_t n, double boundary)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if ((double)sorted[middle] < boundary)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Levels outside the samples would stay there: when one has none, all start from the samples' quantiles instead, unless
 * there are too few different values for that. */
static void start(const float *sorted, size_t n, double *level, size_t n_levels)
{
    bool all_used = true, ascending = true;
    for (size_t k = 0, from = 0, to; k < n_levels; k++, from = to) {
        to = k + 1 < n_levels ? below(sorted, n, 0.5 * (level[k] + level[k + 1])) : n;
        all_used = all_used && to > from;
    }
    for (size_t k = 1; k < n_levels; k++)
        ascending = ascending && sorted[(2 * k - 1) * n / (2 * n_levels)] < sorted[(2 * k + 1) * n / (2 * n_levels)];
    for (size_t k = 0; k < n_levels && !all_used && ascending; k++)
        level[k] = (double)sorted[(2 * k + 1) * n / (2 * n_levels)];
}

void codebook_fit(float *samples, size_t n, double *level, size_t n_levels, double *sums)
{
    sort(samples, n, (float *)(void *)sums);
    start(samples, n, level, n_levels);
    sums[0] = 0.0;
    for (size_t i = 0; i < n; i++)
        sums[i + 1] = sums[i] + (double)samples[i];
    double moved = 1.0;
    for (int round = 0; round < ROUNDS && moved > 1e-12; round++) {
        size_t from = 0;
        moved = 0.0;
        for (size_t k = 0; k < n_levels; k++) {
            const size_t to = k + 1 < n_levels ? below(samples, n, 0.5 * (level[k] + level[k + 1])) : n;
            const double mean = to > from ? (sums[to] - sums[from]) / (double)(to - from) : level[k];
            moved = fmax(moved, fabs(mean - level[k]));
            level[k] = mean;
            from = to;
        }
    }
}
