/* A reference library as `kvant bench --engine --against` wants it: dot products with ggml's names, of rows that the
 * engine's own table makes f32 and of activations of 8 bits in blocks of 32; of Q4_K 8 rows side by side, too. It has
 * none for Q3_K. WRONG 1 forgets the last block of a row, 2 rounds activations to 4 bits, 3 gives no number for one row
 * of many, 4 dies, 5 has nothing that prepares activations, 6 would not keep 8 rows side by side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor.h"

#ifndef WRONG
#define WRONG 0
#endif

#define EXPORT __attribute__((visibility("default")))

enum { BLOCK = 32, LONGEST = 4096, LARGEST = WRONG == 2 ? 7 : 127, SOME_ROW = 77 };

typedef struct block {
    float step;
    signed char codes[BLOCK];
} block;

/* What ggml_cpu_init fills: without it products are nothing. */
static float one;

EXPORT void ggml_cpu_init(void);
void ggml_cpu_init(void)
{
    one = 1;
}

static inline void prepare(const float *x, void *to, int64_t n)
{
    block *b = to;
    for (int64_t i = 0; i < n; i += BLOCK, b++) {
        float largest = 0;
        for (int j = 0; j < BLOCK; j++)
            largest = fmaxf(largest, fabsf(x[i + j]));
        b->step = largest / LARGEST;
        for (int j = 0; j < BLOCK; j++)
            b->codes[j] = largest > 0 ? (signed char)lrintf(x[i + j] / b->step) : 0;
    }
}

static float activation(const void *x, bool whole, int i)
{
    const block *b = x;
    return whole ? ((const float *)x)[i] : b[i / BLOCK].step * b[i / BLOCK].codes[i % BLOCK];
}

static void dot(int type, bool whole, int n, float *s, const void *row, const void *x)
{
    static int rows;
    float w[LONGEST], sum = 0;
    if (WRONG == 4 || n > LONGEST) abort();
    tensor_type_of(type)->to_f32(row, w, (size_t)n);
    for (int i = 0; i < (WRONG == 1 ? n - BLOCK : n); i++)
        sum += w[i] * activation(x, whole, i);
    *s = WRONG == 3 && __atomic_fetch_add(&rows, 1, __ATOMIC_RELAXED) == SOME_ROW ? NAN : one * sum;
}

#define DOT(name, type, whole)                                                                                         \
    EXPORT void ggml_vec_dot_##name(int n, float *s, size_t bs, const void *row, size_t bx, const void *x, size_t by,  \
                                    int nrc);                                                                          \
    void ggml_vec_dot_##name(int n, float *s, size_t bs, const void *row, size_t bx, const void *x, size_t by,         \
                             int nrc)                                                                                  \
    {                                                                                                                  \
        (void)bs;                                                                                                      \
        (void)bx;                                                                                                      \
        (void)by;                                                                                                      \
        if (nrc == 1) dot(type, whole, n, s, row, x);                                                                  \
    }

/* ---- 8 rows of Q4_K ---- */

EXPORT int ggml_cpu_has_avx2(void);
int ggml_cpu_has_avx2(void)
{
    return WRONG != 6;
}

/* Block `row` of 8: 8 f16, 8 f16, 8 times 12 bytes of scales and minima, then codes in turns of 8 bytes. */
static void one_of_eight(const unsigned char *eight, int row, unsigned char to[144])
{
    memcpy(to, eight + 2 * row, 2);
    memcpy(to + 2, eight + 16 + 2 * row, 2);
    memset(to + 4, 0, 12);
    for (int sub = 0; sub < 8; sub++) {
        const unsigned char *p = eight + 32 + 12 * sub;
        const int scale = row < 4 ? p[row] & 63 : (p[row + 4] & 15) | p[row - 4] >> 6 << 4;
        const int least = row < 4 ? p[row + 4] & 63 : p[row + 4] >> 4 | p[row] >> 6 << 4;
        if (sub < 4) {
            to[4 + sub] |= (unsigned char)scale;
            to[8 + sub] |= (unsigned char)least;
        } else {
            to[sub] |= (unsigned char)(scale >> 4 << 6);
            to[4 + sub] |= (unsigned char)(least >> 4 << 6);
            to[8 + sub] = (unsigned char)((scale & 15) | (least & 15) << 4);
        }
    }
    for (int i = 0; i < 16; i++)
        memcpy(to + 16 + 8 * i, eight + 128 + 64 * i + 8 * row, 8);
}

EXPORT void ggml_gemv_q4_K_8x8_q8_K(int n, float *s, size_t bs, const void *rows, const void *x, int nr, int nc);
void ggml_gemv_q4_K_8x8_q8_K(int n, float *s, size_t bs, const void *rows, const void *x, int nr, int nc)
{
    (void)bs;
    unsigned char row[LONGEST / 256][144];
    if (nr != 1 || nc % 8 != 0 || n > LONGEST) abort();
    for (int i = 0; i < nc; i++) {
        for (int b = 0; b < n / 256; b++)
            one_of_eight((const unsigned char *)rows + (i / 8 * (n / 256) + b) * 8 * 144, i % 8, row[b]);
        dot(12, false, n, s + i, row, x);
    }
}

#define PREPARE(name)                                                                                                  \
    EXPORT void name(const float *x, void *to, int64_t n);                                                             \
    void name(const float *x, void *to, int64_t n)                                                                     \
    {                                                                                                                  \
        prepare(x, to, n);                                                                                             \
    }

DOT(f32, 0, true)
DOT(f16, 1, false)
DOT(q8_0_q8_0, 8, false)
DOT(q4_K_q8_K, 12, false)
DOT(q5_K_q8_K, 13, false)
DOT(q6_K_q8_K, 14, false)
#if WRONG != 5
PREPARE(ggml_fp32_to_fp16_row)
PREPARE(quantize_row_q8_0)
PREPARE(quantize_row_q8_K_ref)
#endif
