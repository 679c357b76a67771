#include "plugins/kakeya/codebook.h"

#include <math.h>
#include <stdbool.h>

enum { ROUNDS = 10000 };

static void sift(float *heap, size_t at, size_t n)
{
    const float moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (!(heap[child] > moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static void sort(float *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(values, i, n);
    for (size_t end = n; end-- > 1;) {
        const float largest = values[0];
        values[0] = values[end];
        values[end] = largest;
        sift(values, 0, end);
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
    sort(samples, n);
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
