#include "engine/arch.h"

#include <stdio.h>
#include <string.h>

static const model_arch archs[] = {
    { "llama", .interleaved = true },
    { "qwen2", .qkv_bias = true },
    { "qwen3", .qk_norm = true },
    { "gemma3", .qk_norm = true, .post_norms = true, .gelu = true, .scaled_embedding = true, .windows = true,
      .full_every = 6, .local_base = 10000.0f, .wide_layers = 62 },
    { "chatglm", .interleaved = true, .fused_qkv = true, .fused_gate_up = true },
    { "phi3", .fused_qkv = true, .fused_gate_up = true, .windows = true },
};

enum { N_ARCHS = sizeof archs / sizeof *archs };

const model_arch *arch_at(int i)
{
    return i >= 0 && i < N_ARCHS ? &archs[i] : NULL;
}

const model_arch *arch_of(const gguf *g, fault *f)
{
    gguf_string name;
    if (!gguf_text(g, "general.architecture", &name, f)) return NULL;
    char known[160] = "", shown[GGUF_SHOWN];
    for (int i = 0; i < N_ARCHS; i++) {
        const char *one = archs[i].name;
        if (strlen(one) == name.n && memcmp(one, name.bytes, name.n) == 0) return &archs[i];
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", one);
    }
    fault_set(f, FAULT_INPUT, "%s: architecture \"%s\" is not supported (supported: %s)", gguf_path(g),
              gguf_shown(name, shown), known);
    return NULL;
}
