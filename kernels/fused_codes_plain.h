/* fused_codes_plain.h - sixteen values from their codes, in plain C; part of fused_body.h. */
#include "kernels/half.h"

enum { MIX_PIECES = 8, MIX_REGS = VEC_LANES > 1 ? 24 : 128 };
#define QUERIES_MOST 4

typedef struct doubts {
    bool any;
} doubts;

INNER bool is_sure(const doubts *d)
{
    return !d->any;
}

typedef struct scaled {
    float by;
    const uint8_t *codes;
} scaled;

/* The group's scale, with what is wrong with its sign or what is reserved. */
INNER scaled scaled_by(int kind, const fused *f, const uint8_t *group, doubts *doubt)
{
    if (kind == FUSED_F16 || kind == FUSED_F32) return (scaled){ 1.0f, group };
    const uint16_t h = half_load(group);
    const size_t header = kind == FUSED_Q8_0 || kind == FUSED_Q4_0 ? 2 : f->header;
    if (kind != FUSED_Q4_0) doubt->any |= (h & 0x8000u) != 0;
    if (header == 4) doubt->any |= half_load(group + 2) != 0;
    for (int i = 0; kind == FUSED_Q8_0 && i < 2 * FUSED_LANES; i++)
        doubt->any |= group[2 + i] == 0x80;
    return (scaled){ half_to_float(h), group + header };
}

INNER int code_at(const uint8_t *codes, int bits, size_t i)
{
    const size_t bit = i * (size_t)bits, at = bit % 8;
    unsigned word = codes[bit / 8];
    if (at + (size_t)bits > 8) word |= (unsigned)codes[bit / 8 + 1] << 8;
    return (int)(word >> at & ((1u << bits) - 1u));
}

INNER float value_of(int kind, const fused *f, const scaled *s, size_t piece, size_t i)
{
    const size_t at = piece * FUSED_LANES + i;
    if (kind == FUSED_F16) return half_to_float(half_load(s->codes + 2 * at));
    if (kind == FUSED_F32) {
        float x;
        memcpy(&x, s->codes + 4 * at, sizeof x);
        return x;
    }
    if (kind == FUSED_Q8_0) return (float)(int8_t)s->codes[at] * s->by;
    if (kind == FUSED_Q4_0) return (float)((s->codes[i] >> 4 * piece & 15) - 8) * s->by;
    if (kind != FUSED_PLANES3) return f->level[code_at(s->codes, bits_of(kind), at)] * s->by;
    return f->level[code_at(s->codes, 2, at) | code_at(s->codes + f->group / 4, 1, at) << 2] * s->by;
}

#define VALUES(kind)                                                                                                   \
    case kind:                                                                                                         \
        for (size_t i = 0; i < FUSED_LANES; i++)                                                                       \
            x[i] = value_of(kind, f, s, piece, i);                                                                     \
        break;

/* One function for all kernels, but each format with its own loop. */
static __attribute__((noinline)) void plain_values(int kind, const fused *f, const scaled *s, size_t piece, float *x)
{
    switch (kind) {
        KINDS(VALUES)
    }
}

INNER void values_of(int kind, const fused *f, const scaled *s, size_t piece, vec v[REGS])
{
    float x[FUSED_LANES];
    plain_values(kind, f, s, piece, x);
    EACH(k, REGS) v[k] = vec_load(x + k * VEC_LANES);
}
