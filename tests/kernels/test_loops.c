/* Every level gives the portable one's bits, and what loops.h and trellis_walk.h say. */
#include "kernels/loops.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/cpu.h"
#include "kernels/random.h"
#include "kernels/trellis.h"

enum { MOST = 131 };

static void fill(float *x, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(key, i);
}

static void turning_is_the_rotation_and_alike_on_every_level(void **state)
{
    (void)state;
    for (int level = 0; cpu_runs(level) && level < 3; level++)
        for (size_t half = 0; half <= MOST / 2; half++) {
            float row[MOST + 1], cs[MOST + 1], neighbours[MOST + 1], halves[MOST + 1];
            fill(row, MOST + 1, 1);
            fill(cs, MOST + 1, 2);
            memcpy(neighbours, row, sizeof row);
            memcpy(halves, row, sizeof row);
            loops_at(level)->turn_neighbours(neighbours, cs, half);
            loops_at(level)->turn_halves(halves, cs, half);
            for (size_t i = 0; i < half; i++) {
                const float c = cs[2 * i], s = cs[2 * i + 1];
                const float a = row[2 * i], b = row[2 * i + 1], e = row[i], f = row[half + i];
                const float ac = a * c, bs = b * s, as = a * s, bc = b * c, ec = e * c, fs = f * s, es = e * s,
                            fc = f * c;
                assert_true(neighbours[2 * i] == ac - bs && neighbours[2 * i + 1] == as + bc);
                assert_true(halves[i] == ec - fs && halves[half + i] == es + fc);
            }
            assert_memory_equal(neighbours + 2 * half, row + 2 * half, (MOST + 1 - 2 * half) * sizeof *row);
            assert_memory_equal(halves + 2 * half, row + 2 * half, (MOST + 1 - 2 * half) * sizeof *row);
        }
}

static void outer_products_touch_the_lower_triangle_alone(void **state)
{
    (void)state;
    static double m[MOST * MOST], four[MOST * MOST], rows[4 * MOST];
    for (int level = 0; cpu_runs(level) && level < 3; level++)
        for (size_t n = 1; n <= MOST; n += n < 20 ? 1 : 37) {
            float x[MOST];
            fill(x, n, 3);
            for (size_t i = 0; i < 4 * n; i++)
                rows[i] = random_normal(4, i);
            for (size_t i = 0; i < n * n; i++)
                m[i] = four[i] = (double)i;
            loops_at(level)->add_outer(m, x, n);
            loops_at(level)->add_outer_four(four, rows, n);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                    const double *a = rows, *b = rows + n, *c = rows + 2 * n, *d = rows + 3 * n;
                    const double before = (double)(i * n + j), one = (double)x[i] * (double)x[j];
                    const double left = a[i] * a[j] + b[i] * b[j], right = c[i] * c[j] + d[i] * d[j];
                    const double both = left + right;
                    assert_true(m[i * n + j] == (j <= i ? before + one : before));
                    assert_true(four[i * n + j] == (j <= i ? before + both : before));
                }
        }
}

static void squares_are_summed_in_eight_sums(void **state)
{
    (void)state;
    float a[MOST], b[MOST];
    fill(a, MOST, 5);
    fill(b, MOST, 6);
    for (int level = 0; cpu_runs(level) && level < 3; level++)
        for (size_t n = 0; n <= MOST; n++) {
            double e[8] = { 0 }, t[8] = { 0 }, error = 0.5, total = 0.25;
            for (size_t i = 0; i < n; i++) {
                const double d = (double)a[i] - (double)b[i];
                e[i % 8] += d * d;
                t[i % 8] += (double)a[i] * (double)a[i];
            }
            loops_at(level)->add_squares(a, b, n, &error, &total);
            assert_true(error == 0.5 + (((e[0] + e[4]) + (e[2] + e[6])) + ((e[1] + e[5]) + (e[3] + e[7]))));
            assert_true(total == 0.25 + (((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]))));
        }
}

static void moments_are_summed_in_four_sums(void **state)
{
    (void)state;
    enum { LINES = 7 };
    static float m[LINES * MOST], w_32[MOST];
    double w[MOST], sum[LINES], squares[LINES], column[MOST], column_squares[MOST];
    fill(m, LINES * MOST, 8);
    fill(w_32, MOST, 9);
    for (size_t j = 0; j < MOST; j++)
        w[j] = (double)w_32[j] / 3.0;
    for (int level = 0; cpu_runs(level) && level < 3; level++)
        for (size_t n = 0; n <= MOST; n++) {
            const size_t lines = n % (LINES + 1);
            loops_at(level)->line_moments(m, lines, n, w, sum, squares);
            for (size_t j = 0; j < n; j++)
                column[j] = column_squares[j] = 0.125;
            for (size_t i = 0; i < lines; i++) {
                double s[4] = { 0 }, q[4] = { 0 };
                for (size_t j = 0; j < n; j++) {
                    const double v = (double)m[i * n + j] * w[j];
                    s[j % 4] += v;
                    q[j % 4] += v * v;
                }
                assert_true(sum[i] == (s[0] + s[1]) + (s[2] + s[3]));
                assert_true(squares[i] == (q[0] + q[1]) + (q[2] + q[3]));
                loops_at(level)->add_moments(m + i * n, w[i % MOST], n, column, column_squares);
            }
            for (size_t j = 0; j < n; j++) {
                double s = 0.125, q = 0.125;
                for (size_t i = 0; i < lines; i++) {
                    const double v = (double)m[i * n + j] * w[i % MOST];
                    s += v;
                    q += v * v;
                }
                assert_true(column[j] == s && column_squares[j] == q);
            }
        }
}

/* ---- the trellis ---- */

/* The definition: the cost of every state, then the least of the ways into every overlap. */
static void walk_plainly(const trellis *t, const float *x, size_t n, float *cost, float *next, uint8_t *oldest)
{
    const size_t ways = (size_t)1 << t->bits, states = (size_t)1 << t->memory, overlaps = states / ways;
    for (size_t i = 0; i < n; i++) {
        for (size_t o = 0; o < overlaps; o++) {
            float least = INFINITY;
            for (size_t a = 0; a < ways; a++) {
                const size_t s = a * overlaps + o;
                const float d = x[i] - t->level[s], square = d * d, all = cost[s] + square;
                if (!(all < least)) continue;
                least = all;
                oldest[i * overlaps + o] = (uint8_t)a;
            }
            for (size_t b = 0; b < ways; b++)
                next[o * ways + b] = least;
        }
        memcpy(cost, next, states * sizeof *cost);
    }
}

static void every_level_walks_the_trellis_as_it_is_defined(void **state)
{
    (void)state;
    enum { N = 33 };
    static float cost[2 * TRELLIS_STATES_MAX], plain[TRELLIS_STATES_MAX], next[TRELLIS_STATES_MAX];
    static uint8_t oldest[N * TRELLIS_STATES_MAX], expected[N * TRELLIS_STATES_MAX];
    float x[N];
    fill(x, N, 7);
    for (int bits = 1; bits <= TRELLIS_BITS_MAX; bits++)
        for (int memory = TRELLIS_MEMORY_MIN; memory <= TRELLIS_MEMORY_MAX; memory += 2) {
            trellis t;
            assert_true(trellis_init(&t, bits, memory));
            const size_t states = (size_t)1 << memory, overlaps = states >> bits;
            for (int level = 0; cpu_runs(level) && level < 3; level++)
                for (size_t n = 0; n <= N; n += 11) {
                    for (size_t s = 0; s < states; s++)
                        cost[s] = plain[s] = (float)(s >> bits) * 1e-3f;
                    walk_plainly(&t, x, n, plain, next, expected);
                    const float *got = trellis_walk_at(level)(t.level, bits, overlaps, x, n, cost, oldest);
                    assert_memory_equal(got, plain, states * sizeof *plain);
                    assert_memory_equal(oldest, expected, n * overlaps);
                }
        }
}

/* Equal costs: the lowest of the ways stays, on every level. */
static void of_equals_the_first_way_stays(void **state)
{
    (void)state;
    float level[1 << 8] = { 0 }, cost[2 << 8], x[] = { 1.0f };
    uint8_t oldest[1 << 7];
    for (int l = 0; cpu_runs(l) && l < 3; l++) {
        memset(cost, 0, sizeof cost);
        memset(oldest, 9, sizeof oldest);
        trellis_walk_at(l)(level, 1, 1 << 7, x, 1, cost, oldest);
        for (size_t o = 0; o < sizeof oldest; o++)
            assert_int_equal(oldest[o], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turning_is_the_rotation_and_alike_on_every_level),
        cmocka_unit_test(outer_products_touch_the_lower_triangle_alone),
        cmocka_unit_test(squares_are_summed_in_eight_sums),
        cmocka_unit_test(moments_are_summed_in_four_sums),
        cmocka_unit_test(every_level_walks_the_trellis_as_it_is_defined),
        cmocka_unit_test(of_equals_the_first_way_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
