#include "kernels/random.h"

#include <math.h>

#define GOLDEN 0x9e3779b97f4a7c15u /* 2^64 / golden ratio, odd */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t random_bits(uint64_t key, uint64_t counter)
{
    return mix(mix(key) + GOLDEN * (counter + 1));
}

double random_uniform(uint64_t key, uint64_t counter)
{
    return ((double)(random_bits(key, counter) >> 12) + 0.5) * 0x1p-52;
}

double random_normal(uint64_t key, uint64_t counter)
{
    const double radius = sqrt(-2.0 * log(random_uniform(key, 2 * counter)));
    return radius * cos(6.283185307179586 * random_uniform(key, 2 * counter + 1));
}
