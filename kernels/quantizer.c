#include "kernels/quantizer.h"

#include <math.h>
#include <string.h>

static int cell_of(const quantizer *q, float v)
{
    const float cell = (v - q->origin) * q->per_unit;
    const float low = cell > 0.0f ? cell : 0.0f;
    return (int)(low < (float)(QUANTIZER_GRID - 1) ? low : (float)(QUANTIZER_GRID - 1));
}

/* cell_of never decreases with v, so every boundary in an earlier cell is below v and none in a later cell is. */
static bool grid_init(quantizer *q)
{
    const int n = q->n - 1;
    q->origin = q->boundary[0];
    q->per_unit = (float)(QUANTIZER_GRID - 2) / (q->boundary[n - 1] - q->boundary[0]);
    int below = 0;
    for (int cell = 0; cell < QUANTIZER_GRID; cell++) {
        q->below[cell] = (uint8_t)below;
        int here = 0;
        while (below < n && cell_of(q, q->boundary[below]) == cell) {
            below++;
            here++;
        }
        if (here > 1) return false;
    }
    return below == n;
}

bool quantizer_init(quantizer *q, const float *level, const float *boundary, int n)
{
    memset(q, 0, sizeof *q);
    q->n = n;
    memcpy(q->level, level, (size_t)n * sizeof *level);
    memcpy(q->boundary, boundary, (size_t)(n - 1) * sizeof *boundary);
    for (int i = n - 1; i < QUANTIZER_LEVELS; i++)
        q->boundary[i] = NAN; /* no value is at or above it */
    return n <= QUANTIZER_COUNTED || grid_init(q);
}

static void count(const quantizer *q, const float *restrict values, size_t n, uint8_t *restrict codes)
{
    enum { PIECE = 64 };
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t m = n - at < PIECE ? n - at : PIECE;
        int32_t sum[PIECE] = { 0 };
        for (int b = 0; b < q->n - 1; b++) {
            const float boundary = q->boundary[b];
            for (size_t i = 0; i < m; i++)
                sum[i] += values[at + i] >= boundary;
        }
        for (size_t i = 0; i < m; i++)
            codes[at + i] = (uint8_t)sum[i];
    }
}

void quantizer_codes(const quantizer *q, const float *values, size_t n, uint8_t *codes)
{
    if (q->n <= QUANTIZER_COUNTED) {
        count(q, values, n, codes);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const int below = q->below[cell_of(q, values[i])];
        codes[i] = (uint8_t)(below + (values[i] >= q->boundary[below]));
    }
}

void quantizer_values(const quantizer *q, const uint8_t *codes, size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = q->level[codes[i]];
}
