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

void quantizer_tree(const float *boundary, int bits, float *tree)
{
    tree[0] = 0.0f;
    for (int s = 0; s < bits; s++)
        for (int k = 0; k < 1 << s; k++)
            tree[(1 << s) + k] = boundary[(2 * k + 1) * (1 << (bits - 1 - s)) - 1];
}

static int small_cell(const quantizer_cells *c, float v)
{
    const float first = 8388608.0f, last = first + (float)(QUANTIZER_CELLS - 1), at = v * c->scale + c->shift;
    return (int)((at < first ? first : at > last ? last : at) - first);
}

/* Boundaries from cell 1 or 2 to 29 or 30. Cells never decrease with v, so that the count in and below one settles. */
static void cells_init(quantizer_cells *c, const float *boundary, int n)
{
    c->scale = (float)(QUANTIZER_CELLS - 4) / (boundary[n - 1] - boundary[0]);
    c->shift = 8388608.0f + rintf(1.5f - boundary[0] * c->scale);
    if (!(fabsf(c->shift - 8388608.0f) < 1e6f)) return;
    int below = 0;
    for (int cell = 0; cell < QUANTIZER_CELLS; cell++) {
        c->below[cell] = (uint32_t)below;
        c->boundary[cell] = NAN;
        if (below < n && small_cell(c, boundary[below]) == cell) c->boundary[cell] = boundary[below++];
    }
    c->ok = below == n;
}

bool quantizer_init(quantizer *q, const float *level, const float *boundary, int n)
{
    memset(q, 0, sizeof *q);
    q->n = n;
    memcpy(q->level, level, (size_t)n * sizeof *level);
    memcpy(q->boundary, boundary, (size_t)(n - 1) * sizeof *boundary);
    for (int i = n - 1; i < QUANTIZER_LEVELS; i++)
        q->boundary[i] = NAN; /* no value is at or above it */
    while (1 << q->bits < n)
        q->bits++;
    quantizer_tree(q->boundary, q->bits, q->tree);
    if (n > 4 && n <= QUANTIZER_COUNTED) cells_init(&q->cells, boundary, n - 1);
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
