#include "kernels/directions_kmeans.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/dense.h"
#include "kernels/simd.h"

enum { WIDEST_PANEL = 64 };
enum { PART = 1 << 20, PART_OF_SUMS = 1 << 17 }; /* products that are worth a thread's while: f32 panels, f64 sums */

/* Rows as strips of a panel's width, each transposed, and their products with all centres: [centre][row]. */
typedef struct strips {
    const simd *level;
    const dense *loops;
    size_t n, dim, stride; /* stride: n, filled up to whole strips */
    float *packed;         /* stride x dim */
    float *products;       /* k x stride */
} strips;

typedef struct cluster_work {
    double *sums;           /* k x dim */
    float *units, *weights; /* m x dim, m */
    float *closest;         /* m: the largest <u, c> so far */
    float *along;           /* m: <u, c> of the nearest */
    float *room;            /* of the strips */
    uint8_t *nearest, *before;
    size_t m; /* rows with a direction */
} cluster_work;

static size_t even(size_t n)
{
    return n + n % 2;
}

static size_t strips_space(size_t n, size_t dim, size_t k)
{
    return (n + WIDEST_PANEL) * (dim + k);
}

size_t directions_nearest_space(size_t n, size_t dim, size_t k)
{
    return strips_space(n, dim, k) + n;
}

size_t directions_work(const directions_input *in)
{
    const size_t floats = in->n * in->dim + 3 * in->n + strips_space(in->n, in->dim, in->k);
    return in->k * in->dim * sizeof(double) + even(floats) * sizeof(float) + 2 * in->n;
}

static cluster_work lay_out(const directions_input *in, void *memory)
{
    cluster_work w = { .sums = memory };
    w.units = (float *)(w.sums + in->k * in->dim);
    w.weights = w.units + in->n * in->dim;
    w.closest = w.weights + in->n;
    w.along = w.closest + in->n;
    w.room = w.along + in->n;
    w.nearest = (uint8_t *)(w.room + strips_space(in->n, in->dim, in->k));
    w.before = w.nearest + in->n;
    return w;
}

static strips pack_rows(const float *rows, size_t n, size_t dim, float *room)
{
    strips s = { .level = simd_best(), .loops = dense_best(), .n = n, .dim = dim, .packed = room };
    const size_t width = (size_t)s.level->width;
    s.stride = (n + width - 1) / width * width;
    s.products = room + s.stride * dim;
    for (size_t i = 0; i < n; i += width)
        s.level->pack(rows + i * dim, dim, (int)(n - i < width ? n - i : width), dim, s.packed + i * dim);
    return s;
}

/* <x_i, c_j> for the strips of rows first … last-1. Centres are the rows of what panels multiply: the strips stay
 * packed from one round to the next, and one centre costs what one takes. */
static void multiply(const strips *s, const float *centres, size_t k, size_t first, size_t last)
{
    const size_t width = (size_t)s->level->width;
    for (size_t i = first; i < last; i += width)
        s->level->panel(centres, s->dim, k, s->packed + i * s->dim, width, s->dim, s->products + i, s->stride,
                        (int)width, false);
}

typedef struct assignment {
    const strips *s;
    const float *centres;
    size_t k, rows; /* of a part, whole strips */
    uint8_t *nearest;
    float *along;
} assignment;

static void assign_part(void *arg, size_t i)
{
    const assignment *a = arg;
    const size_t first = i * a->rows, end = first + a->rows;
    multiply(a->s, a->centres, a->k, first, end < a->s->stride ? end : a->s->stride);
    a->s->loops->largest(a->s->products + first, a->s->stride, a->k, (end < a->s->n ? end : a->s->n) - first,
                         a->nearest + first, a->along + first);
}

static void assign(const strips *s, const float *centres, size_t k, uint8_t *nearest, float *along, const fan *threads)
{
    const size_t width = (size_t)s->level->width, strip = width * s->dim * k;
    assignment a = { s, centres, k, (PART / strip + 1) * width, nearest, along };
    fan_run(threads, (s->n + a.rows - 1) / a.rows, assign_part, &a);
}

void directions_nearest(const float *rows, size_t n, size_t dim, const float *centres, size_t k, uint8_t *nearest,
                        float *along, float *space, const fan *threads)
{
    const strips s = pack_rows(rows, n, dim, space + n);
    assign(&s, centres, k, nearest, along ? along : space, threads);
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
static void spread(const directions_input *in, cluster_work *w, const strips *s, float *centres, size_t k)
{
    size_t next = (size_t)(in->draw % w->m);
    for (size_t i = 0; i < w->m; i++)
        w->closest[i] = -2.0f;
    for (size_t j = 0; j < k; j++) {
        memcpy(centres + j * in->dim, w->units + next * in->dim, in->dim * sizeof *centres);
        multiply(s, centres + j * in->dim, 1, 0, s->stride);
        next = 0;
        for (size_t i = 0; i < w->m; i++) {
            w->closest[i] = fmaxf(w->closest[i], s->products[i]);
            if (w->closest[i] < w->closest[next]) next = i;
        }
    }
}

/* A part sums some columns of all rows. */
typedef struct summing {
    const cluster_work *w;
    size_t dim, columns;
} summing;

static void sum_columns(void *arg, size_t i)
{
    const summing *u = arg;
    const cluster_work *w = u->w;
    const dense *loops = dense_best();
    const size_t from = i * u->columns, n = u->dim - from < u->columns ? u->dim - from : u->columns;
    for (size_t r = 0; r < w->m; r++) {
        const double weight = w->along[r] < 0.0f ? -(double)w->weights[r] : (double)w->weights[r];
        loops->add_weighted(w->sums + w->nearest[r] * u->dim + from, w->units + r * u->dim + from, weight, n);
    }
}

static void update(const directions_input *in, const cluster_work *w, float *centres, size_t k, const fan *threads)
{
    const size_t dim = in->dim, some = PART_OF_SUMS / w->m / DENSE_BLOCK + 1;
    summing u = { w, dim, some * DENSE_BLOCK };
    memset(w->sums, 0, k * dim * sizeof *w->sums);
    fan_run(threads, (dim + u.columns - 1) / u.columns, sum_columns, &u);
    for (size_t j = 0; j < k; j++) {
        double square = 0.0;
        for (size_t d = 0; d < dim; d++)
            square += w->sums[j * dim + d] * w->sums[j * dim + d];
        if (!(square > 0.0)) continue;
        for (size_t d = 0; d < dim; d++)
            centres[j * dim + d] = (float)(w->sums[j * dim + d] / sqrt(square));
    }
}

size_t directions_kmeans(const directions_input *in, float *centres, void *work, const fan *threads)
{
    cluster_work w = lay_out(in, work);
    gather_units(in, &w);
    const size_t k = w.m < in->k ? w.m : in->k;
    if (k == 0) return 0;
    const strips s = pack_rows(w.units, w.m, in->dim, w.room);
    spread(in, &w, &s, centres, k);
    for (int i = 0; i < in->iterations; i++) {
        memcpy(w.before, w.nearest, w.m);
        assign(&s, centres, k, w.nearest, w.along, threads);
        if (i > 0 && memcmp(w.before, w.nearest, w.m) == 0) break;
        update(in, &w, centres, k, threads);
    }
    return k;
}
