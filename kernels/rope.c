#include "kernels/rope.h"

#include <math.h>
#include <stdlib.h>

static double step_of(const rope_table *t, int i, float base, const float *factors)
{
    return pow(base, -2.0 * i / t->n_rot) / (factors ? factors[i] : 1.0);
}

static bool make_steps(rope_table *t, float base, const float *factors)
{
    if (t->steps) return true;
    t->steps = reallocarray(NULL, (size_t)t->n_rot, ROPE_TILE * sizeof *t->steps);
    for (int i = 0; t->steps && i < t->n_rot / 2; i++)
        for (int c = 0; c < ROPE_TILE; c++) {
            float *cosine = t->steps + (size_t)i * 2 * ROPE_TILE + (size_t)c;
            cosine[0] = (float)cos(c * step_of(t, i, base, factors));
            cosine[ROPE_TILE] = (float)sin(c * step_of(t, i, base, factors));
        }
    return t->steps != NULL;
}

bool rope_table_grow(rope_table *t, int n_pos, float base, const float *factors)
{
    if (n_pos <= t->n_pos) return true;
    if (!make_steps(t, base, factors)) return false;
    float *grown = reallocarray(t->cos_sin, (size_t)n_pos, (size_t)t->n_rot * sizeof *grown);
    if (!grown) return false;
    t->cos_sin = grown;
    if (!t->loops) t->loops = loops_best();
    double length = t->magnitude == 0 ? 1 : (double)t->magnitude;
    for (int i = 0; i < t->n_rot / 2; i++) {
        const double step = step_of(t, i, base, factors);
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
    free(t->steps);
    t->cos_sin = t->steps = NULL;
    t->n_pos = 0;
}

void rope_rotate(const rope_table *t, float *row, int pos)
{
    const size_t n_rot = (size_t)t->n_rot;
    const float *cos_sin = t->cos_sin + (size_t)pos * n_rot;
    (t->interleaved ? t->loops->turn_neighbours : t->loops->turn_halves)(row, cos_sin, n_rot / 2);
}
