#include "tests/codecs/promises.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/lloyd.h"
#include "kernels/sketch.h"
#include "kernels/sphere.h"
#include "tests/scale.h"

#define PI 3.141592653589793

enum { FIRST, CALIBRATED };

typedef struct settings {
    int high, low, n, selection, qjl;
} settings;

static void values_of(kvant_value *values, settings s)
{
    const kvant_codec *codec = test_codec("outlier_split", "outlier_split");
    test_defaults(codec, NULL, values);
    values[test_param(codec, "high")].i = s.high;
    values[test_param(codec, "low")].i = s.low;
    values[test_param(codec, "n")].i = s.n;
    values[test_param(codec, "selection")].i = s.selection;
    values[test_param(codec, "qjl")].i = s.qjl;
}

static void open_split(test_instance *t, int dim, settings s)
{
    kvant_value values[TEST_PARAMS] = { 0 };
    values_of(values, s);
    test_open(t, test_codec("outlier_split", "outlier_split"), dim, values);
}

static void calibrate(test_instance *t, const float *rows, size_t n)
{
    const kvant_samples samples = {
        .size = sizeof samples, .abi = KVANT_ABI, .rows = rows, .n_rows = n, .sequence = n
    };
    if (t->codec->calibrate(t->state, &samples) != KVANT_OK) fail_msg("%s", t->host.message);
}

/* Mean of |x-x̃|²/|x|²; calibrated on the rows themselves when it asks for that. */
static double error_of(const float *rows, size_t n, int dim, settings s)
{
    test_instance t;
    size_t n_bytes;
    const size_t d = (size_t)dim;
    double error = 0.0;
    float *back = malloc(n * d * sizeof *back);
    open_split(&t, dim, s);
    if (s.selection == CALIBRATED) calibrate(&t, rows, n);
    uint8_t *bytes = test_encode(&t, rows, n, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, n), KVANT_OK);
    for (size_t r = 0; r < n; r++)
        error += test_error(rows + r * d, back + r * d, d) / test_energy(rows + r * d, d) / (double)n;
    test_close(&t);
    free(back), free(bytes);
    return error;
}

static double codebook_error(int dim, int bits)
{
    double level[256];
    assert_true(lloyd_max(dim, bits, level));
    return lloyd_distortion(dim, bits, level);
}

/* "2.5 bits" as 32 channels at 3 and 96 at 2 is 2.25; 64 and 64 make 2.5, and 3.5 with 4 and 3. Two f16 scales beside.
 */
static void rates_are_what_the_arithmetic_says(void **state)
{
    (void)state;
    static const struct {
        settings s;
        double bits;
    } cases[] = { { { 3, 2, 32, FIRST, 0 }, 2.25 },
                  { { 3, 2, 64, FIRST, 0 }, 2.5 },
                  { { 4, 3, 64, CALIBRATED, 0 }, 3.5 },
                  { { 3, 2, 32, FIRST, 1 }, 2.25 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_instance t;
        size_t n_bytes;
        float *rows = test_rows(TEST_GAUSSIAN, 5, 128, 1, 0.0f);
        open_split(&t, 128, cases[i].s);
        if (cases[i].s.selection == CALIBRATED) calibrate(&t, rows, 5);
        uint8_t *bytes = test_encode(&t, rows, 5, &n_bytes);
        kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
        assert_int_equal(t.codec->split(t.state, 0, bytes, n_bytes, 5, &split), KVANT_OK);
        assert_true(8.0 * (double)split.payload / (5 * 128) == cases[i].bits);
        assert_int_equal(split.metadata, 5 * (4 + 2 * cases[i].s.qjl));
        test_close(&t);
        free(rows), free(bytes);
    }
}

/* Each part loses its own codebook's share of its own energy. The length is kept (scale=norm of polar), so the share of
 * a part is nearly 2 - 2√(1-D), within the 3 % that a scale per row takes out or puts in. */
static void each_part_has_its_own_codebook_s_error(void **state)
{
    (void)state;
    static const struct {
        int dim;
        settings s;
    } cases[] = { { 128, { 3, 2, 32, FIRST, 0 } },
                  { 128, { 4, 2, 64, FIRST, 0 } },
                  { 80, { 4, 3, 32, FIRST, 0 } },
                  { 192, { 5, 1, 64, FIRST, 0 } },
                  { 256, { 2, 4, 16, FIRST, 0 } } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum { N = FEWER(4000) };
        const settings s = cases[i].s;
        const size_t d = (size_t)cases[i].dim, high = (size_t)s.n;
        float *rows = test_rows(TEST_GAUSSIAN, N, d, 1, 0.0f), *back = malloc(N * d * sizeof *back);
        double error[2] = { 0 };
        test_instance t;
        size_t n_bytes;
        open_split(&t, cases[i].dim, s);
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        for (size_t r = 0; r < N; r++) {
            const float *x = rows + r * d, *y = back + r * d;
            error[0] += test_error(x, y, high) / test_energy(x, high) / N;
            error[1] += test_error(x + high, y + high, d - high) / test_energy(x + high, d - high) / N;
        }
        for (int p = 0; p < 2; p++) {
            const int n = p ? cases[i].dim - s.n : s.n, bits = p ? s.low : s.high;
            const double expected = 2.0 - 2.0 * sqrt(1.0 - codebook_error(n, bits));
            print_message("%d channels at %d bits: %.5f, expected about %.5f\n", n, bits, error[p], expected);
            assert_true(fabs(error[p] / expected - 1.0) < 2.5 / n + WIDER(0.015));
        }
        test_close(&t);
        free(rows), free(back), free(bytes);
    }
}

/* Channels with most of the energy at 4 bits instead of 2: finding them by calibration takes most of the error away,
 * the first ones do not. On rows without such channels the choice changes nothing. */
static void calibration_finds_the_channels_that_matter(void **state)
{
    (void)state;
    enum { N = 500, DIM = 128 };
    const settings first = { 5, 2, 32, FIRST, 0 }, calibrated = { 5, 2, 32, CALIBRATED, 0 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 2, 0.0f);
    const double a = error_of(rows, N, DIM, first), b = error_of(rows, N, DIM, calibrated);
    assert_true(fabs(a / b - 1.0) < 0.03);
    for (size_t r = 0; r < N; r++)
        for (size_t k = 0; k < 20; k++)
            rows[r * DIM + 50 + 3 * k] *= 10.0f;
    const double c = error_of(rows, N, DIM, first), e = error_of(rows, N, DIM, calibrated);
    print_message("Gaussian: first %.4f, calibrated %.4f; 20 large channels: first %.4f, calibrated %.4f\n", a, b, c,
                  e);
    assert_true(e < 0.1 * c);
    free(rows);
}

/* Side data are the channels' numbers, ascending, two bytes each, and all that a decoder needs. */
static void side_data_are_the_channels(void **state)
{
    (void)state;
    enum { N = 40, DIM = 80, HIGH = 16 };
    const settings s = { 4, 2, HIGH, CALIBRATED, 0 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 3, 0.0f), a[N * DIM], b[N * DIM];
    uint8_t side[2 * HIGH];
    size_t n_bytes;
    test_instance t, decoder;
    for (size_t i = 0; i < N * DIM; i++)
        if (i % DIM % 5 == 2) rows[i] *= 5.0f; /* 2, 7 … 77: exactly 16 */
    open_split(&t, DIM, s);
    assert_int_equal(t.codec->save(t.state, NULL, 0), sizeof side);
    calibrate(&t, rows, N);
    assert_int_equal(t.codec->save(t.state, side, sizeof side - 1), KVANT_E_SPACE);
    assert_int_equal(t.codec->save(t.state, side, sizeof side), sizeof side);
    for (int k = 0; k < HIGH; k++)
        assert_int_equal(side[2 * k] | side[2 * k + 1] << 8, 5 * k + 2);
    uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, a, N), KVANT_OK);
    for (size_t i = 0; i < DIM; i++)
        b[i] = 1.0f; /* none above another: the first */
    open_split(&decoder, DIM, s);
    calibrate(&decoder, b, 1);
    uint8_t even[sizeof side];
    assert_int_equal(decoder.codec->save(decoder.state, even, sizeof even), sizeof even);
    for (int k = 0; k < HIGH; k++)
        assert_int_equal(even[2 * k], k);
    assert_int_equal(decoder.codec->load(decoder.state, side, sizeof side), KVANT_OK);
    assert_int_equal(decoder.codec->decode(decoder.state, 0, bytes, n_bytes, b, N), KVANT_OK);
    assert_memory_equal(a, b, sizeof a);
    test_close(&t);
    test_close(&decoder);
    free(rows), free(bytes);
}

static void bad_side_data_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        size_t at, size;
        uint8_t value;
    } cases[] = { { 0, 31, 0 }, { 0, 33, 0 }, { 0, 0, 0 }, { 30, 32, 80 }, { 31, 32, 1 }, { 4, 32, 1 }, { 4, 32, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t side[64] = { 0 };
        float row[80] = { 0 };
        test_instance t;
        for (uint8_t k = 0; k < 16; k++)
            side[2 * k] = k;
        side[cases[i].at] = cases[i].value;
        open_split(&t, 80, (settings){ 4, 2, 16, CALIBRATED, 0 });
        assert_int_equal(t.codec->load(t.state, side, cases[i].size), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, "outlier_split: "));
        assert_int_equal(t.codec->encode(t.state, 0, row, 1, side, sizeof side), KVANT_E_STATE);
        test_close(&t);
    }
}

static void uncalibrated_use_and_bad_samples_are_refused(void **state)
{
    (void)state;
    float *rows = test_rows(TEST_GAUSSIAN, 4, 80, 1, 0.0f);
    uint8_t bytes[256];
    test_instance t;
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    open_split(&t, 80, (settings){ 4, 2, 16, CALIBRATED, 0 });
    assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
    assert_true(g.calibrates == 1 && g.block == 1);
    assert_int_equal(t.codec->encode(t.state, 0, rows, 1, bytes, sizeof bytes), KVANT_E_STATE);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, t.codec->bound(t.state, 0, 1), rows, 1), KVANT_E_STATE);
    assert_int_equal(t.codec->save(t.state, bytes, sizeof bytes), KVANT_E_STATE);
    assert_non_null(strstr(t.host.message, "neither calibrate nor load"));
    rows[2 * 80 + 7] = NAN;
    const kvant_samples samples = {
        .size = sizeof samples, .abi = KVANT_ABI, .rows = rows, .n_rows = 4, .sequence = 4
    };
    assert_int_equal(t.codec->calibrate(t.state, &samples), KVANT_E_NONFINITE);
    assert_non_null(strstr(t.host.message, "sample 2, column 7"));
    test_close(&t);
    open_split(&t, 80, (settings){ 4, 2, 16, FIRST, 0 });
    assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
    assert_int_equal(g.calibrates, 0);
    assert_int_equal(t.codec->save(t.state, NULL, 0), 0);
    test_close(&t);
    free(rows);
}

/* With a sign of the rest: rows are no longer shrunk, and the error is (gain² - 1) of what the parts at one bit less
 * leave (see tqprod): 0.5647 D. */
static void with_qjl_rows_are_unbiased_and_the_error_is_known(void **state)
{
    (void)state;
    enum { N = FEWER(3000), DIM = 128 };
    static const settings cases[] = { { 3, 2, 32, FIRST, 1 }, { 4, 3, 64, FIRST, 1 } };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 4, 0.0f), *back = malloc(N * DIM * sizeof *back);
    for (size_t i = 0; i < 2; i++) {
        const settings s = cases[i];
        const double high = codebook_error(s.n, s.high - 1), low = codebook_error(DIM - s.n, s.low - 1);
        const double parts = (s.n * high + (DIM - s.n) * low) / DIM;
        double along = 0.0;
        test_instance t;
        size_t n_bytes;
        open_split(&t, DIM, s);
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        for (size_t r = 0; r < N; r++) {
            const double xx = test_energy(rows + r * DIM, DIM), yy = test_energy(back + r * DIM, DIM);
            along += 0.5 * (xx + yy - test_error(rows + r * DIM, back + r * DIM, DIM)) / xx / N;
        }
        const double error = error_of(rows, N, DIM, s), expected = (PI / 2 / pow(1.00196, 2) - 1.0) * parts;
        print_message("%d/%d bits with qjl: <x,x~> %.4f, error %.5f, expected %.5f\n", s.high, s.low, along, error,
                      expected);
        assert_true(fabs(along - 1.0) < WIDER(0.005));
        assert_true(fabs(error / expected - 1.0) < WIDER(0.02));
        test_close(&t);
        free(bytes);
    }
    free(rows), free(back);
}

/* A row's bytes are those of its parts by kernels/sphere.h, one after the other. */
static void bytes_are_those_of_the_parts(void **state)
{
    (void)state;
    enum { DIM = 96, HIGH = 32 };
    float *row = test_rows(TEST_SPIKY, 1, DIM, 9, 0.0f);
    uint8_t expected[256];
    size_t n_bytes;
    test_instance t;
    sphere high, low;
    assert_true(sphere_init(&high, HIGH, 4) && sphere_init(&low, DIM - HIGH, 3));
    assert_true(sphere_encode(&high, SPHERE_NORM, row, expected) == 0.0);
    assert_true(sphere_encode(&low, SPHERE_NORM, row + HIGH, expected + 18) == 0.0);
    open_split(&t, DIM, (settings){ 4, 3, HIGH, FIRST, 0 });
    uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
    assert_int_equal(n_bytes, 18 + 26);
    assert_memory_equal(bytes, expected, n_bytes);
    test_close(&t);
    free(row), free(bytes);
}

static void it_keeps_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "outlier_split(high=3,low=2,n=32,selection=first,qjl=0)", 48, 1, 2500.0f },
        { "outlier_split(high=4,low=1,n=16,selection=calibrated,qjl=0)", 64, 1, 2500.0f },
        { "outlier_split(high=8,low=8,n=48,selection=calibrated,qjl=1)", 80, 1, 2500.0f },
        { "outlier_split(high=2,low=2,n=20,selection=first,qjl=1)", 96, 1, 2500.0f },
        { "outlier_split(high=3,low=2,n=32,selection=calibrated,qjl=0)", 128, 1, 2500.0f },
        { "outlier_split(high=5,low=3,n=64,selection=first,qjl=0)", 256, 1, 2500.0f },
        { "outlier_split(high=3,low=2,n=32,selection=first,qjl=1)", 512, 1, 2500.0f },
        { "outlier_split(high=4,low=3,n=64,selection=calibrated,qjl=0)", 512, 1, 2500.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

static void bad_scales_are_corrupt(void **state)
{
    (void)state;
    static const size_t at[] = { 1, 15, 33 }; /* 32 channels at 3 bits, 64 at 2, one bit of each for the sketch */
    static const uint8_t bad[] = { 0x7c, 0xbc };
    float *row = test_rows(TEST_GAUSSIAN, 1, 96, 6, 0.0f), back[96];
    for (size_t i = 0; i < 6; i++) {
        size_t n_bytes;
        test_instance t;
        open_split(&t, 96, (settings){ 4, 3, 32, FIRST, 1 });
        uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
        assert_int_equal(n_bytes, 14 + 18 + 2 + 12);
        bytes[at[i / 2]] = bad[i % 2];
        assert_int_equal(t.codec->decode(t.state, 6, bytes, n_bytes, back, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, i < 4 ? "row 6: a scale" : "row 6: the length of the rest"));
        test_close(&t);
        free(bytes);
    }
    free(row);
}

static void parameters_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        int dim;
        settings s;
        int code;
    } cases[] = { { 128, { 3, 2, 128, FIRST, 0 }, KVANT_E_PARAM }, { 128, { 3, 2, 18, FIRST, 0 }, KVANT_E_PARAM },
                  { 256, { 3, 2, 20, FIRST, 0 }, KVANT_E_PARAM },  { 64, { 3, 2, 56, FIRST, 0 }, KVANT_E_PARAM },
                  { 128, { 3, 1, 32, FIRST, 1 }, KVANT_E_PARAM },  { 72, { 3, 2, 32, FIRST, 0 }, KVANT_E_SHAPE } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kvant_value values[TEST_PARAMS] = { 0 };
        test_instance t;
        values_of(values, cases[i].s);
        assert_int_equal(test_try_open(&t, test_codec("outlier_split", "outlier_split"), cases[i].dim, values),
                         cases[i].code);
        assert_non_null(strstr(t.host.message, i == 4 ? "low=1" : i == 5 ? "72" : "n="));
        assert_int_equal(t.host.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_what_the_arithmetic_says),
        cmocka_unit_test(each_part_has_its_own_codebook_s_error),
        cmocka_unit_test(calibration_finds_the_channels_that_matter),
        cmocka_unit_test(side_data_are_the_channels),
        cmocka_unit_test(bad_side_data_are_corrupt),
        cmocka_unit_test(uncalibrated_use_and_bad_samples_are_refused),
        cmocka_unit_test(with_qjl_rows_are_unbiased_and_the_error_is_known),
        cmocka_unit_test(bytes_are_those_of_the_parts),
        cmocka_unit_test(it_keeps_the_promises_of_a_codec),
        cmocka_unit_test(bad_scales_are_corrupt),
        cmocka_unit_test(parameters_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
