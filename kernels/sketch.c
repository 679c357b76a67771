#include "kernels/sketch.h"

#include <math.h>
#include <string.h>

#include "kernels/haar.h"
#include "kernels/half.h"
#include "kernels/random.h"
#include "kernels/simd.h"

enum { PANEL_MAX = 64 }; /* a panel may read that far past a row's end */
#define PI         3.141592653589793
#define SKETCH_KEY 0x6b76616e74010000u

size_t sketch_bytes(size_t n, size_t m)
{
    return (2 * n * m + PANEL_MAX) * sizeof(float);
}

size_t sketch_work_bytes(size_t n)
{
    return n * n * sizeof(double);
}

/* Γ((n+1)/2) / Γ(n/2) for even n. */
static double gamma_ratio(size_t n)
{
    double ratio = 0.5 * sqrt(PI);
    for (size_t i = 2; i < n; i += 2)
        ratio *= (double)(i + 1) / (double)i;
    return ratio;
}

/* Rows from, from + 1 … of S, as many as there are up to n. */
static bool fill_block(sketch *s, sketch_kind kind, size_t from, uint64_t key, double *block)
{
    const size_t n = s->n, count = s->m - from < n ? s->m - from : n;
    const double length = sqrt((double)n);
    if (kind == SKETCH_ORTHOGONAL && !haar_matrix(n, random_bits(key, from), block)) return false;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++) {
            const size_t at = (from + i) * n + j;
            const double x = kind == SKETCH_ORTHOGONAL ? length * block[i * n + j] : random_normal(key, at);
            s->rows[at] = (float)x;
            s->columns[j * s->m + from + i] = (float)x;
        }
    return true;
}

bool sketch_init(sketch *s, sketch_kind kind, size_t n, size_t m, uint64_t seed, void *memory, double *work)
{
    const uint64_t key = random_bits(SKETCH_KEY, seed);
    s->n = n;
    s->m = m;
    s->gain = kind == SKETCH_GAUSSIAN ? sqrt(PI / 2) : sqrt(PI / (double)n) * gamma_ratio(n);
    s->rows = memory;
    s->columns = s->rows + n * m;
    for (size_t from = 0; from < m; from += n)
        if (!fill_block(s, kind, from, key, work)) return false;
    return true;
}

/* c (n_rows x m) = a (n_rows x k) b, the rows of b `stride` apart. */
static void multiply(const float *a, size_t n_rows, size_t k, const float *b, size_t stride, size_t m, float *c)
{
    const simd *level = simd_best();
    const size_t width = (size_t)level->width;
    for (size_t j = 0; j < m; j += width)
        level->panel(a, k, n_rows, b + j, stride, k, c + j, m, (int)(m - j < width ? m - j : width), false);
}

void sketch_apply(const sketch *s, const float *rows, size_t n_rows, size_t m, float *y)
{
    multiply(rows, n_rows, s->n, s->columns, s->m, m, y);
}

void sketch_signs(const float *y, size_t m, uint8_t *bytes)
{
    for (size_t i = 0; i < m / 8; i++) {
        unsigned byte = 0;
        for (size_t b = 0; b < 8; b++)
            byte |= (unsigned)(y[8 * i + b] >= 0.0f) << b;
        bytes[i] = (uint8_t)byte;
    }
}

void sketch_spread(const sketch *s, const uint8_t *bytes, size_t m, double weight, float *x)
{
    float sign[SKETCH_MAX], sum[SKETCH_MAX];
    for (size_t i = 0; i < m; i++)
        sign[i] = bytes[i / 8] >> (i % 8) & 1 ? 1.0f : -1.0f;
    multiply(sign, 1, m, s->rows, s->n, s->n, sum);
    for (size_t j = 0; j < s->n; j++)
        x[j] += (float)(weight * (double)sum[j]);
}

double sketch_encode(const sketch *s, float *x, uint8_t *out)
{
    float y[SKETCH_MAX];
    double energy = 0.0;
    for (size_t i = 0; i < s->n; i++)
        energy += (double)x[i] * (double)x[i];
    const double length = sqrt(energy);
    const uint16_t stored = half_from_float((float)fmin(length, 1e9));
    if (half_is_special(stored)) return length;
    if (stored == 0) memset(x, 0, s->n * sizeof *x);
    half_store(out, stored);
    sketch_apply(s, x, 1, s->m, y);
    sketch_signs(y, s->m, out + SKETCH_LENGTH_BYTES);
    return 0.0;
}

bool sketch_decode(const sketch *s, const uint8_t *in, float *x)
{
    const uint16_t stored = half_load(in);
    if (half_is_special(stored) || stored & 0x8000u) return false;
    sketch_spread(s, in + SKETCH_LENGTH_BYTES, s->m, s->gain / (double)s->m * (double)half_to_float(stored), x);
    return true;
}
