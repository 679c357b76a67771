/* The AVX-512 level of fused.h; the build gives this file its instruction set. */
#define FUSED_TABLE fused_avx512
#include "kernels/fused_body.h"
