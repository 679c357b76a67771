/* The NEON level of weights.h. */
#define WEIGHTS_TABLE weights_neon
#include "kernels/weights_body.h"
