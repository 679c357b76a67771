/* rope_scaling.h - rotary angles of a model whose context was made longer than it was trained for.
 *
 * Every published way divides the frequencies of RoPE, each by its own number, and may multiply the rotated rows by a
 * magnitude; rope_table takes both.
 *
 *     linear    all by `factor` (Chen et al., arXiv 2306.15595): mix = 0
 *     YaRN      those that turn fewer than beta_slow times in the original context by `factor`, those that turn more
 *               than beta_fast times by 1, a linear ramp over the pairs between (Peng et al., arXiv 2309.00071):
 *               mix = 1, and the magnitude grows by 0.1 ln(factor)
 *     longrope  divisors come with the model (Ding et al., arXiv 2402.13753), a magnitude too
 *
 * As engines compute YaRN, the ends of the ramp are rounded outwards to whole pairs.
 */
#ifndef KVANT_KERNELS_ROPE_SCALING_H
#define KVANT_KERNELS_ROPE_SCALING_H

typedef struct rope_scaling {
    double factor;   /* at least 1 usually; 1 leaves the angles exactly as they are */
    double mix;      /* how much of the ramp counts: 0 linear, 1 YaRN */
    double original; /* context, in positions, that the ramp counts turns in */
    double beta_fast, beta_slow;
} rope_scaling;

/* The n_rot/2 divisors of the frequencies base^(-2i/n_rot), on top of `factors` (n_rot/2, or NULL). [any thread] */
void rope_scaling_divisors(const rope_scaling *s, int n_rot, double base, const float *factors, float *divisors);

/* 1, or 1 + 0.1 ln(factor) when the ramp counts and the factor is above 1. [any thread] */
double rope_scaling_magnitude(const rope_scaling *s);

#endif
