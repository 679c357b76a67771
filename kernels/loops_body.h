/* loops.h in plain C: the file that includes this defines LOOPS_TABLE, and the build its instruction set. */
#include <string.h>

#include "kernels/loops.h"

extern const loops LOOPS_TABLE;

/* The products are put down before they are added: gcc 12 makes one fused operation of "multiply, then subtract and add
 * in turns", even with contraction off (its bug 107647), and that would round once instead of twice. */
static void turn_neighbours(float *restrict row, const float *restrict cos_sin, size_t half)
{
    enum { SOME = 64 };
    float by_cos[SOME], by_sin[SOME];
    for (size_t from = 0; from < 2 * half; from += SOME) {
        const size_t n = 2 * half - from < SOME ? 2 * half - from : SOME;
        for (size_t i = 0; i < n; i += 2) {
            const float a = row[from + i], b = row[from + i + 1], c = cos_sin[from + i], s = cos_sin[from + i + 1];
            by_cos[i] = a * c;
            by_cos[i + 1] = b * c;
            by_sin[i] = b * s;
            by_sin[i + 1] = a * s;
        }
        for (size_t i = 0; i < n; i += 2) {
            row[from + i] = by_cos[i] - by_sin[i];
            row[from + i + 1] = by_cos[i + 1] + by_sin[i + 1];
        }
    }
}

static void turn_halves(float *restrict row, const float *restrict cos_sin, size_t half)
{
    for (size_t i = 0; i < half; i++) {
        const float a = row[i], b = row[half + i], c = cos_sin[2 * i], s = cos_sin[2 * i + 1];
        row[i] = a * c - b * s;
        row[half + i] = a * s + b * c;
    }
}

static void add_outer(double *restrict m, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i];
        double *row = m + i * n;
        for (size_t j = 0; j <= i; j++)
            row[j] += a * (double)x[j];
    }
}

static void add_outer_four(double *restrict m, const double *restrict rows, size_t n)
{
    const double *a = rows, *b = rows + n, *c = rows + 2 * n, *d = rows + 3 * n;
    for (size_t i = 0; i < n; i++) {
        double *out = m + i * n;
        for (size_t j = 0; j <= i; j++)
            out[j] += (a[i] * a[j] + b[i] * b[j]) + (c[i] * c[j] + d[i] * d[j]);
    }
}

enum { SUMS = 8 };
typedef float few __attribute__((vector_size(4 * SUMS)));
typedef double sums __attribute__((vector_size(8 * SUMS)));

/* By pointer: a vector wider than a level's registers has no calling convention. */
static inline double in_pairs(const sums *all)
{
    const double *s = (const double *)all;
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static inline void add_eight(const float *a, const float *b, sums *errors, sums *totals)
{
    few x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    const sums wide = __builtin_convertvector(x, sums), d = wide - __builtin_convertvector(y, sums);
    *errors += d * d;
    *totals += wide * wide;
}

static void add_squares(const float *a, const float *b, size_t n, double *error, double *total)
{
    sums errors = { 0 }, totals = { 0 };
    float last_a[SUMS] = { 0 }, last_b[SUMS] = { 0 };
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS)
        add_eight(a + i, b + i, &errors, &totals);
    for (size_t k = 0; i + k < n; k++) {
        last_a[k] = a[i + k];
        last_b[k] = b[i + k];
    }
    add_eight(last_a, last_b, &errors, &totals);
    *error += in_pairs(&errors);
    *total += in_pairs(&totals);
}

/* ---- moments ---------------------------------------------------------------------------------------------------- */

typedef float thin __attribute__((vector_size(16)));
typedef double four __attribute__((vector_size(32)));

/* `many` lines side by side, so that one's additions do not wait for one another; it is a constant. */
static inline __attribute__((always_inline)) void moments_of(size_t many, const float *m, size_t n, const double *w,
                                                             double *sum, double *squares)
{
    enum { MOST = 4 };
    four sums_of[MOST] = { { 0 } }, squares_of[MOST] = { { 0 } };
    size_t j = 0;
    for (; j + 4 <= n; j += 4) {
        four by;
        memcpy(&by, w + j, sizeof by);
#pragma GCC unroll 4
        for (size_t i = 0; i < many; i++) {
            thin x;
            memcpy(&x, m + i * n + j, sizeof x);
            const four v = __builtin_convertvector(x, four) * by;
            sums_of[i] += v;
            squares_of[i] += v * v;
        }
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < many; i++) {
        four s = sums_of[i], q = squares_of[i];
        for (size_t k = j; k < n; k++) {
            const double v = (double)m[i * n + k] * w[k];
            s[k - j] += v;
            q[k - j] += v * v;
        }
        sum[i] = (s[0] + s[1]) + (s[2] + s[3]);
        squares[i] = (q[0] + q[1]) + (q[2] + q[3]);
    }
}

static void line_moments(const float *m, size_t lines, size_t n, const double *w, double *sum, double *squares)
{
    size_t i = 0;
    for (; i + 4 <= lines; i += 4)
        moments_of(4, m + i * n, n, w, sum + i, squares + i);
    for (; i < lines; i++)
        moments_of(1, m + i * n, n, w, sum + i, squares + i);
}

static void add_moments(const float *restrict x, double by, size_t n, double *restrict sum, double *restrict squares)
{
    for (size_t j = 0; j < n; j++) {
        const double v = (double)x[j] * by;
        sum[j] += v;
        squares[j] += v * v;
    }
}

const loops LOOPS_TABLE = {
    .turn_neighbours = turn_neighbours,
    .turn_halves = turn_halves,
    .add_outer = add_outer,
    .add_outer_four = add_outer_four,
    .add_squares = add_squares,
    .line_moments = line_moments,
    .add_moments = add_moments,
};
