#include "kernels/pca.h"

#include <math.h>
#include <string.h>

#include "kernels/dense.h"
#include "kernels/eigen.h"
#include "kernels/linalg.h"
#include "kernels/simd.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static double weight_of(const pca_input *in, size_t i)
{
    return in->weights ? (double)in->weights[i] : 1.0;
}

static double weight_sum(const pca_input *in)
{
    double sum = 0.0;
    for (size_t i = 0; i < in->n; i++)
        sum += weight_of(in, i);
    return sum;
}

void pca_mean(const pca_input *in, double *mean)
{
    const double sum = weight_sum(in);
    const dense *level = dense_best();
    memset(mean, 0, in->dim * sizeof *mean);
    for (size_t i = 0; i < in->n; i++)
        level->add_weighted(mean, in->rows + i * in->dim, weight_of(in, i), in->dim);
    for (size_t d = 0; d < in->dim; d++)
        mean[d] /= sum;
}

/* Column by column, so that no sum waits for another. */
double pca_variance(const pca_input *in, const double *mean)
{
    double sum = 0.0;
    for (size_t from = 0; from < in->dim; from += DENSE_BLOCK) {
        const size_t columns = least(DENSE_BLOCK, in->dim - from);
        double square[DENSE_BLOCK] = { 0 };
        for (size_t i = 0; i < in->n; i++) {
            const float *row = in->rows + i * in->dim + from;
            const double weight = weight_of(in, i);
            for (size_t d = 0; d < columns; d++) {
                const double x = (double)row[d] - mean[from + d];
                square[d] += weight * (x * x);
            }
        }
        for (size_t d = 0; d < columns; d++)
            sum += square[d];
    }
    return sum / weight_sum(in);
}

/* ---- products, tile by tile -------------------------------------------------------------------------------------- */

enum { CHUNK = 64 }; /* rows that are made ready at once */

typedef double block[CHUNK * DENSE_BLOCK];

/* A matrix of doubles, or the rows of `in`, centred and weighted. */
typedef struct operand {
    const pca_input *in; /* NULL: the matrix */
    const double *mean, *matrix;
    size_t width;
} operand;

/* Columns `from` … of rows first … first+n-1, zeros past the last column. */
static void take(const operand *o, size_t first, size_t n, size_t from, double *out)
{
    const size_t columns = least(DENSE_BLOCK, o->width - from);
    for (size_t i = 0; i < n; i++, out += DENSE_BLOCK) {
        memset(out + columns, 0, (DENSE_BLOCK - columns) * sizeof *out);
        if (!o->in) {
            memcpy(out, o->matrix + (first + i) * o->width + from, columns * sizeof *out);
            continue;
        }
        const float *x = o->in->rows + (first + i) * o->width + from;
        const double root = o->in->weights ? sqrt(weight_of(o->in, first + i)) : 1.0;
        for (size_t d = 0; d < columns; d++)
            out[d] = root * ((double)x[d] - o->mean[from + d]);
    }
}

/* out (a->width x b->width) = a' b over n rows; where both are one, its lower triangle. */
typedef struct product {
    const dense *level;
    const operand *a, *b;
    size_t n;
    double *out;
} product;

static size_t blocks_of(size_t width)
{
    return (width + DENSE_BLOCK - 1) / DENSE_BLOCK;
}

static void product_tile(void *arg, size_t i)
{
    const product *p = arg;
    const size_t across = blocks_of(p->b->width), row = i / across * DENSE_BLOCK, column = i % across * DENSE_BLOCK;
    block x, y;
    double tile[DENSE_BLOCK * DENSE_BLOCK] = { 0 };
    if (p->a == p->b && column > row) return;
    for (size_t at = 0; at < p->n; at += CHUNK) {
        const size_t n = least(CHUNK, p->n - at);
        take(p->a, at, n, row, x);
        take(p->b, at, n, column, y);
        p->level->add_products(tile, x, y, n);
    }
    const size_t rows = least(DENSE_BLOCK, p->a->width - row), columns = least(DENSE_BLOCK, p->b->width - column);
    for (size_t r = 0; r < rows; r++)
        memcpy(p->out + (row + r) * p->b->width + column, tile + r * DENSE_BLOCK, columns * sizeof *tile);
}

static void multiply_transposed(const operand *a, const operand *b, size_t n, double *out, const fan *threads)
{
    product p = { dense_best(), a, b, n, out };
    fan_run(threads, blocks_of(a->width) * blocks_of(b->width), product_tile, &p);
}

/* ---- exact ------------------------------------------------------------------------------------------------------ */

bool pca_exact(const pca_input *in, const double *mean, double *work, double *values, double *vectors,
               const fan *threads)
{
    const operand rows = { in, mean, NULL, in->dim };
    const double sum = weight_sum(in);
    multiply_transposed(&rows, &rows, in->n, work, threads);
    for (size_t i = 0; i < in->dim; i++)
        for (size_t j = 0; j <= i; j++)
            work[i * in->dim + j] /= sum;
    return eigen_symmetric(work, in->dim, values, vectors, threads);
}

/* ---- sketch ----------------------------------------------------------------------------------------------------- */

size_t pca_sketch_width(const pca_input *in, size_t rank, size_t oversample)
{
    return least(rank + oversample, least(in->n, in->dim));
}

size_t pca_sketch_work(const pca_input *in, size_t width)
{
    return in->dim * width + 2 * width * width;
}

/* y (n x width) = A z, DENSE_BLOCK rows of it at a time. */
typedef struct image_work {
    const dense *level;
    operand rows, z;
    double *y;
} image_work;

static void image_rows(void *arg, size_t i)
{
    const image_work *m = arg;
    const size_t width = m->z.width, first = i * DENSE_BLOCK, n = least(DENSE_BLOCK, m->rows.in->n - first);
    for (size_t column = 0; column < width; column += DENSE_BLOCK) {
        double upright[DENSE_BLOCK * DENSE_BLOCK], x[DENSE_BLOCK * DENSE_BLOCK] = { 0 };
        double z[DENSE_BLOCK * DENSE_BLOCK], tile[DENSE_BLOCK * DENSE_BLOCK] = { 0 };
        for (size_t d = 0; d < m->rows.width; d += DENSE_BLOCK) {
            const size_t some = least(DENSE_BLOCK, m->rows.width - d);
            take(&m->rows, first, n, d, upright);
            for (size_t r = 0; r < n; r++)
                for (size_t k = 0; k < some; k++)
                    x[k * DENSE_BLOCK + r] = upright[r * DENSE_BLOCK + k];
            take(&m->z, d, some, column, z);
            m->level->add_products(tile, x, z, some);
        }
        for (size_t r = 0; r < n; r++)
            memcpy(m->y + (first + r) * width + column, tile + r * DENSE_BLOCK,
                   least(DENSE_BLOCK, width - column) * sizeof *tile);
    }
}

static void times(const operand *rows, const double *z, size_t width, double *y, const fan *threads)
{
    image_work m = { dense_best(), *rows, { .matrix = z, .width = width }, y };
    fan_run(threads, blocks_of(rows->in->n), image_rows, &m);
}

/* vectors (width x dim) = v (width x width) z', each with a positive largest component. */
static void turn_back(const double *v, const double *z, size_t width, size_t dim, double *vectors)
{
    for (size_t i = 0; i < width; i++) {
        double *out = vectors + i * dim;
        size_t largest = 0;
        for (size_t d = 0; d < dim; d++) {
            out[d] = 0.0;
            for (size_t j = 0; j < width; j++)
                out[d] += v[i * width + j] * z[d * width + j];
            if (fabs(out[d]) > fabs(out[largest])) largest = d;
        }
        if (out[largest] < 0.0)
            for (size_t d = 0; d < dim; d++)
                out[d] = -out[d];
    }
}

bool pca_sketch(const pca_input *in, const double *mean, size_t width, int power, double *omega, double *work,
                double *values, double *vectors, const fan *threads)
{
    double *z = work, *gram = z + in->dim * width, *v = gram + width * width, *y = omega;
    const operand rows = { in, mean, NULL, in->dim }, y_columns = { .matrix = y, .width = width };
    multiply_transposed(&rows, &y_columns, in->n, z, threads);
    bool ok = linalg_orthonormal(z, in->dim, width);
    for (int i = 0; ok && i < power; i++) {
        times(&rows, z, width, y, threads);
        ok = linalg_orthonormal(y, in->n, width);
        multiply_transposed(&rows, &y_columns, in->n, z, threads);
        ok = ok && linalg_orthonormal(z, in->dim, width);
    }
    if (!ok) return false;
    times(&rows, z, width, y, threads);
    multiply_transposed(&y_columns, &y_columns, in->n, gram, threads);
    const double sum = weight_sum(in);
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j <= i; j++)
            gram[i * width + j] /= sum;
    if (!eigen_symmetric(gram, width, values, v, threads)) return false;
    turn_back(v, z, width, in->dim, vectors);
    return true;
}

/* ---- use -------------------------------------------------------------------------------------------------------- */

size_t pca_rank(const double *values, size_t n, double share)
{
    double total = 0.0, sum = 0.0;
    if (share >= 1.0) return n;
    for (size_t i = 0; i < n; i++)
        total += fmax(values[i], 0.0);
    for (size_t i = 0; i < n; i++) {
        sum += fmax(values[i], 0.0);
        if (sum >= fmax(share, 0.0) * total) return i + 1;
    }
    return n;
}

size_t pca_project_space(size_t n_rows, size_t dim)
{
    return (n_rows + dim + PCA_PAD) * dim;
}

typedef struct projection {
    const simd *level;
    const float *rows, *mean, *strips; /* strips: the basis, packed, a panel's width of directions after the other */
    size_t n, dim, rank;
    float *z, *centred;
} projection;

static void project_rows(void *arg, size_t i)
{
    const projection *p = arg;
    const size_t first = i * CHUNK, n = least(CHUNK, p->n - first), dim = p->dim, width = (size_t)p->level->width;
    float *centred = p->centred + first * dim;
    for (size_t r = 0; r < n; r++)
        for (size_t d = 0; d < dim; d++)
            centred[r * dim + d] = p->rows[(first + r) * dim + d] - p->mean[d];
    for (size_t j = 0; j < p->rank; j += width)
        p->level->panel(centred, dim, n, p->strips + j * dim, width, dim, p->z + first * p->rank + j, p->rank,
                        (int)least(width, p->rank - j), false);
}

void pca_project(const float *rows, size_t n_rows, size_t dim, const float *mean, const float *basis, size_t rank,
                 float *z, float *space, const fan *threads)
{
    const simd *s = simd_best();
    const size_t width = (size_t)s->width;
    float *strips = space + n_rows * dim;
    for (size_t j = 0; j < rank; j += width)
        s->pack(basis + j * dim, dim, (int)least(width, rank - j), dim, strips + j * dim);
    projection p = { s, rows, mean, strips, n_rows, dim, rank, z, space };
    fan_run(threads, (n_rows + CHUNK - 1) / CHUNK, project_rows, &p);
}

void pca_restore(const float *z, size_t n_rows, size_t rank, const float *mean, const float *basis, size_t dim,
                 float *rows)
{
    const simd *s = simd_best();
    const size_t width = (size_t)s->width;
    for (size_t i = 0; i < n_rows; i++)
        memcpy(rows + i * dim, mean, dim * sizeof *rows);
    for (size_t j = 0; j < dim; j += width)
        s->panel(z, rank, n_rows, basis + j, dim, rank, rows + j, dim, (int)least(width, dim - j), true);
}
