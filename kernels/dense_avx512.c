/* The AVX-512 level of dense.h; the build gives this file its instruction set. */
#define DENSE_TABLE dense_avx512
#define DENSE_LANES 8
#define DENSE_REGS  4
#include "kernels/dense_body.h"
