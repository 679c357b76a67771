/* The NEON level of simd.h; the build gives this file its instruction set. */
#define SIMD_TABLE  simd_neon
#define SIMD_NAME   "neon"
#define SIMD_PACKED packed_neon
#include "kernels/simd_body.h"
