/* The codec's parts by themselves: rotations, scaled residuals, packed fields, fitted levels. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/lloyd.h"
#include "kernels/random.h"
#include "plugins/kakeya/codebook.h"
#include "plugins/kakeya/config.h"
#include "plugins/kakeya/fields.h"
#include "plugins/kakeya/residual.h"
#include "tests/codecs/test_host.h"

/* ---- rotation --------------------------------------------------------------------------------------------------- */

static void every_rank_has_a_width_and_an_orthogonal_rotation(void **state)
{
    (void)state;
    for (size_t rank = 1; rank <= 512; rank++)
        for (int kind = 0; kind < 4; kind++) {
            const size_t n = rotation_width(rank, kind & 1, kind & 2);
            rotation r;
            float x[512], y[512];
            assert_true(n >= rank && n <= 512 && (!(kind & 2) || n % 2 == 0));
            if (kind & 1) assert_true((n & (n - 1)) == 0 && (n < 2 * rank || n == 2));
            if (kind == 0) assert_true(n == rank || (rank >= 16 && n <= rank + 16));
            rotation_init(&r, n);
            for (size_t i = 0; i < n; i++)
                x[i] = y[i] = (float)random_normal(rank, i);
            rotation_forward(&r, y);
            assert_true(fabs(test_energy(y, n) / test_energy(x, n) - 1.0) < 1e-5);
            rotation_inverse(&r, y);
            assert_true(test_error(x, y, n) < 1e-10 * test_energy(x, n));
        }
}

static void widths_are_the_documented_ones(void **state)
{
    (void)state;
    static const size_t cases[][3] = { /* rank, tight, published */
                                       { 1, 1, 1 },       { 3, 3, 4 },      { 15, 15, 16 },    { 16, 16, 16 },
                                       { 17, 18, 32 },    { 64, 64, 64 },   { 72, 72, 128 },   { 80, 80, 128 },
                                       { 96, 96, 128 },   { 97, 100, 128 }, { 128, 128, 128 }, { 200, 200, 256 },
                                       { 257, 272, 512 }, { 512, 512, 512 }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rotation_width(cases[i][0], false, false), cases[i][1]);
        assert_int_equal(rotation_width(cases[i][0], true, false), cases[i][2]);
    }
}

/* A residual along one direction is spread: below 16 values, too, no output keeps more than three quarters of it. */
static void small_rotations_spread_single_values(void **state)
{
    (void)state;
    for (size_t n = 3; n < 16; n++)
        for (size_t at = 0; at < n; at++) {
            rotation r;
            float x[16] = { 0 };
            x[at] = 1.0f;
            rotation_init(&r, n);
            rotation_forward(&r, x);
            for (size_t i = 0; i < n; i++)
                assert_true(x[i] * x[i] < 0.75f);
        }
}

/* ---- residual --------------------------------------------------------------------------------------------------- */

static void configure(kakeya *c, test_host *h, size_t dim, int bits, bool published)
{
    kvant_value values[TEST_PARAMS] = { 0 };
    memset(c, 0, sizeof *c);
    test_host_init(h);
    for (int i = 0; kakeya_params[i].name; i++) {
        values[i].i = (int64_t)kakeya_params[i].def;
        values[i].r = kakeya_params[i].def;
        if (strcmp(kakeya_params[i].name, "bits") == 0) values[i].i = bits;
        if (strcmp(kakeya_params[i].name, "header") == 0) values[i].i = published;
    }
    c->host = &h->host;
    c->shape.dim = (int32_t)dim;
    assert_int_equal(kakeya_configure(c, values), KVANT_OK);
}

/* The published codec once had standard deviation √W here, which saturates two thirds of the coordinates. Residuals of
 * any length and any rank, padded or not; and each level is used as often as N(0, 1) falls into its cell. */
static void scaled_residuals_have_mean_square_1_and_use_all_levels(void **state)
{
    (void)state;
    static const size_t ranks[] = { 3, 15, 64, 80, 100, 128 };
    enum { ROWS = 1000, BITS = 3, LEVELS = 1 << BITS };
    double level[LEVELS], boundary[LEVELS];
    assert_true(lloyd_max(LLOYD_NORMAL, BITS, level));
    lloyd_boundaries(level, BITS, boundary);
    for (size_t t = 0; t < 2 * sizeof ranks / sizeof *ranks; t++) {
        kakeya c;
        test_host h;
        static kakeya_skeleton s;
        double count[LEVELS] = { 0 };
        configure(&c, &h, 128, BITS, t % 2);
        kakeya_set_rank(&c, &s, ranks[t / 2]);
        for (size_t i = 0; i < ROWS; i++) {
            float e[512];
            const double size = pow(10.0, 8.0 * random_uniform(3, i) - 4.0);
            for (size_t j = 0; j < s.rank; j++)
                e[j] = (float)(size * random_normal(4, i * s.rank + j));
            const double length = sqrt(test_energy(e, s.rank));
            assert_true(fabs(residual_scale(&s, e) / length - 1.0) < 1e-9);
            assert_true(fabs(test_energy(e, s.width) / (double)s.width - 1.0) < 1e-5);
            for (size_t j = 0; j < s.width; j++)
                for (int k = 0; k < LEVELS; k++)
                    count[k] += (k == 0 || e[j] >= boundary[k - 1]) && (k == LEVELS - 1 || e[j] < boundary[k]);
        }
        for (int k = 0; s.rank >= 64 && k < LEVELS; k++) {
            const double low = k > 0 ? boundary[k - 1] : -INFINITY, high = k < LEVELS - 1 ? boundary[k] : INFINITY;
            const double expected = 0.5 * (erf(high / sqrt(2.0)) - erf(low / sqrt(2.0)));
            assert_true(fabs(count[k] / (double)(ROWS * s.width) / expected - 1.0) < 0.05);
        }
    }
}

static void a_residual_of_zeros_is_zeros(void **state)
{
    (void)state;
    kakeya c;
    test_host h;
    static kakeya_skeleton s;
    float e[512];
    configure(&c, &h, 100, 3, true);
    kakeya_set_rank(&c, &s, 100);
    memset(e, 0xff, sizeof e);
    memset(e, 0, 100 * sizeof *e);
    assert_true(residual_scale(&s, e) == 0.0);
    assert_true(test_energy(e, s.width) == 0.0);
}

/* ---- fields ----------------------------------------------------------------------------------------------------- */

static void bits_come_back_and_leave_zeros(void **state)
{
    (void)state;
    for (unsigned width = 0; width <= 16; width++)
        for (size_t n = 0; n < 40; n++) {
            uint16_t values[40], back[40];
            uint8_t bytes[96];
            for (size_t i = 0; i < n; i++)
                values[i] = (uint16_t)(random_bits(width, i) & ((1u << width) - 1u));
            memset(bytes, 0xa5, sizeof bytes);
            const size_t used = (size_t)(fields_put_bits(bytes, values, n, width) - bytes);
            assert_int_equal(used, fields_bits_bytes(n, width));
            assert_int_equal(bytes[used], 0xa5);
            assert_true(fields_get_bits(bytes, n, width, back));
            assert_memory_equal(values, back, n * sizeof *values);
            if (n * width % 8 == 0) continue;
            bytes[used - 1] |= 0x80;
            assert_false(fields_get_bits(bytes, n, width, back));
        }
    const uint16_t three[] = { 5, 2, 7, 1 }; /* 101, 010, 111, 001 from the low end: D5 03 */
    uint8_t bytes[2];
    fields_put_bits(bytes, three, 4, 3);
    assert_int_equal(bytes[0], 0xd5);
    assert_int_equal(bytes[1], 0x03);
}

static void widths_hold_their_numbers(void **state)
{
    (void)state;
    for (size_t most = 0; most < 2000; most++) {
        const unsigned width = fields_width(most);
        assert_true(most < (size_t)1 << width && (width == 0 || most >= (size_t)1 << (width - 1)));
    }
}

static void reals_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    const float good[] = { 1.0f, -1.0f, 0.25f };
    static const float bad[] = { 1.001f, -2.0f, INFINITY, NAN };
    for (int wide = 0; wide < 2; wide++) {
        float values[3];
        uint8_t bytes[12];
        assert_int_equal(fields_put_reals(bytes, good, 3, wide) - bytes, wide ? 12 : 6);
        assert_true(fields_get_reals(bytes, 3, wide, 1.0f, values));
        assert_memory_equal(values, good, sizeof good);
        for (size_t i = 0; i < 4; i++) {
            fields_put_reals(bytes, &bad[i], 1, wide);
            assert_false(fields_get_reals(bytes, 3, wide, 1.0f, values));
        }
    }
}

/* ---- codebook --------------------------------------------------------------------------------------------------- */

/* Samples of N(0, 1) give its Lloyd-Max levels; of a uniform density evenly spaced ones. */
static void levels_fit_the_density_of_the_samples(void **state)
{
    (void)state;
    enum { N = 200000 };
    float *samples = malloc(N * sizeof *samples);
    double *sums = malloc((N + 1) * sizeof *sums), level[8], optimum[8];
    assert_true(lloyd_max(LLOYD_NORMAL, 3, optimum));
    for (size_t i = 0; i < N; i++)
        samples[i] = (float)random_normal(1, i);
    for (int k = 0; k < 8; k++)
        level[k] = 0.1 * k - 0.2;
    codebook_fit(samples, N, level, 8, sums);
    for (int k = 0; k < 8; k++)
        assert_true(fabs(level[k] - optimum[k]) < 0.03);
    for (size_t i = 1; i < N; i++)
        assert_true(samples[i - 1] <= samples[i]);
    for (size_t i = 0; i < N; i++)
        samples[i] = (float)random_uniform(2, i);
    for (int k = 0; k < 8; k++)
        level[k] = optimum[k]; /* four of them are below every sample */
    codebook_fit(samples, N, level, 8, sums);
    for (int k = 0; k < 8; k++)
        assert_true(fabs(level[k] - (k + 0.5) / 8.0) < 0.01);
    free(samples), free(sums);
}

static void each_level_is_the_mean_of_its_samples(void **state)
{
    (void)state;
    float samples[] = { 9.0f, -1.0f, 1.0f, 8.0f, -3.0f, 3.0f, 10.0f };
    double level[] = { -1.0, 0.5, 9.5 }, far[] = { -1.0, 0.0, 2.0, 50.0 }, sums[8];
    codebook_fit(samples, 7, level, 3, sums);
    assert_true(level[0] == -2.0 && level[1] == 2.0 && level[2] == 9.0);
    float two[] = { 1.0f, -1.0f, 1.0f, 1.0f }; /* too few values for four levels */
    codebook_fit(two, 4, far, 4, sums);
    assert_true(far[0] == -1.0 && far[1] == 0.0 && far[2] == 1.0 && far[3] == 50.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rank_has_a_width_and_an_orthogonal_rotation),
        cmocka_unit_test(widths_are_the_documented_ones),
        cmocka_unit_test(small_rotations_spread_single_values),
        cmocka_unit_test(scaled_residuals_have_mean_square_1_and_use_all_levels),
        cmocka_unit_test(a_residual_of_zeros_is_zeros),
        cmocka_unit_test(bits_come_back_and_leave_zeros),
        cmocka_unit_test(widths_hold_their_numbers),
        cmocka_unit_test(reals_beyond_the_limit_are_refused),
        cmocka_unit_test(levels_fit_the_density_of_the_samples),
        cmocka_unit_test(each_level_is_the_mean_of_its_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
