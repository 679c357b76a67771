/* sample.h - choosing a token from logits.
 *
 * Greedy: the largest logit, the lowest id among equals. With a temperature: softmax(logits/T) inverted at one uniform
 * number from the counter-based generator, so a draw is a pure function of (logits, seed, counter). [any thread]
 */
#ifndef KVANT_ENGINE_SAMPLE_H
#define KVANT_ENGINE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

int32_t sample_greedy(const float *logits, size_t n);
int32_t sample_temperature(const float *logits, size_t n, double temperature, uint64_t seed, uint64_t counter);

/* The same token, with room for n weights: each is computed once instead of up to twice. */
int32_t sample_with(const float *logits, size_t n, double temperature, uint64_t seed, uint64_t counter,
                    double *scratch);

#endif
