/* fused_body.h - the source of every level of fused_kernels.h; included once by each fused_*.c, which names the table
 * FUSED_TABLE. How 16 values come from their codes is in fused_codes_x86.h and fused_codes_plain.h.
 *
 * The levels' kernels have format and number of queries as constants, so that sums stay in registers.
 */
#include "kernels/fused_kernels.h"
#include "kernels/vec.h"

#define INNER static inline __attribute__((always_inline))
#define REGS  (FUSED_LANES / VEC_LANES) /* of a piece */

/* A kernel is made for each format and number of queries; the portable level shares one. */
#if VEC_LANES > 1
#define KERNEL INNER
#else
#define KERNEL static __attribute__((noinline))
#endif

/* A loop over registers must be unrolled, or they are memory. */
#if VEC_LANES > 1
#define EACH(i, n) _Pragma("GCC unroll 16") for (int i = 0; i < (n); i++)
#else
#define EACH(i, n) for (int i = 0; i < (n); i++)
#endif

/* Codes of 0 bits for the formats that are none. */
INNER int bits_of(int kind)
{
    return kind >= FUSED_CODES_1 && kind < FUSED_KINDS ? kind - FUSED_CODES_1 + 1 : 0;
}

/* Pieces that share a scale, as far as one register of scales lasts; the groups of codes are as long as a part. */
INNER int pieces_of(int kind)
{
    return kind == FUSED_F16 || kind == FUSED_F32 ? 1 : kind == FUSED_Q8_0 || kind == FUSED_Q4_0 ? 2 : 0;
}

/* Names for the codes, which are numbers in fused.h. */
enum { CODES_1 = FUSED_CODES_1, CODES_2, CODES_3, CODES_4, CODES_5, CODES_6, CODES_7, CODES_8 };
#define KINDS(of)                                                                                                      \
    of(FUSED_F16) of(FUSED_Q8_0) of(FUSED_Q4_0) of(FUSED_PLANES3) of(FUSED_F32) of(CODES_1) of(CODES_2) of(CODES_3)    \
        of(CODES_4) of(CODES_5) of(CODES_6) of(CODES_7) of(CODES_8)

#if VEC_LANES >= 8
#include "kernels/fused_codes_x86.h"
#else
#include "kernels/fused_codes_plain.h"
#endif

/* ---- scores ------------------------------------------------------------------------------------------------------ */

#if VEC_LANES > 1
/* Rows a, b as 2 x 2 blocks of s lanes: a's lanes without bit s and b's with it, and the others, crossed over. */
#define IX_OWN(l, s)   (((l) & (s)) ? (l) + VEC_LANES : (l))
#define IX_OTHER(l, s) (((l) & (s)) ? (l) - (s) + VEC_LANES : (l) + (s))
#if VEC_LANES == 16
#define SHUFFLED(a, b, ix, s)                                                                                          \
    __builtin_shufflevector(a, b, ix(0, s), ix(1, s), ix(2, s), ix(3, s), ix(4, s), ix(5, s), ix(6, s), ix(7, s),      \
                            ix(8, s), ix(9, s), ix(10, s), ix(11, s), ix(12, s), ix(13, s), ix(14, s), ix(15, s))
#elif VEC_LANES == 8
#define SHUFFLED(a, b, ix, s)                                                                                          \
    __builtin_shufflevector(a, b, ix(0, s), ix(1, s), ix(2, s), ix(3, s), ix(4, s), ix(5, s), ix(6, s), ix(7, s))
#else
#define SHUFFLED(a, b, ix, s) __builtin_shufflevector(a, b, ix(0, s), ix(1, s), ix(2, s), ix(3, s))
#endif

/* A blend, which the compiler does not always see in the shuffle. */
#if VEC_LANES == 16
enum { LANES_WITH_1 = 0xaaaa, LANES_WITH_2 = 0xcccc, LANES_WITH_4 = 0xf0f0, LANES_WITH_8 = 0xff00 };
#define OWN(a, b, s) _mm512_mask_blend_ps(LANES_WITH_##s, a, b)
#else
#define OWN(a, b, s) SHUFFLED(a, b, IX_OWN, s)
#endif

/* 2s rows become s registers in which lanes s apart have been added. */
#define FOLD(v, s)                                                                                                     \
    EACH(i, s)                                                                                                         \
    {                                                                                                                  \
        const vec a = v[i], b = v[i + (s)];                                                                            \
        v[i] = vec_add(OWN(a, b, s), SHUFFLED(a, b, IX_OTHER, s));                                                     \
    }
#endif

/* The 16 lanes of each of 16 rows, added; out[r]. */
INNER void fold_rows(const float *in_lanes, float *out)
{
#if VEC_LANES == 1
    for (int r = 0; r < FUSED_ROWS; r++) {
        float x[FUSED_LANES];
        memcpy(x, in_lanes + r * FUSED_LANES, sizeof x);
        for (int s = FUSED_LANES / 2; s > 0; s /= 2)
            for (int l = 0; l < s; l++)
                x[l] += x[l + s];
        out[r] = x[0];
    }
#else
    for (int r = 0; r < FUSED_ROWS; r += VEC_LANES) {
        vec v[VEC_LANES];
        EACH(i, VEC_LANES)
        {
            const float *x = in_lanes + (r + i) * FUSED_LANES;
#if VEC_LANES == 16
            v[i] = vec_load(x);
#elif VEC_LANES == 8
            v[i] = vec_add(vec_load(x), vec_load(x + 8));
#else
            v[i] = vec_add(vec_add(vec_load(x), vec_load(x + 8)), vec_add(vec_load(x + 4), vec_load(x + 12)));
#endif
        }
#if VEC_LANES == 16
        FOLD(v, 8)
#endif
#if VEC_LANES >= 8
        FOLD(v, 4)
#endif
        FOLD(v, 2)
        FOLD(v, 1)
        vec_store(out + r, v[0]);
    }
#endif
}

/* Bytes that lie so far ahead are asked for: a row takes longer than its memory, but the processor itself does not look
 * on past the end of a page. */
enum { AHEAD = 2048, LINE = 64 };
INNER void ask_ahead(int kind, const uint8_t *row, size_t stride)
{
    for (size_t at = 0; kind != FUSED_F32 && at < stride; at += LINE)
        __builtin_prefetch((const void *)((uintptr_t)row + AHEAD + at));
}

/* sum[i] = q_i v + sum[i], a piece. */
INNER void score_piece(int n_q, const float *q, size_t ld, const vec v[REGS], vec sum[FUSED_QUERIES][REGS])
{
    EACH(i, n_q)
    EACH(k, REGS)
    sum[i][k] = vec_fma(vec_load(q + (size_t)i * ld + k * VEC_LANES), v[k], sum[i][k]);
}

KERNEL bool score_rows(int kind, int n_q, const fused *f, const fused_part *p, size_t n, const float *q, size_t ld,
                       float *out)
{
    _Alignas(64) float in_lanes[FUSED_QUERIES][FUSED_ROWS * FUSED_LANES];
    const size_t pieces = pieces_of(kind) ? (size_t)pieces_of(kind) : p->pieces;
    doubts doubt = { 0 };
    for (size_t r = 0; r < n; r++) {
        const uint8_t *group = p->rows + r * p->stride;
        ask_ahead(kind, group, p->stride);
        vec sum[FUSED_QUERIES][REGS];
        EACH(i, n_q)
        EACH(k, REGS) sum[i][k] = vec_all(0.0f);
        const float *at = q;
        for (size_t g = 0; g < p->groups; g++, group += f->group_bytes) {
            const scaled s = scaled_by(kind, f, group, &doubt);
            for (size_t j = 0; j < pieces; j++, at += FUSED_LANES) {
                vec v[REGS];
                values_of(kind, f, &s, j, v);
                score_piece(n_q, at, ld, v, sum);
            }
        }
        EACH(i, n_q)
        EACH(k, REGS)
        vec_store(in_lanes[i] + r * FUSED_LANES + k * VEC_LANES, sum[i][k]);
    }
    for (int i = 0; i < n_q; i++) {
        memset(in_lanes[i] + n * FUSED_LANES, 0, (FUSED_ROWS - n) * FUSED_LANES * sizeof(float));
        fold_rows(in_lanes[i], out + i * FUSED_ROWS);
    }
    return is_sure(&doubt);
}

#ifdef UNPACKS_4
static bool unpack_4(const fused *f, const fused_part *p, const uint16_t *list, size_t n, float *out)
{
    const size_t width = p->groups * p->pieces * FUSED_LANES;
    doubts doubt = { 0 };
    for (size_t at = 0; at < n; at++) {
        const uint8_t *group = p->rows + list[at] * p->stride;
        float *to = out + list[at] * width;
        ask_ahead(CODES_4, group, p->stride);
        for (size_t g = 0; g < p->groups; g++, group += f->group_bytes) {
            const scaled s = scaled_by(CODES_4, f, group, &doubt);
            const byte_planes planes = planes_of(&s);
            size_t j = 0;
            for (; j + 4 <= p->pieces; j += 4, to += 4 * FUSED_LANES)
                four_pieces(&planes, s.codes + 8 * j, to);
            for (; j < p->pieces; j++, to += FUSED_LANES) {
                vec v[REGS];
                values_of(CODES_4, f, &s, j, v);
                EACH(k, REGS) vec_store(to + k * VEC_LANES, v[k]);
            }
        }
    }
    return is_sure(&doubt);
}
#endif

/* ---- mix --------------------------------------------------------------------------------------------------------- */

typedef struct mixed {
    const uint16_t *list;
    size_t n;
    const float *weights;
    size_t ld_weights;
    float *sums;
    size_t ld;
} mixed;

/* n_pieces pieces of each row from piece `first` of the group at rows; whole groups where the format has short ones. */
KERNEL void mix_pieces(int kind, int n_q, int n_pieces, const fused *f, const fused_part *p, const uint8_t *rows,
                       size_t first, const mixed *m, float *sums, doubts *doubt)
{
    const int share = pieces_of(kind) ? pieces_of(kind) : n_pieces;
    vec sum[FUSED_QUERIES][MIX_PIECES][REGS];
    EACH(i, n_q)
    EACH(j, n_pieces)
    EACH(k, REGS)
    sum[i][j][k] = vec_load(sums + (size_t)i * m->ld + j * FUSED_LANES + k * VEC_LANES);
    for (size_t at = 0; at < m->n; at++) {
        const uint8_t *group = rows + m->list[at] * p->stride;
        if (rows == p->rows) ask_ahead(kind, group, p->stride);
        const float *w = m->weights + m->list[at];
        scaled s = { 0 };
        EACH(j, n_pieces)
        {
            vec v[REGS];
            if (j % share == 0) s = scaled_by(kind, f, group + (size_t)(j / share) * f->group_bytes, doubt);
            values_of(kind, f, &s, first + (size_t)(j % share), v);
            EACH(i, n_q)
            EACH(k, REGS)
            sum[i][j][k] = vec_fma(vec_all(w[(size_t)i * m->ld_weights]), v[k], sum[i][j][k]);
        }
    }
    EACH(i, n_q)
    EACH(j, n_pieces)
    EACH(k, REGS)
    vec_store(sums + (size_t)i * m->ld + j * FUSED_LANES + k * VEC_LANES, sum[i][j][k]);
}

/* As many pieces at a time, 1, 2, 4 or 8, as sums fit the registers: a loop in groups that are long, over groups that
 * are short. */
KERNEL bool mix_rows(int kind, int n_q, const fused *f, const fused_part *p, const mixed *m)
{
    const int share = pieces_of(kind), fit = MIX_REGS / n_q / REGS;
    const int most = fit >= 8 ? 8 : fit >= 4 ? 4 : fit >= 2 ? 2 : 1, many = most < share ? share : most;
    doubts doubt = { 0 };
    if (share) {
        const size_t step = (size_t)(many / share);
        size_t g = 0;
        for (; g + step <= p->groups; g += step)
            mix_pieces(kind, n_q, many, f, p, p->rows + g * f->group_bytes, 0, m,
                       m->sums + g * (size_t)share * FUSED_LANES, &doubt);
        for (; g < p->groups; g++)
            mix_pieces(kind, n_q, share, f, p, p->rows + g * f->group_bytes, 0, m,
                       m->sums + g * (size_t)share * FUSED_LANES, &doubt);
        return is_sure(&doubt);
    }
    for (size_t g = 0; g < p->groups; g++) {
        const uint8_t *rows = p->rows + g * f->group_bytes;
        float *sums = m->sums + g * p->pieces * FUSED_LANES;
        size_t j = 0;
        for (; j + (size_t)many <= p->pieces; j += (size_t)many)
            mix_pieces(kind, n_q, many, f, p, rows, j, m, sums + j * FUSED_LANES, &doubt);
        for (; j < p->pieces; j++)
            mix_pieces(kind, n_q, 1, f, p, rows, j, m, sums + j * FUSED_LANES, &doubt);
    }
    return is_sure(&doubt);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

#define SCORES(kind, n_q)                                                                                              \
    static bool scores_##kind##_##n_q(const fused *f, const fused_part *p, size_t n, const float *q, size_t ld,        \
                                      float *out)                                                                      \
    {                                                                                                                  \
        return score_rows(kind, n_q, f, p, n, q, ld, out);                                                             \
    }
#define MIX(kind, n_q)                                                                                                 \
    static bool mix_##kind##_##n_q(const fused *f, const fused_part *p, const uint16_t *list, size_t n,                \
                                   const float *weights, size_t ld_weights, float *sums, size_t ld)                    \
    {                                                                                                                  \
        return mix_rows(kind, n_q, f, p, &(mixed){ list, n, weights, ld_weights, sums, ld });                          \
    }

/* As many as the level takes at a time; fused.c takes 5 ... 7 in two calls, which saves a third of this code. */
#if QUERIES_MOST == 8
#define EACH_OF(make, kind) make(kind, 1) make(kind, 2) make(kind, 3) make(kind, 4) make(kind, 8)
#else
#define EACH_OF(make, kind) make(kind, 1) make(kind, 2) make(kind, 3) make(kind, 4)
#endif
#define SCORES_OF(kind)        EACH_OF(SCORES, kind)
#define MIX_OF(kind)           EACH_OF(MIX, kind)
#define SCORES_NAME(kind, n_q) [n_q - 1] = scores_##kind##_##n_q,
#define MIX_NAME(kind, n_q)    [n_q - 1] = mix_##kind##_##n_q,

KINDS(SCORES_OF)
KINDS(MIX_OF)

extern const fused_kernels FUSED_TABLE;
#define SCORES_AT(kind) [kind] = { EACH_OF(SCORES_NAME, kind) },
#define MIX_AT(kind)    [kind] = { EACH_OF(MIX_NAME, kind) },
const fused_kernels FUSED_TABLE = {
    .queries_most = QUERIES_MOST,
#ifdef UNPACKS_4
    .unpack = { [CODES_4] = unpack_4 },
#endif
    .scores = { KINDS(SCORES_AT) },
    .mix = { KINDS(MIX_AT) },
};
