#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/random.h"
#include "kernels/wht.h"

static double dot(const float *a, const float *b, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void gaussian(float *x, int n, uint64_t key)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)random_normal(key, (uint64_t)i);
}

/* Every head dimension of known models and every other multiple of 16. */
static void every_multiple_of_16_up_to_512_is_taken(void **state)
{
    (void)state;
    wht w;
    for (int n = 16; n <= WHT_MAX; n += 16)
        assert_true(wht_takes(n) && wht_init(&w, n));
    static const int no[] = { -128, 0, 1, 15, 31, 33, 74, 513, 528, 576, 1024 };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_true(!wht_takes(no[i]) && !wht_init(&w, no[i]));
}

/* The columns of R, rotated basis vectors, have length 1 and products 0. */
static void the_rotation_is_orthogonal(void **state)
{
    (void)state;
    static float columns[WHT_MAX * WHT_MAX];
    for (int n = 16; n <= WHT_MAX; n += n < 256 ? 16 : 64) {
        wht w;
        assert_true(wht_init(&w, n));
        memset(columns, 0, sizeof columns);
        for (int i = 0; i < n; i++)
            columns[i * n + i] = 1.0f;
        wht_forward(&w, columns, (size_t)n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++)
                assert_true(fabs(dot(columns + i * n, columns + j * n, n) - (i == j)) < 1e-5);
    }
}

static void the_inverse_undoes_the_rotation(void **state)
{
    (void)state;
    for (int n = 16; n <= WHT_MAX; n += 16) {
        wht w;
        float x[3 * WHT_MAX], y[3 * WHT_MAX];
        wht_init(&w, n);
        gaussian(x, 3 * n, 5);
        memcpy(y, x, sizeof y);
        wht_forward(&w, y, 3);
        assert_true(fabs(dot(y, y, 3 * n) / dot(x, x, 3 * n) - 1.0) < 1e-5);
        wht_inverse(&w, y, 3);
        for (int i = 0; i < 3 * n; i++)
            assert_true(fabsf(x[i] - y[i]) < 1e-5f);
    }
}

/* No entry of R is zero: a spike anywhere reaches every output, with the power spread to within the Hartley matrix's
 * largest entry, √2. */
static void every_output_depends_on_every_input(void **state)
{
    (void)state;
    for (int n = 16; n <= WHT_MAX; n += 16) {
        wht w;
        wht_init(&w, n);
        for (int i = 0; i < n; i++) {
            float x[WHT_MAX] = { 0 };
            x[i] = 1.0f;
            wht_forward(&w, x, 1);
            for (int k = 0; k < n; k++) {
                assert_true(fabsf(x[k]) > 1e-4f);
                assert_true(fabs((double)x[k]) * sqrt((double)n) < 1.4143);
            }
        }
    }
}

/* R⁻¹ e0 = s1/√128 with s1 beginning - + + - - + - +; and R e0 = s2/√128 times s1[0], s2 beginning + + + + - + + -.
 * From the published sign strings. */
static void order_128_has_the_published_signs(void **state)
{
    (void)state;
    static const char *const s1 = "-++--+-+--+++++++-+-+--+++-++----++-++-+-++--+-++++-----+-++++-+--+---+---+---++"
                                  "+--+++--++-++-+--++-+-+-++++-+-++-++-----++-++-+";
    static const char *const s2 = "++++-++-+---+---++--+-+-+--+-+++++---+------+++-+-+++--+------+++-+----+-+-+--++"
                                  "-+-++-+----+--+-+-+++--+-+-++--+-+-++-+-+-----+-";
    wht w;
    float forward[128] = { 1.0f }, inverse[128] = { 1.0f };
    wht_init(&w, 128);
    wht_forward(&w, forward, 1);
    wht_inverse(&w, inverse, 1);
    assert_int_equal(strlen(s1), 128);
    assert_int_equal(strlen(s2), 128);
    for (int i = 0; i < 128; i++) {
        assert_true(forward[i] == (s2[i] == '+' ? -0.08838834764831845f : 0.08838834764831845f));
        assert_true(inverse[i] == (s1[i] == '+' ? 0.08838834764831845f : -0.08838834764831845f));
    }
    wht_init(&w, 64);
    for (int i = 0; i < 64; i++)
        assert_true(w.s1[i] == (s1[i] == '+' ? 1.0f : -1.0f) && w.s2[i] == (s2[i] == '+' ? 1.0f : -1.0f));
}

/* Against the definition, R[k][i] = s2[k] · C[k/q][i/q] · (-1)^popcount((k%q) & (i%q)) · s1[i] / √n. */
static void the_transform_is_its_definition(void **state)
{
    (void)state;
    static const int orders[] = { 32, 48, 80, 96, 112, 128, 240, 256 };
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        const int n = orders[o];
        wht w;
        float x[WHT_MAX] = { 0 }, y[WHT_MAX];
        wht_init(&w, n);
        const int q = n / w.odd;
        gaussian(x, n, 9);
        memcpy(y, x, sizeof y);
        wht_forward(&w, y, 1);
        for (int k = 0; k < n; k++) {
            double sum = 0.0;
            for (int i = 0; i < n; i++) {
                const double angle = 2.0 * 3.141592653589793 * (k / q) * (i / q) / w.odd;
                const double sign = __builtin_popcount((unsigned)(k % q) & (unsigned)(i % q)) % 2 ? -1.0 : 1.0;
                sum += (cos(angle) + sin(angle)) * sign * (double)w.s1[i] * (double)x[i];
            }
            assert_true(fabs(sum * (double)w.s2[k] / sqrt((double)n) - (double)y[k]) < 2e-5);
        }
    }
}

static void rows_are_rotated_one_by_one(void **state)
{
    (void)state;
    wht w;
    float many[5 * 96], one[5 * 96];
    wht_init(&w, 96);
    gaussian(many, 5 * 96, 3);
    memcpy(one, many, sizeof one);
    wht_forward(&w, many, 5);
    for (int r = 0; r < 5; r++)
        wht_forward(&w, one + 96 * r, 1);
    assert_memory_equal(many, one, sizeof one);
}

static void large_values_stay_finite(void **state)
{
    (void)state;
    for (int n = 16; n <= WHT_MAX; n += 16) {
        wht w;
        float x[WHT_MAX];
        wht_init(&w, n);
        for (int i = 0; i < n; i++)
            x[i] = w.s1[i] * (FLT_MAX / (2.0f * (float)n));
        wht_forward(&w, x, 1);
        for (int i = 0; i < n; i++)
            assert_true(isfinite(x[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_multiple_of_16_up_to_512_is_taken),
        cmocka_unit_test(the_rotation_is_orthogonal),
        cmocka_unit_test(the_inverse_undoes_the_rotation),
        cmocka_unit_test(every_output_depends_on_every_input),
        cmocka_unit_test(order_128_has_the_published_signs),
        cmocka_unit_test(the_transform_is_its_definition),
        cmocka_unit_test(rows_are_rotated_one_by_one),
        cmocka_unit_test(large_values_stay_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
