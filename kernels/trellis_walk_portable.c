/* Four at a time: what every machine has, or the compiler makes of it. */
#define TRELLIS_WALK trellis_walk_portable
#define N            4
#include "kernels/trellis_walk_body.h"
