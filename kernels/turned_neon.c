/* The NEON level of turned.h. */
#define TURNED_TABLE turned_neon
#include "kernels/turned_body.h"
