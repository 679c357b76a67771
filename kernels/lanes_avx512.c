/* The AVX-512 level of lanes.h; the build gives this file its instruction set. */
#define LANES_TABLE lanes_avx512
#define N           16
#include "kernels/lanes_body.h"
