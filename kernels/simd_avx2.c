/* The AVX2 level of simd.h; the build gives this file its instruction set. */
#define SIMD_TABLE  simd_avx2
#define SIMD_NAME   "avx2"
#define SIMD_PACKED packed_avx2
#include "kernels/simd_body.h"
