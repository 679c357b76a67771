/* passages.h - the tokens a run is evaluated on, cut into passages.
 *
 * A text is a UTF-8 file, tokenised once, or `self`: sequences sampled from the model itself at temperature 1, one per
 * passage, each a pure function of (model, seed, passage), so that any model can be examined with no corpus at hand.
 *
 * A passage is `length` tokens: ctx for the stream protocol, ctx + eval for snapshot. A file is tokenised with its
 * special tokens, cut into consecutive passages, and where the model wants it BOS replaces the first token of each
 * (llama-perplexity's rule). A sampled passage begins with BOS, or EOS for a model without.
 */
#ifndef KVANT_APP_PASSAGES_H
#define KVANT_APP_PASSAGES_H

#include <stdint.h>

#include "app/shelf.h"
#include "base/hash.h"
#include "engine/forward.h"
#include "engine/tokenizer.h"

typedef struct passages {
    int32_t *tokens; /* [n][length] */
    int n, length;
    char text_id[HASH_HEX]; /* of the file's bytes; for self of (model, seed) */
    uint64_t text_tokens;   /* tokens of the whole file; for self n * length */
} passages;

#define PASSAGES_SAMPLING "sampling the text" /* a step of so many tokens */

/* Told how far a long step is; false stops it (FAULT_INTERRUPTED). */
typedef struct passages_watch {
    bool (*at)(void *self, const char *what, size_t done, size_t total);
    void *self;
} passages_watch;

typedef struct passages_request {
    const char *text; /* a path, or "self" */
    int n;            /* passages wanted */
    bool at_most;     /* fewer are fine, when the file has fewer (one at least) */
    bool from_end;    /* of a file: its last passages, not its first */
    int length;
    uint64_t seed;        /* of self */
    const char *model_id; /* hash of the model file */
} passages_request;

/* A text too short for what was asked is a fault that says how many passages it has. The caller releases *out. */
bool passages_make(const passages_request *request, const tokenizer *t, engine *e, const shelf *kept,
                   const passages_watch *watch, passages *out, fault *f);
void passages_release(passages *p);

const int32_t *passages_at(const passages *p, int i);

#endif
