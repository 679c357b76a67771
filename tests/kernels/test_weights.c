/* Softmax in pieces: every level beside f64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "kernels/random.h"
#include "kernels/weights.h"

enum { MOST = 200 };
static const float scale = 0.125f;

static void make_scores(float *scores, size_t n, double spread)
{
    for (size_t i = 0; i < n; i++)
        scores[i] = (float)(spread * random_normal(7, i));
}

static void weights_are_exponentials_of_what_is_near_the_largest(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MOST; n++)
        for (int wide = 0; wide < 2; wide++) {
            float scores[MOST], to[MOST + 1];
            double sum = 0;
            size_t kept = 3, expected = 3;
            make_scores(scores, n, wide ? 100 : 8);
            to[n] = 42;
            const weigher *w = weigher_best();
            const float max = w->max(scores, n), got = w->make(scores, n, max, scale, to, &kept);
            assert_true(n > 0 || (isinf(max) && max < 0));
            for (size_t i = 0; i < n; i++) {
                assert_true(scores[i] <= max);
                const double e = exp((double)scale * ((double)scores[i] - (double)max));
                if (fabs(e / (double)WEIGHTS_LEAST - 1) < 1e-4)
                    assert_true(to[i] == 0 || fabs((double)to[i] / e - 1) < 1e-5);
                else if (e < (double)WEIGHTS_LEAST)
                    assert_true(to[i] == 0);
                else
                    assert_true(fabs((double)to[i] / e - 1) < 1e-5);
                sum += (double)to[i];
                expected += to[i] > 0;
            }
            assert_int_equal(kept, expected);
            assert_true(fabs((double)got - sum) <= 1e-6 * sum);
            assert_true(to[n] == 42);
        }
}

static void all_levels_give_the_same_bits(void **state)
{
    (void)state;
    const weigher *portable = weigher_level(0), *w;
    for (int level = 1; (w = weigher_level(level)); level++)
        for (size_t n = 1; n <= MOST; n++) {
            float scores[MOST], expected[MOST], to[MOST];
            size_t a = 0, b = 0;
            make_scores(scores, n, 60);
            const float max = portable->max(scores, n), other = w->max(scores, n);
            assert_memory_equal(&max, &other, sizeof max);
            const float one = portable->make(scores, n, max, scale, expected, &a);
            const float two = w->make(scores, n, max, scale, to, &b);
            assert_memory_equal(&one, &two, sizeof one);
            assert_memory_equal(expected, to, n * sizeof *to);
            assert_int_equal(a, b);
        }
}

static void scores_may_be_overwritten(void **state)
{
    (void)state;
    float scores[MOST], to[MOST];
    size_t kept = 0;
    make_scores(scores, MOST, 10);
    const weigher *w = weigher_best();
    const float max = w->max(scores, MOST), sum = w->make(scores, MOST, max, scale, to, &kept);
    assert_true(w->make(scores, MOST, max, scale, scores, &kept) == sum);
    assert_memory_equal(scores, to, sizeof to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_exponentials_of_what_is_near_the_largest),
        cmocka_unit_test(all_levels_give_the_same_bits),
        cmocka_unit_test(scores_may_be_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
