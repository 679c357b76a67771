/* Every instruction set gives the bits of the portable one, and those are the right numbers. */
#include "kernels/simd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/random.h"

static float *noise(size_t n, uint64_t key)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(key, i);
    return x;
}

/* C = A·B^T by panels, as the engine does it. */
static float *product(const simd *s, const float *a, size_t m, const float *b, size_t n, size_t k)
{
    float *c = malloc(m * n * sizeof *c), *panel = malloc((size_t)s->width * k * sizeof *panel);
    assert_non_null(c);
    assert_non_null(panel);
    for (size_t j = 0; j < n; j += (size_t)s->width) {
        int columns = (int)(n - j < (size_t)s->width ? n - j : (size_t)s->width);
        s->pack(b + j * k, k, columns, k, panel);
        s->panel(a, k, m, panel, (size_t)s->width, k, c + j, n, columns, false);
    }
    free(panel);
    return c;
}

static void every_level_multiplies_to_the_same_bits(void **state)
{
    (void)state;
    static const size_t sizes[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 17, 67, 129 }, { 33, 64, 600 }, { 9, 31, 257 } };
    for (size_t z = 0; z < sizeof sizes / sizeof *sizes; z++) {
        size_t m = sizes[z][0], n = sizes[z][1], k = sizes[z][2];
        float *a = noise(m * k, 1), *b = noise(n * k, 2);
        float *portable = product(simd_level(0), a, m, b, n, k);
        for (int l = 1; simd_level(l); l++) {
            float *c = product(simd_level(l), a, m, b, n, k);
            assert_memory_equal(c, portable, m * n * sizeof *c);
            free(c);
        }
        for (size_t i = 0; i < m * n; i++) {
            double exact = 0, size = 0;
            for (size_t kk = 0; kk < k; kk++) {
                double term = (double)a[i / n * k + kk] * (double)b[i % n * k + kk];
                exact += term;
                size += fabs(term);
            }
            assert_true(fabs((double)portable[i] - exact) <= 1e-6 * (size + 1e-30) * sqrt((double)k));
        }
        free(portable);
        free(a);
        free(b);
    }
}

static void a_row_of_a_product_does_not_depend_on_the_others(void **state)
{
    (void)state;
    size_t m = 29, n = 70, k = 300;
    const simd *s = simd_best();
    float *a = noise(m * k, 3), *b = noise(n * k, 4), *all = product(s, a, m, b, n, k);
    for (size_t i = 0; i < m; i++) {
        float *one = product(s, a + i * k, 1, b, n, k);
        assert_memory_equal(one, all + i * n, n * sizeof *one);
        free(one);
    }
    free(all);
    free(a);
    free(b);
}

/* Sums in order, one fused multiply-add a step, for widths that fill registers and such that do not. */
static void far_rows_are_products_to_the_last_bit(void **state)
{
    (void)state;
    static const size_t sizes[][3] = { { 1, 1, 1 },    { 2, 128, 70 }, { 1, 256, 40 }, { 9, 20, 700 },
                                       { 3, 80, 150 }, { 8, 67, 33 },  { 2, 9000, 3 } };
    for (size_t z = 0; z < sizeof sizes / sizeof *sizes; z++) {
        const size_t m = sizes[z][0], n = sizes[z][1], k = sizes[z][2], lda = k + 3, ldc = n + 1;
        float *a = noise(m * lda, 7), *b = noise(k * n, 8), *c = malloc(m * ldc * sizeof *c);
        assert_non_null(c);
        for (int l = 0; simd_level(l); l++) {
            for (size_t i = 0; i < m * ldc; i++)
                c[i] = 42;
            simd_level(l)->far_rows(a, lda, m, b, k, n, c, ldc);
            for (size_t i = 0; i < m; i++) {
                for (size_t j = 0; j < n; j++) {
                    float sum = 0;
                    for (size_t kk = 0; kk < k; kk++)
                        sum = fmaf(a[i * lda + kk], b[kk * n + j], sum);
                    assert_memory_equal(&sum, &c[i * ldc + j], sizeof sum);
                }
                assert_true(c[i * ldc + n] == 42);
            }
        }
        free(a);
        free(b);
        free(c);
    }
}

static void softmax_and_gates_are_equal_on_every_level_and_right(void **state)
{
    (void)state;
    for (size_t n = 1; n < 70; n++) {
        float *x = noise(n + 5, 5 + n), *up = noise(n, 6), *first = NULL, *gated = NULL, *gelu = NULL;
        for (int l = 0; simd_level(l); l++) {
            float *y = malloc((n + 5) * sizeof *y), *g = malloc(n * sizeof *g), *h = malloc(n * sizeof *h);
            assert_non_null(y);
            assert_non_null(g);
            assert_non_null(h);
            memcpy(y, x, (n + 5) * sizeof *y);
            memcpy(g, x, n * sizeof *g);
            memcpy(h, x, n * sizeof *h);
            simd_level(l)->softmax(y, n, n + 5, 1.7f);
            simd_level(l)->silu_mul(g, up, n);
            simd_level(l)->gelu_mul(h, up, n);
            if (l > 0) {
                assert_memory_equal(y, first, (n + 5) * sizeof *y);
                assert_memory_equal(g, gated, n * sizeof *g);
                assert_memory_equal(h, gelu, n * sizeof *h);
                free(y);
                free(g);
                free(h);
                continue;
            }
            first = y;
            gated = g;
            gelu = h;
        }
        double sum = 0, total = 0;
        for (size_t i = 0; i < n; i++)
            sum += exp(1.7f * (double)x[i]);
        for (size_t i = 0; i < n; i++) {
            total += (double)first[i];
            assert_true(fabs((double)first[i] - exp(1.7f * (double)x[i]) / sum) < 1e-6);
            double silu = (double)x[i] / (1 + exp(-(double)x[i])) * (double)up[i];
            assert_true(fabs((double)gated[i] - silu) < 1e-6 * (1 + fabs(silu)));
            double v = (double)x[i], u = sqrt(2 / 3.14159265358979323846) * (v + 0.044715 * v * v * v);
            double exact = 0.5 * v * (1 + tanh(u)) * (double)up[i];
            assert_true(fabs((double)gelu[i] - exact) < 1e-6 * (1 + fabs(exact)));
        }
        assert_true(fabs(total - 1) < 1e-5);
        for (size_t i = n; i < n + 5; i++)
            assert_true(first[i] == 0);
        free(first);
        free(gated);
        free(gelu);
        free(x);
        free(up);
    }
}

/* Wherever the largest score stands, the others are told apart: nothing is as large as it can be by mistake. */
static void the_largest_score_counts_wherever_it_stands(void **state)
{
    (void)state;
    enum { N = 83 };
    float row[N];
    for (int l = 0; simd_level(l); l++)
        for (size_t at = 0; at < N; at++) {
            for (size_t i = 0; i < N; i++)
                row[i] = -1000;
            row[at] = 300;
            row[(at + 31) % N] = 299;
            simd_level(l)->softmax(row, N, N, 1.0f);
            assert_true(fabs((double)row[at] - 1 / (1 + exp(-1))) < 1e-6);
            assert_true(fabs((double)row[(at + 31) % N] - exp(-1) / (1 + exp(-1))) < 1e-6);
        }
}

static void gates_survive_huge_values(void **state)
{
    (void)state;
    for (int l = 0; simd_level(l); l++) {
        float x[4] = { 1e30f, -1e30f, 30.0f, -30.0f }, up[4] = { 1, 1, 1, 1 };
        simd_level(l)->gelu_mul(x, up, 4);
        assert_true(x[0] == 1e30f && x[2] == 30.0f);
        assert_true(fabsf(x[1]) <= 1e-7f && fabsf(x[3]) <= 1e-7f);
    }
}

static void softmax_survives_huge_scores(void **state)
{
    (void)state;
    for (int l = 0; simd_level(l); l++) {
        float x[20] = { 3e38f, -3e38f, 1e30f };
        simd_level(l)->softmax(x, 20, 20, 1.0f);
        assert_true(x[0] == 1.0f);
        for (int i = 1; i < 20; i++)
            assert_true(x[i] >= 0 && x[i] < 1e-37f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_multiplies_to_the_same_bits),
        cmocka_unit_test(a_row_of_a_product_does_not_depend_on_the_others),
        cmocka_unit_test(far_rows_are_products_to_the_last_bit),
        cmocka_unit_test(softmax_and_gates_are_equal_on_every_level_and_right),
        cmocka_unit_test(the_largest_score_counts_wherever_it_stands),
        cmocka_unit_test(softmax_survives_huge_scores),
        cmocka_unit_test(gates_survive_huge_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
