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
    s->level = simd_best();
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
static void multiply(const simd *level, const float *a, size_t n_rows, size_t k, const float *b, size_t stride,
                     size_t m, float *c)
{
    const size_t width = (size_t)level->width;
    for (size_t j = 0; j < m; j += width)
        level->panel(a, k, n_rows, b + j, stride, k, c + j, m, (int)(m - j < width ? m - j : width), false);
}

void sketch_apply(const sketch *s, const float *rows, size_t n_rows, size_t m, float *y)
{
    multiply(s->level, rows, n_rows, s->n, s->columns, s->m, m, y);
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

#define FOUR(a, b, c, d) a 1.0f, b 1.0f, c 1.0f, d 1.0f
static const float four_signs[16 * 4] = {
    FOUR(-, -, -, -), FOUR(+, -, -, -), FOUR(-, +, -, -), FOUR(+, +, -, -), FOUR(-, -, +, -), FOUR(+, -, +, -),
    FOUR(-, +, +, -), FOUR(+, +, +, -), FOUR(-, -, -, +), FOUR(+, -, -, +), FOUR(-, +, -, +), FOUR(+, +, -, +),
    FOUR(-, -, +, +), FOUR(+, -, +, +), FOUR(-, +, +, +), FOUR(+, +, +, +),
};

/* ±1 for each of the m bits. */
static void get_signs(const uint8_t *bytes, size_t m, float *sign)
{
    for (size_t i = 0; i < m / 8; i++, sign += 8) {
        memcpy(sign, four_signs + 4 * (bytes[i] & 15), 4 * sizeof *sign);
        memcpy(sign + 4, four_signs + 4 * (bytes[i] >> 4), 4 * sizeof *sign);
    }
}

enum { PIECE = 16 }; /* rows at once */

/* Up to PIECE rows. */
static void spread(const sketch *s, const uint8_t *bytes, size_t stride, size_t n_rows, size_t m, const double *weights,
                   float *rows)
{
    float sign[PIECE * SKETCH_MAX], sum[PIECE * SKETCH_MAX];
    sign[0] = 0.0f; /* gcc does not see that no row is no work */
    for (size_t r = 0; r < n_rows; r++)
        get_signs(bytes + r * stride, m, sign + r * m);
    multiply(s->level, sign, n_rows, m, s->rows, s->n, s->n, sum);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t j = 0; j < s->n; j++)
            rows[r * s->n + j] += (float)(weights[r] * (double)sum[r * s->n + j]);
}

void sketch_spread(const sketch *s, const uint8_t *bytes, size_t stride, size_t n_rows, size_t m, const double *weights,
                   float *rows)
{
    for (size_t r = 0; r < n_rows; r += PIECE)
        spread(s, bytes + r * stride, stride, n_rows - r < PIECE ? n_rows - r : PIECE, m, weights + r, rows + r * s->n);
}

/* ---- lengths and signs ------------------------------------------------------------------------------------------ */

/* |x| of up to PIECE rows, each summed in index order; their chains of additions run side by side. */
static void lengths(const sketch *s, const float *rows, size_t n_rows, double *length)
{
    double energy[PIECE] = { 0.0 };
    for (size_t i = 0; i < s->n; i++)
        for (size_t r = 0; r < n_rows; r++)
            energy[r] += (double)rows[r * s->n + i] * (double)rows[r * s->n + i];
    for (size_t r = 0; r < n_rows; r++)
        length[r] = sqrt(energy[r]);
}

/* The lengths' f16; how many rows' there are before one that does not fit. */
static size_t put_lengths(const sketch *s, const double *length, size_t n_rows, float *rows, uint8_t *out,
                          size_t stride)
{
    for (size_t r = 0; r < n_rows; r++) {
        const uint16_t stored = half_from_float((float)fmin(length[r], 1e9));
        if (half_is_special(stored)) return r;
        if (stored == 0) memset(rows + r * s->n, 0, s->n * sizeof *rows);
        half_store(out + r * stride, stored);
    }
    return n_rows;
}

/* Up to PIECE rows; *length: of the one that is refused. */
static size_t encode(const sketch *s, float *rows, size_t n_rows, uint8_t *out, size_t stride, double *length)
{
    float y[PIECE * SKETCH_MAX];
    double all[PIECE];
    lengths(s, rows, n_rows, all);
    const size_t done = put_lengths(s, all, n_rows, rows, out, stride);
    if (done < n_rows) *length = all[done];
    sketch_apply(s, rows, done, s->m, y);
    for (size_t r = 0; r < done; r++)
        sketch_signs(y + r * s->m, s->m, out + r * stride + SKETCH_LENGTH_BYTES);
    return done;
}

double sketch_encode(const sketch *s, float *x, uint8_t *out)
{
    double length = 0.0;
    encode(s, x, 1, out, 0, &length);
    return length;
}

size_t sketch_encode_rows(const sketch *s, float *rows, size_t n_rows, uint8_t *out, size_t stride)
{
    double length;
    for (size_t r = 0; r < n_rows; r += PIECE) {
        const size_t n = n_rows - r < PIECE ? n_rows - r : PIECE;
        const size_t done = encode(s, rows + r * s->n, n, out + r * stride, stride, &length);
        if (done < n) return r + done;
    }
    return n_rows;
}

size_t sketch_decode_rows(const sketch *s, const uint8_t *in, size_t stride, float *rows, size_t n_rows)
{
    double weights[PIECE] = { 0 };
    for (size_t r = 0; r < n_rows; r += PIECE) {
        const size_t n = n_rows - r < PIECE ? n_rows - r : PIECE;
        size_t done = 0;
        for (; done < n; done++) {
            const uint16_t stored = half_load(in + (r + done) * stride);
            if (half_is_special(stored) || stored & 0x8000u) break;
            weights[done] = s->gain / (double)s->m * (double)half_to_float(stored);
        }
        spread(s, in + r * stride + SKETCH_LENGTH_BYTES, stride, done, s->m, weights, rows + r * s->n);
        if (done < n) return r + done;
    }
    return n_rows;
}
