#include "kernels/wht.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu.h"
#include "kernels/random.h"

enum { MASKED = 128 };

/* Entry i is minus one where bit i mod 8 of byte i/8 is set. */
static const uint8_t masks[2][MASKED / 8] = {
    { 0x59, 0x03, 0x6a, 0xe4, 0x49, 0x59, 0xf8, 0x42, 0xbb, 0x3b, 0xc6, 0xa4, 0xa9, 0x50, 0xf2, 0x49 },
    { 0x90, 0xee, 0xac, 0x16, 0xdc, 0x8f, 0x62, 0x3f, 0x7a, 0x35, 0xa5, 0xb7, 0x62, 0x65, 0xa5, 0xbe },
};

static int odd_part(int n)
{
    while (n % 2 == 0)
        n /= 2;
    return n;
}

bool wht_takes(int n)
{
    return n >= WHT_MIN && n <= WHT_MAX && n % 2 == 0 && odd_part(n) <= WHT_ODD_MAX;
}

static float sign(int which, int i)
{
    const bool minus =
        i < MASKED ? masks[which][i / 8] >> (i % 8) & 1 : random_bits(WHT_KEY + 1 + (uint64_t)which, (uint64_t)i) >> 63;
    return minus ? -1.0f : 1.0f;
}

bool wht_init(wht *w, int n)
{
    if (!wht_takes(n)) return false;
    w->n = n;
    w->odd = odd_part(n);
    w->lanes = lanes_at(cpu_level());
    w->scale = n == 128 ? 0.08838834764831845f : (float)(1.0 / sqrt((double)n));
    for (int i = 0; i < n; i++) {
        w->s1[i] = sign(0, i);
        w->s2[i] = sign(1, i);
    }
    for (int i = 0; i < w->odd; i++) {
        const double angle = 6.283185307179586 * i / w->odd;
        w->hartley[i] = (float)(cos(angle) + sin(angle));
    }
    return true;
}

void wht_set_signs(wht *w, const float *s1, const float *s2)
{
    memcpy(w->s1, s1, (size_t)w->n * sizeof *s1);
    memcpy(w->s2, s2, (size_t)w->n * sizeof *s2);
}

/* Strides 1, 2, 4 … size/2. The first two are fused: the same sums in the same order, fewer passes over memory. */
static void butterflies(float *restrict x, int size)
{
    int stride = 1;
    if (size >= 4) {
        for (int i = 0; i < size; i += 4) {
            const float a = x[i] + x[i + 1], b = x[i] - x[i + 1];
            const float c = x[i + 2] + x[i + 3], d = x[i + 2] - x[i + 3];
            x[i] = a + c;
            x[i + 1] = b + d;
            x[i + 2] = a - c;
            x[i + 3] = b - d;
        }
        stride = 4;
    }
    for (; stride < size; stride *= 2)
        for (int i = 0; i < size; i += 2 * stride) {
            float *restrict low = x + i, *restrict high = x + i + stride;
            for (int j = 0; j < stride; j++) {
                const float a = low[j], b = high[j];
                low[j] = a + b;
                high[j] = a - b;
            }
        }
}

/* Mixes the odd number of pieces of `size` values: piece i becomes the sum of C[i][j] · piece j. */
static void hartley(const wht *w, float *restrict x, int size)
{
    float pieces[WHT_MAX];
    memcpy(pieces, x, (size_t)w->n * sizeof *x);
    for (int i = 0; i < w->odd; i++) {
        float *restrict out = x + i * size;
        memcpy(out, pieces, (size_t)size * sizeof *x);
        for (int j = 1; j < w->odd; j++) {
            const float c = w->hartley[i * j % w->odd];
            const float *restrict piece = pieces + j * size;
            for (int t = 0; t < size; t++)
                out[t] += c * piece[t];
        }
    }
}

/* As many rows as fill the lanes, again and again; how many that were. */
static size_t rotate_tiles(const wht *w, const float *first, const float *last, float *rows, size_t n_rows)
{
    const size_t n = (size_t)w->n, at_once = w->lanes ? (size_t)w->lanes->n : 0;
    _Alignas(LANES_ALIGN) float tile[WHT_MAX * LANES_MOST];
    size_t r = 0;
    for (; at_once && r + at_once <= n_rows; r += at_once) {
        w->lanes->gather(rows + r * n, n, n, n, tile);
        w->lanes->rotate(w, first, last, NULL, tile);
        w->lanes->scatter(tile, n, rows + r * n, n);
    }
    return r;
}

static void rotate(const wht *w, const float *first, const float *last, float *rows, size_t n_rows)
{
    const int n = w->n, size = n / w->odd;
    for (size_t r = n_rows > 1 ? rotate_tiles(w, first, last, rows, n_rows) : 0; r < n_rows; r++) {
        float *restrict x = rows + r * (size_t)n;
        for (int i = 0; i < n; i++)
            x[i] *= first[i];
        for (int i = 0; i < n; i += size)
            butterflies(x + i, size);
        if (w->odd > 1) hartley(w, x, size);
        for (int i = 0; i < n; i++)
            x[i] *= w->scale * last[i];
    }
}

void wht_forward(const wht *w, float *rows, size_t n_rows)
{
    rotate(w, w->s1, w->s2, rows, n_rows);
}

void wht_inverse(const wht *w, float *rows, size_t n_rows)
{
    rotate(w, w->s2, w->s1, rows, n_rows);
}
