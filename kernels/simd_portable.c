/* The portable level of simd.h; the build gives this file its instruction set. */
#define VEC_PORTABLE
#define SIMD_TABLE  simd_portable
#define SIMD_NAME   "portable"
#define SIMD_PACKED packed_portable
#include "kernels/simd_body.h"
