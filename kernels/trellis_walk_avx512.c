/* The AVX-512 level of trellis_walk.h; the build gives this file its instruction set. */
#define TRELLIS_WALK trellis_walk_avx512
#define N            16
#include "kernels/trellis_walk_body.h"
