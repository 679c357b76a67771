#include "app/verify_rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

enum { SEQUENCE = 128, SHORT_SEQUENCE = 64, WIDE_ROW = 256, ATTENTION = 64, DIRECTIONS = 4, SAMPLE_SEED = 90001 };

const char *const verify_kind_name[ROWS_KINDS] = { "gaussian", "spiky", "biased",    "unequal", "constant", "equal",
                                                   "zero",     "tiny",  "subnormal", "large",   "huge",     "largest" };

static float value_at(verify_kind kind, size_t row, size_t column, size_t dim, uint64_t seed)
{
    const double g = random_normal(seed, row * dim + column);
    switch (kind) {
    case ROWS_GAUSSIAN: return (float)g;
    case ROWS_SPIKY: return column == 3 * row % dim ? 40.0f : (float)(0.01 * g);
    case ROWS_BIASED: return (float)(column % 16 == 5 ? 20.0 + 5.0 * g : g);
    case ROWS_UNEQUAL: return (float)(g * exp(1.5 * random_normal(seed + 1, row)));
    case ROWS_CONSTANT: return (float)random_normal(seed + 1, row);
    case ROWS_EQUAL: return (float)random_normal(seed, column);
    case ROWS_TINY: return (float)(1e-30 * g);
    case ROWS_SUBNORMAL: return (float)(1e-42 * g);
    case ROWS_LARGE: return (float)(1e4 * g);
    case ROWS_HUGE: return (float)(1e30 * g);
    case ROWS_LARGEST: return (row + column) % 2 ? FLT_MAX : -FLT_MAX;
    default: return 0.0f;
    }
}

void verify_rows(verify_kind kind, size_t n_rows, size_t dim, uint64_t seed, float *rows)
{
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < dim; i++)
            rows[r * dim + i] = value_at(kind, r, i, dim, seed);
}

double verify_error(const float *x, const float *y, size_t n)
{
    double error = 0, energy = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - (double)y[i];
        error += d * d;
        energy += (double)x[i] * (double)x[i];
    }
    return energy > 0 ? error / energy : error;
}

/* I + sum of strong directions a a', the strongest with about 16 times the variance of the rest. */
static void fill_moment(float *moment, size_t dim, uint64_t seed, float *direction)
{
    memset(moment, 0, dim * dim * sizeof *moment);
    for (size_t i = 0; i < dim; i++)
        moment[i * dim + i] = 1.0f;
    for (size_t k = 0; k < DIRECTIONS; k++) {
        const float weight = 16.0f / (float)((k + 1) * (k + 1) * dim);
        verify_rows(ROWS_GAUSSIAN, 1, dim, seed + DIRECTIONS * k, direction);
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j < dim; j++)
                moment[i * dim + j] += weight * (direction[i] * direction[j]);
    }
}

kvant_samples *verify_samples(size_t unit, size_t dim, size_t n_heads, float scale)
{
    const size_t least = (dim > WIDE_ROW ? SHORT_SEQUENCE : SEQUENCE) * n_heads,
                 sequence = (least + unit - 1) / unit * unit, n_rows = 2 * sequence;
    kvant_samples *s = calloc(1, sizeof *s);
    float *rows = malloc(n_rows * dim * sizeof *rows), *moment = malloc(2 * n_heads * dim * dim * sizeof *moment);
    float *attention = malloc(n_heads * ATTENTION * sizeof *attention), *direction = malloc(dim * sizeof *direction);
    if (!s || !rows || !moment || !attention || !direction) {
        free(s), free(rows), free(moment), free(attention), free(direction);
        return NULL;
    }
    verify_rows(ROWS_GAUSSIAN, n_rows, dim, SAMPLE_SEED, rows);
    for (size_t i = 0; i < n_rows * dim; i++)
        rows[i] *= scale;
    for (size_t i = 0; i < 2 * n_heads; i++)
        fill_moment(moment + i * dim * dim, dim, SAMPLE_SEED + 1 + i, direction);
    for (size_t h = 0; h < n_heads; h++)
        for (size_t i = 0; i < ATTENTION; i++)
            attention[h * ATTENTION + i] = (float)(1.0 + 7.0 * exp(-(double)i / 4.0));
    free(direction);
    *s = (kvant_samples){ .size = sizeof *s,
                          .abi = KVANT_ABI,
                          .rows = rows,
                          .n_rows = n_rows,
                          .sequence = sequence,
                          .query_moment = moment,
                          .query_moment_met = moment + n_heads * dim * dim,
                          .attention = attention,
                          .n_attention = ATTENTION };
    return s;
}

void verify_samples_free(kvant_samples *s)
{
    if (!s) return;
    free((float *)s->rows);
    free((float *)s->query_moment);
    free((float *)s->attention);
    free(s);
}
