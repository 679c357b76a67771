/* fused.h - attention on encoded rows: scores and sums of rows straight from their codes.
 *
 * A row y in a format's own domain is what its decoder has before the last step, the inverse rotation, where there is
 * one: value i is level[code_i] * norm, or code * d, or an f16, rounded to f32 once. R being orthogonal, <q, row> is
 * <R q, y>, and a weighted sum of rows is the inverse of the same sum of y: one rotation for each query instead of one
 * for each row.
 *
 *     score(q, y)    in 16 lanes, lane l over i = l, l + 16, ... ascending, one fused multiply-add a step; then lanes 8
 *                    apart are added, and those 4, 2 and 1 apart. Of more than FUSED_BLOCK values: the scores of
 *                    blocks of so many, added in order.
 *     sum(w, y)_i    over rows ascending, one fused multiply-add a step, from 0; a sum of -0 is 0.
 *
 * That is so on every level of kernels/cpu.h: results depend neither on the level nor on which queries and rows share a
 * call, and a row may be left out of a sum where its weight is 0.
 *
 *     fused f;
 *     fused_init(&f, &(fused_format){ .kind = FUSED_Q4_0, .dim = 128 });
 *     ok = fused_scores(&f, bytes, n_rows, q, n_q, scores);
 *     ok = fused_mix(&f, bytes, n_rows, weights, n_q, out) && ok;
 *
 * No allocation; up to 100 KiB of stack. [any thread]
 */
#ifndef KVANT_KERNELS_FUSED_H
#define KVANT_KERNELS_FUSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/wht.h"

enum { FUSED_QUERIES = 8, FUSED_ROWS = 16, FUSED_LANES = 16, FUSED_BLOCK = 1024, FUSED_LEVELS = 256 };

typedef enum fused_kind {
    FUSED_F16,     /* f16 values; any dim */
    FUSED_Q8_0,    /* kernels/block_q.h; dim a multiple of 32 */
    FUSED_Q4_0,    /* the same */
    FUSED_PLANES3, /* header, a plane of the codes' low two bits, a plane of the third */
    FUSED_CODES_1, /* header, codes of 1 ... 8 bits as kernels/bitpack.h packs them: FUSED_CODES_1 + bits - 1 */
    FUSED_KINDS = FUSED_CODES_1 + 8,
    FUSED_F32 = FUSED_KINDS /* f32 values: what fused.c itself unpacks rows to, no format of a codec */
} fused_kind;

/* A row is whole groups, each a header (an f16 scale first, without a sign, then zeros) and codes. For f16 and the
 * blocks of 32 everything after dim is known and ignored. */
typedef struct fused_format {
    fused_kind kind;
    size_t dim;          /* values of a row; the last group is filled up with zeros */
    size_t group;        /* values with a scale of their own: a multiple of 16, at most 512 */
    size_t header;       /* 2 or 4 bytes */
    size_t group_bytes;  /* header included */
    const float *level;  /* 2^bits of them */
    const wht *rotation; /* of groups; kept, must outlive it */
} fused_format;

struct fused_kernels;

typedef struct fused {
    fused_kind kind;
    size_t dim, group, header, group_bytes, row_bytes;
    const wht *rotation;
    const struct fused_kernels *kernels;
    float level[FUSED_LEVELS]; /* as often as they fit 16 places */
} fused;

/* For this machine's level, or the one that KVANT_SIMD names. */
void fused_init(fused *f, const fused_format *format);

/* scores[i*n_rows + r] = <q_i, row_r>. False when the bytes may not be what an encoder writes: a scale or a value that
 * is not finite, has a sign it should not have, reserved bytes, a code q8_0 does not have; ask the decoder, row by row.
 * (Also when a score overflows.) */
bool fused_scores(const fused *f, const uint8_t *bytes, size_t n_rows, const float *q, size_t n_q, float *scores);

/* out[i*dim ...] += sum over r of weights[i*n_rows + r] row_r. Rows whose weights are all 0 are not read. False as
 * above, of the rows that were read; out is then undefined. */
bool fused_mix(const fused *f, const uint8_t *bytes, size_t n_rows, const float *weights, size_t n_q, float *out);

#endif
