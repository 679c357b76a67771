/* The AVX-512 level of turned.h. */
#define TURNED_TABLE turned_avx512
#include "kernels/turned_body.h"
