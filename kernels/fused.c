#include "kernels/fused.h"

#include <math.h>
#include <string.h>

#include "kernels/block_q.h"
#include "kernels/cpu.h"
#include "kernels/fused_kernels.h"

/* Rows whose sums are kept in registers together; of as many bytes as stay in the first-level cache. */
enum { CHUNK = 32 };

/* Rows of at most so many values are unpacked first, where that is faster: a chunk of them then stays in the
 * first-level cache. */
enum { UNPACKED = 256 };
static const fused unpacked = { .kind = FUSED_F32, .group = FUSED_LANES, .group_bytes = FUSED_LANES * sizeof(float) };

extern const fused_kernels fused_portable;
#if defined(__x86_64__)
extern const fused_kernels fused_avx2, fused_avx512;
static const fused_kernels *const levels[] = { &fused_portable, &fused_avx2, &fused_avx512 };
#elif defined(__aarch64__)
extern const fused_kernels fused_neon;
static const fused_kernels *const levels[] = { &fused_portable, &fused_neon };
#else
static const fused_kernels *const levels[] = { &fused_portable };
#endif

/* Formats that are known: values that share a scale, bytes of it. */
static const struct {
    size_t group, header, bytes;
} known[] = {
    [FUSED_F16] = { FUSED_LANES, 0, 2 * FUSED_LANES },
    [FUSED_Q8_0] = { BLOCK_Q, 2, BLOCK_Q8_0_BYTES },
    [FUSED_Q4_0] = { BLOCK_Q, 2, BLOCK_Q4_0_BYTES },
};

void fused_init(fused *f, const fused_format *format)
{
    memset(f, 0, sizeof *f);
    f->kind = format->kind;
    f->dim = format->dim;
    f->kernels = levels[cpu_level()];
    if ((size_t)f->kind < sizeof known / sizeof *known) {
        f->group = known[f->kind].group;
        f->header = known[f->kind].header;
        f->group_bytes = known[f->kind].bytes;
        f->row_bytes = f->kind == FUSED_F16 ? 2 * f->dim : f->dim / f->group * f->group_bytes;
        return;
    }
    const int bits = f->kind == FUSED_PLANES3 ? 3 : (int)f->kind - FUSED_CODES_1 + 1;
    f->group = format->group;
    f->header = format->header;
    f->group_bytes = format->group_bytes;
    f->row_bytes = (f->dim + f->group - 1) / f->group * f->group_bytes;
    f->rotation = format->rotation;
    const int levels_of = 1 << bits, places = levels_of < FUSED_LANES ? FUSED_LANES : levels_of;
    for (int i = 0; i < places; i++)
        f->level[i] = format->level[i % levels_of];
}

/* ---- blocks of at most FUSED_BLOCK values ------------------------------------------------------------------------ */

typedef struct block {
    size_t at, width, have; /* its first value, values with those that fill the last group, values without */
    size_t offset;          /* its first byte in a row */
} block;

static block block_at(const fused *f, size_t at)
{
    const size_t most = FUSED_BLOCK / f->group * f->group, left = f->dim - at;
    block b = { .at = at, .have = left < most ? left : most, .offset = at / f->group * f->group_bytes };
    b.width = (b.have + f->group - 1) / f->group * f->group;
    return b;
}

/* An f16 row may end within a group. */
static bool is_ragged(const fused *f, const block *b)
{
    return f->kind == FUSED_F16 && b->have != b->width;
}

/* The block in n <= FUSED_ROWS rows, in a copy where zeros must follow. */
static fused_part part_of(const fused *f, const block *b, const uint8_t *rows, size_t n, uint8_t *copy)
{
    fused_part p = { .rows = rows + b->offset,
                     .stride = f->row_bytes,
                     .groups = b->width / f->group,
                     .pieces = f->group / FUSED_LANES };
    if (!is_ragged(f, b)) return p;
    p.rows = copy;
    p.stride = 2 * b->width;
    for (size_t r = 0; r < n; r++) {
        memcpy(copy + r * p.stride, rows + r * f->row_bytes + b->offset, 2 * b->have);
        memset(copy + r * p.stride + 2 * b->have, 0, p.stride - 2 * b->have);
    }
    return p;
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* Are rows unpacked before they are met? Not by one query, which waits for the rows' bytes and not for their values.
 */
static bool unpacks(const fused *f, const block *b, size_t n_q)
{
    return n_q > 1 && b->width <= UNPACKED && f->kernels->unpack[f->kind];
}

/* Values at `rows`, as the kernels take them. */
static fused_part unpacked_part(const block *b, const float *rows)
{
    return (fused_part){
        .rows = (const uint8_t *)rows, .stride = b->width * sizeof *rows, .groups = b->width / FUSED_LANES, .pieces = 1
    };
}

/* How many of the queries that are left a kernel takes. */
static size_t queries_at_once(const fused *f, size_t left)
{
    return left >= f->kernels->queries_most ? f->kernels->queries_most : at_most(left, 4);
}

/* ---- rotation of a few rows -------------------------------------------------------------------------------------- */

/* A tile of lanes, most of them empty, costs what a few rows cost one by one. */
enum { WORTH_A_TILE = 4, ROTATED = FUSED_QUERIES * FUSED_BLOCK };

typedef void rotate_rows(const wht *w, float *rows, size_t n_rows);

static void rotate(const wht *w, rotate_rows *way, float *rows, size_t n)
{
    const size_t tile = w->lanes ? (size_t)w->lanes->n : 1;
    const size_t rest = n % tile, full = n + tile - rest;
    if (rest * WORTH_A_TILE < tile || full * (size_t)w->n > ROTATED) {
        way(w, rows, n);
        return;
    }
    memset(rows + n * (size_t)w->n, 0, (full - n) * (size_t)w->n * sizeof *rows);
    way(w, rows, full);
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

/* The block's queries as the kernels want them: rotated, or with zeros after them, in `copy`; or where they are. */
static const float *queries_of(const fused *f, const block *b, const float *q, size_t n_q, float *copy, size_t *ld)
{
    *ld = f->dim;
    if (b->have == b->width && !f->rotation) return q + b->at;
    *ld = b->width;
    for (size_t i = 0; i < n_q; i++) {
        memcpy(copy + i * b->width, q + i * f->dim + b->at, b->have * sizeof *copy);
        memset(copy + i * b->width + b->have, 0, (b->width - b->have) * sizeof *copy);
    }
    if (f->rotation) rotate(f->rotation, wht_forward, copy, n_q * (b->width / f->group));
    return copy;
}

/* Moves the tile's scores out; false when one of them is not finite. */
static bool put_scores(const float *tile, size_t n_q, size_t n, bool add, float *scores, size_t ld)
{
    float odd = 0.0f;
    for (size_t i = 0; i < n_q; i++)
        for (size_t r = 0; r < n; r++) {
            const float s = tile[i * FUSED_ROWS + r];
            odd += s * 0.0f;
            scores[i * ld + r] = add ? scores[i * ld + r] + s : s;
        }
    return odd == 0.0f;
}

/* `as` says how the part's rows are to be read: f, or unpacked. */
static bool score_rows(const fused *f, const fused *as, const fused_part *p, size_t n, const float *q, size_t ld,
                       size_t n_q, bool add, float *scores, size_t ld_scores)
{
    _Alignas(64) float tile[FUSED_QUERIES * FUSED_ROWS];
    bool ok = true;
    for (size_t i = 0; i < n_q;) {
        const size_t some = queries_at_once(f, n_q - i);
        ok &= f->kernels->scores[as->kind][some - 1](as, p, n, q + i * ld, ld, tile);
        ok &= put_scores(tile, some, n, add, scores + i * ld_scores, ld_scores);
        i += some;
    }
    return ok;
}

static bool score_unpacked(const fused *f, const block *b, const fused_part *p, size_t n, const float *q, size_t ld,
                           size_t n_q, float *scores, size_t ld_scores)
{
    static const uint16_t all[FUSED_ROWS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    _Alignas(64) float rows[FUSED_ROWS * UNPACKED];
    const fused_part values = unpacked_part(b, rows);
    const bool ok = f->kernels->unpack[f->kind](f, p, all, n, rows);
    return score_rows(f, &unpacked, &values, n, q, ld, n_q, b->at > 0, scores, ld_scores) && ok;
}

static bool score_block(const fused *f, const block *b, const uint8_t *bytes, size_t n_rows, const float *q, size_t n_q,
                        float *scores)
{
    _Alignas(64) float rotated[ROTATED];
    uint8_t copy[FUSED_ROWS * 2 * FUSED_BLOCK];
    size_t ld;
    const float *queries = queries_of(f, b, q, n_q, rotated, &ld);
    bool ok = true;
    for (size_t r = 0; r < n_rows; r += FUSED_ROWS) {
        const size_t n = at_most(n_rows - r, FUSED_ROWS);
        const fused_part p = part_of(f, b, bytes + r * f->row_bytes, n, copy);
        ok &= unpacks(f, b, n_q) ? score_unpacked(f, b, &p, n, queries, ld, n_q, scores + r, n_rows)
                                 : score_rows(f, f, &p, n, queries, ld, n_q, b->at > 0, scores + r, n_rows);
    }
    return ok;
}

bool fused_scores(const fused *f, const uint8_t *bytes, size_t n_rows, const float *q, size_t n_q, float *scores)
{
    bool ok = true;
    for (size_t i = 0; i < n_q; i += FUSED_QUERIES)
        for (block b = { 0 }; b.at < f->dim; b.at += b.have) {
            b = block_at(f, b.at);
            ok &=
                score_block(f, &b, bytes, n_rows, q + i * f->dim, at_most(n_q - i, FUSED_QUERIES), scores + i * n_rows);
        }
    return ok;
}

/* ---- mix --------------------------------------------------------------------------------------------------------- */

/* The rows that some query gives weight. */
static size_t rows_that_matter(const float *weights, size_t ld, size_t n_q, size_t n, uint16_t *list)
{
    size_t found = 0;
    for (size_t r = 0; r < n; r++) {
        bool any = false;
        for (size_t i = 0; i < n_q; i++)
            any |= weights[i * ld + r] != 0.0f;
        list[found] = (uint16_t)r;
        found += any;
    }
    return found;
}

/* Queries in calls of as many as a kernel takes; `as` as in score_rows. */
static bool sum_part(const fused *f, const fused *as, const block *b, const fused_part *p, size_t n,
                     const float *weights, size_t ld_weights, size_t n_q, float *sums)
{
    uint16_t list[CHUNK];
    bool ok = true;
    for (size_t i = 0; i < n_q;) {
        const size_t some = queries_at_once(f, n_q - i);
        const float *w = weights + i * ld_weights;
        const size_t matter = rows_that_matter(w, ld_weights, some, n, list);
        ok &= f->kernels->mix[as->kind][some - 1](as, p, list, matter, w, ld_weights, sums + i * b->width, b->width);
        i += some;
    }
    return ok;
}

static bool sum_unpacked(const fused *f, const block *b, const fused_part *p, size_t n, const float *weights,
                         size_t ld_weights, size_t n_q, float *sums)
{
    _Alignas(64) float rows[CHUNK * UNPACKED];
    uint16_t list[CHUNK];
    const fused_part values = unpacked_part(b, rows);
    const size_t matter = rows_that_matter(weights, ld_weights, n_q, n, list);
    const bool ok = f->kernels->unpack[f->kind](f, p, list, matter, rows);
    return sum_part(f, &unpacked, b, &values, n, weights, ld_weights, n_q, sums) && ok;
}

static bool sum_rows(const fused *f, const block *b, const uint8_t *bytes, size_t n_rows, const float *weights,
                     size_t n_q, float *sums)
{
    uint8_t copy[FUSED_ROWS * 2 * FUSED_BLOCK];
    const size_t chunk = is_ragged(f, b) ? FUSED_ROWS : CHUNK;
    bool ok = true;
    for (size_t r = 0; r < n_rows; r += chunk) {
        const size_t n = at_most(n_rows - r, chunk);
        const fused_part p = part_of(f, b, bytes + r * f->row_bytes, n, copy);
        ok &= unpacks(f, b, n_q) ? sum_unpacked(f, b, &p, n, weights + r, n_rows, n_q, sums)
                                 : sum_part(f, f, b, &p, n, weights + r, n_rows, n_q, sums);
    }
    return ok;
}

static bool mix_block(const fused *f, const block *b, const uint8_t *bytes, size_t n_rows, const float *weights,
                      size_t n_q, float *out)
{
    _Alignas(64) float sums[ROTATED];
    const size_t count = n_q * b->width;
    memset(sums, 0, count * sizeof *sums);
    bool ok = sum_rows(f, b, bytes, n_rows, weights, n_q, sums);
    float odd = 0.0f;
    for (size_t i = 0; i < count; i++) {
        odd += sums[i] * 0.0f;
        sums[i] += 0.0f; /* -0 is 0 */
    }
    if (f->rotation) rotate(f->rotation, wht_inverse, sums, count / f->group);
    for (size_t i = 0; i < n_q; i++)
        for (size_t k = 0; k < b->have; k++)
            out[i * f->dim + b->at + k] += sums[i * b->width + k];
    return ok && odd == 0.0f;
}

bool fused_mix(const fused *f, const uint8_t *bytes, size_t n_rows, const float *weights, size_t n_q, float *out)
{
    bool ok = true;
    for (size_t i = 0; i < n_q; i += FUSED_QUERIES)
        for (block b = { 0 }; b.at < f->dim; b.at += b.have) {
            b = block_at(f, b.at);
            ok &= mix_block(f, &b, bytes, n_rows, weights + i * n_rows, at_most(n_q - i, FUSED_QUERIES),
                            out + i * f->dim);
        }
    return ok;
}
