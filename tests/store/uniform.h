/* uniform.h - numbers from 0 to 1, the same after the same random_state. */
#ifndef KVANT_TESTS_STORE_UNIFORM_H
#define KVANT_TESTS_STORE_UNIFORM_H

#include <stdint.h>

static uint32_t random_state;

static inline double uniform(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) / 16777216.0;
}

#endif
