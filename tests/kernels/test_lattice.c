#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/lattice.h"
#include "kernels/random.h"

static const lattice_kind kinds[] = { LATTICE_Z, LATTICE_D4, LATTICE_E8 };

enum { KINDS = 3, MOST = 16 };

/* Membership by definition: integers, an even sum, E8 also all halves; inside the box. */
static bool is_point(const lattice *l, const int16_t *twice)
{
    int sum = 0;
    for (int i = 0; i < l->n; i++) {
        if (abs(twice[i]) > 2 * l->q || (twice[i] - twice[0]) % 2 != 0) return false;
        sum += twice[i];
    }
    if (twice[0] % 2 != 0) return l->kind == LATTICE_E8 && sum % 4 == 0;
    return l->kind == LATTICE_Z || sum % 4 == 0;
}

static double distance(const float *v, const int16_t *twice, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += ((double)v[i] - 0.5 * twice[i]) * ((double)v[i] - 0.5 * twice[i]);
    return sum;
}

/* The least distance over all points whose coordinates are within `reach` half steps of v, or of the box's edge. */
static double least_distance(const lattice *l, const float *v, int reach)
{
    int16_t low[8], at[8];
    double best = INFINITY;
    for (int i = 0; i < l->n; i++) {
        const float inside = fminf(fmaxf(2.0f * v[i], (float)(-2 * l->q)), (float)(2 * l->q));
        low[i] = at[i] = (int16_t)((int)floorf(inside) - reach + 1);
    }
    for (int i = 0; i < l->n;) {
        if (is_point(l, at)) best = fmin(best, distance(v, at, l->n));
        for (i = 0; i < l->n && ++at[i] >= low[i] + 2 * reach; i++)
            at[i] = low[i];
    }
    return best;
}

/* Gaussian vectors, small ones, ones that the box cuts, and ones with ties. */
static void a_vector(size_t i, int n, int q, float *v)
{
    const float wide[] = { 0.4f, 1.0f, 0.7f * (float)q, 2.5f * (float)q };
    for (size_t k = 0; k < (size_t)n; k++) {
        v[k] = wide[i % 4] * (float)random_normal(i, k);
        if (i % 5 == 0) v[k] = 0.5f * rintf(2.0f * v[k]);
    }
}

static void the_nearest_point_is_nearest_of_all_around(void **state)
{
    (void)state;
    static const int qs[] = { 1, 2, 4, 38 };
    for (size_t k = 0; k < KINDS; k++)
        for (size_t j = 0; j < 4; j++) {
            lattice l;
            assert_true(lattice_init(&l, kinds[k], qs[j], false));
            const size_t trials = kinds[k] == LATTICE_D4 ? 4000 : 40;
            for (size_t i = 0; i < trials; i++) {
                float v[8];
                int16_t twice[8];
                a_vector(i, l.n, l.q, v);
                const float squared = lattice_nearest(&l, v, twice);
                assert_true(is_point(&l, twice));
                const double exact = distance(v, twice, l.n);
                assert_true(fabs((double)squared - exact) < 1e-5 * (1.0 + exact));
                assert_true(exact < least_distance(&l, v, kinds[k] == LATTICE_D4 ? 4 : 2) + 1e-5);
            }
        }
}

/* Every point of a small box against the definition of nearest, where the box cuts the half points, too. */
static void the_box_is_respected_exactly(void **state)
{
    (void)state;
    lattice l;
    assert_true(lattice_init(&l, LATTICE_E8, 1, false));
    for (size_t i = 0; i < 60; i++) {
        float v[8];
        int16_t twice[8];
        for (size_t k = 0; k < 8; k++)
            v[k] = 1.2f * (float)random_normal(100 + i, k);
        lattice_nearest(&l, v, twice);
        assert_true(distance(v, twice, 8) < least_distance(&l, v, 3) + 1e-5);
    }
    /* Halves end at Q - ½: (1.5 x8) is a point of E8, but outside. */
    const float v[8] = { 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f };
    int16_t twice[8];
    lattice_nearest(&l, v, twice);
    for (int i = 0; i < 8; i++)
        assert_int_equal(twice[i], 2);
}

/* kakeya.md 6. */
static void the_specification_s_examples_hold(void **state)
{
    (void)state;
    lattice l;
    int16_t twice[8];
    const float d4[4] = { 0.6f, 0.2f, -0.3f, 0.1f };
    assert_true(lattice_init(&l, LATTICE_D4, 4, false));
    lattice_nearest(&l, d4, twice);
    for (int i = 0; i < 4; i++)
        assert_int_equal(twice[i], 0);
    const float e8[8] = { 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f };
    assert_true(lattice_init(&l, LATTICE_E8, 4, false));
    assert_true(lattice_nearest(&l, e8, twice) == 0.0f);
    for (int i = 0; i < 8; i++)
        assert_int_equal(twice[i], 1);
    /* Halves round to even; of two equally near ones the first coordinate moves: 1 with a positive rest. */
    const float tie[4] = { 0.5f, 0.5f, 0.5f, 1.0f };
    assert_true(lattice_init(&l, LATTICE_D4, 4, false));
    lattice_nearest(&l, tie, twice);
    static const int16_t want[4] = { 2, 0, 0, 2 };
    assert_memory_equal(twice, want, sizeof want);
    /* No rest at all counts as positive. */
    const float odd[4] = { 1.0f, 0.0f, 0.0f, 0.0f };
    lattice_nearest(&l, odd, twice);
    static const int16_t up[4] = { 4, 0, 0, 0 };
    assert_memory_equal(twice, up, sizeof up);
}

/* field.md H4: E|v - nearest|²/n over volume^(2/n); a fundamental volume is 1, 2, 1. */
static void second_moments_are_those_of_the_lattices(void **state)
{
    (void)state;
    static const double moment[] = { 0.083333, 0.076603, 0.071682 };
    for (size_t k = 0; k < KINDS; k++) {
        lattice l;
        double sum = 0.0;
        enum { TRIALS = 200000 };
        assert_true(lattice_init(&l, kinds[k], 100, false));
        for (size_t i = 0; i < TRIALS; i++) {
            float v[8];
            int16_t twice[8];
            for (size_t j = 0; j < (size_t)l.n; j++)
                v[j] = (float)(80.0 * random_uniform(i, j) - 40.0);
            sum += (double)lattice_nearest(&l, v, twice);
        }
        const double volume = kinds[k] == LATTICE_D4 ? sqrt(2.0) : 1.0;
        const double measured = sum / TRIALS / l.n / volume;
        print_message("kind %d: %.6f (%.6f)\n", (int)kinds[k], measured, moment[k]);
        assert_true(fabs(measured / moment[k] - 1.0) < 0.005);
    }
}

static void points_are_their_own_nearest(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++)
        for (int q = 1; q <= 152; q += 30)
            for (size_t i = 0; i < 500; i++) {
                lattice l;
                float v[8];
                int16_t once[8], again[8];
                assert_true(lattice_init(&l, kinds[k], q, false));
                a_vector(i, l.n, l.q, v);
                lattice_nearest(&l, v, once);
                for (int j = 0; j < l.n; j++)
                    v[j] = 0.5f * once[j];
                assert_true(lattice_nearest(&l, v, again) == 0.0f);
                assert_memory_equal(once, again, sizeof *once * (size_t)l.n);
            }
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

/* kakeya.md 6, which counts ceil(4 log2(2Q+1) - 1) bits for D4 and ceil(8 log2(2Q+1)) for E8. */
static void numbers_take_the_bits_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        int q;
        size_t d4, e8; /* bits of 128 values and two f16 */
    } printed[] = {
        { 2, 320, 336 },  { 3, 384, 400 },  { 4, 416, 448 },  { 5, 448, 480 },  { 10, 576, 608 },
        { 19, 704, 720 }, { 37, 800, 832 }, { 38, 832, 848 }, { 76, 960, 976 }, { 152, 1088, 1104 },
    };
    lattice l;
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        assert_true(lattice_init(&l, LATTICE_D4, printed[i].q, false));
        assert_int_equal(8 * lattice_bytes(&l, 32) + 32, printed[i].d4);
        assert_true(lattice_init(&l, LATTICE_E8, printed[i].q, false));
        assert_int_equal(8 * lattice_bytes(&l, 16) + 32, printed[i].e8);
    }
    for (int q = 1; q <= LATTICE_Q_MAX; q++)
        for (size_t k = 0; k < KINDS; k++) {
            assert_true(lattice_init(&l, kinds[k], q, false));
            assert_int_equal(l.bits, (int)ceil(l.n * log2(2.0 * q + 1.0) - (kinds[k] == LATTICE_D4)));
        }
}

static void dense_numbers_take_a_bit_less_where_the_count_allows(void **state)
{
    (void)state;
    static const int bits[] = { 12, 18, 22, 25, 28 }; /* of 3409, 228081, 3722209, 29911969, 157179441 points */
    int less = 0;
    lattice l, wide;
    for (int q = 1; q <= LATTICE_Q_MAX; q++) {
        assert_true(lattice_init(&l, LATTICE_E8, q, true) && lattice_init(&wide, LATTICE_E8, q, false));
        const double count = 0.5 * (pow(2.0 * q + 1.0, 8) + 1.0 + pow(2.0 * q, 8));
        assert_int_equal(l.bits, (int)ceil(log2(count)));
        assert_true(q > 5 || l.bits == bits[q - 1]);
        assert_true(wide.bits - l.bits == 0 || wide.bits - l.bits == 1);
        less += wide.bits - l.bits;
    }
    print_message("dense: a bit less for %d of %d q\n", less, LATTICE_Q_MAX);
}

/* Every number of a small box: those that a point has come back from it, the others are refused; the points are all
 * different because their numbers are. */
static void exhaust(lattice_kind kind, int q, bool dense, size_t n_points)
{
    lattice l;
    size_t found = 0;
    assert_true(lattice_init(&l, kind, q, dense));
    assert_true(l.bits <= 24);
    for (uint32_t number = 0; number < (uint32_t)1 << l.bits; number++) {
        const uint8_t bytes[] = { (uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16) };
        int16_t twice[8];
        uint8_t again[3] = { 0 };
        if (!lattice_get(&l, bytes, 1, twice)) continue;
        assert_true(is_point(&l, twice));
        lattice_put(&l, twice, 1, again);
        assert_memory_equal(bytes, again, lattice_bytes(&l, 1));
        found++;
    }
    assert_int_equal(found, n_points);
}

/* Points in a box: (2Q+1)^8; ((2Q+1)^4 + 1)/2; ((2Q+1)^8 + 1)/2 + (2Q)^8/2. */
static void every_point_has_a_number_and_every_number_a_point_or_none(void **state)
{
    (void)state;
    exhaust(LATTICE_Z, 1, false, 6561);
    exhaust(LATTICE_Z, 2, false, 390625);
    exhaust(LATTICE_D4, 1, false, 41);
    exhaust(LATTICE_D4, 2, false, 313);
    exhaust(LATTICE_D4, 3, false, 1201);
    exhaust(LATTICE_D4, 10, false, 97241);
    exhaust(LATTICE_E8, 1, false, 3281 + 128);
    exhaust(LATTICE_E8, 2, false, 195313 + 32768);
    exhaust(LATTICE_E8, 3, false, 2882401 + 839808);
    exhaust(LATTICE_E8, 1, true, 3281 + 128);
    exhaust(LATTICE_E8, 2, true, 195313 + 32768);
    exhaust(LATTICE_E8, 3, true, 2882401 + 839808);
}

static void a_point_in_the_largest_corner_is_kept(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++)
        for (int q = 1; q <= LATTICE_Q_MAX; q++)
            for (int sign = -1; sign <= 1; sign += 2)
                for (int way = 0; way < (kinds[k] == LATTICE_E8 ? 4 : 1); way++) {
                    const int moved = way & 1;
                    lattice l;
                    int16_t twice[16], back[16];
                    uint8_t bytes[32];
                    assert_true(lattice_init(&l, kinds[k], q, way & 2));
                    for (int i = 0; i < 2 * l.n; i++)
                        twice[i] = (int16_t)(sign * (2 * q - moved));
                    lattice_put(&l, twice, 2, bytes);
                    assert_true(lattice_get(&l, bytes, 2, back));
                    assert_memory_equal(twice, back, sizeof *twice * 2 * (size_t)l.n);
                }
}

/* Rows of many blocks, whose numbers begin at any bit. */
static void rows_of_points_come_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++)
        for (int q = 1; q <= LATTICE_Q_MAX; q += q < 40 ? 1 : 15)
            for (size_t blocks = 1; blocks <= MOST; blocks += 5) {
                lattice l;
                int16_t twice[8 * MOST], back[8 * MOST];
                uint8_t bytes[9 * MOST + 8];
                assert_true(lattice_init(&l, kinds[k], q, blocks % 2));
                for (size_t b = 0; b < blocks; b++) {
                    float v[8];
                    a_vector(97 * b + blocks, l.n, q, v);
                    lattice_nearest(&l, v, twice + b * (size_t)l.n);
                }
                const size_t n = lattice_bytes(&l, blocks);
                assert_int_equal(n, (blocks * (size_t)l.bits + 7) / 8);
                memset(bytes, 0xa5, sizeof bytes);
                lattice_put(&l, twice, blocks, bytes);
                for (size_t i = n; i < sizeof bytes; i++)
                    assert_int_equal(bytes[i], 0xa5);
                assert_true(lattice_get(&l, bytes, blocks, back));
                assert_memory_equal(twice, back, sizeof *twice * blocks * (size_t)l.n);
                if (blocks * (size_t)l.bits % 8) {
                    bytes[n - 1] |= 0x80;
                    assert_false(lattice_get(&l, bytes, blocks, back));
                }
            }
}

/* D4, Q = 1: (1, 0, -1, 0) has the digits 2 1 0 1 in base 3, N = 64. E8, Q = 1: all ½ has eight digits 1 in base 2,
 * N = 255; of the 3409 points it is the last. */
static void numbers_are_composed_as_the_header_says(void **state)
{
    (void)state;
    lattice l;
    uint8_t bytes[4] = { 0 };
    static const int16_t d4[4] = { 2, 0, -2, 0 }, e8[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    assert_true(lattice_init(&l, LATTICE_D4, 1, false));
    lattice_put(&l, d4, 1, bytes);
    assert_int_equal(bytes[0], 32);
    assert_true(lattice_init(&l, LATTICE_E8, 1, false));
    lattice_put(&l, e8, 1, bytes);
    assert_int_equal(bytes[0] | bytes[1] << 8, 2 * 127 + 1);
    assert_true(lattice_init(&l, LATTICE_E8, 1, true));
    lattice_put(&l, e8, 1, bytes);
    assert_int_equal(bytes[0] | bytes[1] << 8, 3408);
}

static void limits_are_kept(void **state)
{
    (void)state;
    lattice l;
    assert_false(lattice_init(&l, LATTICE_E8, 0, false));
    assert_false(lattice_init(&l, LATTICE_D4, LATTICE_Q_MAX + 1, false));
    assert_true(lattice_init(&l, LATTICE_E8, LATTICE_Q_MAX, false));
    assert_int_equal(l.bits, 72);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_point_is_nearest_of_all_around),
        cmocka_unit_test(the_box_is_respected_exactly),
        cmocka_unit_test(the_specification_s_examples_hold),
        cmocka_unit_test(second_moments_are_those_of_the_lattices),
        cmocka_unit_test(points_are_their_own_nearest),
        cmocka_unit_test(numbers_take_the_bits_of_the_specification),
        cmocka_unit_test(dense_numbers_take_a_bit_less_where_the_count_allows),
        cmocka_unit_test(every_point_has_a_number_and_every_number_a_point_or_none),
        cmocka_unit_test(a_point_in_the_largest_corner_is_kept),
        cmocka_unit_test(rows_of_points_come_back),
        cmocka_unit_test(numbers_are_composed_as_the_header_says),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
