#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/haar.h"
#include "kernels/linalg.h"

static const size_t sides[] = { 1, 2, 3, 64, 80, 128, 192 };

static void a_matrix_times_its_transpose_is_one(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
        const size_t n = sides[s];
        double *a = malloc(n * n * sizeof *a), *product = malloc(n * n * sizeof *product);
        assert_true(haar_matrix(n, 5, a));
        linalg_multiply_transposed(a, a, product, n, n, n);
        for (size_t i = 0; i < n * n; i++)
            assert_true(fabs(product[i] - (i % (n + 1) == 0)) < 1e-13);
        free(a), free(product);
    }
}

static void a_seed_gives_one_matrix(void **state)
{
    (void)state;
    enum { N = 64 };
    static double a[N * N], b[N * N];
    assert_true(haar_matrix(N, 1, a) && haar_matrix(N, 1, b));
    assert_memory_equal(a, b, sizeof a);
    assert_true(haar_matrix(N, 2, b));
    double correlation = 0.0; /* mean 0, variance 1/N for independent matrices */
    for (size_t i = 0; i < N * N; i++)
        correlation += a[i] * b[i] / N;
    assert_true(fabs(correlation) < 5.0 / N);
}

/* Under the Haar measure E tr(A)² = 1 for every n, each entry has mean 0 and variance 1/n, fourth moment 3/(n(n+2)),
 * and the determinant is +1 and -1 equally often. A factorisation without the sign rule fails at the trace: LAPACK's
 * bare Q has diagonal entries of one sign. */
static void moments_are_those_of_the_uniform_law(void **state)
{
    (void)state;
    enum { N = 3, DRAWS = 20000 };
    double trace = 0.0, trace2 = 0.0, fourth = 0.0;
    int positive = 0;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        double a[N * N];
        assert_true(haar_matrix(N, seed, a));
        const double t = a[0] + a[4] + a[8];
        trace += t / DRAWS;
        trace2 += t * t / DRAWS;
        for (int i = 0; i < N * N; i++)
            fourth += pow(a[i], 4) / (N * N * DRAWS);
        positive += a[0] * (a[4] * a[8] - a[5] * a[7]) - a[1] * (a[3] * a[8] - a[5] * a[6]) +
                        a[2] * (a[3] * a[7] - a[4] * a[6]) >
                    0.0;
    }
    assert_true(fabs(trace) < 0.03);
    assert_true(fabs(trace2 - 1.0) < 0.04);
    assert_true(fabs(fourth - 0.2) < 0.003);
    assert_true(abs(positive - DRAWS / 2) < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matrix_times_its_transpose_is_one),
        cmocka_unit_test(a_seed_gives_one_matrix),
        cmocka_unit_test(moments_are_those_of_the_uniform_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
