/* packed_body.h - products with packed weights for one SIMD level; included once by each packed_*.c, which names the
 * table PACKED_TABLE. See packed.h for the forms and vec.h for the registers.
 *
 * step * code is exact in f32 for every form with a base (f16 times at most 6 bits times at most 5), so that adding the
 * base in the same operation rounds once, as it does one after the other.
 */
#include "kernels/packed.h"
#include "kernels/simd.h"
#include "kernels/vec.h"

#define PANEL VEC_PANEL
#define REGS  (PANEL / VEC_LANES)
#define INNER static inline __attribute__((always_inline))

/* A form, constant in each function made from what follows. */
typedef struct shape {
    packed_codes codes;
    packed_scales scales;
    bool base;
    size_t block, group;
} shape;

/* Where a panel is read, and what holds there. */
typedef struct cursor {
    const uint8_t *at;
    vec scale[REGS], scale_of_bases[REGS]; /* of the block */
    vec step[REGS], base[REGS];            /* of the group */
} cursor;

INNER void begin_block(shape s, cursor *c)
{
    if (s.scales == SCALES_NONE) return;
    for (int j = 0; j < REGS; j++)
        c->step[j] = c->scale[j] = vec_half(c->at + 2 * VEC_LANES * j);
    c->at += 2 * PANEL;
    if (!s.base) return;
    for (int j = 0; j < REGS; j++) {
        c->base[j] = vec_half(c->at + 2 * VEC_LANES * j);
        c->scale_of_bases[j] = vec_mul(c->base[j], vec_all(-1.0f));
    }
    c->at += 2 * PANEL;
}

INNER void begin_group(shape s, cursor *c)
{
    if (s.scales != SCALES_SUPER) return;
    for (int j = 0; j < REGS; j++)
        c->step[j] = vec_mul(c->scale[j], vec_i8(c->at + VEC_LANES * j));
    c->at += PANEL;
    if (!s.base) return;
    for (int j = 0; j < REGS; j++)
        c->base[j] = vec_mul(c->scale_of_bases[j], vec_u8(c->at + VEC_LANES * j));
    c->at += PANEL;
}

INNER vec scaled(shape s, const cursor *c, int j, vec code)
{
    return s.base ? vec_fma(c->step[j], code, c->base[j]) : vec_mul(c->step[j], code);
}

/* The values of n = 1 or 2 steps of k; nibbles come in twos. */
INNER void decode(shape s, cursor *c, vec_levels levels, int n, vec w[2][REGS])
{
    if (s.codes == CODES_NIBBLES) {
        for (int j = 0; j < REGS; j++) {
            const vec_nibbles both = vec_nibbles_load(c->at + VEC_LANES * j);
            w[0][j] = scaled(s, c, j, vec_low(levels, both));
            w[1][j] = scaled(s, c, j, vec_high(levels, both));
        }
        c->at += PANEL;
        return;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < REGS; j++) {
            const size_t at = (size_t)i * PANEL + (size_t)j * VEC_LANES;
            switch (s.codes) {
            case CODES_FLOATS: w[i][j] = vec_floats(c->at + 4 * at); break;
            case CODES_HALVES: w[i][j] = vec_half(c->at + 2 * at); break;
            case CODES_UPPER_HALVES: w[i][j] = vec_upper_half(c->at + 2 * at); break;
            default: w[i][j] = scaled(s, c, j, vec_i8(c->at + at)); break;
            }
        }
    c->at += (size_t)n * PANEL * (s.codes == CODES_FLOATS ? 4 : s.codes == CODES_BYTES ? 1 : 2);
}

INNER void multiply_add(const float *x, int n, vec w[2][REGS], vec acc[REGS])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < REGS; j++)
            acc[j] = vec_fma(vec_all(x[i]), w[i][j], acc[j]);
}

/* Weights come from far away, each byte once, and processors do not fetch ahead across pages by themselves. */
enum { AHEAD = 4096, LINE = 64 };

INNER void fetch_ahead(shape s, const uint8_t *at, int n)
{
    const size_t half_bytes = s.codes == CODES_FLOATS    ? 8
                              : s.codes == CODES_NIBBLES ? 1
                              : s.codes == CODES_BYTES   ? 2
                                                         : 4;
    for (size_t i = 0; i < (size_t)n * PANEL * half_bytes / 2; i += LINE)
        __builtin_prefetch((const void *)((uintptr_t)at + AHEAD + i));
}

/* n steps of k for each of the panels. */
INNER void dot_steps(shape s, int panels, cursor *c, vec_levels levels, int n, const float *x, vec acc[2][REGS])
{
    for (int p = 0; p < panels; p++) {
        fetch_ahead(s, c[p].at, n);
        vec w[2][REGS];
        decode(s, &c[p], levels, n, w);
        multiply_add(x, n, w, acc[p]);
    }
}

INNER void dot(shape s, int panels, const uint8_t *const from[2], const int8_t *table, size_t k, const float *x,
               float *y)
{
    const vec_levels levels = s.codes == CODES_NIBBLES ? vec_levels_load(table) : vec_no_levels();
    cursor c[2];
    vec acc[2][REGS];
    for (int p = 0; p < panels; p++) {
        c[p].at = from[p];
        for (int j = 0; j < REGS; j++)
            acc[p][j] = vec_load(y + p * PANEL + j * VEC_LANES);
    }
    const size_t block = s.scales == SCALES_NONE ? k : s.block, group = s.scales == SCALES_NONE ? k : s.group;
    for (size_t b = 0; b < k; b += block) {
        for (int p = 0; p < panels; p++)
            begin_block(s, &c[p]);
        for (size_t g = 0; g < block; g += group) {
            for (int p = 0; p < panels; p++)
                begin_group(s, &c[p]);
            size_t i = b + g;
            for (; i + 2 <= b + g + group; i += 2)
                dot_steps(s, panels, c, levels, 2, x + i, acc);
            if (s.scales == SCALES_NONE && i < k) dot_steps(s, panels, c, levels, 1, x + i, acc);
        }
    }
    for (int p = 0; p < panels; p++)
        for (int j = 0; j < REGS; j++)
            vec_store(y + p * PANEL + j * VEC_LANES, acc[p][j]);
}

INNER void store_steps(shape s, cursor *c, vec_levels levels, int n, float *out)
{
    vec w[2][REGS];
    decode(s, c, levels, n, w);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < REGS; j++)
            vec_store(out + i * PANEL + j * VEC_LANES, w[i][j]);
}

INNER void unpack(shape s, const uint8_t *panel, const int8_t *table, size_t k, float *out)
{
    const vec_levels levels = s.codes == CODES_NIBBLES ? vec_levels_load(table) : vec_no_levels();
    cursor c = { .at = panel };
    const size_t block = s.scales == SCALES_NONE ? k : s.block, group = s.scales == SCALES_NONE ? k : s.group;
    for (size_t b = 0; b < k; b += block) {
        begin_block(s, &c);
        for (size_t g = 0; g < block; g += group) {
            begin_group(s, &c);
            size_t i = 0;
            for (; i + 2 <= group; i += 2, out += 2 * PANEL)
                store_steps(s, &c, levels, 2, out);
            if (s.scales == SCALES_NONE && i < k) store_steps(s, &c, levels, 1, out);
        }
    }
}

#define FUNCTIONS(name, codes, scales, base, block, group)                                                             \
    static void dot_##name(const uint8_t *panel, const uint8_t *next, const int8_t *levels, size_t k, const float *x,  \
                           float *y)                                                                                   \
    {                                                                                                                  \
        const shape s = { codes, scales, base, block, group };                                                         \
        const uint8_t *const from[2] = { panel, next };                                                                \
        if (next)                                                                                                      \
            dot(s, 2, from, levels, k, x, y);                                                                          \
        else                                                                                                           \
            dot(s, 1, from, levels, k, x, y);                                                                          \
    }                                                                                                                  \
    static void unpack_##name(const uint8_t *panel, const int8_t *levels, size_t k, float *out)                        \
    {                                                                                                                  \
        const shape s = { codes, scales, base, block, group };                                                         \
        unpack(s, panel, levels, k, out);                                                                              \
    }

PACKED_FORMS(FUNCTIONS)

extern const packed_kernel PACKED_TABLE[PACKED_N_FORMS];
const packed_kernel PACKED_TABLE[PACKED_N_FORMS] = {
#define ENTRY(name, codes, scales, base, block, group) { dot_##name, unpack_##name },
    PACKED_FORMS(ENTRY)
};
