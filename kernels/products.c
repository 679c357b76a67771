#include "kernels/products.h"

#include "kernels/cpu.h"

#if defined(__x86_64__)
extern const products products_amx;
#endif

const products *products_best(void)
{
#if defined(__x86_64__)
    return cpu_tiles() ? &products_amx : NULL;
#else
    return NULL;
#endif
}
