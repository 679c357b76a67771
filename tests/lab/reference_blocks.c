/* A reference library as `kvant bench --against` wants it: q8_0 with ggml's signatures, written from the format alone.
 * WRONG 1 moves one code of every third row by one, 2 writes longer blocks, 3 dies, 4 ends the process when loaded. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef WRONG
#define WRONG 0
#endif

enum { VALUES = 32, BYTES = 34, ROW = 4 /* blocks of a row of 128 */ };

void quantize_row_q8_0_ref(const float *x, void *blocks, int64_t n);
void dequantize_row_q8_0(const void *blocks, float *x, int64_t n);

/* To nearest, ties to even: through the f16 grid's spacing at this size. */
static uint16_t half_of(float v)
{
    int exponent;
    if (v == 0.0f) return 0;
    frexpf(v, &exponent); /* v = m·2^exponent, m from 1/2 to 1 */
    if (exponent < -13) exponent = -13;
    const long steps = lrintf(ldexpf(v, 11 - exponent)); /* of 2^(exponent-11): 1024 … 2048 when normal */
    return (uint16_t)(((exponent + 13) << 10) + steps);
}

static float value_of(uint16_t half)
{
    const int exponent = half >> 10, fraction = half & 1023;
    return exponent ? ldexpf((float)(1024 + fraction), exponent - 25) : ldexpf((float)fraction, -24);
}

void quantize_row_q8_0_ref(const float *x, void *blocks, int64_t n)
{
    unsigned char *out = blocks;
    for (int64_t b = 0; b < n / VALUES; b++, x += VALUES, out += BYTES) {
        float largest = 0.0f;
        for (int i = 0; i < VALUES; i++)
            largest = fmaxf(largest, fabsf(x[i]));
        const float d = largest / 127.0f, inverse = d > 0.0f ? 1.0f / d : 0.0f;
        const uint16_t half = half_of(d);
        memcpy(out, &half, sizeof half);
        for (int i = 0; i < VALUES; i++)
            out[2 + i] = (unsigned char)(int)roundf(x[i] * inverse);
        if (WRONG == 1 && b % (3 * ROW) == 0) out[2 + 7] ^= 1;
    }
    if (WRONG == 2) memset(out, 0, (size_t)n / VALUES);
    if (WRONG == 3) abort();
}

#if WRONG == 4
__attribute__((constructor)) static void leave(void)
{
    _Exit(0);
}
#endif

void dequantize_row_q8_0(const void *blocks, float *x, int64_t n)
{
    const unsigned char *in = blocks;
    for (int64_t b = 0; b < n / VALUES; b++, x += VALUES, in += BYTES) {
        uint16_t half;
        memcpy(&half, in, sizeof half);
        for (int i = 0; i < VALUES; i++)
            x[i] = (float)(signed char)in[2 + i] * value_of(half);
    }
}
