#include "tests/codecs/promises.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "tests/scale.h"

enum { NORM, MSE, UNBIASED };

static const kvant_value *scaled(int bits, int states, int scale)
{
    static kvant_value values[TEST_PARAMS];
    const kvant_codec *codec = test_codec("tcq", "tcq");
    test_defaults(codec, NULL, values);
    values[test_param(codec, "bits")].i = bits;
    values[test_param(codec, "states")].i = states;
    values[test_param(codec, "scale")].i = scale;
    return values;
}

static const kvant_value *values_of(int bits, int states)
{
    return scaled(bits, states, MSE);
}

static double error_of(const float *rows, size_t n_rows, int dim, int bits, int states)
{
    test_instance t;
    size_t n_bytes;
    const size_t d = (size_t)dim;
    double error = 0.0;
    float *back = malloc(n_rows * d * sizeof *back);
    test_open(&t, test_codec("tcq", "tcq"), dim, values_of(bits, states));
    uint8_t *bytes = test_encode(&t, rows, n_rows, &n_bytes);
    assert_int_equal(n_bytes, n_rows * (2 + d * (size_t)bits / 8));
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, n_rows), KVANT_OK);
    for (size_t r = 0; r < n_rows; r++)
        error += test_error(rows + r * d, back + r * d, d) / test_energy(rows + r * d, d) / (double)n_rows;
    test_close(&t);
    free(back), free(bytes);
    return error;
}

static void promises_of_every_codec_hold(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "v=tcq(bits=1,states=8,scale=mse)", 16, 1, 2500.0f },
        { "v=tcq(bits=2,scale=mse)", 128, 1, 2500.0f },
        { "v=tcq(bits=3,states=12,scale=mse)", 80, 1, 2500.0f },
        { "v=tcq(bits=3,states=9,scale=mse)", 64, 1, 2500.0f },
        { "v=tcq(bits=1,states=12,scale=unbiased)", 96, 1, 2500.0f },
        { "v=tcq(bits=2,states=8)", 512, 1, 2500.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

/* Published landmarks for trellis codes at these rates, states: 1 bit 0.284; 2 bits 0.0794 (2^8), 0.0744 (2^10), 0.0723
 * (2^12); 3 bits 0.0222 (2^9). Lloyd-Max: 0.3609, 0.1160, 0.03397. Rate-distortion limit: 4^-bits. The table is what
 * this codebook has on Gaussian rows of 128 with the scale of least error. */
static void error_of_gaussian_rows_is_below_the_landmarks(void **state)
{
    (void)state;
    static const double expected[3][5] = { { 0.2894, 0.2836, 0.2795, 0.2770, 0.2750 },
                                           { 0.0777, 0.0746, 0.0725, 0.0709, 0.0698 },
                                           { 0.02135, 0.02017, 0.01919, 0.01848, 0.01801 } };
    static const struct {
        int bits, states;
        double error;
    } landmarks[] = { { 1, 12, 0.284 }, { 2, 8, 0.0794 }, { 2, 10, 0.0744 }, { 2, 12, 0.0723 }, { 3, 9, 0.0222 } };
    enum { N = FEWER(400), DIM = 128 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    double measured[4][13];
    for (int bits = 1; bits <= 3; bits++)
        for (int states = 8; states <= 12; states++) {
            const double e = measured[bits][states] = error_of(rows, N, DIM, bits, states);
            print_message("tcq(bits=%d,states=%d): %.5f (%.5f)\n", bits, states, e, expected[bits - 1][states - 8]);
        }
    for (int bits = 1; bits <= 3; bits++)
        for (int states = 8; states <= 12; states++) {
            assert_true(fabs(measured[bits][states] / expected[bits - 1][states - 8] - 1.0) < WIDER(0.015));
            assert_true(measured[bits][states] > pow(4.0, -bits));
            if (states > 8) assert_true(measured[bits][states] < 0.999 * measured[bits][states - 1]);
        }
    for (size_t i = 0; i < sizeof landmarks / sizeof *landmarks; i++)
        assert_true(measured[landmarks[i].bits][landmarks[i].states] < landmarks[i].error);
    free(rows);
}

static void error_hardly_depends_on_the_dimension(void **state)
{
    (void)state;
    static const int dims[] = { 32, 64, 80, 96, 112, 192, 256, 512 };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i += EVERY(4)) {
        float *rows = test_rows(TEST_GAUSSIAN, 300, (size_t)dims[i], 3, 0.0f);
        assert_true(fabs(error_of(rows, 300, dims[i], 2, 9) / 0.0746 - 1.0) < 0.06);
        free(rows);
    }
}

static void spiky_rows_are_spread_before_they_are_quantised(void **state)
{
    (void)state;
    float *rows = test_rows(TEST_SPIKY, 300, 128, 4, 0.0f);
    assert_true(error_of(rows, 300, 128, 2, 10) < 0.12);
    for (size_t i = 0; i < 300 * 128; i++)
        rows[i] = i % 128 % 32 == 5 ? 20.0f : rows[i];
    assert_true(error_of(rows, 300, 128, 3, 10) < 0.05);
    free(rows);
}

static void rows_of_any_length_keep_their_relative_error(void **state)
{
    (void)state;
    static const float factors[] = { 1e-3f, 1.0f, 3000.0f };
    float *rows = test_rows(TEST_GAUSSIAN, 300, 128, 2, 0.0f), *scaled = malloc(300 * 128 * sizeof *scaled);
    const double one = error_of(rows, 300, 128, 2, 10);
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 300 * 128; i++)
            scaled[i] = rows[i] * factors[k];
        assert_true(fabs(error_of(scaled, 300, 128, 2, 10) / one - 1.0) < 1e-3);
    }
    free(rows), free(scaled);
}

/* norm: |x̂| = |x|; mse: nothing of the error is along x̂; unbiased: <x,x̂> = |x|². */
static void each_scale_preserves_what_it_says(void **state)
{
    (void)state;
    enum { N = 200, DIM = 96 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 5, 0.0f), back[N * DIM];
    for (int scale = NORM; scale <= UNBIASED; scale++) {
        size_t n_bytes;
        test_instance t;
        test_open(&t, test_codec("tcq", "tcq"), DIM, scaled(1, 8, scale));
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        for (size_t r = 0; r < N; r++) {
            const float *x = rows + r * DIM, *y = back + r * DIM;
            const double xx = test_energy(x, DIM), yy = test_energy(y, DIM), xy = (xx + yy - test_error(x, y, DIM)) / 2;
            const double kept[] = { sqrt(yy / xx), xy / yy, xy / xx };
            assert_true(fabs(kept[scale] - 1.0) < 1e-3);
        }
        test_close(&t);
        free(bytes);
    }
    free(rows);
}

/* A scale below f16's smallest is stored as a row of zeros, byte for byte. */
static void rows_too_small_for_f16_are_zero_rows(void **state)
{
    (void)state;
    float tiny[64];
    uint8_t bytes[18];
    static const uint8_t zero[18];
    test_instance t;
    test_open(&t, test_codec("tcq", "tcq"), 64, values_of(2, 10));
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 64; i++)
            tiny[i] = k ? 0.0f : i % 3 ? 1e-9f : -2e-9f;
        assert_int_equal(t.codec->encode(t.state, 0, tiny, 1, bytes, sizeof bytes), sizeof bytes);
        assert_memory_equal(bytes, zero, sizeof bytes);
    }
    test_close(&t);
}

static void bad_scales_are_corrupt(void **state)
{
    (void)state;
    static const uint16_t bad[] = { 0x7c00, 0x7e00, 0xfc00, 0xbc00, 0x8000 }; /* infinity, NaN, -infinity, -1, -0 */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float row[64];
        uint8_t bytes[18] = { 0 };
        test_instance t;
        half_store(bytes, bad[i]);
        test_open(&t, test_codec("tcq", "tcq"), 64, values_of(2, 10));
        assert_int_equal(t.codec->decode(t.state, 8, bytes, sizeof bytes, row, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, "tcq: row 8: the scale"));
        test_close(&t);
    }
}

static void shapes_and_parameters_beyond_the_table_are_refused(void **state)
{
    (void)state;
    test_instance t;
    assert_int_equal(test_try_open(&t, test_codec("tcq", "tcq"), 72, values_of(2, 10)), KVANT_E_SHAPE);
    assert_int_equal(test_try_open(&t, test_codec("tcq", "tcq"), 528, values_of(2, 10)), KVANT_E_SHAPE);
    assert_int_equal(test_try_open(&t, test_codec("tcq", "tcq"), 64, values_of(4, 10)), KVANT_E_PARAM);
    assert_int_equal(test_try_open(&t, test_codec("tcq", "tcq"), 64, values_of(2, 13)), KVANT_E_PARAM);
    test_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_of_every_codec_hold),
        cmocka_unit_test(error_of_gaussian_rows_is_below_the_landmarks),
        cmocka_unit_test(error_hardly_depends_on_the_dimension),
        cmocka_unit_test(spiky_rows_are_spread_before_they_are_quantised),
        cmocka_unit_test(rows_of_any_length_keep_their_relative_error),
        cmocka_unit_test(each_scale_preserves_what_it_says),
        cmocka_unit_test(rows_too_small_for_f16_are_zero_rows),
        cmocka_unit_test(bad_scales_are_corrupt),
        cmocka_unit_test(shapes_and_parameters_beyond_the_table_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
