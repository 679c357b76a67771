/* test_trial.h - kakeya opened by a line of settings, and what a round trip through it costs and loses. */
#ifndef KVANT_PLUGINS_KAKEYA_TEST_TRIAL_H
#define KVANT_PLUGINS_KAKEYA_TEST_TRIAL_H

#include "tests/codecs/test_host.h"

/* settings: "bits=4 pca=rsvd", words of enums by name; what is not named has its default. The codec's own result. */
int trial_try_open(test_instance *t, const kvant_codec *codec, const kvant_shape *shape, const char *settings);

/* kakeya for a K stream of dim, one layer, one head; must succeed. */
void trial_open(test_instance *t, int dim, const char *settings);

typedef struct trial_result {
    double error;  /* Σ|x - x̂|² */
    double energy; /* Σ|x|² */
    size_t bytes;
} trial_result;

/* Encodes n rows in one instance and decodes them in another, with no side data between. */
trial_result trial_round(const char *settings, const float *rows, size_t n, int dim);

/* As keys are: channel means far from 0, a dozen common factors over a floor of noise, a few channels ten times larger.
 * Free them. */
float *trial_keys(size_t n, size_t dim, uint64_t seed);

#endif
