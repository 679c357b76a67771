/* reference.h - what the exact cache gives for one passage: computed once, kept, shared by all configs.
 *
 * stream:   the logits of the scored positions ctx/2 … ctx-2.
 * snapshot: the prefix's exact keys (before RoPE) and values, a sample of its queries, and the logits of the eval-1
 *           scored positions.
 *
 * Logits of a large vocabulary are neither held nor kept: past REFERENCE_LOGITS bytes there are the states they are
 * made from (engine/forward.h), a hundredth of the room, and app/logits_window.h makes them again, to the last bit, a
 * few rows at a time.
 *
 * The key of a kept reference is the model's hash, the engine's fingerprint, the protocol, its numbers and the
 * passage's tokens: nothing else can change it.
 */
#ifndef KVANT_APP_REFERENCE_H
#define KVANT_APP_REFERENCE_H

#include "app/job.h"
#include "app/shelf.h"
#include "engine/forward.h"

enum { REFERENCE_QUERIES = 32 }; /* sampled positions per passage */

#define REFERENCE_LOGITS ((size_t)16 << 20) /* a passage's logits are kept as they are up to so many bytes */

typedef struct reference {
    size_t n_scored;
    const float *logits;  /* n_scored x n_vocab, or NULL: there are states instead */
    const float *states;  /* n_scored x n_embd, or NULL */
    const float *queries; /* snapshot: [layer][sampled position][query head][dim], before RoPE */
    bool kept;            /* read from disk */
    const float *prefix;  /* snapshot, on disk: [layer][K, V][kv head][ctx][dim]; else it stands in the cache: */
    kv_cache *cache;
    shelf_entry entry; /* one of these two owns the floats */
    float *memory;
} reference;

typedef struct reference_request {
    engine *e;
    const shelf *kept;
    const char *model_id;
    protocol protocol;
    int ctx, eval;
} reference_request;

/* Tokens of a passage, positions scored in it, and the first of them (its logits predict the token after it). */
int reference_length(protocol p, int ctx, int eval);
int reference_scored(protocol p, int ctx, int eval);
int reference_first_scored(protocol p, int ctx);

/* The sampled query position j of 0 … REFERENCE_QUERIES-1, spread evenly over ctx positions. */
int reference_query_position(int ctx, int j);

/* Of the queries (n x width) at positions first ... first+n-1 those that are sampled: query j to out + j*width. */
void reference_sample_queries(int ctx, int first, int n, const float *q, size_t width, float *out);

/* The prefix's stream of one layer, side (KVANT_K or KVANT_V) and head: ctx rows of dim f32. */
const float *reference_rows(const reference *r, const model_shape *s, int ctx, int layer, int side, int head);

/* These rows will not be asked for again: their memory is given back. [any thread] */
void reference_forget(const reference *r, const model_shape *s, int ctx, int layer, int side, int head);

/* Finds or computes the reference of one passage. The caller releases it. */
bool reference_make(const reference_request *request, const int32_t *tokens, reference *out, fault *f);
void reference_release(reference *r);

#endif
