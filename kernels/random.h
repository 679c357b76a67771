/* random.h - counter-based random numbers: a pure function of (key, counter).
 *
 * No state, so any thread may draw any number in any order and a run can be replayed from its keys. The bits are
 * SplitMix64's: random_bits(key, counter) is the output number counter + 1 of a SplitMix64 generator whose seed is the
 * mixed key, so that neighbouring keys give unrelated streams. Passes as statistics for signs, sketches and samples;
 * not for secrets. Generator: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with
 * Stafford's mixer 13.
 *
 *     for (uint64_t i = 0; i < n; i++)
 *         row[i] = (float)random_normal(seed, i);
 */
#ifndef KVANT_KERNELS_RANDOM_H
#define KVANT_KERNELS_RANDOM_H

#include <stdint.h>

/* 64 random bits. [any thread] */
uint64_t random_bits(uint64_t key, uint64_t counter);

/* Uniform in (0, 1), both ends excluded: (k + 1/2) / 2^52. [any thread] */
double random_uniform(uint64_t key, uint64_t counter);

/* Standard normal by Box and Muller from the uniforms 2·counter and 2·counter + 1 of the key; libm's log, sqrt and cos,
 * so the last bit is the platform's. [any thread] */
double random_normal(uint64_t key, uint64_t counter);

#endif
