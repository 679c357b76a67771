#include "kernels/linalg.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void linalg_multiply_transposed(const double *a, const double *b, double *c, size_t m, size_t k, size_t n)
{
    memset(c, 0, m * n * sizeof *c);
    for (size_t l = 0; l < k; l++)
        for (size_t i = 0; i < m; i++) {
            const double x = a[l * m + i];
            for (size_t j = 0; j < n; j++)
                c[i * n + j] += x * b[l * n + j];
        }
}

bool linalg_orthonormal(double *a, size_t m, size_t n)
{
    double *tau = malloc((n + 1) * sizeof *tau), *diagonal = malloc((n + 1) * sizeof *diagonal);
    const lapack_int rows = (lapack_int)m, columns = (lapack_int)n;
    bool ok = tau && diagonal && LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, rows, columns, a, columns, tau) == 0;
    for (size_t i = 0; ok && i < n; i++)
        diagonal[i] = a[i * n + i];
    ok = ok && LAPACKE_dorgqr(LAPACK_ROW_MAJOR, rows, columns, columns, a, columns, tau) == 0;
    for (size_t i = 0; ok && i < n; i++)
        if (diagonal[i] < 0.0)
            for (size_t j = 0; j < m; j++)
                a[j * n + i] = -a[j * n + i];
    free(tau);
    free(diagonal);
    return ok;
}

bool linalg_cholesky(const double *a, size_t n, double *l)
{
    if (l != a) memmove(l, a, n * n * sizeof *l);
    /* Row-major in, column-major called: the lower triangle by rows is the upper one by columns, and L' L'' = U' U. */
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', (lapack_int)n, l, (lapack_int)n) != 0) return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            l[i * n + j] = 0.0;
    return true;
}
