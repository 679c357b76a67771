/* Tokens from logits: the largest, and draws that are a function of logits, seed and counter. */
#include "engine/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernels/random.h"

static void greedy_takes_the_lowest_of_equals_and_draws_follow_the_distribution(void **state)
{
    (void)state;
    const float logits[] = { 0.0f, 2.0f, 2.0f, 1.0f };
    assert_int_equal(sample_greedy(logits, 4), 1);
    double sum = 1 + 2 * exp(2) + exp(1);
    int counts[4] = { 0 };
    for (uint64_t i = 0; i < 100000; i++) {
        int32_t t = sample_temperature(logits, 4, 1.0, 7, i);
        assert_in_range(t, 0, 3);
        counts[t]++;
    }
    for (int i = 0; i < 4; i++) {
        double p = exp((double)logits[i]) / sum;
        assert_true(fabs(counts[i] / 1e5 - p) < 4 * sqrt(p * (1 - p) / 1e5));
    }
    assert_int_equal(sample_temperature(logits, 4, 1.0, 7, 5), sample_temperature(logits, 4, 1.0, 7, 5));
    assert_in_range(sample_temperature(logits, 4, 0.01, 7, 5), 1, 2);
}

/* A text that was sampled once is sampled again: by a definition that names every operation. */
static void a_draw_inverts_sums_in_order_with_and_without_scratch(void **state)
{
    (void)state;
    enum { N = 300 };
    float logits[N];
    double kept[N];
    for (size_t i = 0; i < N; i++)
        logits[i] = 6 * (float)random_normal(3, i);
    logits[7] = -INFINITY;
    for (uint64_t draw = 0; draw < 500; draw++) {
        const double temperature = draw % 2 ? 1.0 : 0.3, max = (double)logits[sample_greedy(logits, N)];
        double sum = 0, left;
        int32_t expected = 0;
        for (size_t i = 0; i < N; i++)
            sum += exp(((double)logits[i] - max) / temperature);
        left = random_uniform(11, draw) * sum;
        while ((left -= exp(((double)logits[expected] - max) / temperature)) >= 0)
            expected++;
        assert_int_equal(sample_temperature(logits, N, temperature, 11, draw), expected);
        assert_int_equal(sample_with(logits, N, temperature, 11, draw, kept), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_lowest_of_equals_and_draws_follow_the_distribution),
        cmocka_unit_test(a_draw_inverts_sums_in_order_with_and_without_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
