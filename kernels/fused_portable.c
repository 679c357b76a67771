/* The portable level of fused.h; the build gives this file its instruction set. */
#define VEC_PORTABLE
#define FUSED_TABLE fused_portable
#include "kernels/fused_body.h"
