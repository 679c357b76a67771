#include "kernels/lloyd.h"

#include <math.h>

enum { HALF_MAX_LEVELS = 1 << (LLOYD_BITS_MAX - 1), NODES = 8, GRID = 2048, STEPS = 400 };

#define QUARTER 0.7853981633974483 /* π/4 */

typedef enum law { SPHERE, NORMAL, ANGLE } law;

/* The density up to a factor, on t >= 0; `end` is where nothing measurable is left. */
typedef struct density {
    law law;
    double power; /* sphere: (1-t²)^power; angle: cos(2t)^power; normal: unused */
    double sigma; /* the standard deviation, of the angle's law roughly */
    double end;
} density;

/* The integrals of f, t·f and (t-c)²·f over a cell. */
typedef struct moments {
    double mass, first, error;
} moments;

/* Gauss-Legendre on [-1, 1], 16 points: the positive half. */
static const double nodes[NODES] = { 0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863,
                                     0.6178762444026437484, 0.7554044083550030339, 0.8656312023878317439,
                                     0.9445750230732325761, 0.9894009349916499326 };
static const double weights[NODES] = { 0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382,
                                       0.1495959888165767321, 0.1246289712555338720, 0.0951585116824927848,
                                       0.0622535239386478929, 0.0271524594117540949 };

static bool density_of(int dim, density *d)
{
    if (dim != LLOYD_NORMAL && (dim < LLOYD_DIM_MIN || dim > LLOYD_DIM_MAX)) return false;
    const bool normal = dim == LLOYD_NORMAL;
    d->law = normal ? NORMAL : SPHERE;
    d->power = normal ? 0.0 : 0.5 * (dim - 3);
    d->sigma = normal ? 1.0 : 1.0 / sqrt((double)dim);
    d->end = normal ? 12.0 : fmin(1.0, 12.0 * d->sigma);
    return true;
}

static void density_of_angle(int m, density *d)
{
    d->law = ANGLE;
    d->power = m - 1;
    d->sigma = 0.5 / sqrt((double)m);
    d->end = fmin(QUARTER, 12.0 * d->sigma);
}

static double density_at(const density *d, double t)
{
    if (d->law == NORMAL) return exp(-0.5 * t * t);
    if (d->power == 0.0) return 1.0;
    if (d->law == ANGLE) return pow(cos(2.0 * t), d->power);
    return t < 1.0 ? exp(d->power * log1p(-t * t)) : 0.0;
}

/* Panels of at most one standard deviation: 16 points leave nothing to be desired there. On the sphere t = sin(angle),
 * which turns the density into cos(angle)^(d-2), smooth up to the pole also for even d. */
static moments integrate(const density *d, double low, double high, double level)
{
    moments sum = { 0 };
    const bool sphere = d->law == SPHERE;
    const double from = sphere ? asin(low) : low, to = sphere ? asin(high) : high;
    const int panels = 1 + (int)((to - from) / d->sigma);
    const double half = 0.5 * (to - from) / panels;
    for (int p = 0; p < panels; p++) {
        const double middle = from + (2 * p + 1) * half;
        for (int i = 0; i < 2 * NODES; i++) {
            const double at = middle + (i < NODES ? nodes[i] : -nodes[i - NODES]) * half;
            const double t = sphere ? sin(at) : at;
            const double value = sphere ? pow(cos(at), 2.0 * d->power + 1.0) : density_at(d, at);
            const double f = value * weights[i % NODES] * half;
            sum.mass += f;
            sum.first += t * f;
            sum.error += (t - level) * (t - level) * f;
        }
    }
    return sum;
}

/* Levels at the middles of equal shares of f^(1/3), which is optimal for many levels (Panter and Dite 1951). */
static void spread(const density *d, int n, double *c)
{
    double share[GRID + 1];
    share[0] = 0.0;
    for (int i = 0; i < GRID; i++)
        share[i + 1] = share[i] + cbrt(density_at(d, (i + 0.5) * d->end / GRID));
    for (int k = 0, i = 0; k < n; k++) {
        const double want = (k + 0.5) / n * share[GRID];
        while (share[i + 1] < want)
            i++;
        c[k] = (i + (want - share[i]) / (share[i + 1] - share[i])) * d->end / GRID;
    }
}

/* How far each level is from its cell's mean, and how that mean moves with the cell's two ends. Returns the largest. */
static double deviations(const density *d, int n, const double *c, double *off, double *by_low, double *by_high)
{
    double worst = 0.0, low = 0.0;
    for (int k = 0; k < n; k++) {
        const double high = k + 1 < n ? 0.5 * (c[k] + c[k + 1]) : d->end;
        const moments m = integrate(d, low, high, 0.0);
        const double mean = m.first / m.mass;
        off[k] = c[k] - mean;
        by_low[k] = k > 0 ? density_at(d, low) * (mean - low) / m.mass : 0.0;
        by_high[k] = k + 1 < n ? density_at(d, high) * (high - mean) / m.mass : 0.0;
        worst = fmax(worst, fabs(off[k]));
        low = high;
    }
    return worst;
}

/* Solves the tridiagonal Newton system for the step; off comes in as the right side and goes out as the step. */
static void newton(int n, double *off, const double *by_low, const double *by_high)
{
    double upper[HALF_MAX_LEVELS];
    for (int k = 0; k < n; k++) {
        const double lower = k > 0 ? -0.5 * by_low[k] : 0.0;
        const double pivot = 1.0 - 0.5 * (by_low[k] + by_high[k]) - (k > 0 ? lower * upper[k - 1] : 0.0);
        upper[k] = -0.5 * by_high[k] / pivot;
        off[k] = (off[k] - (k > 0 ? lower * off[k - 1] : 0.0)) / pivot;
    }
    for (int k = n - 2; k >= 0; k--)
        off[k] -= upper[k] * off[k + 1];
}

static bool in_order(const double *c, const double *step, int n, double end)
{
    double before = 0.0;
    for (int k = 0; k < n; k++) {
        const double next = c[k] - step[k];
        if (!(next > before && next < end)) return false;
        before = next;
    }
    return true;
}

static bool solve(const density *d, int bits, double *level)
{
    const int n = 1 << (bits - 1);
    double c[HALF_MAX_LEVELS], off[HALF_MAX_LEVELS], step[HALF_MAX_LEVELS];
    double by_low[HALF_MAX_LEVELS], by_high[HALF_MAX_LEVELS];
    spread(d, n, c);
    bool converged = false;
    for (int i = 0; i < STEPS && !converged; i++) {
        converged = deviations(d, n, c, off, by_low, by_high) <= 1e-13 * d->sigma;
        for (int k = 0; k < n; k++)
            step[k] = off[k];
        newton(n, step, by_low, by_high);
        const double *move = in_order(c, step, n, d->end) ? step : off;
        for (int k = 0; k < n; k++)
            c[k] -= move[k];
    }
    for (int k = 0; k < n; k++) {
        level[n + k] = c[k];
        level[n - 1 - k] = -c[k];
    }
    return converged;
}

bool lloyd_max(int dim, int bits, double *level)
{
    density d;
    return bits >= 1 && bits <= LLOYD_BITS_MAX && density_of(dim, &d) && solve(&d, bits, level);
}

bool lloyd_angle(int m, int bits, double *level)
{
    density d;
    if (m < 1 || m > LLOYD_ANGLE_MAX || bits < 1 || bits > LLOYD_BITS_MAX) return false;
    density_of_angle(m, &d);
    if (!solve(&d, bits, level)) return false;
    for (int k = 0; k < 1 << bits; k++)
        level[k] += QUARTER;
    return true;
}

void lloyd_boundaries(const double *level, int bits, double *boundary)
{
    for (int k = 0; k + 1 < 1 << bits; k++)
        boundary[k] = 0.5 * (level[k] + level[k + 1]);
}

double lloyd_distortion(int dim, int bits, const double *level)
{
    density d;
    if (bits < 1 || bits > LLOYD_BITS_MAX || !density_of(dim, &d)) return NAN;

    const int n = 1 << (bits - 1);
    double mass = 0.0, error = 0.0, low = 0.0;
    for (int k = 0; k < n; k++) {
        const double high = k + 1 < n ? 0.5 * (level[n + k] + level[n + k + 1]) : d.end;
        const moments m = integrate(&d, low, high, level[n + k]);
        mass += m.mass;
        error += m.error;
        low = high;
    }
    return error / mass / (d.sigma * d.sigma);
}

double lloyd_cell_mean(int dim, double low, double high)
{
    density d;
    if (!density_of(dim, &d) || !(low >= 0.0 && low < high)) return NAN;
    const moments m = integrate(&d, fmin(low, d.end), fmin(high, d.end), 0.0);
    return m.first / m.mass;
}
