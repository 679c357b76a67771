/* The AVX2 level of dense.h; the build gives this file its instruction set. */
#define DENSE_TABLE dense_avx2
#define DENSE_LANES 4
#define DENSE_REGS  2
#include "kernels/dense_body.h"
