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

/* The weight of logit i: from `kept`, or computed. */
static double weight(const float *logits, size_t i, double max, double temperature, const double *kept)
{
    return kept ? kept[i] : exp(((double)logits[i] - max) / temperature);
}

int32_t sample_with(const float *logits, size_t n, double temperature, uint64_t seed, uint64_t counter, double *scratch)
{
    const double max = (double)logits[sample_greedy(logits, n)];
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = weight(logits, i, max, temperature, NULL);
        if (scratch) scratch[i] = w;
        sum += w;
    }
    double left = random_uniform(seed, counter) * sum;
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = weight(logits, i, max, temperature, scratch);
        if (w > 0) last = i;
        left -= w;
        if (left < 0) return (int32_t)i;
    }
    return (int32_t)last;
}

int32_t sample_temperature(const float *logits, size_t n, double temperature, uint64_t seed, uint64_t counter)
{
    return sample_with(logits, n, temperature, seed, counter, NULL);
}
