/* The AVX2 level of weights.h. */
#define WEIGHTS_TABLE weights_avx2
#include "kernels/weights_body.h"
