#include "kernels/rope_scaling.h"

#include <math.h>

/* The pair, a real number, that turns `turns` times in the original context: base^(-2i/n) · original = 2 pi · turns. */
static double pair_of(const rope_scaling *s, int n_rot, double base, double turns)
{
    const double two_pi = 6.283185307179586;
    return n_rot * log(s->original / (turns * two_pi)) / (2 * log(base));
}

void rope_scaling_divisors(const rope_scaling *s, int n_rot, double base, const float *factors, float *divisors)
{
    double low = fmax(0, floor(pair_of(s, n_rot, base, s->beta_fast)));
    double high = fmin(n_rot - 1, ceil(pair_of(s, n_rot, base, s->beta_slow)));
    for (int i = 0; i < n_rot / 2; i++) {
        double ramp = fmin(1, fmax(0, (i - low) / fmax(0.001, high - low)));
        double kept = s->mix * (1 - ramp); /* of the trained frequency; the rest is divided */
        divisors[i] = (float)((factors ? (double)factors[i] : 1) / ((1 - kept) / s->factor + kept));
    }
}

double rope_scaling_magnitude(const rope_scaling *s)
{
    return s->mix != 0 && s->factor > 1 ? 1 + 0.1 * log(s->factor) : 1;
}
