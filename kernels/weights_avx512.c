/* The AVX-512 level of weights.h. */
#define WEIGHTS_TABLE weights_avx512
#include "kernels/weights_body.h"
