#include "plugins/qprecond/whitening.h"

#include <string.h>

#include "kernels/linalg.h"

void whitening_moment(const float *moment, size_t n, double ridge, double *s)
{
    double trace = 0.0;
    for (size_t i = 0; i < n; i++)
        trace += (double)moment[i * n + i];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            s[i * n + j] = 0.5 * ((double)moment[i * n + j] + (double)moment[j * n + i]) +
                           (i == j ? ridge * trace / (double)n : 0.0);
}

bool whitening_factor(const double *s, size_t n, double *l)
{
    if (!linalg_cholesky(s, n, l)) return false;
    for (size_t i = 0; i < n * n; i++)
        l[i] = (double)(float)l[i];
    return true;
}

void whitening_apply(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows)
{
    for (size_t r = 0; r < n_rows; r++, rows += n) {
        const double *l = factors + r % heads * n * n;
        double sum[WHITENING_MAX] = { 0 };
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                sum[j] += (double)rows[i] * l[i * n + j];
        for (size_t j = 0; j < n; j++)
            rows[j] = (float)sum[j];
    }
}

/* Solves x L = row from the last column back. */
void whitening_undo(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows)
{
    for (size_t r = 0; r < n_rows; r++, rows += n) {
        const double *l = factors + r % heads * n * n;
        double left[WHITENING_MAX];
        for (size_t j = 0; j < n; j++)
            left[j] = (double)rows[j];
        for (size_t i = n; i-- > 0;) {
            const double x = left[i] / l[i * n + i];
            for (size_t j = 0; j < i; j++)
                left[j] -= x * l[i * n + j];
            rows[i] = (float)x;
        }
    }
}
