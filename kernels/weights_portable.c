/* The portable level of weights.h, which defines what the others compute. */
#define VEC_PORTABLE
#define WEIGHTS_TABLE weights_portable
#include "kernels/weights_body.h"
