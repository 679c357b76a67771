#include "kernels/rope.h"

#include <math.h>
#include <stdlib.h>

bool rope_table_grow(rope_table *t, int n_pos, float base, const float *factors)
{
    if (n_pos <= t->n_pos) return true;
    float *grown = reallocarray(t->cos_sin, (size_t)n_pos, (size_t)t->n_rot * sizeof *grown);
    if (!grown) return false;
    t->cos_sin = grown;
    if (!t->loops) t->loops = loops_best();
    double length = t->magnitude == 0 ? 1 : (double)t->magnitude;
    for (int i = 0; i < t->n_rot / 2; i++) {
        double step = pow(base, -2.0 * i / t->n_rot) / (factors ? factors[i] : 1.0);
        for (int pos = t->n_pos; pos < n_pos; pos++) {
            float *cs = grown + (size_t)pos * (size_t)t->n_rot + 2 * (size_t)i;
            cs[0] = (float)(length * cos(pos * step));
            cs[1] = (float)(length * sin(pos * step));
        }
    }
    t->n_pos = n_pos;
    return true;
}

void rope_table_release(rope_table *t)
{
    free(t->cos_sin);
    t->cos_sin = NULL;
    t->n_pos = 0;
}

void rope_rotate(const rope_table *t, float *row, int pos)
{
    const size_t n_rot = (size_t)t->n_rot;
    const float *cos_sin = t->cos_sin + (size_t)pos * n_rot;
    (t->interleaved ? t->loops->turn_neighbours : t->loops->turn_halves)(row, cos_sin, n_rot / 2);
}
