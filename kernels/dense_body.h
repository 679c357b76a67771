/* dense.h in C: the file that includes this defines DENSE_TABLE, DENSE_LANES (f64 of a register) and DENSE_REGS (as
 * many of them are summed at once for each of four rows), and the build its instruction set. */
#include <math.h>
#include <string.h>

#include "kernels/dense.h"

extern const dense DENSE_TABLE;

typedef double wide __attribute__((vector_size(8 * DENSE_LANES)));

#define INNER static inline __attribute__((always_inline))

enum { ROWS = 4, COLUMNS = DENSE_LANES * DENSE_REGS };

INNER wide load(const double *from)
{
    wide x;
    memcpy(&x, from, sizeof x);
    return x;
}

INNER void store(double *to, wide x)
{
    memcpy(to, &x, sizeof x);
}

/* ROWS x COLUMNS of c. */
INNER void add_tile(double *c, const double *x, const double *y, size_t n)
{
    wide sum[ROWS][DENSE_REGS];
    for (int i = 0; i < ROWS; i++)
        for (int r = 0; r < DENSE_REGS; r++)
            sum[i][r] = load(c + i * DENSE_BLOCK + r * DENSE_LANES);
    for (size_t k = 0; k < n; k++, x += DENSE_BLOCK, y += DENSE_BLOCK)
        for (int i = 0; i < ROWS; i++)
            for (int r = 0; r < DENSE_REGS; r++)
                sum[i][r] += x[i] * load(y + r * DENSE_LANES);
    for (int i = 0; i < ROWS; i++)
        for (int r = 0; r < DENSE_REGS; r++)
            store(c + i * DENSE_BLOCK + r * DENSE_LANES, sum[i][r]);
}

static void add_products(double *c, const double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < DENSE_BLOCK; i += ROWS)
        for (size_t j = 0; j < DENSE_BLOCK; j += COLUMNS)
            add_tile(c + i * DENSE_BLOCK + j, x + i, y + j, n);
}

/* Two rows in one go halve what is read of v, w and p. */
static void eliminate(double *restrict rows, size_t stride, size_t n, const double *restrict v,
                      const double *restrict w, const double *restrict u, double *restrict p)
{
    memset(p, 0, n * sizeof *p);
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        double *restrict a = rows + i * stride, *restrict b = a + stride;
        const double va = v[i], wa = w[i], ua = u[i], vb = v[i + 1], wb = w[i + 1], ub = u[i + 1];
        for (size_t j = 0; j < n; j++) {
            const double x = a[j] - (va * w[j] + wa * v[j]), y = b[j] - (vb * w[j] + wb * v[j]);
            a[j] = x;
            b[j] = y;
            p[j] = (p[j] + ua * x) + ub * y;
        }
    }
    for (; i < n; i++) {
        double *restrict a = rows + i * stride;
        for (size_t j = 0; j < n; j++) {
            a[j] -= v[i] * w[j] + w[i] * v[j];
            p[j] += u[i] * a[j];
        }
    }
}

enum { REGS = DENSE_BLOCK / DENSE_LANES };

static void reflect(double *z, size_t n, const double *v, double tau)
{
    wide sum[REGS] = { 0 };
    for (size_t i = 0; i < n; i++)
        for (int r = 0; r < REGS; r++)
            sum[r] += v[i] * load(z + i * DENSE_BLOCK + r * DENSE_LANES);
    for (size_t i = 0; i < n; i++) {
        const double a = tau * v[i];
        for (int r = 0; r < REGS; r++) {
            double *at = z + i * DENSE_BLOCK + r * DENSE_LANES;
            store(at, load(at) - a * sum[r]);
        }
    }
}

/* The row that two rotations share stays in registers. */
static void turn(double *z, size_t first, size_t n, const double *cs)
{
    if (n == 0) return;
    double *at = z + first * DENSE_BLOCK;
    wide below[REGS];
    for (int r = 0; r < REGS; r++)
        below[r] = load(at + DENSE_BLOCK + r * DENSE_LANES);
    for (size_t k = 0; k < n; k++, cs += 2, at -= DENSE_BLOCK)
        for (int r = 0; r < REGS; r++) {
            const wide above = load(at + r * DENSE_LANES);
            store(at + DENSE_BLOCK + r * DENSE_LANES, cs[1] * above + cs[0] * below[r]);
            below[r] = cs[0] * above - cs[1] * below[r];
        }
    for (int r = 0; r < REGS; r++)
        store(at + DENSE_BLOCK + r * DENSE_LANES, below[r]);
}

static void add_weighted(double *restrict sum, const float *restrict x, double w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += w * (double)x[i];
}

static void largest(const float *restrict p, size_t stride, size_t k, size_t n, uint8_t *restrict nearest,
                    float *restrict along)
{
    enum { SOME = 64 };
    for (size_t from = 0; from < n; from += SOME, p += SOME) {
        const size_t m = n - from < SOME ? n - from : SOME;
        float top[SOME], at[SOME];
        int32_t best[SOME];
        for (size_t i = 0; i < m; i++) {
            at[i] = p[i];
            top[i] = fabsf(p[i]);
            best[i] = 0;
        }
        for (size_t j = 1; j < k; j++)
            for (size_t i = 0; i < m; i++) {
                const float x = p[j * stride + i], size = fabsf(x);
                best[i] = size > top[i] ? (int32_t)j : best[i];
                at[i] = size > top[i] ? x : at[i];
                top[i] = size > top[i] ? size : top[i];
            }
        for (size_t i = 0; i < m; i++) {
            nearest[from + i] = (uint8_t)best[i];
            along[from + i] = at[i];
        }
    }
}

const dense DENSE_TABLE = {
    .add_products = add_products,
    .eliminate = eliminate,
    .reflect = reflect,
    .turn = turn,
    .add_weighted = add_weighted,
    .largest = largest,
};
