#include "tests/codecs/promises.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"

enum { PUBLISHED, MENDED, F16 };

typedef struct settings {
    int g, d, m, magnitude, mean, block;
} settings;

static const settings plain = { 2, 3, 4, MENDED, 0, 1024 };

static int try_besi(test_instance *t, int dim, settings s)
{
    const kvant_codec *codec = test_codec("besi", "besi");
    kvant_value values[TEST_PARAMS] = { 0 };
    test_defaults(codec, NULL, values);
    values[test_param(codec, "g")].i = s.g;
    values[test_param(codec, "d")].i = s.d;
    values[test_param(codec, "m")].i = s.m;
    values[test_param(codec, "magnitude")].i = s.magnitude;
    values[test_param(codec, "mean")].i = s.mean;
    values[test_param(codec, "block")].i = s.block;
    return test_try_open(t, codec, dim, values);
}

static void open_besi(test_instance *t, int dim, settings s)
{
    assert_int_equal(try_besi(t, dim, s), KVANT_OK);
}

/* Error as a share of the energy, through a fresh decoder, and the bytes of it all. */
static double error_of(const float *rows, size_t n, int dim, settings s, size_t *n_bytes)
{
    test_instance encoder, decoder;
    const size_t values = n * (size_t)dim;
    float *back = malloc(values * sizeof *back);
    open_besi(&encoder, dim, s);
    open_besi(&decoder, dim, s);
    uint8_t *bytes = test_encode(&encoder, rows, n, n_bytes);
    assert_int_equal(decoder.codec->decode(decoder.state, 0, bytes, *n_bytes, back, n), KVANT_OK);
    const double error = test_error(rows, back, values) / test_energy(rows, values);
    test_close(&encoder), test_close(&decoder);
    free(back), free(bytes);
    return error;
}

/* kakeya.md 4.1 (errors 2 %: printed with two or three digits) and 9.1: 238592 bytes for 4096 rows of 128, d3 m4. */
static void errors_and_bytes_are_those_of_the_specification(void **state)
{
    (void)state;
    enum { N = 4096, DIM = 128, BLOCK = 1024 };
    static const struct {
        int d, m;
        size_t row_bytes;
        double published, mended;
    } cells[] = {
        { 2, 3, 42, 0.139, 0.071 },   { 2, 4, 50, 0.0755, 0.0557 }, { 3, 3, 50, 0.105, 0.0344 },
        { 3, 4, 58, 0.0395, 0.0189 }, { 4, 4, 66, 0.030, 0.0094 },  { 5, 4, 74, 0.028, 0.0070 },
        { 6, 4, 82, 0.027, 0.0064 },
    };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        size_t n_bytes;
        settings s = { 2, cells[i].d, cells[i].m, PUBLISHED, 1, BLOCK };
        assert_true(fabs(error_of(rows, N, DIM, s, &n_bytes) / cells[i].published - 1.0) < 0.02);
        assert_int_equal(n_bytes, N * cells[i].row_bytes + N / BLOCK * 2 * DIM);
        s.magnitude = MENDED;
        assert_true(fabs(error_of(rows, N, DIM, s, &n_bytes) / cells[i].mended - 1.0) < 0.02);
        assert_true(cells[i].row_bytes != 58 || n_bytes == 238592);
        s.mean = 0;
        assert_true(fabs(error_of(rows, N, DIM, s, &n_bytes) / cells[i].mended - 1.0) < 0.02);
        assert_int_equal(n_bytes, N * cells[i].row_bytes);
    }
    free(rows);
}

/* Rows around a mean far from zero: what is left to code is the rest, as good as rows without a mean. */
static void a_mean_costs_no_accuracy(void **state)
{
    (void)state;
    enum { N = 512, DIM = 64 };
    size_t n_bytes;
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 2, 0.0f);
    const double energy = test_energy(rows, (size_t)N * DIM);
    for (size_t i = 0; i < (size_t)N * DIM; i++)
        rows[i] += i / DIM < 256 ? (float)(i % DIM) : -100.0f; /* each block of 256 has its own */
    settings s = { 2, 3, 4, MENDED, 1, 256 };
    const double shifted = test_energy(rows, (size_t)N * DIM);
    const double with = error_of(rows, N, DIM, s, &n_bytes) * shifted / energy;
    s.mean = 0;
    const double without = error_of(rows, N, DIM, s, &n_bytes) * shifted / energy;
    print_message("rows off centre: error %.4f of the rest with the mean, %.3f without\n", with, without);
    assert_true(fabs(with / 0.0188 - 1.0) < 0.03);
    assert_true(without > 1.0);
    free(rows);
}

/* The mean row is a whole block's: rows equal to it come back exactly when f16 holds them. */
static void equal_rows_are_their_mean(void **state)
{
    (void)state;
    enum { N = 64, DIM = 32 };
    float rows[N * DIM], back[N * DIM];
    test_instance t;
    size_t n_bytes;
    for (size_t i = 0; i < N * DIM; i++)
        rows[i] = 0.25f * (float)(i % DIM) - 3.0f;
    open_besi(&t, DIM, (settings){ 2, 1, 1, MENDED, 1, N });
    uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
    assert_memory_equal(rows, back, sizeof rows);
    assert_true(half_to_float(half_load(bytes + 2 * 12)) == 0.0f && half_to_float(half_load(bytes)) == -3.0f);
    test_close(&t);
    free(bytes);
}

/* What f16 takes off a mean (here up to ¼) stays in the rest and is coded with it. */
static void a_mean_s_rounding_is_not_lost(void **state)
{
    (void)state;
    enum { N = 64, DIM = 64 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 13, 0.0f), back[N * DIM];
    test_instance t;
    size_t n_bytes;
    for (size_t i = 0; i < N * DIM; i++)
        rows[i] = 1000.2f + 0.001f * rows[i];
    open_besi(&t, DIM, (settings){ 2, 5, 4, MENDED, 1, N });
    uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
    assert_true(sqrt(test_error(rows, back, N * DIM) / (N * DIM)) < 0.03);
    test_close(&t);
    free(rows), free(bytes);
}

static void every_group_and_dimension_round_trips(void **state)
{
    (void)state;
    static const int dims[] = { 16, 64, 80, 96, 120, 128, 192, 240, 256, 512, 1024 };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        for (int g = 2; g <= 8; g++) {
            float *rows = test_rows(TEST_GAUSSIAN, 64, (size_t)dims[i], 3, 0.0f);
            test_instance t;
            size_t n_bytes;
            settings s = { g, 5, 5, MENDED, 1, 16 };
            if (dims[i] % g) {
                assert_int_equal(try_besi(&t, dims[i], s), KVANT_E_SHAPE);
                assert_non_null(strstr(t.host.message, "not a multiple of g="));
                assert_int_equal(t.host.live, 0);
            } else {
                const double error = error_of(rows, 64, dims[i], s, &n_bytes);
                assert_true(error < (g == 2 ? 0.004 : g == 3 ? 0.05 : 0.7));
                const size_t codes = (5 * (size_t)(dims[i] / g) + 7) / 8;
                assert_int_equal(n_bytes, 64 * (2 * codes + 2) + 4 * 2 * (size_t)dims[i]);
                s.magnitude = F16;
                assert_true(error_of(rows, 64, dims[i], s, &n_bytes) < error);
                assert_int_equal(n_bytes, 64 * (codes + 2 * (size_t)(dims[i] / g)) + 4 * 2 * (size_t)dims[i]);
            }
            free(rows);
        }
}

static void it_keeps_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "besi(magnitude=published,mean=1,block=16)", 96, 1, 30000.0f },
        { "besi(g=4,d=6,magnitude=published,mean=0)", 128, 1, 30000.0f },
        { "besi(magnitude=mended,mean=1,block=8)", 64, 1, 30000.0f },
        { "besi(d=3,m=3,mean=0)", 20, 1, 30000.0f },
        { "besi(magnitude=f16,mean=1,block=4)", 80, 1, 30000.0f },
        { "besi(g=8,magnitude=f16,mean=0)", 96, 1, 30000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

/* A mean of f16 a column and block, a scale of f16 a row. */
static void means_and_scales_are_the_metadata(void **state)
{
    (void)state;
    enum { N = 48, DIM = 96 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 4, 0.0f);
    for (int magnitude = PUBLISHED; magnitude <= F16; magnitude++)
        for (int mean = 0; mean <= 1; mean++) {
            test_instance t;
            size_t n_bytes;
            kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
            open_besi(&t, DIM, (settings){ 2, 4, 4, magnitude, mean, 16 });
            uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
            assert_int_equal(t.codec->split(t.state, 0, bytes, n_bytes, N, &split), KVANT_OK);
            assert_int_equal(split.metadata, (mean ? 3 * 2 * DIM : 0) + (magnitude == F16 ? 0 : 2 * N));
            test_close(&t);
            free(bytes);
        }
    free(rows);
}

static void geometry_is_the_block_of_the_mean(void **state)
{
    (void)state;
    test_instance t;
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    settings s = plain;
    open_besi(&t, 128, s);
    assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
    assert_int_equal(g.block, 1);
    test_close(&t);
    s.mean = 1;
    open_besi(&t, 128, s);
    assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
    assert_true(g.block == 1024 && g.window == 0 && g.pooled == 0 && g.calibrates == 0);

    float *rows = test_rows(TEST_GAUSSIAN, 1024, 128, 6, 0.0f);
    uint8_t *bytes = malloc(1024 * 60);
    assert_int_equal(t.codec->encode(t.state, 0, rows, 1000, bytes, 1024 * 60), KVANT_E_STATE);
    assert_non_null(strstr(t.host.message, "besi: 1000 rows from row 0 are no whole blocks of 1024"));
    assert_int_equal(t.codec->encode(t.state, 0, rows, 0, bytes, 0), 0);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, 0, rows, 0), KVANT_OK);
    assert_int_equal(t.codec->bound(t.state, 0, SIZE_MAX / 4), SIZE_MAX);
    test_close(&t);
    free(rows), free(bytes);
}

static void bad_rows_are_refused_by_name(void **state)
{
    (void)state;
    enum { N = 16, DIM = 32 };
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 7, 0.0f);
    uint8_t bytes[N * 40 + 2 * DIM];
    test_instance t;
    open_besi(&t, DIM, (settings){ 2, 3, 4, MENDED, 1, N });
    for (size_t i = 0; i < 3; i++) {
        const float good = rows[5 * DIM + 7];
        rows[5 * DIM + 7] = bad[i];
        assert_int_equal(t.codec->encode(t.state, 100, rows, N, bytes, sizeof bytes), KVANT_E_NONFINITE);
        assert_non_null(strstr(t.host.message, "besi: row 105, column 7"));
        rows[5 * DIM + 7] = good;
    }
    for (size_t r = 0; r < N; r++) /* a mean of 70000 */
        rows[r * DIM + 3] = 70000.0f;
    assert_int_equal(t.codec->encode(t.state, 0, rows, N, bytes, sizeof bytes), KVANT_E_RANGE);
    assert_non_null(strstr(t.host.message, "column 3: the mean"));
    for (size_t r = 0; r < N; r++) /* a mean of 0 */
        for (size_t k = 0; k < DIM; k++)
            rows[r * DIM + k] = r % 2 ? 3e38f : -3e38f;
    assert_int_equal(t.codec->encode(t.state, 32, rows, N, bytes, sizeof bytes), KVANT_E_RANGE);
    assert_non_null(strstr(t.host.message, "besi: row 32: the scale"));
    test_close(&t);
    free(rows);
}

static void corrupt_bytes_are_refused(void **state)
{
    (void)state;
    enum { N = 8, DIM = 20 }; /* 10 groups of 3 bits: 4 bytes with 2 bits left over */
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 9, 0.0f), back[(N + 8) * DIM];
    test_instance t;
    size_t n_bytes;
    open_besi(&t, DIM, (settings){ 2, 3, 3, MENDED, 1, N });
    uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
    assert_int_equal(n_bytes, 2 * DIM + N * 10);
    for (size_t n = 0; n < n_bytes; n++)
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n, back, N), KVANT_E_CORRUPT);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N - 1), KVANT_E_CORRUPT);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N + 8), KVANT_E_CORRUPT);

    static const struct {
        size_t at;
        uint8_t byte;
        const char *says;
    } wrong[] = {
        { 2 * 7 + 1, 0x7c, "row 64, column 7: the mean" }, /* infinity */
        { 2 * DIM + 3, 0x40, "row 64: a scale, or bits after the codes," },
        { 2 * DIM + 10 + 7, 0x80, "row 65: a scale, or bits" },
        { 2 * DIM + 20 + 9, 0x80, "row 66: a scale, or bits" }, /* -0 or less */
        { 2 * DIM + 20 + 9, 0x7e, "row 66: a scale, or bits" }, /* NaN */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const uint8_t good = bytes[wrong[i].at];
        bytes[wrong[i].at] = wrong[i].byte;
        assert_int_equal(t.codec->decode(t.state, 64, bytes, n_bytes, back, N), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, wrong[i].says));
        bytes[wrong[i].at] = good;
    }
    assert_int_equal(t.codec->decode(t.state, 64, bytes, n_bytes, back, N), KVANT_OK);
    test_close(&t);
    free(rows), free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_and_bytes_are_those_of_the_specification),
        cmocka_unit_test(a_mean_costs_no_accuracy),
        cmocka_unit_test(equal_rows_are_their_mean),
        cmocka_unit_test(a_mean_s_rounding_is_not_lost),
        cmocka_unit_test(every_group_and_dimension_round_trips),
        cmocka_unit_test(it_keeps_the_promises_of_a_codec),
        cmocka_unit_test(means_and_scales_are_the_metadata),
        cmocka_unit_test(geometry_is_the_block_of_the_mean),
        cmocka_unit_test(bad_rows_are_refused_by_name),
        cmocka_unit_test(corrupt_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
