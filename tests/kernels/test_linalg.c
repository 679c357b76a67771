#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/linalg.h"
#include "kernels/random.h"

enum { N = 40, M = 90 };

static void fill(double *a, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (double)(int64_t)(random_bits(key, i) >> 12) / 0x1p51 - 1.0;
}

/* S = A'A of a random A: symmetric, positive definite. */
static void fill_symmetric(double *s, size_t n, uint64_t key)
{
    double *a = malloc(2 * n * n * sizeof *a);
    fill(a, 2 * n * n, key);
    linalg_multiply_transposed(a, a, s, n, 2 * n, n);
    free(a);
}

/* c (m x n) = a (m x k) b (k x n). */
static void multiply(const double *a, const double *b, double *c, size_t m, size_t k, size_t n)
{
    memset(c, 0, m * n * sizeof *c);
    for (size_t i = 0; i < m; i++)
        for (size_t l = 0; l < k; l++) {
            const double x = a[i * k + l];
            for (size_t j = 0; j < n; j++)
                c[i * n + j] += x * b[l * n + j];
        }
}

static double largest_difference(const double *a, const double *b, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

static void products_are_the_definition(void **state)
{
    (void)state;
    const double a[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 7, 8, 9, 10, 11, 12 };
    const double ab[] = { 58, 64, 139, 154 }, atb[] = { 89, 98, 116, 128 };
    const double at[] = { 1, 4, 2, 5, 3, 6 };
    double c[4];
    linalg_multiply_transposed(at, b, c, 2, 3, 2); /* (3x2)' by 3x2 */
    assert_memory_equal(c, ab, sizeof c);
    linalg_multiply_transposed(a, b, c, 2, 3, 2);
    assert_memory_equal(c, atb, sizeof c);
}

static void columns_become_orthonormal_and_span_the_same(void **state)
{
    (void)state;
    static double a[M * N], q[M * N], g[N * N], r[N * N], back[M * N];
    for (int deficient = 0; deficient < 2; deficient++) {
        fill(a, M * N, 3);
        for (size_t i = 0; deficient && i < M; i++)
            a[i * N + 7] = a[i * N + 2] - a[i * N + 3];
        memcpy(q, a, sizeof a);
        assert_true(linalg_orthonormal(q, M, N));
        linalg_multiply_transposed(q, q, g, N, M, N);
        for (size_t i = 0; i < N * N; i++)
            assert_true(fabs(g[i] - (i / N == i % N ? 1.0 : 0.0)) < 1e-12);
        linalg_multiply_transposed(q, a, r, N, M, N);
        for (size_t i = 0; i < N; i++) {
            assert_true(r[i * N + i] > -1e-12);
            for (size_t j = 0; j < i; j++)
                assert_true(fabs(r[i * N + j]) < 1e-12);
        }
        multiply(q, r, back, M, N, N);
        assert_true(largest_difference(back, a, M * N) < 1e-12);
    }
}

static void cholesky_multiplies_back_and_refuses_what_has_none(void **state)
{
    (void)state;
    static double s[N * N], l[N * N], t[N * N], back[N * N];
    fill_symmetric(s, N, 5);
    assert_true(linalg_cholesky(s, N, l));
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            t[j * N + i] = l[i * N + j];
            if (j > i) assert_true(l[i * N + j] == 0.0);
            if (j == i) assert_true(l[i * N + j] > 0.0);
        }
    multiply(l, t, back, N, N, N);
    assert_true(largest_difference(back, s, N * N) < 1e-12 * N);
    s[0] = -1.0;
    assert_false(linalg_cholesky(s, N, s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_the_definition),
        cmocka_unit_test(columns_become_orthonormal_and_span_the_same),
        cmocka_unit_test(cholesky_multiplies_back_and_refuses_what_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
