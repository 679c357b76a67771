#include "app/paper/scalar.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

enum {
    FAR = 40, /* standard deviations: beyond it N(0, 1) has no mass that counts */
    MOST_POSITIVE = 128,
};

/* ---- densities ---- */

static double bell(double y)
{
    return exp(-0.5 * y * y) / sqrt(2 * pi);
}

/* P(a < y < b) for N(0, 1), without cancellation in the tails. */
static double bell_mass(double a, double b)
{
    if (a > 0) return 0.5 * (erfc(a / sqrt(2)) - erfc(b / sqrt(2)));
    if (b < 0) return bell_mass(-b, -a);
    return 0.5 * (erf(b / sqrt(2)) - erf(a / sqrt(2)));
}

/* ∫ cos^n from 0 to the angle whose sine and cosine are given, for even n: the recursion that lowers n by 2. */
static double cosine_power(int n, double angle, double sine, double cosine)
{
    double sum = angle, power = cosine; /* n = 0; cos^(m-1) */
    for (int m = 2; m <= n; m += 2) {
        sum = power * sine / m + sum * (m - 1) / m;
        power *= cosine * cosine;
    }
    return sum;
}

/* 1 / ∫ cos^(dim-2) over the half circle. */
static double sphere_constant(int dim)
{
    return exp(lgamma(0.5 * dim) - lgamma(0.5 * (dim - 1))) / sqrt(pi);
}

static double sphere_mass(int dim, double a, double b)
{
    const double low = fmin(a / sqrt(dim), 1), high = fmin(b / sqrt(dim), 1);
    const double from = cosine_power(dim - 2, asin(low), low, sqrt(1 - low * low));
    return sphere_constant(dim) * (cosine_power(dim - 2, asin(high), high, sqrt(1 - high * high)) - from);
}

static double sphere_tail(int dim, double y)
{
    const double t = fmin(y / sqrt(dim), 1);
    return pow(1 - t * t, 0.5 * (dim - 1));
}

static double mass(int dim, double a, double b)
{
    return dim == 0 ? bell_mass(a, b) : sphere_mass(dim, a, b);
}

/* ∫ y over (a, b). */
static double first(int dim, double a, double b)
{
    if (dim == 0) return bell(a) - bell(b);
    return sqrt(dim) * sphere_constant(dim) / (dim - 1) * (sphere_tail(dim, a) - sphere_tail(dim, b));
}

static double mean(int dim, double a, double b)
{
    const double m = mass(dim, a, b);
    return m > 1e-300 ? first(dim, a, b) / m : 0.5 * (a + b);
}

/* ∫ (y - level)² over (a, b) of N(0, 1). */
static double bell_error(double a, double b, double level)
{
    const double m = bell_mass(a, b), second = m + a * bell(a) - b * bell(b);
    return second - 2 * level * (bell(a) - bell(b)) + level * level * m;
}

/* ---- the best levels ---- */

static double end_of(int dim)
{
    return dim == 0 ? FAR : sqrt(dim);
}

/* The end of the cell that begins at `from` and has the mean `level`; NaN when even the endless one's is smaller. */
static double cell_end(int dim, double from, double level)
{
    double low = level, high = end_of(dim);
    if (level >= high || mean(dim, from, high) < level) return NAN;
    for (int i = 0; i < 100 && high - low > 1e-16 * high; i++) {
        const double middle = 0.5 * (low + high);
        *(mean(dim, from, middle) < level ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

/* The n levels above 0 that follow from the first; by how much the last lies below its cell's mean, -1 when there is no
 * room for all of them. */
static double follow(int dim, double innermost, int n, double *level)
{
    double from = 0;
    level[0] = innermost;
    for (int i = 0; i + 1 < n; i++) {
        const double end = cell_end(dim, from, level[i]);
        if (isnan(end) || end >= end_of(dim)) return -1;
        level[i + 1] = 2 * end - level[i];
        from = end;
    }
    return mean(dim, from, end_of(dim)) - level[n - 1];
}

/* The positive half of the best levels. */
static void best_levels(int dim, int n, double *level)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        *(follow(dim, middle, n, level) > 0 ? &low : &high) = middle;
    }
    follow(dim, low, n, level);
}

double scalar_optimum(int dim, int bits, double *entropy)
{
    const int n = 1 << (bits - 1);
    double level[MOST_POSITIVE] = { 0 }, kept = 0, sum = 0, from = 0;
    best_levels(dim, n, level);
    for (int i = 0; i < n; i++) {
        const double end = i + 1 < n ? 0.5 * (level[i] + level[i + 1]) : end_of(dim), m = mass(dim, from, end);
        kept += 2 * m * level[i] * level[i];
        sum -= 2 * m * log2(m);
        from = end;
    }
    if (entropy) *entropy = sum;
    return 1 - kept;
}

double scalar_unbiased(int dim, int bits)
{
    const int n = 1 << (bits - 1);
    double level[MOST_POSITIVE] = { 0 }, from = 0;
    double q2 = 0, q4 = 0, q2y2 = 0, qy3 = 0; /* moments of a value y and its level q, both N(0, 1)'s */
    best_levels(0, n, level);
    for (int i = 0; i < n; i++) {
        const double q = level[i], end = i + 1 < n ? 0.5 * (q + level[i + 1]) : FAR, m = bell_mass(from, end);
        q2 += 2 * m * q * q;
        q4 += 2 * m * q * q * q * q;
        q2y2 += 2 * q * q * (m + from * bell(from) - end * bell(end));
        qy3 += 2 * q * ((from * from + 2) * bell(from) - (end * end + 2) * bell(end));
        from = end;
    }
    /* a = y q and b = q²; E a = E b = q2, and E y² = 1 is taken out, whose variance is 2. */
    const double a_y2 = qy3 - q2, b_y2 = q2y2 - q2;
    const double var_a = (q2y2 - q2 * q2 - a_y2 * a_y2 / 2) / dim, cov = (q4 - q2 * q2 - a_y2 * b_y2 / 2) / dim;
    const double kept = 1 - scalar_optimum(dim, bits, NULL);
    return 1 / kept - 1 + (3 * var_a - 2 * cov) / (kept * kept * kept);
}

double scalar_beyond(int dim, double t)
{
    return 2 * mass(dim, t, end_of(dim));
}

/* ---- entropy coding ---- */

double scalar_uniform(double step, double *entropy)
{
    double kept = 0, sum = 0;
    for (int k = 0; (k - 0.5) * step < FAR; k++) {
        const double a = (k - 0.5) * step, b = a + step, m = bell_mass(a, b), twice = k > 0 ? 2 : 1;
        if (m < 1e-300) break;
        kept += twice * (bell(a) - bell(b)) * (bell(a) - bell(b)) / m;
        sum -= twice * m * log2(m);
    }
    *entropy = sum;
    return 1 - kept;
}

double scalar_entropy_coded(double rate)
{
    double low = 1e-3, high = 20, entropy, distortion = NAN;
    for (int i = 0; i < 100; i++) {
        const double step = 0.5 * (low + high);
        distortion = scalar_uniform(step, &entropy);
        *(entropy > rate ? &low : &high) = step;
    }
    return distortion;
}

/* ---- given levels ---- */

/* ∫ over (a, b) against scale times the levels. */
static double level_error(const double *level, size_t n, double scale, double a, double b)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double from = i > 0 ? 0.5 * scale * (level[i - 1] + level[i]) : a;
        const double end = i + 1 < n ? 0.5 * scale * (level[i] + level[i + 1]) : b;
        if (fmax(from, a) < fmin(end, b)) sum += bell_error(fmax(from, a), fmin(end, b), scale * level[i]);
    }
    return sum;
}

double scalar_levels(const double *level, size_t n)
{
    return level_error(level, n, 1, -FAR, FAR);
}

/* ---- scales that follow from the values ---- */

enum { SLICES = 1200, CORNERS = 96 };
static const double widest = 8;

/* Weight of point i of n+1 in Simpson's rule. */
static double simpson(int i, int n)
{
    return i == 0 || i == n ? 1.0 / 3 : i % 2 ? 4.0 / 3 : 2.0 / 3;
}

/* The density of the largest of n magnitudes. */
static double largest_density(int n, double m)
{
    return 2 * n * bell(m) * pow(bell_mass(-m, m), n - 1);
}

double scalar_absmax(int n, const double *level, size_t k, double (*scale)(double largest, const void *arg),
                     const void *arg)
{
    const double h = widest / SLICES;
    double sum = 0;
    for (int i = 1; i <= SLICES; i++) {
        const double m = i * h, s = scale(m, arg), density = largest_density(n, m);
        if (density < 1e-14) continue;
        double nearest = INFINITY;
        for (size_t j = 0; j < k; j++)
            nearest = fmin(nearest, fabs(-m - s * level[j]));
        const double others = level_error(level, k, s, -m, m) / bell_mass(-m, m);
        sum += simpson(i, SLICES) * h * density * ((n - 1) * others + nearest * nearest) / n;
    }
    return sum;
}

static double evenly(double a, double b, int k)
{
    const double step = (b - a) / (k - 1);
    double sum = 0;
    for (int i = 0; i < k; i++)
        sum += bell_error(fmax(a, a + (i - 0.5) * step), fmin(b, a + (i + 0.5) * step), a + i * step);
    return sum;
}

double scalar_minmax(int n, int k)
{
    const double reach = 6, h = reach / CORNERS;
    double sum = 0;
    for (int i = 0; i <= CORNERS; i++)
        for (int j = 0; j <= CORNERS; j++) {
            const double a = -i * h, b = j * h, inside = bell_mass(a, b);
            const double density = n * (n - 1) * bell(a) * bell(b) * pow(inside, n - 2);
            if (density < 1e-14) continue;
            sum += simpson(i, CORNERS) * simpson(j, CORNERS) * h * h * density * (n - 2) / n * evenly(a, b, k) / inside;
        }
    return sum;
}

double scalar_largest_square(int n)
{
    const double h = widest / SLICES;
    double sum = 0;
    for (int i = 1; i <= SLICES; i++)
        sum += simpson(i, SLICES) * h * largest_density(n, i * h) * i * h * i * h;
    return sum;
}
