#include "kernels/lloyd_table.h"

#include <math.h>

enum { HALF_MAX_LEVELS = 1 << (LLOYD_TABLE_BITS_MAX - 1), STEPS = 1000 };

/* The table with the mass and the first moment below each edge. */
typedef struct table {
    const double *edge, *mass;
    double *below, *first;
    int n;
} table;

typedef struct moments {
    double mass, first;
} moments;

static bool prepare(table *t)
{
    t->below[0] = t->first[0] = 0.0;
    for (int i = 0; i < t->n; i++) {
        t->below[i + 1] = t->below[i] + t->mass[i];
        t->first[i + 1] = t->first[i] + t->mass[i] * 0.5 * (t->edge[i] + t->edge[i + 1]);
    }
    return t->below[t->n] > 0.0;
}

/* The cell that holds t, which is at least edge[0]; the last one when t is beyond all. */
static int cell_of(const table *t, double value)
{
    int low = 0, high = t->n;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (value >= t->edge[middle])
            low = middle;
        else
            high = middle;
    }
    return low;
}

static moments moments_below(const table *t, double value)
{
    const int i = cell_of(t, value);
    const double width = t->edge[i + 1] - t->edge[i];
    const double share = fmin(1.0, fmax(0.0, (value - t->edge[i]) / width));
    const double mass = share * t->mass[i];
    return (moments){ t->below[i] + mass, t->first[i] + mass * (t->edge[i] + 0.5 * share * width) };
}

/* The middles of equal shares of f^(1/3), which is optimal for many levels (Panter and Dite 1951). */
static void spread(const table *t, int n, double *c)
{
    double total = 0.0, before = 0.0;
    for (int i = 0; i < t->n; i++) {
        const double width = t->edge[i + 1] - t->edge[i];
        total += width * cbrt(t->mass[i] / width);
    }
    for (int i = 0, k = 0; i < t->n && k < n; i++) {
        const double width = t->edge[i + 1] - t->edge[i], share = width * cbrt(t->mass[i] / width);
        for (; k < n && (k + 0.5) / n * total < before + share; k++)
            c[k] = t->edge[i] + ((k + 0.5) / n * total - before) / share * width;
        before += share;
    }
}

/* Every level to the mean of its cell, whose ends are midpoints of old levels; one without mass stays. Returns the
 * largest move. */
static double step(const table *t, int n, double *c)
{
    double worst = 0.0;
    moments low = { 0 };
    for (int k = 0; k < n; k++) {
        const moments high =
            k + 1 < n ? moments_below(t, 0.5 * (c[k] + c[k + 1])) : (moments){ t->below[t->n], t->first[t->n] };
        const double mass = high.mass - low.mass;
        if (mass > 1e-12 * t->below[t->n]) {
            const double mean = (high.first - low.first) / mass;
            worst = fmax(worst, fabs(mean - c[k]));
            c[k] = mean;
        }
        low = high;
    }
    return worst;
}

bool lloyd_table(const double *edge, const double *mass, int n, int bits, double *work, double *level)
{
    table t = { .edge = edge, .mass = mass, .below = work, .first = work + n + 1, .n = n };
    double c[HALF_MAX_LEVELS] = { 0 };
    if (bits < 1 || bits > LLOYD_TABLE_BITS_MAX || !prepare(&t)) return false;

    const int half = 1 << (bits - 1);
    spread(&t, half, c);
    for (int i = 0; i < STEPS && step(&t, half, c) > 1e-9 * c[half - 1]; i++)
        ;
    for (int k = 0; k < half; k++) {
        level[half + k] = c[k];
        level[half - 1 - k] = -c[k];
        if (!(c[k] > (k > 0 ? c[k - 1] : 0.0))) return false;
    }
    return true;
}
