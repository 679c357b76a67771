/* The NEON level of lanes.h; the build gives this file its instruction set. */
#define LANES_TABLE lanes_neon
#define N           4
#include "kernels/lanes_body.h"
