/* model.h - a transformer's shape and weights, read from a GGUF file.
 *
 * An architecture is a row of a table (name, RoPE layout, what is normalised or biased); everything else comes from the
 * file's metadata and tensor shapes. Weights stay in the file's own types, mapped; only vectors (norms, biases) and the
 * weights of small models are kept as f32. A tensor the architecture does not know is refused by name: a model that is
 * computed without one of its parts is a wrong model.
 *
 *     model *m = model_open("model.gguf", &f);
 *     printf("%d layers\n", model_shape_of(m)->n_layers);
 *     model_close(m);
 */
#ifndef KVANT_ENGINE_MODEL_H
#define KVANT_ENGINE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "engine/gguf.h"
#include "engine/linear.h"

typedef struct model_arch {
    const char *name; /* general.architecture */
    bool interleaved; /* RoPE turns pairs (2i, 2i+1), not (i, i + n_rot/2) */
    bool qk_norm;     /* RMS norm of every query and key head before RoPE */
    bool qkv_bias;    /* biases of q, k and v are required (elsewhere they are used where present) */
} model_arch;

typedef struct model_shape {
    const model_arch *arch;
    char name[96]; /* general.name, or the architecture's */
    int n_layers;  /* all of them attention layers */
    int n_embd, n_ff;
    int n_heads, n_kv_heads; /* query heads are a multiple of kv heads */
    int head_dim;
    int n_vocab;
    int n_ctx; /* context the model was trained for */
    int n_rot; /* coordinates of a head that RoPE turns */
    float rope_base;
    float rms_eps;
    bool rope_factors; /* has rope_freqs.weight */
    bool tied;         /* output shares the token embedding */
    uint64_t n_params;
} model_shape;

typedef struct model_layer {
    float *attn_norm, *ffn_norm; /* n_embd */
    float *q_norm, *k_norm;      /* head_dim, or NULL */
    linear q, k, v, o, gate, up, down;
} model_layer;

typedef struct model {
    gguf *file;
    model_shape shape;
    model_layer *layers;
    linear embedding; /* n_vocab rows */
    linear output;
    float *output_norm;
    float *rope_factors; /* n_rot/2, or NULL */
} model;

/* Opens the file and checks that it is a whole model of a known architecture. */
model *model_open(const char *path, fault *f);
void model_close(model *m);

/* Only the shape, for showing: also for files whose weights are in types the engine cannot compute with. */
bool model_read_shape(const gguf *g, model_shape *shape, fault *f);

/* Bytes of one token's keys and values in f16, all layers. */
size_t model_kv_bytes(const model_shape *shape);

#endif
