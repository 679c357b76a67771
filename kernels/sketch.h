/* sketch.h - random projections of rows whose signs alone tell inner products (QJL).
 *
 * S is m x n. For a row s of S and any x, q:  E <s, q> sign<s, x> = <q, x> / (gain · |x|), so
 *     x̃ = gain/m · |x| · S' sign(S x)    has    E <q, x̃> = <q, x>
 * over the draw of S (QJL, arXiv 2406.03482; TurboQuant's second stage, arXiv 2504.19874). Two kinds:
 *
 *   gaussian     every entry an independent N(0, 1); gain = √(π/2). For m = n, at n = 128, E|x̃ - x|² = 1.56 |x|²:
 *                π/2 + (π/2 - 1)/n - … of it.
 *   orthogonal   rows in blocks of n, each a Haar matrix (kernels/haar.h) times √n; a row is then a uniform direction
 *                of length √n, and gain = √(π/n) Γ((n+1)/2)/Γ(n/2), a little less than √(π/2). For m = n: |S' sign(S
 *                x)|² = n², so that E|x̃ - x|² = (gain² - 1)|x|², 0.565 |x|² at n = 128.
 *
 * Everything follows from the seed; nothing but signs and |x| needs keeping. Products are f32, summed over k ascending
 * with one fused multiply-add per step (kernels/simd.h): the same bits for a row whatever stands beside it.
 *
 *     sketch s;
 *     sketch_init(&s, SKETCH_ORTHOGONAL, n, m, seed, memory, work);     sketch_bytes(n, m), sketch_work_bytes(n)
 *     sketch_apply(&s, rows, n_rows, m, y);                             y = S x
 *     sketch_signs(y, m, bytes);                                        m/8 bytes
 *     sketch_spread(&s, bytes, m/8, n_rows, m, weights, rows);          x += weight · S' signs
 *
 * Several rows at once are several times as fast as one by one: S is read once for them.
 */
#ifndef KVANT_KERNELS_SKETCH_H
#define KVANT_KERNELS_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sketch_kind { SKETCH_GAUSSIAN, SKETCH_ORTHOGONAL } sketch_kind;

enum { SKETCH_MAX = 1024, /* of m and n */ SKETCH_LENGTH_BYTES = 2 };

typedef struct simd simd;

typedef struct sketch {
    const simd *level;
    size_t n, m;
    double gain;
    float *rows;    /* S, m x n */
    float *columns; /* S', n x m */
} sketch;

/* Bytes of the memory a sketch lives in, and of what is needed while it is made. */
size_t sketch_bytes(size_t n, size_t m);
size_t sketch_work_bytes(size_t n);

/* m and n: multiples of 8 up to SKETCH_MAX. memory stays the caller's and must outlive the sketch; work may go. False
 * when memory is short inside LAPACK. [any thread] */
bool sketch_init(sketch *s, sketch_kind kind, size_t n, size_t m, uint64_t seed, void *memory, double *work);

/* y (n_rows x m) = the first m rows of S times each of the rows (n_rows x n). m <= s->m. [any thread] */
void sketch_apply(const sketch *s, const float *rows, size_t n_rows, size_t m, float *y);

/* Bit i of m/8 bytes, least significant first: 1 when y[i] >= 0. */
void sketch_signs(const float *y, size_t m, uint8_t *bytes);

/* Rows (n_rows x n) += weights[r] · S' sign, with the first m rows of S and the m signs of sketch_signs at bytes +
 * r·stride. [any thread] */
void sketch_spread(const sketch *s, const uint8_t *bytes, size_t stride, size_t n_rows, size_t m, const double *weights,
                   float *rows);

/* The two together, for m = all rows of S: |x| as f16, then the signs; sketch_row_bytes(s->m) bytes. A row too short
 * for f16 gives the bytes of a row of zeros, and x is then cleared. Returns 0, or, when f16 cannot hold it, the length.
 * [any thread] */
static inline size_t sketch_row_bytes(size_t m)
{
    return SKETCH_LENGTH_BYTES + m / 8;
}
double sketch_encode(const sketch *s, float *x, uint8_t *out);

/* The same for n_rows rows (n_rows x n), row r's bytes at r·stride. Returns n_rows, or the first row that sketch_encode
 * would refuse; of it, and of what follows it, the bytes are undefined. [any thread] */
size_t sketch_encode_rows(const sketch *s, float *rows, size_t n_rows, uint8_t *out, size_t stride);

/* Rows += the estimates of those the bytes came from. Returns n_rows, or the first row whose length is not finite or
 * has a sign, which no encode writes; it and what follows it stay as they are. [any thread] */
size_t sketch_decode_rows(const sketch *s, const uint8_t *in, size_t stride, float *rows, size_t n_rows);

#endif
