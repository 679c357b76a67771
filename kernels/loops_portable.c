/* The level of loops.h that runs everywhere. */
#define LOOPS_TABLE loops_portable
#include "kernels/loops_body.h"
