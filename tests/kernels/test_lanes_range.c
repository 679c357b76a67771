/* Uniform grids in lanes, beside kernels/range_q.h: the same grids, codes and values, and refused when one of them is.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/half.h"
#include "kernels/range_q.h"
#include "tests/kernels/lanes_levels.h"

enum { LONGEST = 64, STRIDE = LANES_MOST + 3 };

/* Columns that meet every branch: constants, zeros of either sign alone and mixed, a range that is nothing beside where
 * it stands, ranges too small for f16, values on ties between codes. */
static void fill_columns(float *x, size_t n, int columns, uint64_t key, int bits)
{
    for (int c = 0; c < columns; c++) {
        const uint64_t draw = random_bits(key, (uint64_t)c);
        const float most = (float)((1 << bits) - 1), step = (float)(1 + (draw >> 8) % 100);
        for (size_t i = 0; i < n; i++) {
            const float v = (float)random_normal(key + 1, i * STRIDE + (size_t)c);
            const float zero = random_bits(key + 2, i * STRIDE + (size_t)c) % 2 ? 0.0f : -0.0f;
            const float tie = i == 0 ? 0.0f : i == 1 ? most : (float)(i % (size_t)most) + 0.5f;
            const float cases[] = { v,
                                    100.0f * v,
                                    3.25f,
                                    zero,
                                    fmaxf(v, zero),
                                    fminf(v, zero),
                                    1000.0f + 1e-4f * v,
                                    60000.0f + v,
                                    1e-7f * v,
                                    tie * step,
                                    1e-9f * v,
                                    v < 0 ? -65504.0f : 0.0f };
            x[i * STRIDE + (size_t)c] = cases[draw % (sizeof cases / sizeof *cases)];
        }
    }
}

static void codes_and_values_are_range_q_s(void **state)
{
    (void)state;
    static float x[LONGEST * STRIDE], back[LONGEST * STRIDE], expected[LONGEST];
    static uint32_t codes[LONGEST * LANES_MOST];
    EACH_LEVEL(l, i)
    for (uint64_t key = 0; key < 800; key++) {
        const int bits = 1 + (int)(key % 8);
        const size_t n = 1 + key * 7 % LONGEST;
        uint8_t grids[LANES_MOST * 11], grid[RANGE_Q_BYTES], alone[LONGEST];
        fill_columns(x, n, l->n, 3 * key, bits);
        assert_true(l->range_codes(x, STRIDE, n, bits, grids, 11, codes));
        assert_true(l->range_values(grids, 11, n, codes, back, STRIDE));
        for (size_t r = 0; r < (size_t)l->n; r++) {
            float column[LONGEST];
            for (size_t k = 0; k < n; k++)
                column[k] = x[k * STRIDE + r];
            assert_true(range_q_encode(column, n, 1, bits, grid, alone));
            assert_memory_equal(grids + r * 11, grid, sizeof grid);
            assert_true(range_q_decode(grid, alone, n, 1, expected));
            for (size_t k = 0; k < n; k++) {
                assert_int_equal(codes[k * (size_t)l->n + r], alone[k]);
                assert_memory_equal(&back[k * STRIDE + r], &expected[k], sizeof *expected);
            }
        }
    }
}

static void one_that_is_refused_refuses_all(void **state)
{
    (void)state;
    static float x[4 * STRIDE];
    static uint32_t codes[4 * LANES_MOST];
    static const float wrong[][2] = {
        { 0.0f, 1e6f }, { -65504.0f, 65504.0f }, { 70000.0f, 70000.0f }, { -7e4f, -7e4f }
    };
    EACH_LEVEL(l, i)
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        for (size_t r = 0; r < (size_t)l->n; r++) {
            uint8_t grids[LANES_MOST * RANGE_Q_BYTES];
            fill(x, 4 * STRIDE, k);
            x[0 * STRIDE + r] = wrong[k][0];
            for (size_t row = 1; row < 4; row++)
                x[row * STRIDE + r] = wrong[k][1];
            assert_false(l->range_codes(x, STRIDE, 4, 1, grids, RANGE_Q_BYTES, codes));
        }
}

/* Any grid: the same values, or refused. */
static void any_grid_is_read_alike(void **state)
{
    (void)state;
    static float back[3 * STRIDE];
    static const uint8_t code[3] = { 0, 1, 255 };
    static uint32_t codes[3 * LANES_MOST];
    static const uint16_t odd[] = { 0x7c00, 0xfc00, 0x7e00, 0x8000, 0x8001, 0xbc00, 0x7bff, 0x0001, 0x0000, 0xfbff };
    EACH_LEVEL(l, i)
    for (uint64_t key = 0; key < 4000; key++) {
        const size_t n = (size_t)l->n, at = key % n;
        uint8_t grids[LANES_MOST * RANGE_Q_BYTES];
        float expected[3];
        for (size_t r = 0; r < n; r++) {
            half_store(grids + r * RANGE_Q_BYTES, (uint16_t)(random_bits(key, r) % 0x7c00u));
            half_store(grids + r * RANGE_Q_BYTES + 2, (uint16_t)(random_bits(key, r) >> 16 & 0xbbffu));
            for (size_t k = 0; k < 3; k++)
                codes[k * n + r] = code[k];
        }
        half_store(grids + at * RANGE_Q_BYTES + key / n % 2 * 2, odd[key % 10]);
        bool all = true;
        for (size_t r = 0; r < n; r++)
            all = all && range_q_decode(grids + r * RANGE_Q_BYTES, code, 3, 1, expected);
        assert_int_equal(l->range_values(grids, RANGE_Q_BYTES, 3, codes, back, STRIDE), all);
        for (size_t r = 0; all && r < n; r++) {
            assert_true(range_q_decode(grids + r * RANGE_Q_BYTES, code, 3, 1, expected));
            for (size_t k = 0; k < 3; k++)
                assert_memory_equal(&back[k * STRIDE + r], &expected[k], sizeof *expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_values_are_range_q_s),
        cmocka_unit_test(one_that_is_refused_refuses_all),
        cmocka_unit_test(any_grid_is_read_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
