/* The AVX2 level of trellis_walk.h; the build gives this file its instruction set. */
#define TRELLIS_WALK trellis_walk_avx2
#define N            8
#include "kernels/trellis_walk_body.h"
