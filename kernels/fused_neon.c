/* The NEON level of fused.h; the build gives this file its instruction set. */
#define FUSED_TABLE fused_neon
#include "kernels/fused_body.h"
