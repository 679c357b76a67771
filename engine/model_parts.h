/* model_parts.h - what the files of the model reader tell each other. Private to engine/model*.c.
 */
#ifndef KVANT_ENGINE_MODEL_PARTS_H
#define KVANT_ENGINE_MODEL_PARTS_H

#include "engine/model.h"

enum { MODEL_KEY = 128 };

/* "<arch>.<suffix>" */
void model_key(const model_shape *s, const char *suffix, char key[MODEL_KEY]);

/* A number above 0 of the metadata. */
bool model_positive(const gguf *g, const model_shape *s, const char *suffix, float otherwise, float *value, fault *f);

/* model_rope.c: base, scaling and which divisors there are, into the shape ... */
bool model_read_ropes(const gguf *g, model_shape *s, fault *f);

/* ... and the rotations themselves. factors: of rope_freqs, rope_factors_short and rope_factors_long, n_rot/2 each or
 * NULL; they stay the caller's. */
bool model_make_ropes(model *m, float *const factors[3], fault *f);
void model_free_ropes(model *m);

#endif
