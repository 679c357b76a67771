/* H7: transform coding of rows with a known covariance. */
#include "app/paper/tables.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/eigen.h"
#include "kernels/haar.h"
#include "kernels/linalg.h"

enum { DIM = 128, ROWS = 16384, BLOCK = 1024, STEPS = 8 /* a bit */, KEY = 0x6837 };

/* A covariance with its eigenvalues, descending, as formulas or kernels/eigen.h have them. */
typedef struct process {
    const char *name;
    double *covariance, *vectors, *lower; /* DIM x DIM; vectors: rows */
    double values[DIM];
    double gain; /* arithmetic over geometric mean of the eigenvalues, by formula */
    double own;  /* the same with the diagonal's geometric mean above: against coding each column by its own variance */
} process;

/* ---- covariances ---- */

static void fill_ar1(process *s)
{
    const double rho = 0.9;
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < DIM; j++)
            s->covariance[i * DIM + j] = pow(rho, abs(i - j));
    s->gain = pow(1 - rho * rho, -(DIM - 1.0) / DIM); /* det = (1 - rho²)^(DIM-1) */
}

/* Eigenvalues 1/k along random directions. */
static bool fill_power(process *s)
{
    double mean = 0, log_mean = 0, *scaled = malloc(DIM * DIM * sizeof(double));
    const bool ok = scaled && haar_matrix(DIM, KEY, s->vectors);
    for (int k = 0; ok && k < DIM; k++) {
        mean += 1.0 / (k + 1) / DIM;
        log_mean -= log(k + 1) / DIM;
        for (int i = 0; i < DIM; i++)
            scaled[k * DIM + i] = s->vectors[k * DIM + i] / (k + 1);
    }
    if (ok) linalg_multiply_transposed(s->vectors, scaled, s->covariance, DIM, DIM, DIM);
    s->gain = mean / exp(log_mean);
    free(scaled);
    return ok;
}

static bool make(process *s, const char *name)
{
    const size_t bytes = DIM * DIM * sizeof(double);
    *s = (process){ name, malloc(bytes), malloc(bytes), malloc(bytes), { 0 }, 0, 0 };
    bool ok = s->covariance && s->vectors && s->lower;
    if (ok && strcmp(name, "AR(1)") == 0)
        fill_ar1(s);
    else if (ok)
        ok = fill_power(s);
    ok = ok && eigen_symmetric(s->covariance, DIM, s->values, s->vectors, NULL) &&
         linalg_cholesky(s->covariance, DIM, s->lower);
    double log_own = 0, log_values = 0;
    for (int k = 0; ok && k < DIM; k++) {
        log_own += log(s->covariance[k * DIM + k]) / DIM;
        log_values += log(s->values[k]) / DIM;
    }
    s->own = exp(log_own - log_values);
    return ok;
}

static void discard(process *s)
{
    free(s->covariance);
    free(s->vectors);
    free(s->lower);
}

/* ---- allocation ---- */

/* The least mean distortion at `rate` bits a value: reverse water-filling. */
static double water_filling(const double *values, double rate)
{
    double low = 0, high = values[0], distortion = 0;
    for (int i = 0; i < 200; i++) {
        const double level = 0.5 * (low + high);
        double bits = 0;
        distortion = 0;
        for (int k = 0; k < DIM; k++) {
            if (values[k] > level) bits += 0.5 * log2(values[k] / level) / DIM;
            distortion += fmin(values[k], level) / DIM;
        }
        *(bits > rate ? &low : &high) = level;
    }
    return distortion;
}

/* The same over multiples of 1/steps bit, each component leaving value·4^-bits, by dynamic programming: best[b] is the
 * least distortion of the components so far with b units spent. */
static double allocate(const double *values, double rate, int steps)
{
    const int budget = (int)(rate * DIM * steps);
    double *best = malloc(2 * ((size_t)budget + 1) * sizeof *best), *next = best ? best + budget + 1 : NULL;
    if (!best) return NAN;
    for (int b = 0; b <= budget; b++)
        best[b] = 0;
    for (int k = 0; k < DIM; k++) {
        for (int b = 0; b <= budget; b++)
            next[b] = INFINITY;
        for (int own = 0; own <= budget && own <= 12 * steps; own++) {
            const double left = values[k] * pow(4, -(double)own / steps) / DIM;
            for (int b = own; b <= budget; b++)
                next[b] = fmin(next[b], best[b - own] + left);
        }
        memcpy(best, next, ((size_t)budget + 1) * sizeof *best);
    }
    const double distortion = best[budget];
    free(best);
    return distortion;
}

static void allocation_rows(paper *p, const process *s, double rate)
{
    const double exact = water_filling(s->values, rate);
    const measure m = measure_named("allocation by dynamic programming");
    paper_add(p,
              (paper_row){ .exact = exact, .measured = allocate(s->values, rate, STEPS), .by = m, .tolerance = 0.01 },
              "%s, R=%g, eighths", s->name, rate);
    paper_add(p, (paper_row){ .exact = exact, .measured = allocate(s->values, rate, 1), .rule = PAPER_SHOWN, .by = m },
              "%s, R=%g, whole", s->name, rate);
}

/* ---- coding gain ---- */

enum { BINS = 4096 };

/* Bits a value, by the entropy of each column's codes with Miller's correction for few samples (1955), and mean squared
 * error of rounding to multiples of step. */
static void round_columns(const float *rows, size_t n, double step, double *bits, double *error)
{
    static const int middle = BINS / 2;
    *bits = *error = 0;
    for (int c = 0; c < DIM; c++) {
        double count[BINS] = { 0 };
        for (size_t r = 0; r < n; r++) {
            const double x = (double)rows[r * DIM + (size_t)c], code = nearbyint(x / step);
            *error += (x - code * step) * (x - code * step) / ((double)n * DIM);
            count[middle + (int)fmax(-middle, fmin(middle - 1, code))]++;
        }
        for (int i = 0, used = 0; i < BINS; i++)
            if (count[i] > 0) {
                *bits -= count[i] / (double)n * log2(count[i] / (double)n) / DIM;
                *bits += (used++ > 0) * 0.5 / (double)n / log(2) / DIM;
            }
    }
}

/* Rows along the eigenvectors, in place. */
static void transform(source *rows, const double *vectors)
{
    for (size_t r = 0; r < rows->n; r++) {
        float *row = rows->rows + r * DIM, out[DIM];
        for (int k = 0; k < DIM; k++) {
            double sum = 0;
            for (int i = 0; i < DIM; i++)
                sum += vectors[k * DIM + i] * (double)row[i];
            out[k] = (float)sum;
        }
        memcpy(row, out, sizeof out);
    }
}

/* How much more error the same bits leave without the transform: both rounded finely, entropy coded. */
static double coded_gain(const process *s, uint64_t seed)
{
    source rows = source_correlated(ROWS, DIM, s->lower, seed);
    if (!rows.rows) return NAN;
    const double step = 0.3 * sqrt(s->values[DIM - 1]);
    double plain_bits, plain_error, bits, error;
    round_columns(rows.rows, rows.n, step * sqrt(s->gain), &plain_bits, &plain_error);
    transform(&rows, s->vectors);
    round_columns(rows.rows, rows.n, step, &bits, &error);
    source_free(&rows);
    return plain_error / error * pow(4, plain_bits - bits);
}

static void process_rows(paper *p, const char *name, uint64_t seed)
{
    process s;
    if (make(&s, name)) {
        double mean = 0, log_mean = 0;
        for (int k = 0; k < DIM; k++) {
            mean += s.values[k] / DIM;
            log_mean += log(s.values[k]) / DIM;
        }
        paper_add(p,
                  (paper_row){ .exact = s.gain,
                               .measured = mean / exp(log_mean),
                               .by = measure_named("kernels/linalg.h"),
                               .tolerance = 1e-6 },
                  "%s, gain AM/GM", name);
        paper_add(p,
                  (paper_row){ .exact = s.own,
                               .measured = coded_gain(&s, seed),
                               .by = measure_named("rounding and entropy, with and without the transform"),
                               .tolerance = 0.01 },
                  "%s, gain, coded", name);
        allocation_rows(p, &s, 0.5);
        allocation_rows(p, &s, 2);
        source few = source_correlated(BLOCK, DIM, s.lower, seed + 16);
        paper_h7_sketch(p, name, few, seed + 32);
        source_free(&few);
    } else {
        p->short_of_memory = true;
    }
    discard(&s);
}

void paper_h7(paper *p)
{
    process_rows(p, "AR(1)", KEY + 1);
    process_rows(p, "1/k", KEY + 2);
}
