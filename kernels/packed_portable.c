/* The portable level of packed.h; the build gives this file its instruction set. */
#define PACKED_TABLE packed_portable
#include "kernels/packed_body.h"
