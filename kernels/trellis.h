/* trellis.h - trellis-coded quantisation: a row as a path through a shift register.
 *
 * The state is the last `memory` bits of the code, the newest lowest; every value shifts in `bits` new ones and is
 * decoded as the level of the state it leads to. So any value is read in O(1), from one window of the code, while the
 * encoder chooses among paths whose levels differ long before and after: at 2 bits and 4096 states it has 0.070 of a
 * Gaussian row's energy as error where single values have 0.117 and the limit is 0.0625. The encoder is Viterbi's:
 * bits·2^memory comparisons a value, run twice, because the row bites its tail: its code is read as a circle, so that
 * no bits go to a starting state. QTIP, arXiv 2406.11235 (bit-shift trellis, tail biting); Marcellin and Fischer 1990.
 *
 * Levels: the 2^memory quantiles of N(0, 1), dealt to the states at random, but so that the 2^bits ways out of a state
 * and the 2^bits ways into its successor have one level each from every 2^bits-th part of the density. This is better
 * than levels drawn at random (0.0725) and needs no stored table.
 *
 * Code: symbol t is the `bits` bits from (n-1-t)·bits on, least significant first; the window of value t begins there
 * and runs, around the end, over the symbols before.
 *
 *     trellis t;
 *     trellis_init(&t, 2, 10);
 *     trellis_encode(&t, row, 128, code, room);      values of about unit variance
 *     trellis_decode(&t, code, 128, row);
 */
#ifndef KVANT_KERNELS_TRELLIS_H
#define KVANT_KERNELS_TRELLIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/trellis_walk.h"

enum { TRELLIS_BITS_MAX = 3, TRELLIS_MEMORY_MIN = 8, TRELLIS_MEMORY_MAX = 12, TRELLIS_STATES_MAX = 4096 };

typedef struct trellis {
    int bits, memory;
    trellis_walk *walk;              /* this machine's inner loop */
    float level[TRELLIS_STATES_MAX]; /* by state */
} trellis;

/* bits: 1 … 3, memory: 8 … 12; false for others. The levels come from libm's erfc, so their last bit is the platform's;
 * half a millisecond. [any thread] */
bool trellis_init(trellis *t, int bits, int memory);

/* Bytes of work space for rows of n values; at most 1.1 MB for n = 512. */
size_t trellis_room(const trellis *t, size_t n);

/* Writes the n·bits/8 bytes of the path nearest to the n values, among those through the overlap that a first pass over
 * the row, begun in its middle, has found best. n: a multiple of 8 with n·bits >= memory; values finite and small
 * enough that the sum of their squares is far from f32's end; room: aligned for float. [any thread, with its own room]
 */
void trellis_encode(const trellis *t, const float *values, size_t n, uint8_t *code, void *room);

/* The n levels of a code. Every code is one of some row. [any thread] */
void trellis_decode(const trellis *t, const uint8_t *code, size_t n, float *values);

#endif
