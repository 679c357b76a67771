/* The AVX2 level of turned.h. */
#define TURNED_TABLE turned_avx2
#include "kernels/turned_body.h"
