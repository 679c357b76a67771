/* The portable level of turned.h, which defines what the others compute. */
#define VEC_PORTABLE
#define TURNED_TABLE turned_portable
#include "kernels/turned_body.h"
