#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernels/lloyd.h"
#include "kernels/lloyd_table.h"
#include "kernels/random.h"

enum { N = 4096, LEVELS = 256 };

static double edge[N + 1], mass[N], work[2 * (N + 1)];

static void half_normal(void)
{
    for (int i = 0; i <= N; i++)
        edge[i] = 8.0 * i / N;
    for (int i = 0; i < N; i++)
        mass[i] = erf(edge[i + 1] / sqrt(2.0)) - erf(edge[i] / sqrt(2.0));
}

/* Against lloyd.h, which solves the same problem in closed form by Newton's method. */
static void a_table_of_the_normal_density_gives_its_levels(void **state)
{
    (void)state;
    half_normal();
    for (int bits = 1; bits <= 8; bits++) {
        double level[LEVELS], exact[LEVELS];
        assert_true(lloyd_table(edge, mass, N, bits, work, level));
        assert_true(lloyd_max(LLOYD_NORMAL, bits, exact));
        for (int k = 0; k < 1 << bits && bits <= 5; k++)
            assert_true(fabs(level[k] - exact[k]) < 1e-4 * fabs(exact[k]));
        const double least = lloyd_distortion(LLOYD_NORMAL, bits, exact);
        assert_true(lloyd_distortion(LLOYD_NORMAL, bits, level) < 1.0005 * least);
    }
}

/* The optimum for a uniform density on [-1, 1] are the middles of equal parts. */
static void a_uniform_density_gives_equal_steps(void **state)
{
    (void)state;
    for (int i = 0; i <= 10; i++)
        edge[i] = i / 10.0;
    for (int i = 0; i < 10; i++)
        mass[i] = 3.0;
    for (int bits = 1; bits <= 8; bits++) {
        double level[LEVELS];
        assert_true(lloyd_table(edge, mass, 10, bits, work, level));
        for (int k = 0; k < 1 << bits; k++)
            assert_true(fabs(level[k] - ((2 * k + 1.0) / (1 << bits) - 1.0)) < 1e-9);
    }
}

/* Cells of any width: the same uniform density, cut unevenly. */
static void unequal_cells_change_nothing(void **state)
{
    (void)state;
    for (int i = 0; i <= 10; i++)
        edge[i] = i * i / 100.0;
    for (int i = 0; i < 10; i++)
        mass[i] = edge[i + 1] - edge[i];
    double level[LEVELS];
    assert_true(lloyd_table(edge, mass, 10, 3, work, level));
    for (int k = 0; k < 8; k++)
        assert_true(fabs(level[k] - ((2 * k + 1.0) / 8 - 1.0)) < 1e-9);
}

/* Two clusters: two levels sit on their middles, wherever the rest goes. */
static void gaps_without_mass_are_skipped(void **state)
{
    (void)state;
    for (int i = 0; i <= 100; i++) {
        edge[i] = i;
        mass[i] = 0.0;
    }
    mass[3] = 1.0;
    mass[90] = 5.0;
    double level[LEVELS];
    assert_true(lloyd_table(edge, mass, 100, 2, work, level));
    assert_true(fabs(level[2] - 3.5) < 1e-9 && fabs(level[3] - 90.5) < 1e-9);
    assert_true(level[0] == -level[3] && level[1] == -level[2]);
}

static void all_mass_in_one_cell_still_gives_ascending_levels(void **state)
{
    (void)state;
    for (int i = 0; i <= 100; i++) {
        edge[i] = i;
        mass[i] = i == 40;
    }
    for (int bits = 1; bits <= 8; bits++) {
        double level[LEVELS];
        assert_true(lloyd_table(edge, mass, 100, bits, work, level));
        for (int k = 1; k < 1 << bits; k++)
            assert_true(level[k] > level[k - 1]);
        assert_true(level[1 << (bits - 1)] > 40.0 && level[(1 << bits) - 1] < 41.0);
    }
}

/* Few cells with anything in them, of masses from 1e-18 to 1. */
static void sparse_tables_give_ascending_levels_inside_them(void **state)
{
    (void)state;
    for (uint64_t trial = 0; trial < 3000; trial++) {
        double level[LEVELS], total = 0.0;
        const int bits = 1 + (int)(trial % 6);
        for (int i = 0; i <= 100; i++) {
            edge[i] = i;
            mass[i] = random_uniform(trial, 2 * (uint64_t)i) < 0.1
                          ? pow(10.0, -18.0 * random_uniform(trial, 2 * (uint64_t)i + 1))
                          : 0.0;
            total += i < 100 ? mass[i] : 0.0;
        }
        if (total == 0.0) continue;
        assert_true(lloyd_table(edge, mass, 100, bits, work, level));
        for (int k = 0; k < 1 << bits; k++)
            assert_true(fabs(level[k]) <= 100.0 && (k == 0 || level[k] > level[k - 1]));
    }
}

static void no_mass_and_wrong_bits_are_refused(void **state)
{
    (void)state;
    double level[2 * LEVELS];
    half_normal();
    assert_false(lloyd_table(edge, mass, N, 0, work, level));
    assert_false(lloyd_table(edge, mass, N, 9, work, level));
    for (int i = 0; i < N; i++)
        mass[i] = 0.0;
    assert_false(lloyd_table(edge, mass, N, 3, work, level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_of_the_normal_density_gives_its_levels),
        cmocka_unit_test(a_uniform_density_gives_equal_steps),
        cmocka_unit_test(unequal_cells_change_nothing),
        cmocka_unit_test(gaps_without_mass_are_skipped),
        cmocka_unit_test(all_mass_in_one_cell_still_gives_ascending_levels),
        cmocka_unit_test(sparse_tables_give_ascending_levels_inside_them),
        cmocka_unit_test(no_mass_and_wrong_bits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
