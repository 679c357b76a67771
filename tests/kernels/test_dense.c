/* Every level of dense.h does what it says, with the same bits. */
#include "kernels/dense.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/cpu.h"
#include "kernels/random.h"

enum { MOST = 69, LEVELS = 3 };

static void fill(double *x, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        x[i] = random_normal(key, i);
}

static void tiles_are_sums_of_products_in_order(void **state)
{
    (void)state;
    static double x[MOST * DENSE_BLOCK], y[MOST * DENSE_BLOCK], c[DENSE_BLOCK * DENSE_BLOCK];
    fill(x, MOST * DENSE_BLOCK, 1);
    fill(y, MOST * DENSE_BLOCK, 2);
    for (int level = 0; cpu_runs(level) && level < LEVELS; level++)
        for (size_t n = 0; n <= MOST; n += 23) {
            fill(c, DENSE_BLOCK * DENSE_BLOCK, 3);
            dense_at(level)->add_products(c, x, y, n);
            for (size_t i = 0; i < DENSE_BLOCK; i++)
                for (size_t j = 0; j < DENSE_BLOCK; j++) {
                    double sum = random_normal(3, i * DENSE_BLOCK + j);
                    for (size_t k = 0; k < n; k++) {
                        const double product = x[k * DENSE_BLOCK + i] * y[k * DENSE_BLOCK + j];
                        sum += product;
                    }
                    assert_true(c[i * DENSE_BLOCK + j] == sum);
                }
        }
}

static void eliminating_takes_two_outer_products_and_multiplies(void **state)
{
    (void)state;
    enum { STRIDE = MOST + 3 };
    static double a[MOST * STRIDE], was[MOST * STRIDE];
    double v[MOST], w[MOST], u[MOST], p[MOST];
    fill(was, MOST * STRIDE, 4);
    fill(v, MOST, 5);
    fill(w, MOST, 6);
    fill(u, MOST, 7);
    for (int level = 0; cpu_runs(level) && level < LEVELS; level++)
        for (size_t n = 1; n <= MOST; n += n < 18 ? 1 : 17) {
            memcpy(a, was, sizeof a);
            dense_at(level)->eliminate(a, STRIDE, n, v, w, u, p);
            for (size_t j = 0; j < n; j++) {
                double sum = 0.0;
                for (size_t i = 0; i < n; i++) {
                    const double one = v[i] * w[j], two = w[i] * v[j], both = one + two;
                    const double left = was[i * STRIDE + j] - both, product = u[i] * left;
                    assert_true(a[i * STRIDE + j] == left);
                    sum += product;
                }
                assert_true(p[j] == sum);
            }
            for (size_t i = 0; i < MOST; i++)
                for (size_t j = i < n ? n : 0; j < STRIDE; j++)
                    assert_true(a[i * STRIDE + j] == was[i * STRIDE + j]);
        }
}

static void a_reflection_and_rotations_are_the_definition(void **state)
{
    (void)state;
    static double z[(MOST + 1) * DENSE_BLOCK], was[(MOST + 1) * DENSE_BLOCK];
    double v[MOST], cs[2 * MOST];
    fill(was, (MOST + 1) * DENSE_BLOCK, 8);
    fill(v, MOST, 9);
    fill(cs, 2 * MOST, 10);
    for (int level = 0; cpu_runs(level) && level < LEVELS; level++)
        for (size_t n = 0; n <= MOST; n += 23) {
            memcpy(z, was, sizeof z);
            dense_at(level)->reflect(z, n, v, 0.7);
            for (size_t j = 0; j < DENSE_BLOCK; j++) {
                double dot = 0.0;
                for (size_t i = 0; i < n; i++) {
                    const double product = v[i] * was[i * DENSE_BLOCK + j];
                    dot += product;
                }
                for (size_t i = 0; i <= MOST; i++) {
                    const double factor = 0.7 * v[i < n ? i : 0], off = factor * dot, before = was[i * DENSE_BLOCK + j];
                    assert_true(z[i * DENSE_BLOCK + j] == (i < n ? before - off : before));
                }
            }
            memcpy(z, was, sizeof z);
            dense_at(level)->turn(z, MOST - 1, n, cs);
            for (size_t j = 0; j < DENSE_BLOCK; j++) {
                double column[MOST + 1];
                for (size_t i = 0; i <= MOST; i++)
                    column[i] = was[i * DENSE_BLOCK + j];
                for (size_t k = 0; k < n; k++) {
                    const size_t i = MOST - 1 - k;
                    const double a = column[i], b = column[i + 1], c = cs[2 * k], s = cs[2 * k + 1];
                    const double ca = c * a, sb = s * b, sa = s * a, cb = c * b;
                    column[i] = ca - sb;
                    column[i + 1] = sa + cb;
                }
                for (size_t i = 0; i <= MOST; i++)
                    assert_true(z[i * DENSE_BLOCK + j] == column[i]);
            }
        }
}

static void the_largest_is_the_first_of_equals(void **state)
{
    (void)state;
    enum { K = 7, N = 150, STRIDE = 160 };
    static float p[K * STRIDE], along[N];
    static double sum[MOST], expected[MOST];
    float x[MOST];
    uint8_t nearest[N];
    for (size_t i = 0; i < K * STRIDE; i++) /* few values: many equals, of both signs, and NaN-free zeros */
        p[i] = (float)((int)(random_bits(11, i) % 5) - 2);
    for (size_t i = 0; i < MOST; i++)
        x[i] = (float)random_normal(12, i);
    for (int level = 0; cpu_runs(level) && level < LEVELS; level++) {
        for (size_t k = 1; k <= K; k += 3)
            for (size_t n = 0; n <= N; n += 25) {
                memset(nearest, 0xff, sizeof nearest);
                dense_at(level)->largest(p, STRIDE, k, n, nearest, along);
                for (size_t i = 0; i < N; i++) {
                    size_t best = 0;
                    for (size_t j = 1; j < k; j++)
                        if (fabsf(p[j * STRIDE + i]) > fabsf(p[best * STRIDE + i])) best = j;
                    assert_int_equal(nearest[i], i < n ? best : 0xff);
                    if (i < n) assert_true(along[i] == p[best * STRIDE + i]);
                }
            }
        fill(sum, MOST, 13);
        fill(expected, MOST, 13);
        dense_at(level)->add_weighted(sum, x, 0.3, MOST - 1);
        for (size_t i = 0; i + 1 < MOST; i++) {
            const double product = 0.3 * (double)x[i];
            expected[i] += product;
        }
        assert_memory_equal(sum, expected, sizeof sum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_are_sums_of_products_in_order),
        cmocka_unit_test(eliminating_takes_two_outer_products_and_multiplies),
        cmocka_unit_test(a_reflection_and_rotations_are_the_definition),
        cmocka_unit_test(the_largest_is_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
