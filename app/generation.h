/* generation.h - a text read and continued token by token, through the exact cache or a config's.
 *
 *     generation *g = generation_open(e, compressor, 1024, &f);         compressor NULL: the exact cache
 *     generation_read(g, prompt, n, &f);
 *     answer a = { .tokens = ids, .room = 64 };
 *     generation_continue(g, tokenizer, NULL, &a, &f);                  greedy
 *     generation_close(g, &f);                                          with a compressor: its rows are counted
 *
 * What comes out does not depend on how a text is split over calls, nor on threads. A compressor serves one generation
 * at a time. [one thread at a time]
 */
#ifndef KVANT_APP_GENERATION_H
#define KVANT_APP_GENERATION_H

#include "app/compress.h"
#include "app/encoded.h"
#include "engine/tokenizer.h"

typedef struct generation generation;

/* Room for `capacity` positions (compressor: at most those it was opened for). e and compressor must outlive it. */
generation *generation_open(engine *e, compressor *c, int capacity, fault *f);

/* The same on a cache as bytes, which is emptied: an encoded cache serves one generation at a time, and keeps its rows
 * when that is closed. */
generation *generation_open_encoded(engine *e, encoded *c, int capacity, fault *f);

/* Frees g in every case (NULL is fine). With a compressor this is the sequence's end, which can be a codec's fault; f
 * NULL: something has failed already, and the compressor is of no more use. */
bool generation_close(generation *g, fault *f);

int generation_length(const generation *g); /* positions read */
int generation_room(const generation *g);   /* positions left */

/* Reads n >= 1 tokens. A text that does not fit is a fault (FAULT_INPUT). */
bool generation_read(generation *g, const int32_t *tokens, int n, fault *f);

/* The same, and the states (n x n_embd), of which app/logits_window.h makes logits a few rows at a time. */
bool generation_read_states(generation *g, const int32_t *tokens, int n, float *states, fault *f);

/* Appends n positions whose rows are given (engine/forward.h), as if they had been read. */
bool generation_append(generation *g, const kv_given *given, int n, fault *f);

/* What the position read last predicts: n_vocab logits. Something must have been read. */
const float *generation_logits(const generation *g);

/* The state (n_embd) that those logits are made of. */
const float *generation_state(const generation *g);

typedef struct answer {
    int32_t *tokens; /* the caller's; without the token that ended it */
    int n, room;     /* at most so many are made */
    bool ended;      /* by an end token, not by the room or a full cache */
} answer;

/* Called after each token; false stops (FAULT_INTERRUPTED). */
typedef struct generation_watch {
    bool (*said)(void *self, int32_t token);
    void *self;
} generation_watch;

/* Appends what the model says, greedily, to *a, until an end token of t, a full answer or a full cache. Every token of
 * the answer has been read afterwards, but for the last one when the cache is full. t NULL: no token ends it. watch may
 * be NULL. */
bool generation_continue(generation *g, const tokenizer *t, const generation_watch *watch, answer *a, fault *f);

#endif
