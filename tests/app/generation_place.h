/* generation_place.h - a model, codecs and a prompt for tests of texts that are continued. */
#ifndef KVANT_TESTS_GENERATION_PLACE_H
#define KVANT_TESTS_GENERATION_PLACE_H

#include "app/compress.h"
#include "app/registry.h"
#include "engine/tokenizer.h"

enum { CTX = 64, PROMPT = 21, SAID = 30 };

typedef struct place {
    model *model;
    engine *engine;
    tokenizer *tokenizer;
    registry *known;
    host_env env;
    int32_t prompt[PROMPT];
} place;

int set_up(void **state);
int tear_down(void **state);

static inline place *the(void **state)
{
    return *state;
}

typedef struct opened {
    config *config;
    compressor *compressor;
} opened;

opened open_config(const place *p, const char *text);
void close_config(opened *o);

/* What follows the prompt, greedily, by the forward pass alone: how many tokens. */
int continue_by_hand(const place *p, int32_t *out, int most);

#endif
