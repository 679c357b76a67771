/* tiny_model.h - small models of any family with random weights: as a file for the engine, and computed here.
 *
 * tiny_compute is the architecture as its papers define it, in f64, one position, head and coordinate after another: no
 * cache, no batches, none of the engine's code. What it needs to know of a family stands in the struct; the angles of
 * RoPE are the caller's, by their published formulas. tiny_write makes the file, with what keys the caller gives.
 *
 *     tiny t = { .arch = "phi3", .layers = 2, … };
 *     tiny_open(&t);
 *     tiny_write(&t, &b);              a GGUF file
 *     tiny_compute(&t, ids, n, logits);
 *     tiny_close(&t);
 */
#ifndef KVANT_TESTS_ENGINE_TINY_MODEL_H
#define KVANT_TESTS_ENGINE_TINY_MODEL_H

#include <stdbool.h>

#include "tests/engine/gguf_builder.h"

#define TINY_EPSILON 1e-5 /* of the norms */

enum { TINY_LAYERS = 64, TINY_PAIRS = 16, TINY_KEYS = 8 };

/* One more key of the file, with the architecture's name before it. */
typedef struct tiny_key {
    const char *suffix;
    gguf_kind kind; /* GGUF_U32, GGUF_F32, GGUF_STRING, or GGUF_ARRAY of bools, `number` of them or one per layer */
    double number;
    const char *text;
    const bool *flags;
} tiny_key;

/* How a layer turns pair i at position p: by p * step[i] radians, and times magnitude. */
typedef struct tiny_angles {
    double step[TINY_PAIRS], magnitude;
} tiny_angles;

typedef struct tiny_layer {
    double *attn_norm, *ffn_norm, *attn_post, *ffn_post, *q_norm, *k_norm;
    double *q, *k, *v, *o, *gate, *up, *down; /* rows of inputs */
    double *q_bias, *k_bias, *v_bias;
} tiny_layer;

typedef struct tiny {
    const char *arch;
    int layers, embd, ff, heads, kv_heads, dim, rot, vocab, ctx;
    bool interleaved, qk_norm, biases, fused_qkv, fused_gate_up, post_norms, gelu, scaled_embedding, tied;
    double base, score_scale;
    int window[TINY_LAYERS];                           /* positions a layer's queries see; 0: all */
    tiny_angles angles[TINY_LAYERS];                   /* by layer */
    const float *factors_short, *factors_long, *freqs; /* tensors of rot/2, or NULL */
    tiny_key keys[TINY_KEYS];                          /* up to the first without a suffix */
    /* a stand-in for a codec: settled rows are the exact ones times 0.75; block 0: none */
    unsigned block, held;
    tiny_layer weights[TINY_LAYERS];
    double *embedding, *output, *output_norm;
} tiny;

/* Draws the weights: f32 numbers. */
void tiny_open(tiny *t, uint64_t seed);
void tiny_close(tiny *t);

/* The file: f32 tensors under the names of its family. builder_free it. */
const char *tiny_write(const tiny *t, builder *b);

/* Logits of n positions, n x vocab. */
void tiny_compute(const tiny *t, const int32_t *ids, int n, double *logits);

#endif
