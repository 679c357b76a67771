#include "engine/sample.h"

#include <math.h>

#include "kernels/random.h"

int32_t sample_greedy(const float *logits, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return (int32_t)best;
}

int32_t sample_temperature(const float *logits, size_t n, double temperature, uint64_t seed, uint64_t counter)
{
    double max = (double)logits[sample_greedy(logits, n)], sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp(((double)logits[i] - max) / temperature);
    double left = random_uniform(seed, counter) * sum;
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        double p = exp(((double)logits[i] - max) / temperature);
        if (p > 0) last = i;
        left -= p;
        if (left < 0) return (int32_t)i;
    }
    return (int32_t)last;
}
