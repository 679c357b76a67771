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

/* Rows know nothing of each other: some of them are a task. */
typedef struct passing {
    const double *factors;
    size_t n, heads, n_rows;
    float *rows;
} passing;

enum { SOME = 64 };

static void over_rows(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows,
                      void (*task)(void *arg, size_t i), const fan *threads)
{
    passing p = { factors, n, heads, n_rows, rows };
    fan_run(threads, (n_rows + SOME - 1) / SOME, task, &p);
}

static void apply_to_some(void *arg, size_t task)
{
    const passing *p = arg;
    const size_t n = p->n;
    for (size_t r = task * SOME; r < p->n_rows && r < (task + 1) * SOME; r++) {
        const double *l = p->factors + r % p->heads * n * n;
        float *row = p->rows + r * n;
        double sum[WHITENING_MAX] = { 0 };
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                sum[j] += (double)row[i] * l[i * n + j];
        for (size_t j = 0; j < n; j++)
            row[j] = (float)sum[j];
    }
}

void whitening_apply(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows, const fan *threads)
{
    over_rows(factors, n, heads, rows, n_rows, apply_to_some, threads);
}

/* Solves x L = row from the last column back. */
static void undo_some(void *arg, size_t task)
{
    const passing *p = arg;
    const size_t n = p->n;
    for (size_t r = task * SOME; r < p->n_rows && r < (task + 1) * SOME; r++) {
        const double *l = p->factors + r % p->heads * n * n;
        float *row = p->rows + r * n;
        double left[WHITENING_MAX];
        for (size_t j = 0; j < n; j++)
            left[j] = (double)row[j];
        for (size_t i = n; i-- > 0;) {
            const double x = left[i] / l[i * n + i];
            for (size_t j = 0; j < i; j++)
                left[j] -= x * l[i * n + j];
            row[i] = (float)x;
        }
    }
}

void whitening_undo(const double *factors, size_t n, size_t heads, float *rows, size_t n_rows, const fan *threads)
{
    over_rows(factors, n, heads, rows, n_rows, undo_some, threads);
}
