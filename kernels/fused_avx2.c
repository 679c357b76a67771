/* The AVX2 level of fused.h; the build gives this file its instruction set. */
#define FUSED_TABLE fused_avx2
#include "kernels/fused_body.h"
