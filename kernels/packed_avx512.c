/* The AVX-512 level of packed.h; the build gives this file its instruction set. */
#define PACKED_TABLE packed_avx512
#include "kernels/packed_body.h"
