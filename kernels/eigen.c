#include "kernels/eigen.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/dense.h"

enum { SIDE_MOST = 4096, TURNS = 8192, ROUNDS = 60 /* for one eigenvalue; two are usual */ };
#define NOTHING 0x1p-54 /* of the largest entry: an off-diagonal one as small as that is 0 */

/* Rotations of one QL step: rows first, first-1 … with those below them. */
typedef struct sweep {
    size_t first, n;
    const double *cs;
} sweep;

typedef struct work {
    const dense *level;
    const fan *threads;
    size_t n, blocks;
    double *a;     /* n x n; row k ends as reflection k, from column k+1 on */
    double *tau;   /* of the reflections */
    double *d, *e; /* diagonal, and below it */
    double *v, *w, *p;
    double *z;  /* blocks of n x DENSE_BLOCK: the vectors as rows */
    double *cs; /* TURNS pairs */
    sweep *sweeps;
    size_t n_sweeps, n_turns;
    bool begun; /* z holds something */
    void *memory;
} work;

static bool open_work(work *w, size_t n, const fan *threads)
{
    const size_t blocks = (n + DENSE_BLOCK - 1) / DENSE_BLOCK, z = blocks * n * DENSE_BLOCK;
    *w = (work){ .level = dense_best(), .threads = threads, .n = n, .blocks = blocks };
    double *at = w->memory = malloc((n * n + z + 6 * n + 2 * TURNS) * sizeof *at);
    w->sweeps = malloc(TURNS * sizeof *w->sweeps);
    if (!at || !w->sweeps) return false;
    w->a = at;
    w->z = w->a + n * n;
    w->tau = w->z + z;
    w->d = w->tau + n;
    w->e = w->d + n;
    w->v = w->e + n;
    w->w = w->v + n;
    w->p = w->w + n;
    w->cs = w->p + n;
    return true;
}

static void close_work(work *w)
{
    free(w->memory);
    free(w->sweeps);
}

/* Both triangles, with entries of magnitude 1 at most, by a power of two, which is returned; NaN: not finite. */
static double take_matrix(work *w, const double *symmetric)
{
    const size_t n = w->n;
    double largest = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const double x = fabs(symmetric[i * n + j]);
            if (!(x <= DBL_MAX)) return NAN;
            if (x > largest) largest = x;
        }
    int exponent;
    frexp(largest, &exponent);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            w->a[i * n + j] = w->a[j * n + i] = ldexp(symmetric[i * n + j], -exponent);
    return (double)exponent;
}

static void swap(double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double x = a[i];
        a[i] = b[i];
        b[i] = x;
    }
}

/* ---- to tridiagonal form ---------------------------------------------------------------------------------------- */

/* x (n >= 1 values) becomes v with v_0 = 1, so that (1 - tau v v') x = (beta, 0 …). Returns beta. */
static double reflection(double *x, size_t n, double *tau)
{
    const double alpha = x[0];
    double rest = 0.0;
    for (size_t i = 1; i < n; i++)
        rest += x[i] * x[i];
    *tau = 0.0;
    x[0] = 1.0;
    if (!(rest > 0.0)) return alpha;
    const double length = sqrt(alpha * alpha + rest), beta = alpha > 0.0 ? -length : length;
    *tau = (beta - alpha) / beta;
    for (size_t i = 1; i < n; i++)
        x[i] /= alpha - beta;
    return beta;
}

/* Step k subtracts what step k-1 found (v w' + w v') on its way to its own product: one pass over what is left. */
static void reduce(work *w)
{
    const size_t n = w->n;
    memset(w->v, 0, n * sizeof *w->v);
    memset(w->w, 0, n * sizeof *w->w);
    for (size_t k = 0; k < n; k++) {
        double *row = w->a + k * n;
        for (size_t j = k; j < n; j++)
            row[j] -= w->v[k] * w->w[j] + w->w[k] * w->v[j];
        w->d[k] = row[k];
        w->tau[k] = w->e[k] = 0.0;
        if (k + 1 == n) break;
        const size_t left = n - k - 1;
        double *u = row + k + 1, dot = 0.0;
        w->e[k] = reflection(u, left, &w->tau[k]);
        w->level->eliminate(row + n + k + 1, n, left, w->v + k + 1, w->w + k + 1, u, w->p + k + 1);
        for (size_t j = 0; j < left; j++)
            dot += w->p[k + 1 + j] * u[j];
        for (size_t j = 0; j < left; j++) {
            w->v[k + 1 + j] = u[j];
            w->w[k + 1 + j] = w->tau[k] * (w->p[k + 1 + j] - 0.5 * w->tau[k] * dot * u[j]);
        }
    }
}

/* Large eigenvalues gather where the reduction began; the iteration, which begins with the first row, ends soon when
 * they stand last. */
static void reverse(work *w)
{
    for (size_t i = 0; i < w->n / 2; i++)
        swap(w->d + i, w->d + w->n - 1 - i, 1);
    for (size_t i = 0; i + 1 < w->n - 1 - i; i++)
        swap(w->e + i, w->e + w->n - 2 - i, 1);
}

/* ---- the vectors ------------------------------------------------------------------------------------------------ */

static void begin_block(const work *w, size_t block, double *z)
{
    const size_t n = w->n, from = block * DENSE_BLOCK;
    memset(z, 0, n * DENSE_BLOCK * sizeof *z);
    for (size_t j = 0; j < DENSE_BLOCK && from + j < n; j++)
        z[(from + j) * DENSE_BLOCK + j] = 1.0;
    for (size_t k = 0; k + 1 < n; k++)
        if (w->tau[k] != 0.0) w->level->reflect(z + (k + 1) * DENSE_BLOCK, n - k - 1, w->a + k * n + k + 1, w->tau[k]);
    for (size_t i = 0; i < n / 2; i++)
        swap(z + i * DENSE_BLOCK, z + (n - 1 - i) * DENSE_BLOCK, DENSE_BLOCK);
}

static void turn_block(void *arg, size_t block)
{
    const work *w = arg;
    double *z = w->z + block * w->n * DENSE_BLOCK;
    if (!w->begun) begin_block(w, block, z);
    for (size_t i = 0; i < w->n_sweeps; i++)
        w->level->turn(z, w->sweeps[i].first, w->sweeps[i].n, w->sweeps[i].cs);
}

/* What has been kept reaches the vectors. */
static void apply(work *w)
{
    fan_run(w->threads, w->blocks, turn_block, w);
    w->begun = true;
    w->n_sweeps = w->n_turns = 0;
}

/* ---- the iteration ---------------------------------------------------------------------------------------------- */

static size_t end_of(const work *w, size_t from)
{
    size_t m = from;
    for (; m + 1 < w->n; m++)
        if (fabs(w->e[m]) <= DBL_EPSILON * (fabs(w->d[m]) + fabs(w->d[m + 1])) + NOTHING) break;
    return m;
}

/* One QL step on rows from … m, its rotations kept. */
static void step(work *w, size_t from, size_t m)
{
    double *d = w->d, *e = w->e, *cs = w->cs + 2 * w->n_turns;
    double g = (d[from + 1] - d[from]) / (2.0 * e[from]);
    g = d[m] - d[from] + e[from] / (g + copysign(sqrt(g * g + 1.0), g));
    double s = 1.0, c = 1.0, p = 0.0;
    size_t n = 0;
    w->sweeps[w->n_sweeps] = (sweep){ m - 1, 0, cs };
    for (size_t i = m; i-- > from; n++) {
        const double f = s * e[i], b = c * e[i], r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (!(r > 0.0)) {
            d[i + 1] -= p;
            break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const double t = (d[i] - g) * s + 2.0 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        cs[2 * n] = c;
        cs[2 * n + 1] = s;
    }
    if (n == m - from) {
        d[from] -= p;
        e[from] = g;
    }
    e[m] = 0.0;
    w->sweeps[w->n_sweeps++].n = n;
    w->n_turns += n;
}

static bool iterate(work *w)
{
    for (size_t from = 0; from < w->n; from++) {
        size_t m;
        for (int round = 0; (m = end_of(w, from)) != from; round++) {
            if (round == ROUNDS) return false;
            if (w->n_turns + (m - from) > TURNS || w->n_sweeps == TURNS) apply(w);
            step(w, from, m);
        }
    }
    apply(w);
    return true;
}

/* ---- the result ------------------------------------------------------------------------------------------------- */

static void fix_sign(double *vector, size_t n)
{
    size_t largest = 0;
    for (size_t i = 1; i < n; i++)
        if (fabs(vector[i]) > fabs(vector[largest])) largest = i;
    if (vector[largest] >= 0.0) return;
    for (size_t i = 0; i < n; i++)
        vector[i] = -vector[i];
}

static void put_vector(const work *w, size_t row, double *vector)
{
    for (size_t j = 0; j < w->n; j++)
        vector[j] = w->z[(j / DENSE_BLOCK * w->n + row) * DENSE_BLOCK + j % DENSE_BLOCK];
    fix_sign(vector, w->n);
}

/* Of equal values the last comes first, as rows are in reverse order. n² comparisons, little beside n³ products. */
static void put_sorted(work *w, int exponent, double *values, double *vectors)
{
    for (size_t i = 0; i < w->n; i++) {
        size_t before = 0;
        for (size_t j = 0; j < w->n; j++)
            before += w->d[j] > w->d[i] || (w->d[j] == w->d[i] && j > i);
        values[before] = ldexp(w->d[i], exponent);
        put_vector(w, i, vectors + before * w->n);
    }
}

bool eigen_symmetric(const double *symmetric, size_t n, double *values, double *vectors, const fan *threads)
{
    work w = { 0 };
    bool ok = n > 0 && n <= SIDE_MOST && open_work(&w, n, threads);
    const double exponent = ok ? take_matrix(&w, symmetric) : NAN;
    ok = ok && !isnan(exponent);
    if (ok) reduce(&w);
    if (ok) reverse(&w);
    ok = ok && iterate(&w);
    if (ok) put_sorted(&w, (int)exponent, values, vectors);
    close_work(&w);
    return ok;
}
