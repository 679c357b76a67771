/* The AVX2 level of lanes.h; the build gives this file its instruction set. */
#define LANES_TABLE lanes_avx2
#define N           8
#include "kernels/lanes_body.h"
