/* The portable level of packed.h; the build gives this file its instruction set. */
#define VEC_PORTABLE
#define PACKED_TABLE packed_portable
#include "kernels/packed_body.h"
