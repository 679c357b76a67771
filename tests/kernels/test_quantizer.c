/* quantizer.h, bitpack.h and finite.h: what turns values into codes and codes into bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "kernels/finite.h"
#include "kernels/lloyd.h"
#include "kernels/quantizer.h"
#include "kernels/random.h"

static void tables(int dim, int bits, quantizer *q)
{
    double level[256], boundary[256];
    float l[256], b[256];
    const int n = 1 << bits;
    assert_true(lloyd_max(dim, bits, level));
    lloyd_boundaries(level, bits, boundary);
    for (int i = 0; i < n; i++) {
        l[i] = (float)level[i];
        b[i] = i + 1 < n ? (float)boundary[i] : 0.0f;
    }
    assert_true(quantizer_init(q, l, b, n));
}

static uint8_t searched(const quantizer *q, float v)
{
    int code = 0;
    while (code < q->n - 1 && v >= q->boundary[code])
        code++;
    return (uint8_t)code;
}

static void expect_searched(const quantizer *q, float v)
{
    uint8_t code;
    quantizer_codes(q, &v, 1, &code);
    assert_int_equal(code, searched(q, v));
}

/* Boundaries themselves and their neighbours, random values, and values far outside. */
static void codes_are_those_of_a_search(void **state)
{
    (void)state;
    static quantizer q;
    for (int bits = 1; bits <= 8; bits++)
        for (int dim = 32; dim <= 512; dim *= 2) {
            tables(dim, bits, &q);
            for (int b = 0; b < q.n - 1; b++) {
                expect_searched(&q, q.boundary[b]);
                expect_searched(&q, nextafterf(q.boundary[b], -1.0f));
                expect_searched(&q, nextafterf(q.boundary[b], 1.0f));
            }
            for (uint64_t i = 0; i < 3000; i++)
                expect_searched(&q, (float)(random_normal(1, i) / sqrt(dim)));
            static const float far[] = { -FLT_MAX, FLT_MAX, -1.0f, 1.0f, 0.0f, -0.0f, -INFINITY, INFINITY, 1e-45f };
            for (size_t i = 0; i < sizeof far / sizeof *far; i++)
                expect_searched(&q, far[i]);
        }
}

static void many_codes_are_those_of_one_at_a_time(void **state)
{
    (void)state;
    static quantizer q;
    float values[300], back[300];
    uint8_t codes[300];
    for (int bits = 1; bits <= 8; bits++) {
        tables(128, bits, &q);
        for (size_t n = 0; n <= 300; n += 37) {
            for (size_t i = 0; i < n; i++)
                values[i] = (float)random_normal(2, i) * 0.09f;
            quantizer_codes(&q, values, n, codes);
            quantizer_values(&q, codes, n, back);
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(codes[i], searched(&q, values[i]));
                assert_true(back[i] == q.level[codes[i]]);
            }
        }
    }
}

static void boundaries_too_close_for_the_grid_are_refused(void **state)
{
    (void)state;
    static quantizer q;
    float level[32], boundary[32];
    for (int i = 0; i < 32; i++)
        level[i] = boundary[i] = (float)i;
    assert_true(quantizer_init(&q, level, boundary, 32));
    boundary[17] = 16.0001f;
    assert_false(quantizer_init(&q, level, boundary, 32));
}

static void packed_codes_come_back(void **state)
{
    (void)state;
    uint8_t codes[70], bytes[71], back[70];
    for (int bits = 1; bits <= 8; bits++)
        for (size_t n = 0; n <= 70; n++) {
            for (size_t i = 0; i < n; i++)
                codes[i] = (uint8_t)(random_bits(3, i) & ((1u << bits) - 1u));
            memset(bytes, 0xa5, sizeof bytes);
            bitpack_put(codes, n, bits, bytes);
            assert_int_equal(bitpack_bytes(n, bits), (n * (size_t)bits + 7) / 8);
            assert_int_equal(bytes[bitpack_bytes(n, bits)], 0xa5);
            memset(back, 0xee, sizeof back);
            bitpack_get(bytes, n, bits, back);
            assert_memory_equal(codes, back, n);
            if (n < sizeof back) assert_int_equal(back[n], 0xee);
        }
}

/* Code i, bit b is bit i·bits + b of the stream, bit 0 of byte 0 first; the rest of the last byte is zero. */
static void packing_is_least_significant_bit_first(void **state)
{
    (void)state;
    uint8_t codes[13], bytes[16];
    for (int bits = 1; bits <= 8; bits++)
        for (size_t which = 0; which < 13; which++)
            for (int b = 0; b < bits; b++) {
                memset(codes, 0, sizeof codes);
                codes[which] = (uint8_t)(1 << b);
                bitpack_put(codes, 13, bits, bytes);
                const size_t at = which * (size_t)bits + (size_t)b;
                for (size_t i = 0; i < bitpack_bytes(13, bits); i++)
                    assert_int_equal(bytes[i], i == at / 8 ? 1 << at % 8 : 0);
            }
}

static void the_first_value_that_is_not_finite_is_found(void **state)
{
    (void)state;
    float *values = calloc(1000, sizeof *values);
    assert_non_null(values);
    static const size_t places[] = { 0, 1, 255, 256, 257, 511, 999 };
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    assert_int_equal(finite_scan(values, 1000), 1000);
    assert_int_equal(finite_scan(values, 0), 0);
    values[3] = FLT_MAX;
    values[4] = -FLT_MAX;
    assert_int_equal(finite_scan(values, 1000), 1000);
    assert_int_equal(finite_scan_within(values, 1000, 1.0f), 3);
    for (size_t p = 0; p < sizeof places / sizeof *places; p++)
        for (size_t b = 0; b < 3; b++) {
            values[places[p]] = bad[b];
            assert_int_equal(finite_scan(values, 1000), places[p]);
            assert_int_equal(finite_scan(values, places[p]), places[p]);
            values[places[p]] = 0.0f;
        }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_a_search),
        cmocka_unit_test(many_codes_are_those_of_one_at_a_time),
        cmocka_unit_test(boundaries_too_close_for_the_grid_are_refused),
        cmocka_unit_test(packed_codes_come_back),
        cmocka_unit_test(packing_is_least_significant_bit_first),
        cmocka_unit_test(the_first_value_that_is_not_finite_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
