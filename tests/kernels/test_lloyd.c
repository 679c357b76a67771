#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "kernels/lloyd.h"

/* Positive halves of the tables computed for the sphere (TurboQuant, arXiv 2504.19874) and for N(0, 1) scaled by 1/√128
 * (Max 1960, table I, gives the same figures to his four digits). */
static const struct {
    int dim, bits;
    double scale, half[8];
} tables[] = {
    { 128, 1, 1, { 0.070662 } },
    { 128, 2, 1, { 0.039992, 0.133042 } },
    { 128, 3, 1, { 0.021604, 0.066586, 0.118140, 0.188397 } },
    { 128, 4, 1, { 0.011303, 0.034151, 0.057772, 0.082828, 0.110288, 0.141805, 0.180836, 0.237664 } },
    { LLOYD_NORMAL,
      4,
      11.313708498984761,
      { 0.011349, 0.034299, 0.058050, 0.083292, 0.111036, 0.143016, 0.182877, 0.241529 } },
    { 64, 1, 1, { 0.100126 } },
    { 64, 2, 1, { 0.056515, 0.187497 } },
    { 64, 3, 1, { 0.030469, 0.093832, 0.166168, 0.263914 } },
    { 64, 4, 1, { 0.015919, 0.048090, 0.081312, 0.116487, 0.154926, 0.198856, 0.252914, 0.330796 } },
    { 256, 3, 1, { 0.015297, 0.047167, 0.083765, 0.133854 } },
    { 256, 4, 1, { 0.008008, 0.024201, 0.040949, 0.058732, 0.078249, 0.100698, 0.128588, 0.169410 } },
};

/* Distortions of the optimal quantisers for a unit row: six digits where they are published so. */
static const struct {
    int dim, bits;
    double distortion, tolerance;
} distortions[] = {
    { LLOYD_NORMAL, 1, 0.363380, 1e-6 }, { LLOYD_NORMAL, 2, 0.117482, 1e-6 }, { LLOYD_NORMAL, 3, 0.034548, 1e-6 },
    { LLOYD_NORMAL, 4, 0.009501, 1e-6 }, { LLOYD_NORMAL, 5, 0.002505, 1e-6 }, { LLOYD_NORMAL, 6, 0.000644, 1e-6 },
    { 64, 1, 0.358387, 1e-6 },           { 64, 2, 0.114526, 1e-6 },           { 64, 3, 0.033391, 1e-6 },
    { 64, 4, 0.009132, 1e-6 },           { 128, 1, 0.360889, 1e-6 },          { 128, 2, 0.116000, 1e-6 },
    { 128, 3, 0.033966, 1e-6 },          { 128, 4, 0.009315, 1e-6 },          { 128, 5, 0.002452, 1e-6 },
    { 256, 1, 0.362136, 1e-6 },          { 256, 2, 0.116740, 1e-6 },          { 256, 3, 0.034256, 1e-6 },
    { 256, 4, 0.009408, 1e-6 },
};

static const int dims[] = { LLOYD_NORMAL, 3, 4, 5, 32, 48, 64, 80, 96, 112, 128, 192, 256, 512, 4096 };
enum { N_DIMS = sizeof dims / sizeof *dims };

static void tables_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        double level[256];
        const int half = 1 << (tables[i].bits - 1);
        assert_true(lloyd_max(tables[i].dim, tables[i].bits, level));
        for (int k = 0; k < half; k++) {
            assert_true(fabs(level[half + k] - tables[i].half[k] * tables[i].scale) < 1e-5);
            assert_true(level[half + k] == -level[half - 1 - k]);
        }
    }
}

static void distortions_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof distortions / sizeof *distortions; i++) {
        double level[256];
        assert_true(lloyd_max(distortions[i].dim, distortions[i].bits, level));
        const double d = lloyd_distortion(distortions[i].dim, distortions[i].bits, level);
        assert_true(fabs(d - distortions[i].distortion) < distortions[i].tolerance);
    }
}

/* One bit: the level is the mean magnitude, √(2/π) for N(0,1) and Γ(d/2)/(√π Γ((d+1)/2)) on the sphere. Three
 * dimensions: the coordinate is uniform on [-1, 1], and so are the levels, with distortion 4^-bits of the variance. */
static void closed_forms_hold(void **state)
{
    (void)state;
    double level[256];
    assert_true(lloyd_max(LLOYD_NORMAL, 1, level));
    assert_true(fabs(level[1] - sqrt(2.0 / 3.141592653589793)) < 1e-12);
    for (int i = 1; i < N_DIMS; i++) {
        const double d = dims[i];
        assert_true(lloyd_max(dims[i], 1, level));
        const double mean = exp(lgamma(d / 2) - lgamma((d + 1) / 2)) / sqrt(3.141592653589793);
        assert_true(fabs(level[1] / mean - 1.0) < 1e-10);
    }
    for (int bits = 1; bits <= 8; bits++) {
        const int n = 1 << bits;
        assert_true(lloyd_max(3, bits, level));
        for (int k = 0; k < n; k++)
            assert_true(fabs(level[k] - ((2 * k + 1.0) / n - 1.0)) < 1e-12);
        assert_true(fabs(lloyd_distortion(3, bits, level) * pow(4.0, bits) - 1.0) < 1e-9);
    }
}

/* An independent look at the stationarity: means by the midpoint rule on a fine grid, not by the module's integrals. */
static double density(int dim, double t)
{
    if (dim == LLOYD_NORMAL) return exp(-0.5 * t * t);
    return t < 1.0 ? pow(1.0 - t * t, 0.5 * (dim - 3)) : 0.0;
}

static double mean_on_grid(int dim, double low, double high)
{
    enum { CELLS = 20000 };
    double mass = 0.0, first = 0.0;
    for (int i = 0; i < CELLS; i++) {
        const double t = low + (high - low) * (i + 0.5) / CELLS, f = density(dim, t);
        mass += f;
        first += t * f;
    }
    return first / mass;
}

static void levels_are_the_means_of_their_cells(void **state)
{
    (void)state;
    for (int i = 0; i < N_DIMS; i++)
        for (int bits = 1; bits <= 8; bits++) {
            double level[256], boundary[255];
            const int n = 1 << bits;
            const double sigma = dims[i] ? 1.0 / sqrt(dims[i]) : 1.0, end = dims[i] ? fmin(1.0, 14 * sigma) : 14.0;
            assert_true(lloyd_max(dims[i], bits, level));
            lloyd_boundaries(level, bits, boundary);
            assert_true(boundary[n / 2 - 1] == 0.0);
            for (int k = n / 2; k < n; k++) {
                const double low = boundary[k - 1], high = k + 1 < n ? boundary[k] : end;
                assert_true(low < level[k] && level[k] < high);
                assert_true(k + 1 == n || high == 0.5 * (level[k] + level[k + 1]));
                assert_true(fabs(lloyd_cell_mean(dims[i], low, high) - level[k]) < 1e-12 * sigma);
                if (bits <= 4) assert_true(fabs(mean_on_grid(dims[i], low, high) - level[k]) < 1e-6 * sigma);
            }
        }
}

/* A bit more divides the distortion by nearly 4; Gaussian sources lie between 3.4 and 4 from the third bit on, and
 * distortion times 4^bits rises towards √3 π/2 = 2.7207 (Panter and Dite). */
static void a_bit_more_divides_the_distortion_by_nearly_four(void **state)
{
    (void)state;
    for (int i = 4; i < N_DIMS + 4; i++) {
        const int dim = i < N_DIMS ? dims[i] : LLOYD_NORMAL;
        double before = 1.0;
        for (int bits = 1; bits <= 8; bits++) {
            double level[256];
            assert_true(lloyd_max(dim, bits, level));
            const double d = lloyd_distortion(dim, bits, level), factor = before / d;
            assert_true(bits < 3 ? factor > 2.7 : factor > 3.35 && factor < 4.0);
            assert_true(d * pow(4.0, bits) < 2.7207);
            before = d;
        }
        if (i >= N_DIMS) break;
    }
}

/* PolarQuant's tables for level 2 … 7 of the recursion, m = 2^(level-1): two bits, and three for m = 2. */
static void angle_tables_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        int m, bits;
        double half[4]; /* below π/4 */
    } angles[] = {
        { 2, 2, { 0.309756, 0.633980 } },
        { 4, 2, { 0.426250, 0.674385 } },
        { 8, 2, { 0.524214, 0.705909 } },
        { 16, 2, { 0.598503, 0.728953 } },
        { 32, 2, { 0.652541, 0.745424 } },
        { 64, 2, { 0.691220, 0.757114 } },
        { 2, 3, { 0.188450, 0.379996, 0.548255, 0.707230 } },
    };
    static const double outer[] = { 0.471868, 0.550317, 0.615062 }; /* boundaries, m = 2, 4, 8 */
    for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
        double level[8], boundary[7];
        const int n = 1 << angles[i].bits;
        assert_true(lloyd_angle(angles[i].m, angles[i].bits, level));
        lloyd_boundaries(level, angles[i].bits, boundary);
        for (int k = 0; k < n / 2; k++) {
            assert_true(fabs(level[k] - angles[i].half[k]) < 1e-6);
            assert_true(fabs(level[k] + level[n - 1 - k] - 1.5707963267948966) < 1e-12);
        }
        assert_true(fabs(boundary[n / 2 - 1] - 0.7853981633974483) < 1e-12);
        if (i < 3) assert_true(fabs(boundary[0] - outer[i]) < 1e-6);
    }
}

/* m = 1: uniform on [0, π/2]. One bit for m = 2: π/4 ∓ E|t| = π/4 ∓ (π/4 - 1/2), with t = θ - π/4 of density cos 2t.
 * For the rest the midpoint rule on a grid. */
static void angle_levels_are_the_means_of_their_cells(void **state)
{
    (void)state;
    enum { CELLS = 40000 };
    const double right = 1.5707963267948966;
    double level[256], boundary[255];
    for (int bits = 1; bits <= 8; bits++) {
        assert_true(lloyd_angle(1, bits, level));
        for (int k = 0; k < 1 << bits; k++)
            assert_true(fabs(level[k] - (k + 0.5) / (1 << bits) * right) < 1e-12);
    }
    assert_true(lloyd_angle(2, 1, level));
    assert_true(fabs(level[0] - 0.5) < 1e-10);
    for (int m = 2; m <= LLOYD_ANGLE_MAX; m *= 4)
        for (int bits = 1; bits <= 4; bits++) {
            assert_true(lloyd_angle(m, bits, level));
            lloyd_boundaries(level, bits, boundary);
            for (int k = 0; k < 1 << bits; k++) {
                const double low = k ? boundary[k - 1] : 0.0, high = k + 1 < 1 << bits ? boundary[k] : right;
                double mass = 0.0, first = 0.0;
                for (int i = 0; i < CELLS; i++) {
                    const double t = low + (high - low) * (i + 0.5) / CELLS, f = pow(sin(2.0 * t), m - 1);
                    mass += f;
                    first += t * f;
                }
                assert_true(fabs(first / mass - level[k]) < 1e-6 / sqrt(m));
            }
        }
}

static void other_arguments_are_refused(void **state)
{
    (void)state;
    double level[256];
    assert_false(lloyd_max(128, 0, level));
    assert_false(lloyd_max(128, 9, level));
    assert_false(lloyd_max(2, 4, level));
    assert_false(lloyd_max(-5, 4, level));
    assert_false(lloyd_max(LLOYD_DIM_MAX + 1, 4, level));
    assert_true(isnan(lloyd_cell_mean(128, 0.2, 0.1)));
    assert_false(lloyd_angle(0, 2, level));
    assert_false(lloyd_angle(LLOYD_ANGLE_MAX + 1, 2, level));
    assert_false(lloyd_angle(4, 0, level));
    assert_false(lloyd_angle(4, 9, level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_the_published_ones),
        cmocka_unit_test(distortions_are_the_published_ones),
        cmocka_unit_test(closed_forms_hold),
        cmocka_unit_test(levels_are_the_means_of_their_cells),
        cmocka_unit_test(a_bit_more_divides_the_distortion_by_nearly_four),
        cmocka_unit_test(angle_tables_are_the_published_ones),
        cmocka_unit_test(angle_levels_are_the_means_of_their_cells),
        cmocka_unit_test(other_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
