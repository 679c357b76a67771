/* The plain C level of dense.h. */
#define DENSE_TABLE dense_portable
#define DENSE_LANES 2
#define DENSE_REGS  2
#include "kernels/dense_body.h"
