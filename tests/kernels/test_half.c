#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "kernels/half.h"

/* The value of a finite pattern, from the definition. */
static double value_of(uint32_t h)
{
    const int exponent = (int)(h >> 10 & 31), fraction = (int)(h & 0x3ff);
    const double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return h & 0x8000u ? -magnitude : magnitude;
}

static void every_pattern_widens_to_its_value(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        const float wide = half_to_float((uint16_t)h);
        if ((h & 0x7c00u) != 0x7c00u) {
            assert_true((double)wide == value_of(h));
            assert_int_equal(!!signbit(wide), h >> 15);
        } else if (h & 0x3ffu)
            assert_true(isnan(wide));
        else
            assert_true(wide == (h & 0x8000u ? -INFINITY : INFINITY));
    }
}

static void every_value_narrows_to_itself(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++)
        if ((h & 0x7c00u) != 0x7c00u || !(h & 0x3ffu)) assert_int_equal(half_from_float(half_to_float((uint16_t)h)), h);
}

/* Between two neighbours: the middle goes to the even one, a hair to either side of it to the nearer one. */
static void narrowing_is_to_nearest_even(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        const float middle = (float)(0.5 * (value_of(h) + value_of(h + 1)));
        assert_int_equal(half_from_float(middle), h + (h & 1));
        assert_int_equal(half_from_float(nextafterf(middle, 0.0f)), h);
        assert_int_equal(half_from_float(nextafterf(middle, INFINITY)), h + 1);
        assert_int_equal(half_from_float(-middle), 0x8000u | (h + (h & 1)));
    }
}

static void special_values_narrow_as_ieee_says(void **state)
{
    (void)state;
    static const struct {
        float value;
        uint16_t half;
    } cases[] = {
        { 0.0f, 0 },          { -0.0f, 0x8000 },     { 65504.0f, 0x7bff },   { 65519.996f, 0x7bff },
        { 65520.0f, 0x7c00 }, { -65520.0f, 0xfc00 }, { FLT_MAX, 0x7c00 },    { INFINITY, 0x7c00 },
        { 0x1p-24f, 1 },      { 0x1p-25f, 0 },       { 0x1.000002p-25f, 1 }, { 0x1p-149f, 0 },
        { 0x1p-14f, 0x0400 }, { 1.0f, 0x3c00 },      { -2.0f, 0xc000 },      { 0.1f, 0x2e66 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(half_from_float(cases[i].value), cases[i].half);
    const uint16_t nan = half_from_float(NAN);
    assert_int_equal(nan & 0x7c00, 0x7c00);
    assert_true(nan & 0x3ff);
}

static void arrays_and_bytes_agree_with_single_values(void **state)
{
    (void)state;
    const float values[] = { 1.0f, -0.333f, 6e-6f, 1000.0f };
    uint16_t half[4];
    float back[4];
    half_from_floats(values, half, 4);
    half_to_floats(half, back, 4);
    for (int i = 0; i < 4; i++) {
        uint8_t bytes[2];
        half_store(bytes, half[i]);
        assert_int_equal(bytes[0], half[i] & 255);
        assert_int_equal(half_load(bytes), half_from_float(values[i]));
        assert_true(back[i] == half_to_float(half[i]));
    }
    assert_true(half_is_special(0x7c00) && half_is_special(0xfe00) && !half_is_special(0x7bff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_widens_to_its_value),
        cmocka_unit_test(every_value_narrows_to_itself),
        cmocka_unit_test(narrowing_is_to_nearest_even),
        cmocka_unit_test(special_values_narrow_as_ieee_says),
        cmocka_unit_test(arrays_and_bytes_agree_with_single_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
