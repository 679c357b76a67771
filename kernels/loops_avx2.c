/* The AVX2 level of loops.h; the build gives this file its instruction set. */
#define LOOPS_TABLE loops_avx2
#include "kernels/loops_body.h"
