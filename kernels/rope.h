/* rope.h - rotary position embedding of keys and queries.
 *
 * Pair i of the first n_rot coordinates is turned by pos / (factor[i] · base^(2i/n_rot)) radians. Two layouts of pairs:
 * interleaved (2i, 2i+1), as llama's GGUF tensors are stored, and halves (i, i + n_rot/2), as qwen's. Coordinates past
 * n_rot stay. Models whose context was extended lengthen keys and queries by a magnitude as they turn them
 * (kernels/rope_scaling.h). Angles are computed in f64, the rotation in f32. Su et al., arXiv 2104.09864.
 *
 *     rope_table t = { .n_rot = 128, .interleaved = true };
 *     rope_table_grow(&t, 1024, 10000.0f, NULL);
 *     rope_rotate(&t, key, 17);
 *     rope_table_release(&t);
 */
#ifndef KVANT_KERNELS_ROPE_H
#define KVANT_KERNELS_ROPE_H

#include <stdbool.h>

#include "kernels/loops.h"

enum { ROPE_TILE = 32 };

typedef struct rope_table {
    int n_rot; /* even */
    bool interleaved;
    float magnitude;    /* cos and sin are multiplied by it; 0 stands for 1 */
    int n_pos;          /* positions 0 … n_pos-1 are ready */
    float *cos_sin;     /* [n_pos][n_rot/2][2] */
    float *steps;       /* [n_rot/2][cos, sin][ROPE_TILE]: angles 0 … ROPE_TILE-1 positions on, not lengthened */
    const loops *loops; /* this machine's; from rope_table_grow */
} rope_table;

/* Makes positions 0 … n_pos-1 ready. factors: n_rot/2 divisors of the frequencies (llama 3's rope_freqs,
 * kernels/rope_scaling.h) or NULL. False when there is no memory; the table is then as it was. [one thread] */
bool rope_table_grow(rope_table *t, int n_pos, float base, const float *factors);
void rope_table_release(rope_table *t);

/* Rotates one row of at least n_rot f32 in place; pos < n_pos. [any thread] */
void rope_rotate(const rope_table *t, float *row, int pos);

#endif
