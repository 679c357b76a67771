/* capture.h - the keys, values and queries of a model on a text, written as a file of rows while it runs.
 *
 * One exact pass per passage. The file is safetensors:
 *
 *     layers.N.k, layers.N.v    F16 or F32 [kv heads, rows, dim]; rows: passages x ctx, one passage after another
 *     layers.N.q                the same [query heads, rows, dim]
 *     tokens                    I32 [passages, ctx]
 *     rope.factors              F32 [rope_dims/2], of models that have them (all ways to scale RoPE are divisors)
 *
 * with words: format "kvant capture", version "1", model (the file's SHA-256), model_name, arch, text, text_id, seed,
 * ctx, passages, n_layers, n_heads, n_kv_heads, head_dim, and for RoPE what app/offline_rope.h reads, where all layers turn alike.
 */
#ifndef KVANT_APP_CAPTURE_H
#define KVANT_APP_CAPTURE_H

#include "app/passages.h"
#include "app/safetensors.h"

typedef struct capture_request {
    engine *e;
    const passages *text; /* passages of ctx tokens */
    const char *model_id, *text_name;
    uint64_t seed;
    bool rotated;          /* keys and queries after RoPE */
    safetensors_type type; /* SAFETENSORS_F16 or SAFETENSORS_F32 */
    /* Told how many of all positions times layers are written; false stops it (FAULT_INTERRUPTED). */
    bool (*at)(void *self, uint64_t done, uint64_t total);
    void *self;
} capture_request;

/* Bytes of rows such a capture has. */
uint64_t capture_bytes(const capture_request *request);

/* Writes the file; it is there whole or not at all (app/safetensors_writer.h says under which name it grows). Memory:
 * one cache of ctx positions and a batch of rows. A value that F16 cannot hold is a fault that names layer, side and
 * position. */
bool capture(const capture_request *request, const char *path, fault *f);

#endif
