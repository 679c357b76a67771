#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "kernels/random.h"

enum { N = 200000 };

/* The mixer backwards, so that a test can choose the seed behind a key. */
static uint64_t unmix(uint64_t z)
{
    z ^= z >> 31 ^ z >> 62;
    z *= 0x319642b2d24d8ec3u;
    z ^= z >> 27 ^ z >> 54;
    z *= 0x96de1b173f119089u;
    return z ^ z >> 30 ^ z >> 60;
}

/* The published first outputs of SplitMix64 with seed 1234567. */
static void bits_are_those_of_splitmix64(void **state)
{
    (void)state;
    static const uint64_t expected[] = { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                         4593380528125082431u, 16408922859458223821u };
    for (uint64_t i = 0; i < 5; i++)
        assert_true(random_bits(unmix(1234567), i) == expected[i]);
}

/* Changing one bit of key or counter changes half of the bits: 32 of 64, standard deviation 4. */
static void one_bit_of_input_changes_half_of_the_output(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++)
        for (int bit = 0; bit < 64; bit++) {
            int changed = 0;
            for (uint64_t i = 0; i < 200; i++) {
                const uint64_t flip = (uint64_t)1 << bit;
                const uint64_t a = random_bits(i, 3 * i),
                               b = random_bits(which ? i : i ^ flip, which ? 3 * i ^ flip : 3 * i);
                changed += __builtin_popcountll(a ^ b);
            }
            assert_true(fabs(changed / 200.0 - 32.0) < 1.5);
        }
}

static void uniforms_stay_inside_and_are_uniform(void **state)
{
    (void)state;
    double mean = 0.0, square = 0.0;
    for (uint64_t i = 0; i < N; i++) {
        const double u = random_uniform(7, i);
        assert_true(u > 0.0 && u < 1.0);
        mean += u / N;
        square += u * u / N;
    }
    assert_true(fabs(mean - 0.5) < 4 * 0.2887 / sqrt(N));
    assert_true(fabs(square - 1.0 / 3.0) < 4 * 0.2981 / sqrt(N));
}

/* Moments 1 to 4 of N(0, 1) are 0, 1, 0, 3; their standard errors 1, √2, √15, √96 over √N. */
static void normals_have_the_moments_of_the_normal(void **state)
{
    (void)state;
    double m[4] = { 0 }, lagged = 0.0, before = 0.0;
    for (uint64_t i = 0; i < N; i++) {
        const double z = random_normal(42, i);
        m[0] += z / N;
        m[1] += z * z / N;
        m[2] += z * z * z / N;
        m[3] += z * z * z * z / N;
        lagged += z * before / N;
        before = z;
    }
    assert_true(fabs(m[0]) < 4 / sqrt(N));
    assert_true(fabs(m[1] - 1) < 4 * sqrt(2.0 / N));
    assert_true(fabs(m[2]) < 4 * sqrt(15.0 / N));
    assert_true(fabs(m[3] - 3) < 4 * sqrt(96.0 / N));
    assert_true(fabs(lagged) < 4 / sqrt(N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_those_of_splitmix64),
        cmocka_unit_test(one_bit_of_input_changes_half_of_the_output),
        cmocka_unit_test(uniforms_stay_inside_and_are_uniform),
        cmocka_unit_test(normals_have_the_moments_of_the_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
