#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model_parts.h"

enum { ROPE, ROPE_BEYOND, ROPE_LOCAL };

static const char *const types[] = { "none", "linear", "yarn", "longrope" };

static const char *const refused = "%s: RoPE scaling \"%s\" is not supported (supported: none, linear, yarn, longrope)";

static bool read_type(const gguf *g, model_shape *s, fault *f)
{
    char key[MODEL_KEY], shown[GGUF_SHOWN];
    gguf_string type;
    model_key(s, "rope.scaling.type", key);
    s->scaling.type = s->scaling.long_factors ? "longrope" : NULL;
    if (!gguf_has(g, key)) return true;
    if (!gguf_text(g, key, &type, f)) return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i]) == type.n && memcmp(types[i], type.bytes, type.n) == 0) {
            s->scaling.type = types[i];
            return true;
        }
    return fault_set(f, FAULT_INPUT, refused, gguf_path(g), gguf_shown(type, shown));
}

/* 1 without a key; files of 2023 call it scale_linear. 0 stands for 1, as in other engines. */
static bool read_factor(const gguf *g, const model_shape *s, float *factor, fault *f)
{
    char key[MODEL_KEY];
    model_key(s, "rope.scaling.factor", key);
    if (!gguf_has(g, key)) model_key(s, "rope.scale_linear", key);
    if (!gguf_f32_or(g, key, 1, factor, f)) return false;
    if (*factor == 0) *factor = 1;
    if (*factor > 0 && *factor < 1e9f) return true;
    return fault_set(f, FAULT_INPUT, "%s: %s is %g, expected a positive number", gguf_path(g), key, (double)*factor);
}

static bool read_yarn(const gguf *g, model_shape *s, fault *f)
{
    float fast, slow, magnitude, unused;
    char key[MODEL_KEY];
    model_key(s, "rope.scaling.yarn_ext_factor", key);
    if (!gguf_f32_or(g, key, 1, &unused, f)) return false;
    s->scaling.angles.mix = (double)unused;
    model_key(s, "rope.scaling.yarn_log_multiplier", key);
    if (!gguf_f32_or(g, key, 0, &unused, f)) return false;
    if (unused != 0)
        return fault_set(f, FAULT_INPUT, "%s: %s is %g: a YaRN magnitude of that kind is not supported", gguf_path(g),
                         key, (double)unused);
    if (!(s->scaling.angles.mix >= 0 && s->scaling.angles.mix <= 1))
        return fault_set(f, FAULT_INPUT, "%s: YaRN's extrapolation factor is %g, expected 0 to 1", gguf_path(g),
                         s->scaling.angles.mix);
    if (!model_positive(g, s, "rope.scaling.yarn_beta_fast", 32, &fast, f) ||
        !model_positive(g, s, "rope.scaling.yarn_beta_slow", 1, &slow, f))
        return false;
    s->scaling.angles.beta_fast = (double)fast;
    s->scaling.angles.beta_slow = (double)slow;
    float usual = (float)rope_scaling_magnitude(&s->scaling.angles);
    if (!model_positive(g, s, "rope.scaling.yarn_attn_factor", usual, &magnitude, f)) return false;
    s->scaling.magnitude *= magnitude;
    return true;
}

static bool read_scaling(const gguf *g, model_shape *s, fault *f)
{
    model_scaling *k = &s->scaling;
    char key[MODEL_KEY];
    float factor;
    uint32_t original;
    k->factors = gguf_find_tensor(g, "rope_freqs.weight") != NULL;
    k->long_factors = gguf_find_tensor(g, "rope_factors_long.weight") != NULL;
    model_key(s, "rope.scaling.original_context_length", key);
    if (!read_type(g, s, f) || !read_factor(g, s, &factor, f) ||
        !gguf_u32_or(g, key, (uint32_t)s->n_ctx, &original, f) ||
        !model_positive(g, s, "rope.scaling.attn_factor", 1, &k->magnitude, f))
        return false;
    if (original < 1 || original > 1 << 30)
        return fault_set(f, FAULT_INPUT, "%s: %s is %u, expected 1 to %d", gguf_path(g), key, original, 1 << 30);
    if (!k->type) k->type = factor == 1 ? "none" : "linear"; /* a factor alone is linear, as in other engines */
    k->original = (int)original;
    k->angles = (rope_scaling){ .factor = strcmp(k->type, "none") == 0 ? 1 : (double)factor,
                                .original = original,
                                .beta_fast = 32,
                                .beta_slow = 1 };
    if (strcmp(k->type, "longrope") == 0 && !k->long_factors)
        return fault_set(f, FAULT_INPUT, "%s: RoPE scaling is longrope, but tensor rope_factors_long.weight is missing",
                         gguf_path(g));
    return strcmp(k->type, "yarn") != 0 || read_yarn(g, s, f);
}

bool model_read_ropes(const gguf *g, model_shape *s, fault *f)
{
    if (!model_positive(g, s, "rope.freq_base", 10000.0f, &s->rope_base, f)) return false;
    s->local_base = s->rope_base;
    if (s->arch->local_base > 0 && !model_positive(g, s, "rope.freq_base_swa", s->arch->local_base, &s->local_base, f))
        return false;
    return read_scaling(g, s, f);
}

int model_rope_at(const model_shape *s, int layer, int ctx)
{
    if (s->arch->local_base > 0 && model_window(s, layer) > 0) return ROPE_LOCAL;
    return s->scaling.long_factors && ctx > s->scaling.original ? ROPE_BEYOND : ROPE;
}

bool model_one_rope(const model_shape *s)
{
    bool scaled =
        s->scaling.angles.factor != 1 || s->scaling.magnitude != 1 || s->scaling.factors || s->scaling.long_factors;
    return s->arch->local_base == 0 || s->window == 0 || (s->local_base == s->rope_base && !scaled);
}

static bool make(const model_shape *s, const float *factors, model_rope *to, fault *f)
{
    const rope_scaling *angles = &s->scaling.angles;
    *to = (model_rope){ s->rope_base, s->scaling.magnitude, NULL };
    if (!factors && angles->factor == 1) return true;
    to->divisors = reallocarray(NULL, (size_t)s->n_rot / 2, sizeof *to->divisors);
    if (!to->divisors) return fault_memory(f, "the RoPE divisors");
    rope_scaling_divisors(angles, s->n_rot, (double)s->rope_base, factors, to->divisors);
    for (int i = 0; i < s->n_rot / 2; i++)
        if (!(isfinite(to->divisors[i]) && to->divisors[i] > 0))
            return fault_set(f, FAULT_INPUT, "%s: the divisor of RoPE's frequency %d is %g, expected a positive number",
                             s->name, i, (double)to->divisors[i]);
    return true;
}

bool model_make_ropes(model *m, float *const factors[3], fault *f)
{
    const model_shape *s = &m->shape;
    const float *usual = factors[0] ? factors[0] : factors[1];
    m->ropes[ROPE_LOCAL] = (model_rope){ s->local_base, 1, NULL };
    return make(s, usual, &m->ropes[ROPE], f) &&
           (!factors[2] || make(s, factors[0] ? factors[0] : factors[2], &m->ropes[ROPE_BEYOND], f));
}

void model_free_ropes(model *m)
{
    for (int i = 0; i < MODEL_ROPES; i++)
        free(m->ropes[i].divisors);
}
