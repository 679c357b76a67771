/* turned.h - scores of keys that are kept before RoPE: turned and multiplied in one go.
 *
 * Keys come as a tile on its side, value i of the key at position first + c at tile[i*columns + c], so that turning and
 * multiplying need no shuffle. The angle of position p is put together from those of p - p mod ROPE_TILE, which are a
 * line of the table, and of p mod ROPE_TILE positions: a tile reads one line where turning row by row reads all.
 *
 *     cosine, sine   of the sum of two angles, in f32, a product and a fused multiply-add each
 *     pair (x, y)    becomes (x cosine - y sine, x sine + y cosine), in the same way
 *     score          sums over pairs ascending, one of the pairs' first values and one of their second, a fused
 *                    multiply-add a step; values that RoPE leaves alone follow in the first; then both are added
 *
 * That is so on every level of kernels/cpu.h, and a score depends on its query, key and position alone. It is within a
 * few units in the last place of rope_rotate and a product.
 *
 *     const turned *t = turned_at(cpu_level());
 *     decode t->columns keys from position `first` on into tile
 *     t->scores(rope, first, tile, 128, q, n_q, 0, n, scores, ld);
 */
#ifndef KVANT_KERNELS_TURNED_H
#define KVANT_KERNELS_TURNED_H

#include <stddef.h>

#include "kernels/rope.h"

enum { TURNED_MOST = 16 };

typedef struct turned {
    size_t columns; /* keys of a tile: at most TURNED_MOST, a divisor of ROPE_TILE */

    /* scores[i*ld + c] of n_q queries after RoPE, dim apart, with the n keys from column `from` on; `first`, the
     * position of column 0, is a multiple of columns and below the table's n_pos. What the tile holds afterwards is
     * not said. [any thread] */
    void (*scores)(const rope_table *rope, size_t first, float *tile, size_t dim, const float *q, size_t n_q,
                   size_t from, size_t n, float *scores, size_t ld);
} turned;

/* For a level of kernels/cpu.h that this processor runs. */
const turned *turned_at(int level);

#endif
