#include "plugins/kvarn/balance.h"

#include <math.h>
#include <string.h>

#define DEVIATION_MIN  1e-3
#define DEVIATION_MAX  1e3
#define DEVIATION_TINY 1e-8 /* what an imbalance divides by at least */

/* Logarithms of the factors, what to multiply by for them, and the deviations that are left. */
typedef struct side {
    size_t n;
    double *log_factor, *inverse, *deviation, *sum;
} side;

static double clamp(double v, double low, double high)
{
    return fmin(fmax(v, low), high);
}

static double deviation_of(double sum, double squares, size_t n)
{
    const double variance = (squares - sum * sum / (double)n) / (double)(n - 1);
    return sqrt(fmax(variance, 0.0));
}

/* Of a side whose sums and squares (in deviation) are there, over `count` values each. */
static void set_deviations(side *s, size_t count)
{
    for (size_t i = 0; i < s->n; i++)
        s->deviation[i] = s->inverse[i] * deviation_of(s->sum[i], s->deviation[i], count);
}

static void measure_columns(const loops *l, const float *m, const side *lines, side *columns)
{
    memset(columns->sum, 0, columns->n * sizeof(double));
    memset(columns->deviation, 0, columns->n * sizeof(double));
    for (size_t i = 0; i < lines->n; i++)
        l->add_moments(m + i * columns->n, lines->inverse[i], columns->n, columns->sum, columns->deviation);
    set_deviations(columns, lines->n);
}

static void measure_lines(const loops *l, const float *m, side *lines, const side *columns)
{
    l->line_moments(m, lines->n, columns->n, columns->inverse, lines->sum, lines->deviation);
    set_deviations(lines, columns->n);
}

/* Divides by the deviations, as far as the limits let it. */
static void level(side *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const double log_deviation = log(clamp(s->deviation[i], DEVIATION_MIN, DEVIATION_MAX));
        s->log_factor[i] = clamp(s->log_factor[i] + log_deviation, BALANCE_LOG_MIN, BALANCE_LOG_MAX);
        s->inverse[i] = exp(-s->log_factor[i]);
    }
}

static double spread(const side *s)
{
    double least = s->deviation[0], most = s->deviation[0];
    for (size_t i = 1; i < s->n; i++) {
        least = fmin(least, s->deviation[i]);
        most = fmax(most, s->deviation[i]);
    }
    return most / fmax(least, DEVIATION_TINY);
}

static side side_of(size_t n, double **room)
{
    side s = { .n = n, .log_factor = *room, .inverse = *room + n, .deviation = *room + 2 * n, .sum = *room + 3 * n };
    *room += 4 * n;
    for (size_t i = 0; i < n; i++) {
        s.log_factor[i] = 0.0;
        s.inverse[i] = 1.0;
    }
    return s;
}

const double *balance_columns(const loops *l, const float *matrix, size_t n_lines, size_t n_columns, int iterations,
                              double *room)
{
    side lines = side_of(n_lines, &room), columns = side_of(n_columns, &room);
    double *best = room;
    memcpy(best, columns.log_factor, n_columns * sizeof *best);
    measure_columns(l, matrix, &lines, &columns);
    measure_lines(l, matrix, &lines, &columns);
    double least = spread(&columns) + spread(&lines);
    for (int k = 0; k < iterations; k++) {
        level(&columns);
        measure_lines(l, matrix, &lines, &columns);
        level(&lines);
        measure_columns(l, matrix, &lines, &columns);
        measure_lines(l, matrix, &lines, &columns);
        const double imbalance = spread(&columns) + spread(&lines);
        if (!(imbalance <= least)) continue;
        least = imbalance;
        memcpy(best, columns.log_factor, n_columns * sizeof *best);
    }
    for (size_t j = 0; j < n_columns; j++)
        best[j] = exp(best[j]);
    return best;
}
