#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu.h"
#include "kernels/eigen.h"
#include "kernels/linalg.h"
#include "kernels/pca.h"
#include "kernels/random.h"
#include "tests/kernels/fans.h"

enum { DIM = 128, PAIRS = 2 * DIM };

static void *room(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    assert_non_null(memory);
    return memory;
}

/* Rows ±σ_j v_j for an orthonormal V: their mean is 0, their directions are the v_j with variances σ_j²/dim, and the
 * left singular vectors of the rows are (e_2j - e_2j+1)/√2. */
static float *pairs(const double *sigma, size_t dim, double *v)
{
    float *rows = room(2 * dim * dim, sizeof *rows);
    for (size_t i = 0; i < dim * dim; i++)
        v[i] = random_normal(77, i);
    assert_true(linalg_orthonormal(v, dim, dim)); /* orthonormal columns, and so rows */
    for (size_t j = 0; j < dim; j++)
        for (size_t d = 0; d < dim; d++) {
            rows[2 * j * dim + d] = (float)(sigma[j] * v[j * dim + d]);
            rows[(2 * j + 1) * dim + d] = -rows[2 * j * dim + d];
        }
    return rows;
}

static void spectrum(double *sigma, size_t dim, double ratio)
{
    for (size_t j = 0; j < dim; j++)
        sigma[j] = pow(ratio, -(double)j / (double)(dim - 1));
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static double off_orthonormal(const double *rows, size_t n, size_t dim)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            most = fmax(most, fabs(dot(rows + i * dim, rows + j * dim, dim) - (i == j ? 1.0 : 0.0)));
    return most;
}

static void exact_directions_are_the_known_ones(void **state)
{
    (void)state;
    static const size_t dims[] = { 1, 2, 3, 5, 64, 80, 128 };
    for (size_t t = 0; t < sizeof dims / sizeof *dims; t++) {
        const size_t dim = dims[t];
        double sigma[DIM], mean[DIM], values[DIM];
        double *v = room(dim * dim, sizeof *v), *found = room(dim * dim, sizeof *found);
        double *work = room(dim * dim, sizeof *work);
        for (size_t j = 0; j < dim; j++)
            sigma[j] = 3.0 * (double)(dim - j);
        float *rows = pairs(sigma, dim, v);
        const pca_input in = { rows, NULL, 2 * dim, dim };
        pca_mean(&in, mean);
        double total = 0.0;
        for (size_t j = 0; j < dim; j++) {
            assert_true(mean[j] == 0.0);
            total += sigma[j] * sigma[j] / (double)dim;
        }
        assert_true(fabs(pca_variance(&in, mean) / total - 1.0) < 1e-6);
        assert_true(pca_exact(&in, mean, work, values, found, NULL));
        assert_true(off_orthonormal(found, dim, dim) < 1e-12);
        for (size_t j = 0; j < dim; j++) {
            assert_true(fabs(values[j] / (sigma[j] * sigma[j] / (double)dim) - 1.0) < 1e-5);
            assert_true(fabs(dot(found + j * dim, v + j * dim, dim)) > 1.0 - 1e-6);
        }
        free(v), free(found), free(work), free(rows);
    }
}

/* A row of weight 3 counts like three equal rows, in mean, variance, directions, exact or sketched. */
static void a_weight_is_a_number_of_equal_rows(void **state)
{
    (void)state;
    enum { N = 50, D = 12 };
    float rows[N * D], weights[N], *many = room(4 * N * D, sizeof *many);
    double mean[2][D], values[2][D], vectors[2][D * D], work[D * D];
    size_t n = 0;
    for (size_t i = 0; i < N; i++) {
        weights[i] = (float)(1 + i % 4);
        for (size_t d = 0; d < D; d++)
            rows[i * D + d] = (float)(random_normal(1, i * D + d) * (double)(d + 1) + 5.0);
        for (size_t k = 0; k < 1 + i % 4; k++)
            memcpy(many + D * n++, rows + i * D, D * sizeof *rows);
    }
    const pca_input in[2] = { { rows, weights, N, D }, { many, NULL, n, D } };
    double variance[2];
    for (int k = 0; k < 2; k++) {
        pca_mean(&in[k], mean[k]);
        variance[k] = pca_variance(&in[k], mean[k]);
        assert_true(pca_exact(&in[k], mean[k], work, values[k], vectors[k], NULL));
    }
    double sum = 0.0;
    for (size_t i = 0; i < D; i++)
        sum += values[0][i];
    assert_true(fabs(variance[0] / variance[1] - 1.0) < 1e-12);
    assert_true(fabs(variance[0] / sum - 1.0) < 1e-12);
    for (size_t i = 0; i < D; i++) {
        assert_true(fabs(mean[0][i] - mean[1][i]) < 1e-12);
        assert_true(fabs(values[0][i] / values[1][i] - 1.0) < 1e-12);
        assert_true(dot(vectors[0] + i * D, vectors[1] + i * D, D) > 1.0 - 1e-12);
    }
    /* A sketch as wide as the space holds all of it: the same directions. */
    double *omega = room(N * D, sizeof *omega), *space = room(pca_sketch_work(&in[0], D), sizeof *space);
    for (size_t i = 0; i < N * D; i++)
        omega[i] = random_normal(3, i);
    assert_true(pca_sketch(&in[0], mean[0], D, 1, omega, space, values[0], vectors[0], NULL));
    for (size_t i = 0; i < D; i++) {
        assert_true(fabs(values[0][i] / values[1][i] - 1.0) < 1e-10);
        assert_true(dot(vectors[0] + i * D, vectors[1] + i * D, D) > 1.0 - 1e-10);
    }
    free(many), free(omega), free(space);
}

/* The square of ‖Ω₂‖‖Ω₁⁺‖ for Ω in the basis of the left singular vectors, its first k rows Ω₁. */
static double start_factor(const double *omega, size_t width, size_t k)
{
    double *turned = room(DIM * width, sizeof *turned), *gram = room(width * width, sizeof *gram);
    double *vectors = room(width * width, sizeof *vectors), values[DIM];
    for (size_t j = 0; j < DIM; j++)
        for (size_t c = 0; c < width; c++)
            turned[j * width + c] = (omega[2 * j * width + c] - omega[(2 * j + 1) * width + c]) / sqrt(2.0);
    linalg_multiply_transposed(turned + k * width, turned + k * width, gram, width, DIM - k, width);
    assert_true(eigen_symmetric(gram, width, values, vectors, NULL));
    const double largest = values[0];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            gram[i * k + j] = dot(turned + i * width, turned + j * width, width);
    assert_true(eigen_symmetric(gram, k, values, vectors, NULL));
    const double smallest = values[k - 1];
    free(turned), free(gram), free(vectors);
    return largest / smallest;
}

/* With A = U Σ V' the sketch spans V Σ^(2q+1) U'Ω. Its part V [I; H], H = Σ₂^(2q+1) Ω₂ Ω₁⁺ Σ₁^-(2q+1), gives by
 * Courant and Fischer, for j <= k,  s_j² >= σ_j² / (1 + ‖Ω₂‖²‖Ω₁⁺‖² (σ_k+1/σ_j)^(4q+2))  (Gu 2015, section 4). */
static void sketches_capture_what_theory_promises(void **state)
{
    (void)state;
    static const struct {
        double ratio, least_share;
        int power;
    } cases[] = { { 55, 0.999, 2 }, { 1e6, 0.9999999, 2 }, { 55, 0.95, 0 }, { 1e6, 0.9999, 0 }, { 1e6, 0.9999999, 6 } };
    for (size_t t = 0; t < sizeof cases / sizeof *cases; t++) {
        const size_t k = 64;
        double sigma[DIM], mean[DIM], values[DIM];
        double *v = room(DIM * DIM, sizeof *v), *found = room(DIM * DIM, sizeof *found);
        spectrum(sigma, DIM, cases[t].ratio);
        float *rows = pairs(sigma, DIM, v);
        const pca_input in = { rows, NULL, PAIRS, DIM };
        const size_t width = pca_sketch_width(&in, k, 8);
        assert_int_equal(width, 72);
        double *omega = room(PAIRS * width, sizeof *omega), *work = room(pca_sketch_work(&in, width), sizeof *work);
        for (size_t i = 0; i < PAIRS * width; i++)
            omega[i] = random_normal(5, i);
        const double factor = start_factor(omega, width, k);
        pca_mean(&in, mean);
        assert_true(pca_sketch(&in, mean, width, cases[t].power, omega, work, values, found, NULL));
        assert_true(off_orthonormal(found, width, DIM) < 1e-10);

        double captured = 0.0, promised = 0.0, possible = 0.0;
        for (size_t j = 0; j < width; j++) {
            const double exact = sigma[j] * sigma[j] / DIM;
            const double least = exact / (1.0 + factor * pow(sigma[k] / sigma[j], 4.0 * cases[t].power + 2.0));
            assert_true(values[j] <= exact * (1.0 + 1e-6) + 1e-15);
            if (j >= k) continue;
            assert_true(values[j] >= least * (1.0 - 1e-6) - 1e-15);
            captured += values[j];
            promised += least;
            possible += exact;
        }
        print_message("spread %g, %d iterations: %.6f of what 64 exact directions hold, at least %.6f promised\n",
                      cases[t].ratio, cases[t].power, captured / possible, promised / possible);
        assert_true(captured / possible > cases[t].least_share);
        if (cases[t].power > 0) assert_true(fabs(dot(found, v, DIM)) > 1.0 - 1e-9);
        free(v), free(found), free(rows), free(omega), free(work);
    }
}

/* Without the orthogonalisations every column would be the first direction; 12 iterations would make sure of it. */
static void many_iterations_keep_all_directions(void **state)
{
    (void)state;
    const size_t k = 24;
    double sigma[DIM], mean[DIM], values[DIM];
    double *v = room(DIM * DIM, sizeof *v), *found = room(DIM * DIM, sizeof *found);
    spectrum(sigma, DIM, 1e6);
    float *rows = pairs(sigma, DIM, v);
    const pca_input in = { rows, NULL, PAIRS, DIM };
    double *omega = room(PAIRS * k, sizeof *omega), *work = room(pca_sketch_work(&in, k), sizeof *work);
    for (size_t i = 0; i < PAIRS * k; i++)
        omega[i] = random_normal(6, i);
    pca_mean(&in, mean);
    assert_true(pca_sketch(&in, mean, k, 12, omega, work, values, found, NULL));
    for (size_t j = 0; j < k - 1; j++)
        assert_true(fabs(dot(found + j * DIM, v + j * DIM, DIM)) > 1.0 - 1e-3);
    free(v), free(found), free(rows), free(omega), free(work);
}

static void rank_is_the_least_that_holds_the_share(void **state)
{
    (void)state;
    const double values[] = { 5.0, 3.0, 1.5, 0.5, 0.0, -1e-9 };
    static const struct {
        double share;
        size_t rank;
    } cases[] = { { -1.0, 1 }, { 0.0, 1 },  { 0.5, 1 },   { 0.501, 2 }, { 0.8, 2 },
                  { 0.81, 3 }, { 0.96, 4 }, { 0.999, 4 }, { 1.0, 6 },   { 2.0, 6 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(pca_rank(values, 6, cases[i].share), cases[i].rank);
    const double none[] = { 0.0, 0.0 };
    assert_int_equal(pca_rank(none, 2, 0.5), 1);
}

/* restore(project(x)) is the projection on the directions kept, x itself when all are; no value beside the rows is
 * written, at widths around those of a register. */
static void projection_and_restoration_undo_each_other(void **state)
{
    (void)state;
    static const size_t dims[] = { 2, 7, 16, 31, 33, 64, 80, 128 };
    enum { N = 37 };
    for (size_t t = 0; t < sizeof dims / sizeof *dims; t++) {
        const size_t dim = dims[t], rank = dim > 2 ? dim - 1 : dim;
        double *v = room(dim * dim, sizeof *v), sigma[DIM];
        float *basis = room(dim * dim + PCA_PAD, sizeof *basis), mean[DIM];
        float *space = room(pca_project_space(N, dim), sizeof *space);
        float *x = room(N * dim, sizeof *x), *z = room(N * dim + 1, sizeof *z), *back = room(N * dim + 1, sizeof *back);
        spectrum(sigma, dim, 2.0);
        free(pairs(sigma, dim, v));
        for (size_t i = 0; i < dim * dim; i++)
            basis[i] = (float)v[i];
        for (size_t d = 0; d < dim; d++)
            mean[d] = (float)d;
        for (size_t i = 0; i < N * dim; i++)
            x[i] = mean[i % dim] + (float)random_normal(9, i);
        for (int all = 0; all < 2; all++) {
            const size_t r = all ? dim : rank;
            z[N * r] = back[N * dim] = 123.0f;
            pca_project(x, N, dim, mean, basis, r, z, space, NULL);
            pca_restore(z, N, r, mean, basis, dim, back);
            assert_true(z[N * r] == 123.0f && back[N * dim] == 123.0f);
            for (size_t i = 0; i < N; i++) {
                double lost = 0.0, off = 0.0;
                for (size_t d = 0; d < dim; d++) {
                    const double centred = (double)x[i * dim + d] - (double)mean[d];
                    lost += r < dim ? centred * v[(dim - 1) * dim + d] : 0.0;
                }
                for (size_t d = 0; d < dim; d++) {
                    const double expected = (double)x[i * dim + d] - (r < dim ? lost * v[(dim - 1) * dim + d] : 0.0);
                    off = fmax(off, fabs((double)back[i * dim + d] - expected));
                }
                assert_true(off < 1e-4);
            }
        }
        free(v), free(basis), free(space), free(x), free(z), free(back);
    }
}

/* Exact, sketched and projected: threads, their order and the SIMD level change no bit. */
static void all_threads_and_levels_give_the_same_bits(void **state)
{
    (void)state;
    enum { N = 333, D = 70, RANK = 40 };
    static float rows[N * D], weights[N], mean32[D], basis[RANK * D + PCA_PAD], z[2][N * RANK];
    static double mean[D], work[2][D * D + 2 * D * D], omega[N * RANK], values[2][2 * D], vectors[2][2 * D * D];
    static const char *const levels[] = { "portable", "avx2", "avx512" };
    const fan backwards = { fan_backwards, NULL }, three = { fan_on_three, NULL };
    const fan *fans[] = { NULL, &backwards, &three };
    float *space = room(pca_project_space(N, D), sizeof *space);
    for (size_t i = 0; i < N * D; i++)
        rows[i] = (float)(random_normal(3, i) * (double)(1 + i % D));
    for (size_t i = 0; i < N; i++)
        weights[i] = (float)(1 + i % 3);
    for (size_t i = 0; i < RANK * D; i++)
        basis[i] = (float)random_normal(4, i);
    const pca_input in = { rows, weights, N, D };
    for (int level = 0; cpu_runs(level) && level < 3; level++)
        for (size_t f = 0; f < 3; f++) {
            const int now = level + f > 0;
            cpu_force(levels[level]);
            pca_mean(&in, mean);
            assert_true(pca_exact(&in, mean, work[now], values[now], vectors[now], fans[f]));
            for (size_t i = 0; i < N * RANK; i++)
                omega[i] = random_normal(5, i);
            assert_true(
                pca_sketch(&in, mean, RANK, 1, omega, work[now], values[now] + D, vectors[now] + D * D, fans[f]));
            pca_project(rows, N, D, mean32, basis, RANK, z[now], space, fans[f]);
            cpu_force(NULL);
            if (!now) continue;
            assert_memory_equal(values[0], values[1], sizeof values[0]);
            assert_memory_equal(vectors[0], vectors[1], sizeof vectors[0]);
            assert_memory_equal(z[0], z[1], sizeof z[0]);
        }
    free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_directions_are_the_known_ones),
        cmocka_unit_test(a_weight_is_a_number_of_equal_rows),
        cmocka_unit_test(sketches_capture_what_theory_promises),
        cmocka_unit_test(many_iterations_keep_all_directions),
        cmocka_unit_test(rank_is_the_least_that_holds_the_share),
        cmocka_unit_test(projection_and_restoration_undo_each_other),
        cmocka_unit_test(all_threads_and_levels_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
