#include "tests/codecs/reference_rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "q8_0", "q4_0" };

static void bytes_and_rows_are_ggml_s(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reference_compare_bytes(test_codec("block", names[i]), 0), 0);
        reference_compare_rows(test_codec("block", names[i]), 1e-6);
    }
}

/* |x - x̂|²/|x|² over Gaussian rows of 128, as measured for ggml's formats (±3 %). */
static void distortion_is_the_known_one(void **state)
{
    (void)state;
    enum { N = 2000, DIM = 128 };
    static const double expected[] = { 2.86e-5, 7.36e-3 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f), *back = malloc(N * DIM * sizeof *back);
    for (int i = 0; i < 2; i++) {
        test_instance t;
        size_t n_bytes;
        test_open(&t, test_codec("block", names[i]), DIM, NULL);
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        const double d = test_error(rows, back, N * DIM) / test_energy(rows, N * DIM);
        assert_true(fabs(d / expected[i] - 1.0) < 0.03);
        test_close(&t);
        free(bytes);
    }
    free(rows), free(back);
}

/* By hand: scale 1 (0x3c00); q8_0 halves away from zero; q4_0 the code of -8 is 0, of 0 is 8, of 7 is 15. */
static void a_block_can_be_written_by_hand(void **state)
{
    (void)state;
    float row[32] = { 127.0f, -127.0f, 0.5f, -0.5f, 1.5f, 0.49999997f, -2.5f };
    uint8_t bytes[34];
    test_instance t;
    test_open(&t, test_codec("block", "q8_0"), 32, NULL);
    assert_int_equal(t.codec->encode(t.state, 0, row, 1, bytes, sizeof bytes), 34);
    static const uint8_t q8[] = { 0x00, 0x3c, 127, 0x81, 1, 0xff, 2, 0, 0xfd, 0 };
    assert_memory_equal(bytes, q8, sizeof q8);
    test_close(&t);

    memset(row, 0, sizeof row);
    row[0] = -8.0f;
    row[16] = 7.0f;
    row[31] = 1.0f;
    test_open(&t, test_codec("block", "q4_0"), 32, NULL);
    assert_int_equal(t.codec->encode(t.state, 0, row, 1, bytes, sizeof bytes), 18);
    static const uint8_t q4[] = { 0x00, 0x3c, 0xf0, 0x88, 0x88 };
    assert_memory_equal(bytes, q4, sizeof q4);
    assert_int_equal(bytes[17], 0x98);
    test_close(&t);
}

/* Scales that underflow: f16 zero, codes defined, nothing infinite on the way. */
static void subnormal_rows_decode_to_zero(void **state)
{
    (void)state;
    static const float tiny[] = { 1e-45f, 1e-40f, 3e-37f, FLT_MIN, 1e-10f };
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof tiny / sizeof *tiny; k++) {
            float row[32] = { 0.0f, tiny[k], -tiny[k] / 2 }, back[32];
            uint8_t bytes[34];
            test_instance t;
            test_open(&t, test_codec("block", names[i]), 32, NULL);
            const int64_t n = t.codec->encode(t.state, 0, row, 1, bytes, sizeof bytes);
            assert_true(n > 0);
            assert_int_equal(t.codec->decode(t.state, 0, bytes, (size_t)n, back, 1), KVANT_OK);
            for (int j = 0; j < 32; j++)
                assert_true(back[j] == 0.0f);
            test_close(&t);
        }
}

static void blocks_no_encoder_writes_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        int codec;
        size_t at;
        uint8_t value;
    } cases[] = {
        { 0, 35, 0x7c }, { 0, 35, 0xff }, { 0, 35, 0xbc }, { 0, 40, 0x80 }, { 1, 19, 0x7c }, { 1, 19, 0xfc }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float row[64] = { 0 };
        size_t n_bytes;
        test_instance t;
        test_open(&t, test_codec("block", names[cases[i].codec]), 64, NULL);
        uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(t.codec->decode(t.state, 5, bytes, n_bytes, row, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, "row 5"));
        test_close(&t);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_rows_are_ggml_s),
        cmocka_unit_test(distortion_is_the_known_one),
        cmocka_unit_test(a_block_can_be_written_by_hand),
        cmocka_unit_test(subnormal_rows_decode_to_zero),
        cmocka_unit_test(blocks_no_encoder_writes_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
