/* The angles of stretched contexts against their published formulas. */
#include "kernels/rope_scaling.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/rope.h"

enum { ROT = 128, PAIRS = ROT / 2 };

static const double pi = 3.14159265358979323846, base = 10000;

static rope_scaling yarn(double factor, double original)
{
    return (rope_scaling){ .factor = factor, .mix = 1, .original = original, .beta_fast = 32, .beta_slow = 1 };
}

static void linear_divides_every_frequency(void **state)
{
    (void)state;
    float divisors[PAIRS], factors[PAIRS];
    const rope_scaling s = { .factor = 3, .original = 2048, .beta_fast = 32, .beta_slow = 1 };
    rope_scaling_divisors(&s, ROT, base, NULL, divisors);
    for (int i = 0; i < PAIRS; i++) {
        assert_true(divisors[i] == 3);
        factors[i] = 1 + (float)i / 8;
    }
    rope_scaling_divisors(&s, ROT, base, factors, divisors);
    for (int i = 0; i < PAIRS; i++)
        assert_true(fabs((double)divisors[i] - 3 * (double)factors[i]) < 1e-6 * (double)divisors[i]);
    assert_true(rope_scaling_magnitude(&s) == 1);
}

static void a_factor_of_1_is_no_scaling_at_all(void **state)
{
    (void)state;
    float divisors[PAIRS];
    for (int mix = 0; mix < 2; mix++) {
        rope_scaling s = yarn(1, 4096);
        s.mix = mix;
        rope_scaling_divisors(&s, ROT, base, NULL, divisors);
        for (int i = 0; i < PAIRS; i++)
            assert_true(divisors[i] == 1);
        assert_true(rope_scaling_magnitude(&s) == 1);
        rope_table plain = { .n_rot = ROT }, scaled = { .n_rot = ROT, .magnitude = 1 };
        assert_true(rope_table_grow(&plain, 300, (float)base, NULL));
        assert_true(rope_table_grow(&scaled, 300, (float)base, divisors));
        assert_memory_equal(plain.cos_sin, scaled.cos_sin, 300 * ROT * sizeof(float));
        rope_table_release(&plain);
        rope_table_release(&scaled);
    }
}

/* Peng et al., section 3.2: with r = L theta / 2 pi turns in the original context L, a pair is divided wholly where
 * r < 1 and not at all where r > 32. Implementations ramp over pairs between the two, rounded outwards, so a pair
 * beyond those ends is as the paper has it. The ends themselves: LLaMA 2 7B, theta 10000 and L 4096, pairs 20 and 46.
 */
static void yarn_keeps_fast_pairs_and_divides_slow_ones(void **state)
{
    (void)state;
    float divisors[PAIRS];
    const rope_scaling s = yarn(16, 4096);
    rope_scaling_divisors(&s, ROT, base, NULL, divisors);
    for (int i = 0; i < PAIRS; i++) {
        const double turns = 4096 * pow(base, -2.0 * i / ROT) / (2 * pi);
        if (i <= 20) assert_true(turns > 32 * 0.85 && divisors[i] == 1);
        if (i >= 46) assert_true(turns < 1.15 && divisors[i] == 16);
        const double kept = fmin(1, fmax(0, 1 - (i - 20) / 26.0));
        assert_true(fabs(1 / (double)divisors[i] - (kept + (1 - kept) / 16)) < 1e-7);
        if (i > 0) assert_true(divisors[i] >= divisors[i - 1]);
    }
}

static void yarn_follows_its_betas_and_its_mix(void **state)
{
    (void)state;
    float wide[PAIRS], narrow[PAIRS], half[PAIRS];
    rope_scaling s = yarn(8, 4096);
    rope_scaling_divisors(&s, ROT, base, NULL, wide);
    s.beta_fast = 64; /* fewer pairs are fast enough to stay */
    rope_scaling_divisors(&s, ROT, base, NULL, narrow);
    s = yarn(8, 4096);
    s.mix = 0.5;
    rope_scaling_divisors(&s, ROT, base, NULL, half);
    int differ = 0;
    for (int i = 0; i < PAIRS; i++) {
        assert_true(narrow[i] >= wide[i] && half[i] >= wide[i]);
        differ += narrow[i] > wide[i];
    }
    assert_true(differ > 10);
    assert_true(fabs(1 / (double)half[0] - (0.5 + 0.5 / 8)) < 1e-7);
}

/* Section 3.4: the softmax temperature, as a length of keys and queries: 0.1 ln(s) + 1. */
static void yarn_lengthens_rows(void **state)
{
    (void)state;
    rope_scaling s = yarn(32, 4096);
    assert_true(fabs(rope_scaling_magnitude(&s) - 1.3465735902799727) < 1e-12);
    s.factor = 0.5;
    assert_true(rope_scaling_magnitude(&s) == 1);
    s = yarn(32, 4096);
    s.mix = 0;
    assert_true(rope_scaling_magnitude(&s) == 1);
}

static void a_magnitude_lengthens_turned_coordinates_only(void **state)
{
    (void)state;
    rope_table t = { .n_rot = 4, .magnitude = 1.5f };
    assert_true(rope_table_grow(&t, 10, 10000.0f, NULL));
    for (int pos = 0; pos < 10; pos++) {
        float row[6] = { 1, 2, 3, 4, 5, 6 };
        rope_rotate(&t, row, pos);
        for (int i = 0; i < 2; i++) {
            const double before = (1 + i) * (1 + i) + (3 + i) * (3 + i);
            const double after = (double)row[i] * (double)row[i] + (double)row[i + 2] * (double)row[i + 2];
            assert_true(fabs(after - 2.25 * before) < 1e-4);
        }
        assert_true(row[4] == 5 && row[5] == 6);
    }
    rope_table_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_divides_every_frequency),
        cmocka_unit_test(a_factor_of_1_is_no_scaling_at_all),
        cmocka_unit_test(yarn_keeps_fast_pairs_and_divides_slow_ones),
        cmocka_unit_test(yarn_follows_its_betas_and_its_mix),
        cmocka_unit_test(yarn_lengthens_rows),
        cmocka_unit_test(a_magnitude_lengthens_turned_coordinates_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
