/* The AVX-512 level of simd.h; the build gives this file its instruction set. */
#define SIMD_TABLE  simd_avx512
#define SIMD_NAME   "avx512"
#define SIMD_PACKED packed_avx512
#include "kernels/simd_body.h"
