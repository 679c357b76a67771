/* Item 6: what decode returns is encoded as the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "app/checklist_work.h"

enum { ROWS = 100 };

/* The rows for which the format's own promise was published: TurboQuant's levels are not again the nearest ones for a
 * row whose largest coordinates they cut off by more than a seventh of its length. */
static const struct {
    verify_kind kind;
    float scale, outliers; /* of two columns, in standard deviations */
} inputs[] = { { ROWS_GAUSSIAN, 1, 0 }, { ROWS_GAUSSIAN, 100, 0 }, { ROWS_SPIKY, 1, 0 }, { ROWS_GAUSSIAN, 1, 20 } };

static void fill(size_t input, size_t dim, float *rows)
{
    verify_rows(inputs[input].kind, ROWS, dim, 81 + input, rows);
    for (size_t k = 0; k < ROWS * dim; k++)
        rows[k] *= inputs[input].scale;
    for (size_t r = 0; inputs[input].outliers > 0 && r < ROWS; r++) {
        rows[r * dim + 3 * r % dim] = inputs[input].outliers;
        rows[r * dim + (5 * r + 1) % dim] = -0.65f * inputs[input].outliers;
    }
}

typedef struct again {
    size_t rows, same;
} again;

/* One row at a position: there, back, and there again. False when one of them is refused. */
static bool go_again(trial *encoder, trial *decoder, trial *other, size_t at, const float *row, float *back, blob *one,
                     blob *two)
{
    return trial_encode(encoder, at, row, 1, one) >= 0 &&
           trial_decode(decoder, at, one->bytes, one->n, back, 1) == KVANT_OK &&
           trial_encode(other, at, back, 1, two) >= 0;
}

/* Every row by itself, behind those at the beginning of a sequence that a wrapper may keep. */
static bool try_rows(checklist *c, const float *rows, size_t n, again *found)
{
    trial encoder = { 0 }, decoder = { 0 }, other = { 0 };
    blob one = { 0 }, two = { 0 };
    float *back = verify_memory(c->v.dim * sizeof *back);
    bool ok = ready_encoder(&c->v, &encoder) && ready_encoder(&c->v, &other) &&
              ready_decoder(&c->v, &decoder, &encoder) && must_encode(&encoder, 0, rows, PROBE_POSITION, &one) &&
              must_encode(&other, 0, rows, PROBE_POSITION, &one);
    for (size_t r = 0; ok && r < n; r++) {
        ok = go_again(&encoder, &decoder, &other, PROBE_POSITION + r, rows + r * c->v.dim, back, &one, &two);
        found->rows++;
        found->same += ok && blob_equal(&one, &two);
    }
    trial_close(&encoder), trial_close(&decoder), trial_close(&other);
    blob_free(&one), blob_free(&two);
    free(back);
    return ok;
}

verify_outcome item_bytes(checklist *c)
{
    verify *v = &c->v;
    again found = { 0 };
    if (v->unit != 1) return not_applicable(v, "it fits blocks of %zu rows, decoded ones anew", v->unit);
    float *rows = verify_memory(ROWS * v->dim * sizeof *rows);
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof inputs / sizeof *inputs; i++) {
        fill(i, v->dim, rows);
        ok = try_rows(c, rows, ROWS, &found);
    }
    free(rows);
    if (!ok) return failed(v, "rows, or what they come back as, are refused");
    return judged(c, found.same == found.rows, "%zu of %zu rows: gaussian, 100 times as long, spiky, with two outliers",
                  found.same, found.rows);
}
