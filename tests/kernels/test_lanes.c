/* Every level of kernels/lanes.h gives the bits of its portable counterparts. */
#include "kernels/lanes.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/bitpack.h"
#include "kernels/cpu.h"
#include "kernels/half.h"
#include "kernels/wht.h"
#include "tests/kernels/lanes_levels.h"

enum { MOST = WHT_MAX * LANES_MOST };

static void a_tile_is_the_rows_on_their_side(void **state)
{
    (void)state;
    static float rows[LANES_MOST * 200], back[LANES_MOST * 200];
    _Alignas(LANES_ALIGN) static float tile[256 * LANES_MOST];
    EACH_LEVEL(l, i)
    {
        const size_t n = (size_t)l->n, stride = 200;
        for (size_t have = 1; have <= 200; have += have < 40 ? 1 : 40) {
            fill(rows, n * stride, have);
            memset(tile, 0xff, sizeof tile);
            memset(back, 0x77, sizeof back);
            float squares[LANES_MOST] = { 0 }, sums[LANES_MOST] = { 0 };
            l->gather_norms(rows, stride, have, have + 3, tile, squares);
            l->squares(tile, have, sums);
            for (size_t r = 0; r < n; r++)
                sums[r] = sqrtf(sums[r]);
            assert_memory_equal(squares, sums, n * sizeof *sums);
            memset(tile, 0xff, sizeof tile);
            l->gather(rows, stride, have, have + 3, tile);
            for (size_t r = 0; r < n; r++) {
                for (size_t c = 0; c < have; c++)
                    assert_memory_equal(&tile[c * n + r], &rows[r * stride + c], sizeof *tile);
                for (size_t c = have; c < have + 3; c++)
                    assert_true(tile[c * n + r] == 0.0f);
            }
            l->scatter(tile, have, back, stride);
            for (size_t r = 0; r < n; r++) {
                assert_memory_equal(back + r * stride, rows + r * stride, have * sizeof *rows);
                for (size_t c = have; c < stride; c++)
                    assert_memory_equal(&back[r * stride + c], "wwww", sizeof *back);
            }
        }
    }
}

static void rotations_are_those_of_one_row(void **state)
{
    (void)state;
    static const int sizes[] = { 16, 32, 48, 62, 64, 80, 96, 112, 128, 160, 176, 240, 256, 384, 480, 496, 512 };
    static float rows[MOST], one[MOST];
    EACH_LEVEL(l, i) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    {
        const size_t n = (size_t)sizes[s];
        wht w, portable;
        assert_true(wht_init(&w, sizes[s]));
        w.lanes = l;
        portable = w;
        portable.lanes = NULL;
        for (size_t n_rows = 1; n_rows <= LANES_MOST && n_rows * n <= MOST; n_rows += 5) {
            fill(rows, n_rows * n, n);
            memcpy(one, rows, sizeof rows);
            wht_forward(&w, rows, n_rows);
            wht_forward(&portable, one, n_rows);
            assert_memory_equal(rows, one, n_rows * n * sizeof *rows);
            wht_inverse(&w, rows, n_rows);
            wht_inverse(&portable, one, n_rows);
            assert_memory_equal(rows, one, n_rows * n * sizeof *rows);
        }
    }
}

static void a_rotation_takes_factors_for_rows(void **state)
{
    (void)state;
    _Alignas(LANES_ALIGN) static float tile[MOST];
    static float rows[MOST];
    EACH_LEVEL(l, i) for (int n = 96; n <= 128; n += 32)
    {
        const size_t at_once = (size_t)l->n;
        float by[LANES_MOST];
        wht w;
        assert_true(wht_init(&w, n));
        fill(rows, at_once * (size_t)n, 3);
        l->gather(rows, (size_t)n, (size_t)n, (size_t)n, tile);
        for (size_t r = 0; r < at_once; r++) {
            by[r] = 0.3f + (float)r;
            for (int c = 0; c < n; c++)
                rows[r * (size_t)n + (size_t)c] *= by[r];
        }
        l->rotate(&w, w.s1, w.s2, by, tile);
        w.lanes = NULL;
        wht_forward(&w, rows, at_once);
        for (size_t r = 0; r < at_once; r++)
            for (size_t c = 0; c < (size_t)n; c++)
                assert_memory_equal(&tile[c * at_once + r], &rows[r * (size_t)n + c], sizeof *tile);
    }
}

static void make_table(quantizer *q, int n)
{
    float level[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS];
    for (int i = 0; i < n; i++) {
        level[i] = 5.0f * ((float)i + 0.4f) / (float)n - 2.5f;
        boundary[i] = 5.0f * (float)(i + 1) / (float)n - 2.5f;
    }
    if (n == 9 || n == 15) boundary[3] = nextafterf(boundary[2], 3.0f); /* too close for a grid in registers */
    assert_true(quantizer_init(q, level, boundary, n));
}

static void codes_and_values_are_the_quantizer_s(void **state)
{
    (void)state;
    enum { COUNT = 96 };
    _Alignas(LANES_ALIGN) static float x[COUNT * LANES_MOST], v[COUNT * LANES_MOST];
    static uint32_t codes[COUNT * LANES_MOST], again[COUNT * LANES_MOST];
    static uint8_t one[COUNT * LANES_MOST];
    static float level[COUNT * LANES_MOST];
    static const int sizes[] = { 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100, 128, 129, 255, 256 };
    EACH_LEVEL(l, i) for (size_t z = 0; z < sizeof sizes / sizeof *sizes; z++)
    {
        const int n = sizes[z];
        const size_t all = COUNT * (size_t)l->n;
        quantizer q;
        make_table(&q, n);
        fill(x, all, 11);
        for (int b = 0; b < n - 1; b++) /* on a boundary or right below it, in turns */
            x[b] = (b + (int)z) % 2 ? q.boundary[b] : nextafterf(q.boundary[b], -10.0f);
        for (int b = 0; b < n - 1 && b < 60; b++)
            x[n - 1 + b] = (b + (int)z) % 2 ? nextafterf(q.boundary[b], -10.0f) : q.boundary[b];
        x[all - 2] = FLT_MAX, x[all - 1] = -FLT_MAX;
        quantizer_codes(&q, x, all, one);
        l->codes(&q, x, COUNT, codes);
        quantizer_values(&q, one, all, level);
        l->values(&q, codes, COUNT, v);
        for (size_t k = 0; k < all; k++)
            assert_int_equal(codes[k], one[k]);
        assert_memory_equal(v, level, all * sizeof *v);
        float sums[LANES_MOST], of_codes[LANES_MOST];
        l->squares(v, COUNT, sums);
        memset(again, 0xff, sizeof again);
        l->codes_norms(&q, x, COUNT, again, of_codes);
        assert_memory_equal(again, codes, all * sizeof *codes);
        for (int r = 0; r < l->n; r++)
            sums[r] = sqrtf(sums[r]);
        assert_memory_equal(of_codes, sums, (size_t)l->n * sizeof *sums);
    }
}

static void sums_run_in_the_order_of_one_row(void **state)
{
    (void)state;
    enum { COUNT = 128 };
    static float a[COUNT * LANES_MOST], b[COUNT * LANES_MOST], y[COUNT * LANES_MOST];
    EACH_LEVEL(l, i)
    {
        const size_t n = (size_t)l->n;
        float squares[LANES_MOST];
        double dots[LANES_MOST], own[LANES_MOST], by[LANES_MOST];
        fill(a, COUNT * n, 20);
        fill(b, COUNT * n, 21);
        memcpy(y, a, sizeof a);
        l->squares(a, COUNT, squares);
        l->dot_f64(a, b, COUNT, dots);
        l->dot_f64(a, a, COUNT, own);
        for (size_t r = 0; r < n; r++)
            by[r] = 1.0 / (3.0 + (double)r);
        l->scale_f64(y, COUNT, by);
        for (size_t r = 0; r < n; r++) {
            float sum = 0;
            double four[4] = { 0 }, self[4] = { 0 };
            for (size_t c = 0; c < COUNT; c++) {
                const float x = a[c * n + r];
                const float scaled = (float)((double)x * by[r]);
                sum += x * x;
                four[c % 4] += (double)x * (double)b[c * n + r];
                self[c % 4] += (double)x * (double)x;
                assert_memory_equal(&y[c * n + r], &scaled, sizeof scaled);
            }
            const double dot = (four[0] + four[1]) + (four[2] + four[3]);
            const double norm = (self[0] + self[1]) + (self[2] + self[3]);
            assert_memory_equal(&squares[r], &sum, sizeof sum);
            assert_memory_equal(&dots[r], &dot, sizeof dot);
            assert_memory_equal(&own[r], &norm, sizeof norm);
        }
    }
}

/* Of 1 << (from + bits) levels; of turbo's third bits and of plain codes. */
static void levels_are_those_of_the_codes(const lanes *l, const uint8_t *bytes, size_t stride, size_t count, int from,
                                          int bits, const uint32_t *codes)
{
    static quantizer q;
    static uint32_t low[WHT_MAX * LANES_MOST];
    _Alignas(LANES_ALIGN) static float fused[WHT_MAX * LANES_MOST], plain[WHT_MAX * LANES_MOST];
    if (from > 0 && bits > 1) return;
    const size_t all = count * (size_t)l->n;
    make_table(&q, 1 << (from + bits));
    for (size_t k = 0; k < all; k++)
        low[k] = codes[k] & 3;
    memset(fused, 0xff, sizeof fused);
    l->unpack_values(&q, bytes, stride, count, from, bits, from ? low : NULL, fused);
    l->values(&q, codes, count, plain);
    assert_memory_equal(fused, plain, all * sizeof *plain);
}

/* The bytes behind those of a row are another's. */
static void packing_is_bitpack_s_and_stays_in_its_row(void **state)
{
    (void)state;
    enum { COUNT = 160, GAP = 5 };
    static uint32_t codes[COUNT * LANES_MOST], back[COUNT * LANES_MOST];
    static uint8_t bytes[LANES_MOST * (COUNT + GAP)], expected[COUNT], one[COUNT];
    EACH_LEVEL(l, i) for (int bits = 1; bits <= 8; bits++) for (size_t count = 32; count <= COUNT; count += 32)
    {
        const size_t n = (size_t)l->n, size = bitpack_bytes(count, bits), stride = size + GAP;
        for (int from = 0; from <= 2; from += 2) {
            for (size_t k = 0; k < count * n; k++)
                codes[k] = (uint32_t)(random_bits(31, k) & ((1u << (bits + from)) - 1u));
            memset(bytes, 0xee, sizeof bytes);
            l->pack(codes, count, from, bits, bytes, stride);
            memset(back, 0, sizeof back);
            for (size_t k = 0; from && k < count * n; k++)
                back[k] = codes[k] & 3;
            l->unpack(bytes, stride, count, from, bits, back);
            assert_memory_equal(back, codes, count * n * sizeof *codes);
            levels_are_those_of_the_codes(l, bytes, stride, count, from, bits, codes);
            for (size_t r = 0; r < n; r++) {
                for (size_t c = 0; c < count; c++)
                    one[c] = (uint8_t)(codes[c * n + r] >> from);
                bitpack_put(one, count, bits, expected);
                assert_memory_equal(bytes + r * stride, expected, size);
                for (size_t g = 0; g < GAP; g++)
                    assert_int_equal(bytes[r * stride + size + g], 0xee);
            }
        }
    }
}

/* Among them what becomes infinite, subnormal and zero, and ties. */
static void halves_are_half_from_float_s(void **state)
{
    (void)state;
    float x[LANES_MOST];
    uint16_t out[LANES_MOST];
    EACH_LEVEL(l, i)
    for (uint32_t bits = 0x33000000u - 4096u * 40u; bits < 0x7f800000u - 4096u * 16u; bits += 4093u * 16u) {
        for (uint32_t r = 0; r < LANES_MOST; r++) {
            const uint32_t one = (bits + r * 4096u) | (r % 3 == 0 ? 0x80000000u : 0u);
            memcpy(&x[r], &one, sizeof one);
        }
        l->halves(x, out);
        for (int r = 0; r < l->n; r++)
            assert_int_equal(out[r], half_from_float(x[r]));
    }
}

/* All of them, from an odd address, and the first that is no number or no scale. */
static void halves_widen_as_half_to_float_has_it(void **state)
{
    (void)state;
    enum { STRIDE = 5 };
    uint8_t bytes[2 * LANES_MOST + STRIDE * LANES_MOST];
    float out[2 * LANES_MOST], scales[LANES_MOST];
    EACH_LEVEL(l, i)
    for (uint32_t first = 0; first < 0x10000u; first += (uint32_t)l->n) {
        const size_t n = (size_t)l->n + first % 7;
        bool finite = true, positive = true;
        for (size_t r = 0; r < n; r++) {
            const uint16_t h = (uint16_t)(first + r);
            half_store(bytes + 1 + 2 * r, h);
            finite = finite && !half_is_special(h);
        }
        assert_true(l->widen(bytes + 1, n, out) == finite);
        for (size_t r = 0; finite && r < n; r++) {
            const float expected = half_to_float((uint16_t)(first + r));
            assert_memory_equal(&out[r], &expected, sizeof expected);
        }
        for (size_t r = 0; r < (size_t)l->n; r++) {
            half_store(bytes + STRIDE * r, (uint16_t)(first + r));
            positive = positive && (uint16_t)(first + r) < 0x7c00u;
        }
        assert_true(l->scales(bytes, STRIDE, scales) == positive);
        if (positive && finite) assert_memory_equal(scales, out, (size_t)l->n * sizeof *out);
    }
}

static void one_bad_value_anywhere_is_seen(void **state)
{
    (void)state;
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
    float x[150];
    EACH_LEVEL(l, i) for (size_t n = 0; n <= 150; n += n < 70 ? 1 : 20)
    {
        fill(x, n, 7);
        if (n > 0) x[n / 2] = n % 2 ? FLT_MAX : -FLT_MAX;
        assert_true(l->finite(x, n));
        for (size_t at = 0; at < n; at++) {
            const float kept = x[at];
            x[at] = bad[(at + n) % 4];
            assert_false(l->finite(x, n));
            x[at] = kept;
        }
    }
}

static void the_environment_names_the_highest_level(void **state)
{
    (void)state;
    const int best = cpu_level();
    for (int i = 0; i <= best; i++) {
        cpu_force(cpu_level_name(i));
        assert_int_equal(cpu_level(), i);
    }
    cpu_force("abacus"); /* no level: as if it were not there */
    assert_int_equal(cpu_level(), best);
    cpu_force(NULL);
    assert_int_equal(cpu_level(), best);
    assert_null(lanes_at(0));
    assert_null(lanes_at(-1));
    assert_null(lanes_at(99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tile_is_the_rows_on_their_side),
        cmocka_unit_test(rotations_are_those_of_one_row),
        cmocka_unit_test(a_rotation_takes_factors_for_rows),
        cmocka_unit_test(codes_and_values_are_the_quantizer_s),
        cmocka_unit_test(sums_run_in_the_order_of_one_row),
        cmocka_unit_test(packing_is_bitpack_s_and_stays_in_its_row),
        cmocka_unit_test(halves_are_half_from_float_s),
        cmocka_unit_test(halves_widen_as_half_to_float_has_it),
        cmocka_unit_test(one_bad_value_anywhere_is_seen),
        cmocka_unit_test(the_environment_names_the_highest_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
