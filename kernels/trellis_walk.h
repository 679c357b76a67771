/* trellis_walk.h - the inner loop of trellis.h's encoder, one per instruction set; all give the same bits.
 */
#ifndef KVANT_KERNELS_TRELLIS_WALK_H
#define KVANT_KERNELS_TRELLIS_WALK_H

#include <stddef.h>
#include <stdint.h>

/* The least costs of the paths over n values. An overlap is what two successive states share; `ways` = 2^bits states
 * follow it, so a cost stands in as many places: cost[s] is the cost of the overlap that state s comes from. Before the
 * first value that is what cost holds (2 x overlaps x ways floats, the second half is for the way), after the last
 * value it is in what is returned, one half or the other. oldest[i x overlaps + o]: which of the ways into overlap o
 * was best at value i, of equals the lowest. level: by state. bits: 1 … 3; overlaps: a multiple of 16. [any thread] */
typedef const float *trellis_walk(const float *level, int bits, size_t overlaps, const float *x, size_t n, float *cost,
                                  uint8_t *oldest);

/* The one for a level of kernels/cpu.h. */
trellis_walk *trellis_walk_at(int level);

#endif
