/* Medians with their intervals, and the line through the logarithms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/bootstrap.h"
#include "app/growth.h"

/* ---- laws ---- */

static double one(double n)
{
    (void)n;
    return 1;
}

/* Plus one, so that a size of 1 costs something. */
static double log_n(double n)
{
    return log2(n) + 1;
}

static double linear(double n)
{
    return n;
}

static double n_log_n(double n)
{
    return n * log_n(n);
}

static double square(double n)
{
    return n * n;
}

static double cube(double n)
{
    return n * n * n;
}

static const struct {
    const char *name, *word;
    double (*cost)(double n);
} laws[GROWTH_LAWS] = {
    [GROWTH_CONSTANT] = { "1", "constant", one },     [GROWTH_LOG] = { "log n", "sublinear", log_n },
    [GROWTH_LINEAR] = { "n", "linear", linear },      [GROWTH_N_LOG_N] = { "n log n", "n log n", n_log_n },
    [GROWTH_SQUARE] = { "n^2", "quadratic", square }, [GROWTH_CUBE] = { "n^3", "cubic", cube },
    [GROWTH_POWER] = { "2^n", "exponential", exp2 },
};

const char *growth_law_name(growth_law law)
{
    return laws[law].name;
}

double growth_law_cost(growth_law law, double n)
{
    return laws[law].cost(n);
}

/* ---- the median ---- */

/* How many of the sorted samples lie below the interval of the median: as many as leave it at least 95 %, whatever the
 * distribution. The number below the median is binomial(n, 1/2). */
static int outside(int n)
{
    double log_p = -n * log(2), below = 0; /* 2^-n itself is no double for 1100 samples */
    int k = 0;
    for (; k < n / 2; k++) {
        below += exp(log_p);
        if (2 * below > 0.05) break;
        log_p += log((double)(n - k) / (k + 1));
    }
    return k > 0 ? k - 1 : 0;
}

bool growth_point_add(growth_series *s, double n, double cost, double *seconds, int reps, fault *f)
{
    if (s->n == GROWTH_POINTS) return fault_set(f, FAULT_INTERNAL, "growth: more than %d sizes", GROWTH_POINTS);
    growth_point *p = &s->points[s->n++];
    *p = (growth_point){ .n = n, .cost = cost };
    p->seconds.value = bootstrap_median(seconds, (size_t)reps);
    const int k = outside(reps);
    p->seconds.lo = seconds[k];
    p->seconds.hi = seconds[reps - 1 - k];
    return true;
}

/* ---- the line ---- */

/* The 97.5 % points of Student's t by degrees of freedom, from 1. */
static const double student[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201 };
enum { STUDENT = sizeof student / sizeof *student };

static double log_size(const growth_point *p)
{
    return log(p->n);
}

static double log_time(const growth_point *p)
{
    return log(p->seconds.value);
}

static double log_cost(const growth_point *p)
{
    return log(p->cost);
}

/* Least squares of y over the logarithm of the size. */
static interval slope(const growth_point *p, size_t n, double (*y)(const growth_point *))
{
    interval b = { NAN, NAN, NAN };
    double mx = 0, my = 0, sxx = 0, sxy = 0, rss = 0;
    if (n < 2) return b;
    for (size_t i = 0; i < n; i++) {
        mx += log_size(&p[i]) / (double)n;
        my += y(&p[i]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double dx = log_size(&p[i]) - mx;
        sxx += dx * dx;
        sxy += dx * (y(&p[i]) - my);
    }
    b.value = sxy / sxx;
    if (n < 3) return b;
    for (size_t i = 0; i < n; i++) {
        const double off = y(&p[i]) - my - b.value * (log_size(&p[i]) - mx);
        rss += off * off;
    }
    const size_t freedom = n - 2;
    const double t = student[freedom <= STUDENT ? freedom - 1 : STUDENT - 1];
    const double half = t * sqrt(rss / (double)freedom / sxx);
    b.lo = b.value - half;
    b.hi = b.value + half;
    return b;
}

static double slope_of_law(const growth_point *p, size_t n, growth_law law)
{
    growth_point as[GROWTH_POINTS];
    for (size_t i = 0; i < n; i++)
        as[i] = (growth_point){ .n = p[i].n, .cost = growth_law_cost(law, p[i].n) };
    return slope(as, n, log_cost).value;
}

/* What theory says where that is within the slack, else the power law whose own slope over these sizes is nearest. */
static const char *word_of(const growth_series *s, const growth_point *p, size_t n)
{
    static const char *const between[] = { "sublinear", "faster than linear", "faster than quadratic" };
    const double exponent = s->exponent.value;
    const char *word = NULL;
    double least = GROWTH_SLACK;
    if (!isfinite(exponent)) return "";
    for (size_t law = 0; law < GROWTH_LAWS; law++)
        if (strcmp(laws[law].name, s->theory) == 0 && fabs(exponent - s->expected) <= GROWTH_SLACK)
            return laws[law].word;
    for (size_t law = 0; law < GROWTH_POWER; law++) {
        const double away = fabs(exponent - slope_of_law(p, n, (growth_law)law));
        if (away > least) continue;
        least = away;
        word = laws[law].word;
    }
    return word ? word : exponent < 0 ? "falling" : exponent >= 3 ? "faster than cubic" : between[(int)exponent];
}

growth_bounds growth_find_bounds(const growth_series *series, size_t n)
{
    growth_bounds b = { INFINITY, 0, INFINITY, 0 };
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < series[i].n; k++) {
            const growth_point *p = &series[i].points[k];
            b.n_lo = fmin(b.n_lo, p->n);
            b.n_hi = fmax(b.n_hi, p->n);
            b.lo = fmin(b.lo, p->seconds.lo);
            b.hi = fmax(b.hi, p->seconds.hi);
        }
    return b;
}

bool growth_is_judged(const growth_series *s)
{
    return !s->beside && isfinite(s->exponent.lo);
}

void growth_fit(growth_series *s)
{
    size_t from = s->n / 2;
    if (s->n - from < 4) from = s->n > 4 ? s->n - 4 : 0;
    const growth_point *p = s->points + from;
    const size_t n = s->n - from;
    s->exponent = slope(p, n, log_time);
    s->expected = slope(p, n, log_cost).value;
    s->grows = n < 2 ? "" : word_of(s, p, n);
    s->worse = growth_is_judged(s) && s->exponent.lo > s->expected + GROWTH_SLACK;
}
