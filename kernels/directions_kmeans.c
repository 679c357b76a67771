#include "kernels/directions_kmeans.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/simd.h"

enum { WIDEST_PANEL = 64 };

typedef struct cluster_work {
    double *sums;           /* k x dim */
    float *units, *weights; /* m x dim, m */
    float *closest;         /* m: the largest <u, c> so far */
    float *space;           /* for directions_nearest */
    uint8_t *nearest, *before;
    size_t m; /* rows with a direction */
} cluster_work;

static size_t even(size_t n)
{
    return n + n % 2;
}

size_t directions_nearest_space(size_t n, size_t dim, size_t k)
{
    return n * k + dim * WIDEST_PANEL;
}

size_t directions_work(const directions_input *in)
{
    const size_t floats = in->n * in->dim + 2 * in->n + directions_nearest_space(in->n, in->dim, in->k);
    return in->k * in->dim * sizeof(double) + even(floats) * sizeof(float) + 2 * in->n;
}

static cluster_work lay_out(const directions_input *in, void *memory)
{
    cluster_work w = { .sums = memory };
    w.units = (float *)(w.sums + in->k * in->dim);
    w.weights = w.units + in->n * in->dim;
    w.closest = w.weights + in->n;
    w.space = w.closest + in->n;
    w.nearest = (uint8_t *)(w.space + directions_nearest_space(in->n, in->dim, in->k));
    w.before = w.nearest + in->n;
    return w;
}

/* <x_i, c_j> for all rows and centres; the packed centres stand behind them. */
static void products(const float *rows, size_t n, size_t dim, const float *centres, size_t k, float *out)
{
    const simd *s = simd_best();
    const size_t width = (size_t)s->width;
    float *strip = out + n * k;
    for (size_t j = 0; j < k; j += width) {
        const int columns = (int)(k - j < width ? k - j : width);
        s->pack(centres + j * dim, dim, columns, dim, strip);
        s->panel(rows, dim, n, strip, width, dim, out + j, k, columns, false);
    }
}

void directions_nearest(const float *rows, size_t n, size_t dim, const float *centres, size_t k, uint8_t *nearest,
                        float *along, float *space)
{
    products(rows, n, dim, centres, k, space);
    for (size_t i = 0; i < n; i++) {
        const float *p = space + i * k;
        size_t best = 0;
        for (size_t j = 1; j < k; j++)
            if (fabsf(p[j]) > fabsf(p[best])) best = j;
        nearest[i] = (uint8_t)best;
        if (along) along[i] = p[best];
    }
}

static double length_of(const float *x, size_t dim)
{
    double sum = 0.0;
    for (size_t d = 0; d < dim; d++)
        sum += (double)x[d] * (double)x[d];
    return sqrt(sum);
}

static void gather_units(const directions_input *in, cluster_work *w)
{
    double longest = 0.0;
    for (size_t i = 0; i < in->n; i++)
        longest = fmax(longest, length_of(in->rows + i * in->dim, in->dim));
    for (size_t i = 0; i < in->n; i++) {
        const float *x = in->rows + i * in->dim;
        const double length = length_of(x, in->dim);
        if (!(length > 0x1p-23 * longest)) continue;
        w->weights[w->m] = in->weights ? in->weights[i] : 1.0f;
        for (size_t d = 0; d < in->dim; d++)
            w->units[w->m * in->dim + d] = (float)((double)x[d] / length);
        w->m++;
    }
}

/* Farthest first, by the signed cosine. */
static void spread(const directions_input *in, cluster_work *w, float *centres, size_t k)
{
    size_t next = (size_t)(in->draw % w->m);
    for (size_t i = 0; i < w->m; i++)
        w->closest[i] = -2.0f;
    for (size_t j = 0; j < k; j++) {
        memcpy(centres + j * in->dim, w->units + next * in->dim, in->dim * sizeof *centres);
        products(w->units, w->m, in->dim, centres + j * in->dim, 1, w->space);
        next = 0;
        for (size_t i = 0; i < w->m; i++) {
            w->closest[i] = fmaxf(w->closest[i], w->space[i]);
            if (w->closest[i] < w->closest[next]) next = i;
        }
    }
}

static void update(const directions_input *in, const cluster_work *w, float *centres, size_t k)
{
    const size_t dim = in->dim;
    memset(w->sums, 0, k * dim * sizeof *w->sums);
    for (size_t i = 0; i < w->m; i++) {
        const float along = w->space[i * k + w->nearest[i]];
        const double weight = along < 0.0f ? -(double)w->weights[i] : (double)w->weights[i];
        double *sum = w->sums + w->nearest[i] * dim;
        for (size_t d = 0; d < dim; d++)
            sum[d] += weight * (double)w->units[i * dim + d];
    }
    for (size_t j = 0; j < k; j++) {
        double square = 0.0;
        for (size_t d = 0; d < dim; d++)
            square += w->sums[j * dim + d] * w->sums[j * dim + d];
        if (!(square > 0.0)) continue;
        for (size_t d = 0; d < dim; d++)
            centres[j * dim + d] = (float)(w->sums[j * dim + d] / sqrt(square));
    }
}

size_t directions_kmeans(const directions_input *in, float *centres, void *work)
{
    cluster_work w = lay_out(in, work);
    gather_units(in, &w);
    const size_t k = w.m < in->k ? w.m : in->k;
    if (k == 0) return 0;
    spread(in, &w, centres, k);
    for (int i = 0; i < in->iterations; i++) {
        memcpy(w.before, w.nearest, w.m);
        directions_nearest(w.units, w.m, in->dim, centres, k, w.nearest, NULL, w.space);
        if (i > 0 && memcmp(w.before, w.nearest, w.m) == 0) break;
        update(in, &w, centres, k);
    }
    return k;
}
