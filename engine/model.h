/* model.h - a transformer's shape and weights, read from a GGUF file.
 *
 * What families have and have not is a row of a table (engine/arch.h); everything else comes from the file's metadata
 * and tensor shapes. Weights keep the bits the file's own types give them, in panels (engine/linear.h); only vectors
 * (norms, biases) become f32. A tensor the architecture does not know is refused by name: a model that is computed
 * without one of its parts is a wrong model.
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
#include "engine/arch.h"
#include "engine/gguf.h"
#include "engine/linear.h"
#include "kernels/rope_scaling.h"

enum { MODEL_LAYERS = 4096 };

/* How the angles of RoPE were stretched: <arch>.rope.scaling.* and the tensors rope_freqs, rope_factors_*. */
typedef struct model_scaling {
    const char *type; /* "none", "linear", "yarn" or "longrope" */
    rope_scaling angles;
    float magnitude;   /* of rotated rows */
    int original;      /* context before it was stretched */
    bool factors;      /* has rope_freqs.weight: divisors of the frequencies */
    bool long_factors; /* has rope_factors_long and _short: divisors for caches above and up to the original context */
} model_scaling;

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
    float local_base; /* of the layers with a window; rope_base unless the architecture has another */
    model_scaling scaling;
    float score_scale; /* what q·k is multiplied by before the softmax, 1/sqrt(head_dim) nearly always */
    int window;        /* positions that layers with a window see; 0: no layer has one */
    uint64_t windowed[MODEL_LAYERS / 64]; /* which layers have it, a bit each: ask model_window */
    float rms_eps;
    bool tied; /* output shares the token embedding */
    uint64_t n_params;
} model_shape;

typedef struct model_layer {
    float *attn_norm, *ffn_norm;           /* n_embd */
    float *q_norm, *k_norm;                /* head_dim, or NULL */
    float *attn_post_norm, *ffn_post_norm; /* n_embd, or NULL */
    linear q, k, v, o, gate, up, down;
} model_layer;

/* One rotation of the model's: rope_table_grow takes base and divisors. */
typedef struct model_rope {
    float base, magnitude;
    float *divisors; /* n_rot/2, or NULL */
} model_rope;

enum { MODEL_ROPES = 3 };

typedef struct model {
    gguf *file;
    model_shape shape;
    model_layer *layers;
    linear embedding; /* n_vocab rows */
    linear output;
    float *output_norm;
    uint8_t *panels; /* of all matrices but an embedding that is not the output, too */
    size_t panel_bytes;
    model_rope ropes[MODEL_ROPES]; /* those model_rope_at can name */
} model;

/* Opens the file and checks that it is a whole model of a known architecture. */
model *model_open(const char *path, fault *f);
void model_close(model *m);

/* Only the shape, for showing: also for files whose weights are in types the engine cannot compute with. */
bool model_read_shape(const gguf *g, model_shape *shape, fault *f);

/* Positions the queries of a layer see, their own included; 0: all. */
int model_window(const model_shape *shape, int layer);

/* Layers with a window. */
int model_n_windowed(const model_shape *shape);

/* Rows of a layer that a cache of n positions has to keep: the last `window`, or all. */
int model_rows(const model_shape *shape, int layer, int n);

/* Which of the model's ropes a layer uses in a sequence with room for `ctx` positions. */
int model_rope_at(const model_shape *shape, int layer, int ctx);

/* Whether all layers turn their keys by the same angles (in sequences of one length). */
bool model_one_rope(const model_shape *shape);

/* Bytes of one token's keys and values in f16, all layers, windows not considered. */
size_t model_kv_bytes(const model_shape *shape);

#endif
