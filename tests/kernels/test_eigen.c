/* Eigenvectors: what they must be, for matrices of all kinds, whoever computes them. */
#include "kernels/eigen.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/cpu.h"
#include "kernels/random.h"
#include "tests/kernels/fans.h"

static double *room(size_t n)
{
    double *memory = calloc(n, sizeof *memory);
    assert_non_null(memory);
    return memory;
}

/* The second moment of `rows` rows whose columns shrink by `ratio` from first to last; backwards: grow. */
static void moment(double *s, size_t n, size_t rows, double ratio, bool backwards, double scale)
{
    double *x = room(n);
    memset(s, 0, n * n * sizeof *s);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < n; i++) {
            const double place = (double)(backwards ? n - 1 - i : i) / (double)n;
            x[i] = random_normal(n + rows, r * n + i) * pow(ratio, -place);
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                s[i * n + j] += scale * x[i] * x[j];
    }
    free(x);
}

/* |S v - λ v|, |v v' - 1|, order and sign, in units of 1e-15 n. */
static void check(const double *s, size_t n, const double *values, const double *vectors)
{
    const double unit = 2e-15 * (double)n, top = fmax(fabs(values[0]), fabs(values[n - 1]));
    for (size_t i = 0; i < n; i++) {
        const double *v = vectors + i * n;
        double most = 0.0;
        assert_true(i == 0 || values[i - 1] >= values[i]);
        for (size_t j = 0; j < n; j++) {
            double image = 0.0, dot = 0.0;
            for (size_t k = 0; k < n; k++) {
                image += s[(j > k ? j * n + k : k * n + j)] * v[k];
                dot += v[k] * vectors[j * n + k];
            }
            assert_true(fabs(image - values[i] * v[j]) <= unit * top);
            assert_true(fabs(dot - (i == j ? 1.0 : 0.0)) <= unit);
            if (fabs(v[j]) > fabs(most)) most = v[j];
        }
        assert_true(most > 0.0);
    }
}

static void vectors_solve_matrices_of_all_kinds(void **state)
{
    (void)state;
    static const struct {
        size_t n, rows;
        double ratio, scale;
        bool backwards;
    } cases[] = {
        { 1, 1, 1, 1, false },     { 2, 5, 1, 1, false },      { 3, 9, 1, 1e-90, false },  { 5, 2, 1, 1e140, false },
        { 31, 90, 10, 1, false },  { 32, 5, 1, 1, false },     { 33, 90, 1e6, 1, true },   { 65, 200, 1e6, 1, false },
        { 100, 1, 1, 1, false },   { 128, 64, 100, 1, false }, { 128, 500, 30, 1, false }, { 129, 0, 1, 1, false },
        { 200, 20, 1e3, 1, true },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const size_t n = cases[c].n;
        double *s = room(n * n), *values = room(n), *vectors = room(n * n);
        moment(s, n, cases[c].rows, cases[c].ratio, cases[c].backwards, cases[c].scale);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++)
                s[i * n + j] = NAN; /* nobody reads it */
        assert_true(eigen_symmetric(s, n, values, vectors, NULL));
        check(s, n, values, vectors);
        double trace = 0.0, sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            trace += s[i * n + i];
            sum += values[i];
        }
        assert_true(fabs(trace - sum) <= 1e-13 * fabs(trace));
        free(s);
        free(values);
        free(vectors);
    }
}

/* The second difference -1 2 -1 has the eigenvalues 2 - 2 cos(πk/(n+1)), k = 1 … n. */
static void known_values_are_found(void **state)
{
    (void)state;
    enum { N = 90 };
    static double s[N * N], values[N], diagonal[N * N];
    for (size_t i = 0; i < N; i++) {
        s[i * N + i] = 2.0;
        if (i) s[i * N + i - 1] = -1.0;
        diagonal[i * N + i] = (double)(i % 7) - 3.0;
    }
    assert_true(eigen_symmetric(s, N, values, s, NULL)); /* in place */
    for (size_t k = 0; k < N; k++)
        assert_true(fabs(values[k] - (2.0 - 2.0 * cos(3.141592653589793 * (double)(N - k) / (N + 1)))) < 1e-14);
    assert_true(eigen_symmetric(diagonal, N, values, s, NULL));
    for (size_t k = 0; k < N; k++) /* of equals the first stays first */
        assert_true(values[k] == 3.0 - (double)(k < 12 ? 0 : (k - 12) / 13 + 1));
    assert_true(s[6] == 1.0 && s[N + 13] == 1.0);
}

/* Large enough for rotations to be applied more than once. */
static void large_ones_end_and_have_the_same_bits_everywhere(void **state)
{
    (void)state;
    enum { N = 300 };
    static const char *const levels[] = { "portable", "avx2", "avx512" };
    double *s = room(N * N), *values = room(N), *vectors = room(N * N), *again = room(N), *others = room(N * N);
    size_t calls = 0;
    const fan backwards = { fan_backwards, &calls }, three = { fan_on_three, NULL };
    const fan *fans[] = { NULL, &backwards, &three };
    moment(s, N, 2 * N, 5, false, 1);
    assert_true(eigen_symmetric(s, N, values, vectors, NULL));
    check(s, N, values, vectors);
    for (size_t i = 0; i < 3; i++) {
        assert_true(eigen_symmetric(s, N, again, others, fans[i]));
        assert_memory_equal(values, again, N * sizeof *again);
        assert_memory_equal(vectors, others, N * N * sizeof *others);
    }
    assert_true(calls > 1);
    for (int level = 0; cpu_runs(level) && level < 3; level++) {
        cpu_force(levels[level]);
        assert_true(eigen_symmetric(s, N, again, others, NULL));
        cpu_force(NULL);
        assert_memory_equal(values, again, N * sizeof *again);
        assert_memory_equal(vectors, others, N * N * sizeof *others);
    }
    free(s);
    free(values);
    free(vectors);
    free(again);
    free(others);
}

static void what_is_no_matrix_is_refused(void **state)
{
    (void)state;
    double s[4] = { 1, NAN, 2, 3 }, values[2], vectors[4];
    assert_true(eigen_symmetric(s, 2, values, vectors, NULL));
    s[2] = NAN;
    assert_false(eigen_symmetric(s, 2, values, vectors, NULL));
    s[2] = INFINITY;
    assert_false(eigen_symmetric(s, 2, values, vectors, NULL));
    assert_false(eigen_symmetric(s, 0, values, vectors, NULL));
    assert_false(eigen_symmetric(s, 4097, values, vectors, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_solve_matrices_of_all_kinds),
        cmocka_unit_test(known_values_are_found),
        cmocka_unit_test(large_ones_end_and_have_the_same_bits_everywhere),
        cmocka_unit_test(what_is_no_matrix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
