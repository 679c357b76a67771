#include "tests/codecs/test_host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/haar.h"
#include "kernels/lloyd.h"
#include "tests/scale.h"

enum { DEFAULT = -1, PLAIN, NORM, MSE, UNBIASED };

typedef struct figures {
    double error;  /* mean of |x - x̂|²/|x|² */
    double angle;  /* mean of 2 - 2 cos(x, x̂): the error once norms are made equal */
    double along;  /* mean of <x, x̂>/|x|² */
    double length; /* mean of |x̂|/|x| */
    size_t row_bytes;
} figures;

static void open_polar(test_instance *t, int dim, int bits, int scale)
{
    const kvant_codec *codec = test_codec("polar", "polar");
    kvant_value values[TEST_PARAMS] = { 0 };
    test_defaults(codec, NULL, values);
    values[test_param(codec, "bits")].i = bits;
    if (scale != DEFAULT) values[test_param(codec, "scale")].i = scale;
    test_open(t, codec, dim, values);
}

static figures measure(const float *rows, size_t n, int dim, int bits, int scale)
{
    figures f = { 0 };
    test_instance t;
    size_t n_bytes;
    const size_t d = (size_t)dim;
    float *back = malloc(n * d * sizeof *back);
    open_polar(&t, dim, bits, scale);
    uint8_t *bytes = test_encode(&t, rows, n, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, n), KVANT_OK);
    for (size_t r = 0; r < n; r++) {
        const float *x = rows + r * d, *y = back + r * d;
        const double xx = test_energy(x, d), yy = test_energy(y, d), error = test_error(x, y, d);
        const double xy = 0.5 * (xx + yy - error);
        f.error += error / xx / (double)n;
        f.angle += (2.0 - 2.0 * xy / sqrt(xx * yy)) / (double)n;
        f.along += xy / xx / (double)n;
        f.length += sqrt(yy / xx) / (double)n;
    }
    f.row_bytes = n_bytes / n;
    test_close(&t);
    free(back), free(bytes);
    return f;
}

/* The distortion of the optimal quantiser, d = 128: TurboQuant's D_mse computed exactly for the sphere. */
static void error_of_gaussian_rows_is_within_1_percent_of_the_optimum(void **state)
{
    (void)state;
    enum { N = FEWER(20000), DIM = 128 };
    static const double optimum[] = { 0.3609, 0.1160, 0.03397, 0.00931 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    for (int bits = 1; bits <= 4; bits++) {
        const figures f = measure(rows, N, DIM, bits, PLAIN);
        print_message("polar(bits=%d,scale=plain): error %.5f (optimum %.5f); norm %.5f, mse %.5f, unbiased %.5f\n",
                      bits, f.error, optimum[bits - 1], measure(rows, N, DIM, bits, NORM).error,
                      measure(rows, N, DIM, bits, MSE).error, measure(rows, N, DIM, bits, UNBIASED).error);
        assert_true(fabs(f.error / optimum[bits - 1] - 1.0) < WIDER(0.01));
        assert_int_equal(f.row_bytes, 2 + 16 * bits);
    }
    free(rows);
}

/* Every dimension family (powers of two, 3, 5, 7, 15 times one) against lloyd_distortion of that dimension. */
static void error_is_the_codebook_s_at_every_dimension(void **state)
{
    (void)state;
    static const int dims[] = { 32, 48, 64, 80, 96, 112, 160, 192, 224, 240, 256, 512 };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i += EVERY(4)) {
        float *rows = test_rows(TEST_GAUSSIAN, 4000, (size_t)dims[i], 3, 0.0f);
        for (int bits = 2; bits <= 8; bits += 2) {
            double level[256];
            assert_true(lloyd_max(dims[i], bits, level));
            const figures f = measure(rows, 4000, dims[i], bits, PLAIN);
            const double off = f.error / lloyd_distortion(dims[i], bits, level) - 1.0;
            assert_true(fabs(off) < (bits < 8 ? 0.025 : 0.05)); /* at 8 bits a few far values weigh much */
            assert_int_equal(f.row_bytes, 2 + (size_t)(bits * dims[i] / 8));
        }
        free(rows);
    }
}

/* Mean and variance of the mean of a row's error when its coordinates are coded as they stand. */
static void coded_as_they_stand(const float *rows, size_t n, size_t dim, int bits, double *mean, double *variance)
{
    double level[16], sum = 0.0, squares = 0.0;
    assert_true(lloyd_max((int)dim, bits, level));
    for (size_t r = 0; r < n; r++) {
        const double length = sqrt(test_energy(rows + r * dim, dim));
        double error = 0.0;
        for (size_t i = 0; i < dim; i++) {
            double least = 10.0;
            for (int k = 0; k < 1 << bits; k++)
                least = fmin(least, fabs((double)rows[r * dim + i] / length - level[k]));
            error += least * least;
        }
        sum += error / (double)n;
        squares += error * error / (double)n;
    }
    *mean = sum;
    *variance = (squares - sum * sum) / (double)n;
}

/* The law of Gaussian rows does not change under rotation, so none may change the mean error by more than sampling
 * does: no rotation, a Haar matrix, and the codec's Hadamard one. */
static void no_rotation_is_better_than_another_on_gaussian_rows(void **state)
{
    (void)state;
    enum { N = FEWER(10000), DIM = 128 };
    static double turn[DIM * DIM];
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 7, 0.0f), *turned = calloc(N * DIM, sizeof *turned);
    assert_true(haar_matrix(DIM, 3, turn));
    for (size_t r = 0; r < N; r++)
        for (size_t i = 0; i < DIM; i++)
            for (size_t j = 0; j < DIM; j++)
                turned[r * DIM + i] += (float)turn[i * DIM + j] * rows[r * DIM + j];
    for (int bits = 1; bits <= 4; bits++) {
        double none, haar, variance, other;
        coded_as_they_stand(rows, N, DIM, bits, &none, &variance);
        coded_as_they_stand(turned, N, DIM, bits, &haar, &other);
        const double hadamard = measure(rows, N, DIM, bits, PLAIN).error, sampling = sqrt(variance + other);
        print_message("%d bits: no rotation %.5f, Haar %.5f, Hadamard %.5f, sampling error %.5f\n", bits, none, haar,
                      hadamard, sampling);
        assert_true(sampling < WIDER(0.005) * none);
        assert_true(fabs(haar - none) < 3.0 * sampling);
        assert_true(fabs(hadamard - none) < 3.0 * sampling);
    }
    free(rows), free(turned);
}

/* The rotation's purpose: rows that are one spike, and rows with a few large channels, come out hardly worse. */
static void spiky_rows_are_spread_before_they_are_quantised(void **state)
{
    (void)state;
    static const int dims[] = { 64, 80, 96, 112, 128, 192, 240, 256 };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i += EVERY(4)) {
        const size_t d = (size_t)dims[i];
        float *rows = test_rows(TEST_GAUSSIAN, 1000, d, 4, 0.0f);
        for (size_t r = 0; r < 1000; r++)
            for (size_t k = 0; k < 4; k++)
                rows[r * d + (7 * k + 3) % d] *= 30.0f;
        assert_true(measure(rows, 1000, dims[i], 4, PLAIN).error < 0.02);
        assert_true(measure(rows, 1000, dims[i], 3, PLAIN).error < 0.06);
        free(rows);
    }
}

static void a_bit_more_divides_the_error_by_3_4_and_more(void **state)
{
    (void)state;
    enum { N = 4000, DIM = 128 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    double before = 1.0;
    for (int bits = 1; bits <= 8; bits++) {
        const double error = measure(rows, N, DIM, bits, PLAIN).error;
        print_message("polar(bits=%d): error %.3e, factor %.3f\n", bits, error, before / error);
        assert_true(before / error > (bits > 2 ? 3.38 : 2.7) && before / error < 4.0);
        before = error;
    }
    free(rows);
}

/* Its KLD on models is the least or nearly so: docs/measured.md. */
static void without_a_scale_it_is_norm(void **state)
{
    (void)state;
    enum { DIM = 80, N = 50 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 5, 0.0f);
    uint8_t *bytes[2];
    size_t n_bytes[2];
    for (int k = 0; k < 2; k++) {
        test_instance t;
        open_polar(&t, DIM, 3, k ? NORM : DEFAULT);
        bytes[k] = test_encode(&t, rows, N, &n_bytes[k]);
        test_close(&t);
    }
    assert_int_equal(n_bytes[0], n_bytes[1]);
    assert_memory_equal(bytes[0], bytes[1], n_bytes[0]);
    free(rows), free(bytes[0]), free(bytes[1]);
}

/* norm keeps lengths; unbiased makes <x, x̂> = |x|²; mse has the least error of all. */
static void each_scale_preserves_what_it_says(void **state)
{
    (void)state;
    enum { N = 500, DIM = 96 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 2, 0.0f);
    for (int bits = 1; bits <= 8; bits++) {
        const figures norm = measure(rows, N, DIM, bits, NORM), mse = measure(rows, N, DIM, bits, MSE);
        const figures unbiased = measure(rows, N, DIM, bits, UNBIASED), plain = measure(rows, N, DIM, bits, PLAIN);
        assert_true(fabs(norm.length - 1.0) < 2e-4);
        assert_true(fabs(norm.error / norm.angle - 1.0) < 1e-2);
        assert_true(fabs(unbiased.along - 1.0) < 2e-4);
        assert_true(mse.error < norm.error * (bits < 6 ? 1.0 : 1.001));
        assert_true(norm.error < unbiased.error * (bits < 6 ? 1.0 : 1.001));
        assert_true(mse.error < plain.error);
    }
    free(rows);
}

static void rows_of_any_length_keep_their_relative_error(void **state)
{
    (void)state;
    static const float factors[] = { 1e-3f, 1.0f, 3000.0f };
    float *rows = test_rows(TEST_GAUSSIAN, 500, 128, 2, 0.0f), *scaled = malloc(500 * 128 * sizeof *scaled);
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 500 * 128; i++)
            scaled[i] = rows[i] * factors[k];
        const double error = measure(scaled, 500, 128, 4, PLAIN).error;
        assert_true(fabs(error / 0.00931 - 1.0) < 0.02);
    }
    free(rows), free(scaled);
}

/* A scale below f16's smallest is stored as a row of zeros, byte for byte. */
static void rows_too_small_for_f16_are_zero_rows(void **state)
{
    (void)state;
    float tiny[64], zero[64] = { 0 };
    uint8_t a[34], b[34];
    test_instance t;
    for (int i = 0; i < 64; i++)
        tiny[i] = i % 3 ? 1e-9f : -2e-9f;
    open_polar(&t, 64, 4, DEFAULT);
    assert_int_equal(t.codec->encode(t.state, 0, tiny, 1, a, sizeof a), sizeof a);
    assert_int_equal(t.codec->encode(t.state, 0, zero, 1, b, sizeof b), sizeof b);
    assert_memory_equal(a, b, sizeof a);
    test_close(&t);
}

static void bad_scales_are_corrupt(void **state)
{
    (void)state;
    static const uint8_t bad[] = { 0x7c, 0x7e, 0xfc, 0xbc, 0x80 }; /* infinity, NaN, -infinity, -1, -0 */
    for (size_t i = 0; i < sizeof bad; i++) {
        float row[64];
        uint8_t bytes[34] = { 0, bad[i] };
        test_instance t;
        open_polar(&t, 64, 4, DEFAULT);
        assert_int_equal(t.codec->decode(t.state, 8, bytes, sizeof bytes, row, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, "polar: row 8: the scale"));
        test_close(&t);
    }
}

static void a_scale_beyond_f16_is_refused(void **state)
{
    (void)state;
    float row[512];
    uint8_t bytes[258];
    test_instance t;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 512; i++)
            row[i] = k ? 3.4e38f : 4000.0f;
        open_polar(&t, 512, 4, DEFAULT);
        assert_int_equal(t.codec->encode(t.state, 2, row, 1, bytes, sizeof bytes), KVANT_E_RANGE);
        assert_non_null(strstr(t.host.message, "row 2: the scale"));
        test_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_of_gaussian_rows_is_within_1_percent_of_the_optimum),
        cmocka_unit_test(error_is_the_codebook_s_at_every_dimension),
        cmocka_unit_test(no_rotation_is_better_than_another_on_gaussian_rows),
        cmocka_unit_test(spiky_rows_are_spread_before_they_are_quantised),
        cmocka_unit_test(a_bit_more_divides_the_error_by_3_4_and_more),
        cmocka_unit_test(without_a_scale_it_is_norm),
        cmocka_unit_test(each_scale_preserves_what_it_says),
        cmocka_unit_test(rows_of_any_length_keep_their_relative_error),
        cmocka_unit_test(rows_too_small_for_f16_are_zero_rows),
        cmocka_unit_test(bad_scales_are_corrupt),
        cmocka_unit_test(a_scale_beyond_f16_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
