/* test_source.h - queries and keys with the same axes and different spectra, and qprecond calibrated on them. */
#ifndef KVANT_PLUGINS_QPRECOND_TEST_SOURCE_H
#define KVANT_PLUGINS_QPRECOND_TEST_SOURCE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/haar.h"
#include "kernels/random.h"
#include "tests/codecs/subject.h"
#include "tests/scale.h"

enum { N = SANITIZED ? 512 : 2048, DIM = 128, HALF = N / 2 };

typedef struct source {
    float moment[DIM * DIM]; /* eigenvalues condition^(-i/(DIM-1)) */
    double axes[DIM * DIM];
    double spread[DIM]; /* standard deviation of the queries along each axis */
} source;

static inline source *source_of(double condition)
{
    source *s = malloc(sizeof *s);
    assert_non_null(s);
    assert_true(haar_matrix(DIM, 5, s->axes));
    for (size_t i = 0; i < DIM; i++)
        s->spread[i] = pow(condition, -0.5 * (double)i / (DIM - 1));
    for (size_t i = 0; i < DIM; i++)
        for (size_t j = 0; j < DIM; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < DIM; k++)
                sum += s->axes[k * DIM + i] * s->axes[k * DIM + j] * s->spread[k] * s->spread[k];
            s->moment[i * DIM + j] = (float)sum;
        }
    return s;
}

/* Gaussian keys whose deviation along an axis is the queries' to the power `with`: -1 opposed, 0 the same everywhere,
 * 1 along. */
static inline void draw_keys(const source *s, double with, uint64_t seed, float *rows, size_t n)
{
    for (size_t r = 0; r < n; r++) {
        double sum[DIM] = { 0 };
        for (size_t k = 0; k < DIM; k++) {
            const double g = random_normal(seed, r * DIM + k) * pow(s->spread[k], with);
            for (size_t i = 0; i < DIM; i++)
                sum[i] += g * s->axes[k * DIM + i];
        }
        for (size_t i = 0; i < DIM; i++)
            rows[r * DIM + i] = (float)sum[i];
    }
}

/* The mean of (a - b) M (a - b)' over that of a M a'. */
static inline double query_error(const float *moment, const float *a, const float *b, size_t n)
{
    double error = 0.0, energy = 0.0;
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < DIM; i++)
            for (size_t j = 0; j < DIM; j++) {
                const double m = (double)moment[i * DIM + j];
                const float *x = a + r * DIM, *y = b + r * DIM;
                error += ((double)x[i] - (double)y[i]) * m * ((double)x[j] - (double)y[j]);
                energy += (double)x[i] * m * (double)x[j];
            }
    return error / energy;
}

static char said[512];

__attribute__((format(printf, 2, 3))) static void keep_line(const kvant_host *host, const char *format, ...)
{
    (void)host;
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
}

static inline kvant_samples samples_of(const float *rows, size_t n, size_t sequence, const float *moment)
{
    return (kvant_samples){ .size = sizeof(kvant_samples),
                            .abi = KVANT_ABI,
                            .rows = rows,
                            .n_rows = n,
                            .sequence = sequence,
                            .query_moment = moment };
}

static inline void open_calibrated(subject *w, const char *expression, int dim, int heads, const kvant_samples *s)
{
    subject_open(w, expression, dim, heads);
    w->t.host.host.log = keep_line;
    said[0] = 0;
    const int rc = w->t.codec->calibrate(w->t.state, s);
    if (rc != KVANT_OK) fail_msg("%s: calibrate: %d %s", expression, rc, w->t.host.message);
}

static inline int decision_of(const subject *w)
{
    const size_t n = (size_t)w->t.codec->save(w->t.state, NULL, 0);
    uint8_t *side = malloc(n);
    assert_int_equal(w->t.codec->save(w->t.state, side, n), n);
    const int decision = side[0];
    free(side);
    return decision;
}

/* The query error of rows through an expression calibrated with `fit`. */
static inline double error_of(const char *expression, const source *s, const float *fit, const float *rows, size_t n)
{
    subject w;
    float *back;
    const kvant_samples samples = samples_of(fit, N, N, s->moment);
    open_calibrated(&w, expression, DIM, 1, &samples);
    subject_round_trip(&w, rows, n, &back);
    const double error = query_error(s->moment, rows, back, n);
    subject_close(&w);
    free(back);
    return error;
}

#endif
