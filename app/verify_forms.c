#include "app/verify_forms.h"

#include <math.h>

#include "kernels/lloyd.h"

static double normal_density(double x)
{
    return exp(-0.5 * x * x) / sqrt(2.0 * acos(-1.0));
}

/* P(|x| < m). */
static double within(double m)
{
    return erf(m / sqrt(2.0));
}

double verify_float_error(int fraction)
{
    /* In [2^e, 2^(e+1)) the step is 2^(e-fraction) and the mean square error a twelfth of its square. */
    double sum = 0;
    for (int e = -14; e < 5; e++)
        sum += pow(4.0, e) * (within(ldexp(1, e + 1)) - within(ldexp(1, e)));
    return sum * pow(4.0, -fraction) / 12;
}

/* The squared error of x when the largest of its block is m. */
static double rounded(double x, double m, int low, int high, int divisor)
{
    const double step = m / divisor, code = fmin(fmax(floor(x / step + 0.5), low), high);
    return (x - code * step) * (x - code * step);
}

double verify_block_error(int block, int low, int high, int divisor)
{
    enum { OUTER = 160, INNER = 5000 };
    double sum = 0;
    for (int i = 0; i < OUTER; i++) { /* over the largest magnitude m: density n P(|x|<m)^(n-1) 2 phi(m) */
        const double h = 7.0 / OUTER, m = (i + 0.5) * h;
        const double weight = block * pow(within(m), block - 1) * 2 * normal_density(m) * h;
        double inside = 0;
        for (int j = 0; j < INNER && weight > 1e-12; j++) {
            const double g = 2 * m / INNER, x = -m + (j + 0.5) * g;
            inside += rounded(x, m, low, high, divisor) * normal_density(x) * g;
        }
        if (weight > 1e-12) sum += weight * (block - 1) * inside / within(m);
    }
    return sum / block;
}

double verify_range_error(int block, int steps)
{
    enum { POINTS = 240, INNER = 40 };
    const double h = 12.0 / POINTS;
    double sum = 0;
    for (int i = 0; i < POINTS; i++) /* over the minimum l and the maximum u: n(n-1) P(l<x<u)^(n-2) phi(l) phi(u) */
        for (int j = i + 1; j < POINTS; j++) {
            const double l = -6 + (i + 0.5) * h, u = -6 + (j + 0.5) * h, step = (u - l) / steps;
            const double mass = 0.5 * (erf(u / sqrt(2.0)) - erf(l / sqrt(2.0)));
            const double weight =
                block * (block - 1) * pow(mass, block - 2) * normal_density(l) * normal_density(u) * h * h;
            double inside = 0;
            if (weight < 1e-9) continue;
            for (int k = 0; k < INNER * steps; k++) {
                const double x = l + (k + 0.5) * step / INNER, off = (x - l) / step - floor((x - l) / step + 0.5);
                inside += off * off * step * step * normal_density(x) * step / INNER;
            }
            sum += weight * (block - 2) * inside / mass;
        }
    return sum / block;
}

/* Means of a = <x,c> and b = <c,c> for a unit row x and its levels c, and what remains of their covariances once
 * <x,x> = 1 holds them together. */
typedef struct row_moments {
    double a, b, aa, ab, bb;
} row_moments;

static row_moments moments_of(int dim, const double *level, const double *boundary, int n)
{
    enum { STEPS = 40000 };
    const double d = dim, h = 1.0 / STEPS;
    const double constant = exp(lgamma(0.5 * d) - lgamma(0.5 * (d - 1))) / sqrt(acos(-1.0));
    double mean[3] = { 0 }, product[3][3] = { { 0 } }, average[3] = { 0 };
    for (int i = 0, k = 0; i < STEPS; i++) {
        const double t = (i + 0.5) * h, sphere = 2 * constant * pow(1 - t * t, 0.5 * (d - 3)) * h;
        const double normal = 2 * sqrt(d) * normal_density(t * sqrt(d)) * h;
        while (k + 1 < n && t >= boundary[k + 1])
            k++;
        const double u[3] = { t * level[k], level[k] * level[k], t * t };
        for (int p = 0; p < 3; p++) {
            mean[p] += d * sphere * u[p];
            average[p] += normal * u[p];
            for (int q = 0; q < 3; q++)
                product[p][q] += normal * u[p] * u[q];
        }
    }
    double c[3][3];
    for (int p = 0; p < 3; p++)
        for (int q = 0; q < 3; q++)
            c[p][q] = d * (product[p][q] - average[p] * average[q]);
    return (row_moments){ .a = mean[0],
                          .b = mean[1],
                          .aa = c[0][0] - c[0][2] * c[0][2] / c[2][2],
                          .ab = c[0][1] - c[0][2] * c[1][2] / c[2][2],
                          .bb = c[1][1] - c[1][2] * c[1][2] / c[2][2] };
}

double verify_table_error(int dim, const double *level, const double *boundary, int n, verify_scale scale)
{
    const row_moments m = moments_of(dim, level, boundary, n);
    const double a = m.a, b = m.b;
    switch (scale) {
    case SCALE_NORM: /* 2 - 2 a/sqrt(b) */
        return 2 - 2 * (a / sqrt(b) - 0.5 * m.ab * pow(b, -1.5) + 0.375 * m.bb * a * pow(b, -2.5));
    case SCALE_MSE: /* 1 - a a/b */
        return 1 - (a * a / b + m.aa / b - 2 * m.ab * a / (b * b) + m.bb * a * a / (b * b * b));
    case SCALE_UNBIASED: /* b/(a a) - 1 */
        return b / (a * a) + 3 * m.aa * b / (a * a * a * a) - 2 * m.ab / (a * a * a) - 1;
    default: return 1 - 2 * a + b;
    }
}

double verify_optimum(int dim, int bits, verify_scale scale)
{
    double level[1 << LLOYD_BITS_MAX], boundary[1 << LLOYD_BITS_MAX];
    if (bits < 1 || bits > LLOYD_BITS_MAX || !lloyd_max(dim, bits, level)) return -1;
    if (scale == SCALE_PLAIN) return lloyd_distortion(dim, bits, level);
    const int half = 1 << (bits - 1);
    lloyd_boundaries(level, bits, boundary);
    return verify_table_error(dim, level + half, boundary + half - 1, half, scale);
}
