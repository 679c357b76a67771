#include "kernels/pca.h"

#include <math.h>
#include <string.h>

#include "kernels/linalg.h"
#include "kernels/loops.h"
#include "kernels/simd.h"

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

/* √w_i (x_i - mean) */
static void centred(const pca_input *in, const double *mean, size_t i, double *row)
{
    const double root = sqrt(weight_of(in, i));
    for (size_t d = 0; d < in->dim; d++)
        row[d] = root * ((double)in->rows[i * in->dim + d] - mean[d]);
}

void pca_mean(const pca_input *in, double *mean)
{
    const double sum = weight_sum(in);
    memset(mean, 0, in->dim * sizeof *mean);
    for (size_t i = 0; i < in->n; i++)
        for (size_t d = 0; d < in->dim; d++)
            mean[d] += weight_of(in, i) * (double)in->rows[i * in->dim + d];
    for (size_t d = 0; d < in->dim; d++)
        mean[d] /= sum;
}

double pca_variance(const pca_input *in, const double *mean)
{
    double sum = 0.0;
    for (size_t i = 0; i < in->n; i++) {
        double square = 0.0;
        for (size_t d = 0; d < in->dim; d++) {
            const double x = (double)in->rows[i * in->dim + d] - mean[d];
            square += x * x;
        }
        sum += weight_of(in, i) * square;
    }
    return sum / weight_sum(in);
}

/* ---- exact ------------------------------------------------------------------------------------------------------ */

/* vectors doubles as room for the four rows: linalg_eigen writes it last. */
bool pca_exact(const pca_input *in, const double *mean, double *work, double *values, double *vectors)
{
    const size_t dim = in->dim;
    const loops *l = loops_best();
    double *four = vectors;
    double few[4 * 4]; /* where dim x dim is less than four rows */
    if (dim < 4) four = few;
    memset(work, 0, dim * dim * sizeof *work);
    for (size_t i = 0; i < in->n; i += 4) {
        for (size_t k = 0; k < 4; k++)
            if (i + k < in->n)
                centred(in, mean, i + k, four + k * dim);
            else
                memset(four + k * dim, 0, dim * sizeof *four);
        l->add_outer_four(work, four, dim); /* a quarter of the passes over S */
    }
    const double sum = weight_sum(in);
    for (size_t i = 0; i < dim * dim; i++)
        work[i] /= sum;
    return linalg_eigen(work, dim, values, vectors);
}

/* ---- sketch ----------------------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t pca_sketch_width(const pca_input *in, size_t rank, size_t oversample)
{
    return least(rank + oversample, least(in->n, in->dim));
}

size_t pca_sketch_work(const pca_input *in, size_t width)
{
    return in->dim * (width + 1) + 2 * width * width;
}

/* z (dim x width) = A' y */
static void transposed_times(const pca_input *in, const double *mean, const double *y, size_t width, double *row,
                             double *z)
{
    memset(z, 0, in->dim * width * sizeof *z);
    for (size_t i = 0; i < in->n; i++) {
        centred(in, mean, i, row);
        for (size_t d = 0; d < in->dim; d++)
            for (size_t j = 0; j < width; j++)
                z[d * width + j] += row[d] * y[i * width + j];
    }
}

/* y (n x width) = A z */
static void times(const pca_input *in, const double *mean, const double *z, size_t width, double *row, double *y)
{
    for (size_t i = 0; i < in->n; i++) {
        centred(in, mean, i, row);
        linalg_multiply(row, z, y + i * width, 1, in->dim, width);
    }
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
                double *values, double *vectors)
{
    double *z = work, *row = z + in->dim * width, *gram = row + in->dim, *v = gram + width * width;
    double *y = omega;
    transposed_times(in, mean, y, width, row, z);
    bool ok = linalg_orthonormal(z, in->dim, width);
    for (int i = 0; ok && i < power; i++) {
        times(in, mean, z, width, row, y);
        ok = linalg_orthonormal(y, in->n, width);
        transposed_times(in, mean, y, width, row, z);
        ok = ok && linalg_orthonormal(z, in->dim, width);
    }
    if (!ok) return false;
    times(in, mean, z, width, row, y);
    linalg_multiply_transposed(y, y, gram, width, in->n, width);
    const double sum = weight_sum(in);
    for (size_t i = 0; i < width * width; i++)
        gram[i] /= sum;
    if (!linalg_eigen(gram, width, values, v)) return false;
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
    return (n_rows + PCA_PAD) * dim;
}

void pca_project(const float *rows, size_t n_rows, size_t dim, const float *mean, const float *basis, size_t rank,
                 float *z, float *space)
{
    const simd *s = simd_best();
    const size_t width = (size_t)s->width;
    float *strip = space + n_rows * dim;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t d = 0; d < dim; d++)
            space[i * dim + d] = rows[i * dim + d] - mean[d];
    for (size_t j = 0; j < rank; j += width) {
        const int n = (int)least(width, rank - j);
        s->pack(basis + j * dim, dim, n, dim, strip);
        s->panel(space, dim, n_rows, strip, width, dim, z + j, rank, n, false);
    }
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
