#include "tests/codecs/promises.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/wht.h"
#include "tests/scale.h"

#define PI 3.141592653589793

static void values_of(kvant_value *values, int levels, int bits, int deep)
{
    const kvant_codec *codec = test_codec("polar_recursive", "polar_recursive");
    test_defaults(codec, NULL, values);
    values[test_param(codec, "levels")].i = levels;
    values[test_param(codec, "bits")].i = bits;
    values[test_param(codec, "deep")].i = deep;
}

static void open_polar(test_instance *t, int dim, int levels, int bits, int deep)
{
    kvant_value values[TEST_PARAMS] = { 0 };
    values_of(values, levels, bits, deep);
    test_open(t, test_codec("polar_recursive", "polar_recursive"), dim, values);
}

typedef struct figures {
    double error, cosine, length;
    size_t row_bytes;
} figures;

static figures measure(const float *rows, size_t n, int dim, int levels, int bits, int deep)
{
    figures f = { 0 };
    test_instance t;
    size_t n_bytes;
    const size_t d = (size_t)dim;
    float *back = malloc(n * d * sizeof *back);
    open_polar(&t, dim, levels, bits, deep);
    uint8_t *bytes = test_encode(&t, rows, n, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, n), KVANT_OK);
    for (size_t r = 0; r < n; r++) {
        const double xx = test_energy(rows + r * d, d), yy = test_energy(back + r * d, d);
        const double error = test_error(rows + r * d, back + r * d, d);
        f.error += error / xx / (double)n;
        f.cosine += 0.5 * (xx + yy - error) / sqrt(xx * yy) / (double)n;
        f.length += sqrt(yy / xx) / (double)n;
    }
    f.row_bytes = n_bytes / n;
    test_close(&t);
    free(back), free(bytes);
    return f;
}

/* iid Gaussian rows, d = 128: 0.0320, 0.0351, 0.0702 by an independent Monte Carlo; 62 bits for 16 values at 4/2/2/2.
 */
static void errors_and_sizes_of_gaussian_rows_are_the_known_ones(void **state)
{
    (void)state;
    enum { ROWS = FEWER(10000) };
    static const struct {
        int levels, bits;
        double error, cosine;
        size_t row_bytes;
    } cases[] = { { 4, 4, 0.0320, 0.9840, 62 }, { 7, 4, 0.0351, 0.9825, 50 }, { 4, 3, 0.0702, 0.9649, 54 } };
    float *rows = test_rows(TEST_GAUSSIAN, ROWS, 128, 1, 0.0f);
    for (size_t i = 0; i < 3; i++) {
        const figures f = measure(rows, ROWS, 128, cases[i].levels, cases[i].bits, 2);
        print_message("levels=%d, bits=%d: error %.5f (%.4f), cosine %.5f, %zu bytes\n", cases[i].levels, cases[i].bits,
                      f.error, cases[i].error, f.cosine, f.row_bytes);
        assert_true(fabs(f.error / cases[i].error - 1.0) < WIDER(0.02));
        assert_true(fabs(f.cosine - cases[i].cosine) < WIDER(3e-4));
        assert_int_equal(f.row_bytes, cases[i].row_bytes);
    }
    free(rows);
}

/* One level is a uniform quantiser of a circle: the mean error of a pair is 2 - 2 sinc of half a sector, whatever the
 * pair's law, since the rotation makes the angle uniform. */
static void one_level_has_the_error_of_a_circular_grid(void **state)
{
    (void)state;
    enum { N = FEWER(20000) };
    static const int dims[] = { 32, 80, 128 };
    for (size_t i = 0; i < 3; i++) {
        float *rows = test_rows(TEST_GAUSSIAN, N, (size_t)dims[i], 2, 0.0f);
        for (int bits = 1; bits <= 8; bits += EVERY(3)) {
            const double half = PI / (1 << bits), expected = 2.0 - 2.0 * sin(half) / half;
            const figures f = measure(rows, N, dims[i], 1, bits, 2);
            assert_true(fabs(f.error / expected - 1.0) < WIDER(0.01));
            assert_int_equal(f.row_bytes, dims[i] + dims[i] / 2 * bits / 8);
        }
        free(rows);
    }
}

/* The radius is that of the row's own coordinates, so nothing shrinks, at any depth. */
static void rows_keep_their_length(void **state)
{
    (void)state;
    for (int levels = 1; levels <= 7; levels++)
        for (test_kind kind = TEST_GAUSSIAN; kind <= TEST_CONSTANT; kind++) {
            float *rows = test_rows(kind, 200, 128, 3, 0.0f);
            assert_true(fabs(measure(rows, 200, 128, levels, 3, 2).length - 1.0) < 4e-4);
            free(rows);
        }
}

/* One level less to share a radius costs bits and saves error; a bit more for the angles always helps. */
static void error_falls_with_bits(void **state)
{
    (void)state;
    static const int dims[] = { 64, 96, 256 };
    for (size_t i = 0; i < 3; i++) {
        float *rows = test_rows(TEST_GAUSSIAN, 1000, (size_t)dims[i], 4, 0.0f);
        for (int levels = 2; levels <= 5; levels++) {
            double before = 10.0;
            for (int bits = 1; bits <= 4; bits++) {
                const double error = measure(rows, 1000, dims[i], levels, bits + 2, bits).error;
                assert_true(error < before / 2.5);
                before = error;
            }
        }
        free(rows);
    }
}

/* ---- the code, by hand ------------------------------------------------------------------------------------------ */

static int field(const uint8_t *bytes, size_t at, int bits)
{
    int value = 0;
    for (int b = 0; b < bits; b++)
        value |= (bytes[(at + (size_t)b) / 8] >> (at + (size_t)b) % 8 & 1) << b;
    return value;
}

/* Every angle of one row computed with atan2 from the rotated row and compared against the printed boundaries. */
static void codes_are_the_cells_of_the_angles(void **state)
{
    (void)state;
    enum { DIM = 128, LEVELS = 4 };
    static const double outer[] = { 0, 0, 0.471868, 0.550317, 0.615062 };
    float *rows = test_rows(TEST_GAUSSIAN, 50, DIM, 5, 0.0f);
    wht rotation;
    test_instance t;
    size_t n_bytes;
    open_polar(&t, DIM, LEVELS, 4, 2);
    uint8_t *bytes = test_encode(&t, rows, 50, &n_bytes);
    wht_init(&rotation, DIM);
    wht_forward(&rotation, rows, 50);
    for (size_t r = 0; r < 50; r++) {
        const uint8_t *in = bytes + 62 * r;
        double radius[DIM];
        size_t at = 8 * 16;
        for (size_t i = 0; i < DIM; i++)
            radius[i] = (double)rows[r * DIM + i];
        for (int level = 1; level <= LEVELS; level++)
            for (size_t j = 0; j < (size_t)DIM >> level; j++) {
                const double a = radius[2 * j], b = radius[2 * j + 1], angle = atan2(b, a);
                const double low = outer[level], turn = angle < 0 ? angle + 2 * PI : angle;
                const int deep = (angle >= low) + (angle >= PI / 4) + (angle >= PI / 2 - low);
                if (fabs(angle - low) > 1e-5 && fabs(angle - PI / 4) > 1e-5 && fabs(angle + low - PI / 2) > 1e-5)
                    assert_int_equal(field(in, at, level == 1 ? 4 : 2),
                                     level == 1 ? (int)(turn / (2 * PI) * 16) : deep);
                at += level == 1 ? 4 : 2;
                radius[j] = hypot(a, b);
            }
        for (size_t b = 0; b < 8; b++)
            assert_int_equal(half_load(in + 2 * b), half_from_float((float)radius[b]));
    }
    test_close(&t);
    free(rows), free(bytes);
}

/* ---- limits ----------------------------------------------------------------------------------------------------- */

static void radii_are_the_metadata(void **state)
{
    (void)state;
    static const struct {
        int dim, levels;
        size_t metadata; /* of a row */
    } expected[] = { { 128, 4, 16 }, { 128, 7, 2 }, { 64, 1, 64 } };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const size_t dim = (size_t)expected[i].dim;
        float *rows = test_rows(TEST_GAUSSIAN, 3, dim, 1, 0.0f);
        size_t n_bytes;
        test_instance t;
        kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
        open_polar(&t, (int)dim, expected[i].levels, 4, 2);
        uint8_t *bytes = test_encode(&t, rows, 3, &n_bytes);
        assert_int_equal(t.codec->split(t.state, 0, bytes, n_bytes, 3, &split), KVANT_OK);
        assert_int_equal(split.metadata, 3 * expected[i].metadata);
        test_close(&t);
        free(rows), free(bytes);
    }
}

static void it_keeps_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "polar_recursive(levels=5,bits=4,deep=2)", 32, 1, 2500.0f },
        { "polar_recursive(levels=4,bits=4,deep=2)", 64, 1, 2500.0f },
        { "polar_recursive(levels=4,bits=3,deep=1)", 80, 1, 2500.0f },
        { "polar_recursive(levels=5,bits=8,deep=4)", 96, 1, 2500.0f },
        { "polar_recursive(levels=7,bits=4,deep=2)", 128, 1, 2500.0f },
        { "polar_recursive(levels=1,bits=1,deep=2)", 192, 1, 2500.0f },
        { "polar_recursive(levels=8,bits=5,deep=3)", 256, 1, 2500.0f },
        { "polar_recursive(levels=9,bits=4,deep=2)", 512, 1, 2500.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

/* Blocks of the rotated row below f16's smallest radius are zeros, byte for byte; minus zero is zero. */
static void rows_too_small_for_f16_are_zero_rows(void **state)
{
    (void)state;
    float rows[3 * 64] = { 0 };
    size_t n_bytes;
    test_instance t;
    for (int i = 0; i < 64; i++) {
        rows[i] = i % 3 ? 1e-9f : -2e-9f;
        rows[64 + i] = -0.0f;
    }
    open_polar(&t, 64, 4, 4, 2);
    uint8_t *bytes = test_encode(&t, rows, 3, &n_bytes);
    assert_memory_equal(bytes, bytes + 2 * n_bytes / 3, n_bytes / 3);
    assert_memory_equal(bytes + n_bytes / 3, bytes + 2 * n_bytes / 3, n_bytes / 3);
    test_close(&t);
    free(bytes);
}

/* Of two blocks the second is the rotation's rounding, below f16: only its codes are cleared, at every level. */
static void a_block_too_small_for_f16_is_cleared_alone(void **state)
{
    (void)state;
    enum { DIM = 32, ANGLES = 8 * 4, DEEP = ANGLES + 16 * 4 };
    static const size_t second[] = { DEEP + 2 * 4, DEEP + 2 * 10, DEEP + 2 * 13 }; /* level 2, 3, 4 */
    float row[DIM], back[DIM];
    wht rotation;
    size_t n_bytes;
    test_instance t;
    for (int i = 0; i < DIM; i++)
        row[i] = i < 16 ? -1e-3f - 1e-4f * (float)i : 0.0f;
    wht_init(&rotation, DIM);
    wht_inverse(&rotation, row, 1);
    open_polar(&t, DIM, 4, 4, 2);
    uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 1), KVANT_OK);
    assert_true(test_error(row, back, DIM) / test_energy(row, DIM) < 0.06);
    assert_true(half_load(bytes) != 0);
    assert_int_equal(half_load(bytes + 2), 0);
    for (size_t k = 0; k < 8; k++)
        assert_int_equal(field(bytes, ANGLES + 4 * (8 + k), 4), 0);
    for (size_t level = 0; level < 3; level++)
        for (size_t k = 0; k < 4u >> level; k++)
            assert_int_equal(field(bytes, second[level] + 2 * k, 2), 0);
    for (size_t k = 0; k < 8; k++)
        assert_int_equal(field(bytes, ANGLES + 4 * k, 4) / 4, 2); /* both coordinates negative */
    test_close(&t);
    free(bytes);
}

static void bytes_no_encoder_writes_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } cases[] = { { 1, 0x7c }, { 1, 0xfe }, { 1, 0xbc }, { 1, 0x80 }, { 49, 0x40 }, { 49, 0x80 } };
    float *row = test_rows(TEST_GAUSSIAN, 1, 128, 6, 0.0f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n_bytes;
        test_instance t;
        open_polar(&t, 128, 7, 4, 2); /* 126 bits of deeper angles in 16 bytes */
        uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
        bytes[cases[i].at] = cases[i].value;
        if (i == 3) bytes[0] = 0;
        float back[128];
        assert_int_equal(t.codec->decode(t.state, 6, bytes, n_bytes, back, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, i < 4 ? "row 6: a radius" : "row 6: the bits after"));
        test_close(&t);
        free(bytes);
    }
    free(row);
}

static void a_radius_beyond_f16_is_refused(void **state)
{
    (void)state;
    static const float value[] = { 16400.0f, 1e12f, 3.4e38f }; /* 16 coordinates of 16400: 65600 */
    for (size_t k = 0; k < 3; k++) {
        float row[64];
        uint8_t bytes[64];
        wht rotation;
        test_instance t;
        for (int i = 0; i < 64; i++)
            row[i] = value[k];
        wht_init(&rotation, 64);
        if (k == 0) wht_inverse(&rotation, row, 1);
        open_polar(&t, 64, 4, 4, 2);
        assert_int_equal(t.codec->encode(t.state, 2, row, 1, bytes, sizeof bytes), KVANT_E_RANGE);
        assert_non_null(strstr(t.host.message, "row 2: the radius"));
        assert_null(strstr(t.host.message, "inf")); /* found before the rotation overflows */
        assert_null(strstr(t.host.message, "nan"));
        test_close(&t);
    }
}

static void levels_must_divide_the_dimension(void **state)
{
    (void)state;
    static const int cases[][3] = { { 96, 6, KVANT_E_PARAM }, { 80, 5, KVANT_E_PARAM }, { 100, 2, KVANT_E_SHAPE } };
    for (size_t i = 0; i < 3; i++) {
        kvant_value values[TEST_PARAMS] = { 0 };
        test_instance t;
        values_of(values, cases[i][1], 4, 2);
        assert_int_equal(test_try_open(&t, test_codec("polar_recursive", "polar_recursive"), cases[i][0], values),
                         cases[i][2]);
        assert_non_null(strstr(t.host.message, i < 2 ? "levels=" : "100"));
        assert_int_equal(t.host.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_and_sizes_of_gaussian_rows_are_the_known_ones),
        cmocka_unit_test(one_level_has_the_error_of_a_circular_grid),
        cmocka_unit_test(rows_keep_their_length),
        cmocka_unit_test(error_falls_with_bits),
        cmocka_unit_test(codes_are_the_cells_of_the_angles),
        cmocka_unit_test(it_keeps_the_promises_of_a_codec),
        cmocka_unit_test(rows_too_small_for_f16_are_zero_rows),
        cmocka_unit_test(a_block_too_small_for_f16_is_cleared_alone),
        cmocka_unit_test(bytes_no_encoder_writes_are_corrupt),
        cmocka_unit_test(a_radius_beyond_f16_is_refused),
        cmocka_unit_test(levels_must_divide_the_dimension),
        cmocka_unit_test(radii_are_the_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
