/* arch.h - the families of models the engine computes: one table, a row each.
 *
 * A column is one way in which families differ; everything else is in the file's metadata (model_shape in model.h) and
 * the shapes of its tensors. docs/new-architecture.md says how a row is added.
 */
#ifndef KVANT_ENGINE_ARCH_H
#define KVANT_ENGINE_ARCH_H

#include <stdbool.h>

#include "base/fault.h"
#include "engine/gguf.h"

typedef struct model_arch {
    const char *name;      /* general.architecture */
    bool interleaved;      /* RoPE turns pairs (2i, 2i+1), not (i, i + n_rot/2) */
    bool qk_norm;          /* RMS norm of every query and key head before RoPE */
    bool qkv_bias;         /* biases of q, k and v are required (elsewhere they are used where present) */
    bool fused_qkv;        /* q, k and v may be one tensor, attn_qkv: rows of q, then of k, then of v */
    bool fused_gate_up;    /* ffn_up holds the gate's rows, then its own */
    bool post_norms;       /* RMS norms of what attention and feed-forward give, before it is added */
    bool gelu;             /* the gate passes GELU (tanh form), not SiLU */
    bool scaled_embedding; /* a token's embedding is multiplied by sqrt(n_embd) */
    bool windows;          /* attention.sliding_window counts: some layers see only so many positions */
    int full_every;        /* of such a model each full_every-th layer sees all; 0: none does. The file may say more */
    float local_base;      /* RoPE base of windowed layers, whose angles are not scaled; 0: as all others */
    int wide_layers;       /* a model of so many layers divides scores by sqrt(n_embd/n_heads), not sqrt(head_dim) */
} model_arch;

/* The architecture a file names; NULL with a fault that lists the known ones. */
const model_arch *arch_of(const gguf *g, fault *f);

/* Row i of the table, NULL past the last. */
const model_arch *arch_at(int i);

#endif
