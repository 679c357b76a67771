#include "tests/codecs/reference_rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

static void identity_keeps_every_bit(void **state)
{
    (void)state;
    test_instance t;
    test_open(&t, test_codec("exact", "identity"), 80, NULL);
    float rows[4 * 80], back[4 * 80];
    for (uint64_t i = 0; i < 4 * 80; i++) { /* any finite pattern, a third of them with the smallest exponents */
        const uint32_t bits = (uint32_t)random_bits(i, 0) & (i % 3 ? 0xbfffffffu : 0x80ffffffu);
        memcpy(&rows[i], &bits, sizeof bits);
    }
    rows[0] = -0.0f;
    rows[1] = -FLT_MAX;
    size_t n_bytes;
    uint8_t *bytes = test_encode(&t, rows, 4, &n_bytes);
    assert_int_equal(n_bytes, sizeof rows);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 4), KVANT_OK);
    assert_memory_equal(rows, back, sizeof rows);
    test_close(&t);
    free(bytes);
}

static void f16_bytes_and_rows_are_the_reference_s(void **state)
{
    (void)state;
    assert_int_equal(reference_compare_bytes(test_codec("exact", "f16"), 0), 0);
    reference_compare_rows(test_codec("exact", "f16"), 0.0);
}

static void f16_takes_values_up_to_65519_and_no_larger(void **state)
{
    (void)state;
    test_instance t;
    uint8_t bytes[64];
    float row[32] = { 0 };
    test_open(&t, test_codec("exact", "f16"), 32, NULL);
    row[31] = -65519.0f;
    assert_int_equal(t.codec->encode(t.state, 7, row, 1, bytes, sizeof bytes), 64);
    row[31] = -65520.0f;
    assert_int_equal(t.codec->encode(t.state, 7, row, 1, bytes, sizeof bytes), KVANT_E_RANGE);
    assert_non_null(strstr(t.host.message, "f16: row 7: the value -65520"));
    test_close(&t);
}

static void special_patterns_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[4];
    } cases[] = { { "f16", { 0, 0x7c } },
                  { "f16", { 1, 0xfc } },
                  { "identity", { 0, 0, 0x80, 0x7f } },
                  { "identity", { 0, 0, 0xc0, 0xff } } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_instance t;
        float value;
        test_open(&t, test_codec("exact", cases[i].name), 1, NULL);
        assert_int_equal(t.codec->decode(t.state, 3, cases[i].bytes, i < 2 ? 2 : 4, &value, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, "row 3"));
        test_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_keeps_every_bit),
        cmocka_unit_test(f16_bytes_and_rows_are_the_reference_s),
        cmocka_unit_test(f16_takes_values_up_to_65519_and_no_larger),
        cmocka_unit_test(special_patterns_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
