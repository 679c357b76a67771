/* read_logits.h - a text read by a generation, and the logits of all its positions. */
#ifndef KVANT_TESTS_READ_LOGITS_H
#define KVANT_TESTS_READ_LOGITS_H

#include <stdlib.h>

#include "app/generation.h"

static inline bool read_logits(engine *e, generation *g, const int32_t *tokens, int n, float *logits, fault *f)
{
    float *states = calloc((size_t)n, (size_t)engine_model(e)->shape.n_embd * sizeof *states);
    const bool ok =
        states && generation_read_states(g, tokens, n, states, f) && engine_logits(e, states, (size_t)n, logits, f);
    free(states);
    return ok;
}

#endif
