#include "app/checklist_probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Squared sine of an angle below which two differences are one direction, and cosine above which they are. */
#define SAME_SINE   1e-4
#define SAME_COSINE 0.9999

enum { AXES_PER_COLUMN = 4, LARGEST_ROW = 1 << 14 };

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* ---- one row there, and one back ---- */

int probe_encode(probe *p, const float *row, blob *b)
{
    const int64_t n = trial_encode(&p->encoder, PROBE_POSITION, row, 1, b);
    if (n < 0) return (int)n;
    if (p->n_bytes && (size_t)n != p->n_bytes) return KVANT_E_SPACE;
    return KVANT_OK;
}

bool probe_decode(probe *p, const uint8_t *bytes, float *row)
{
    char before[sizeof p->v->ledger.breach];
    memcpy(before, p->v->ledger.breach, sizeof before);
    p->v->ledger.breach[0] = '\0';
    const bool ok =
        trial_decode(&p->decoder, PROBE_POSITION, bytes, p->n_bytes, row, 1) == KVANT_OK && !p->v->ledger.breach[0];
    memcpy(p->v->ledger.breach, before, sizeof before);
    return ok;
}

static bool bit_of(const uint8_t *bytes, size_t bit)
{
    return bytes[bit / 8] >> bit % 8 & 1;
}

static void set_bit(uint8_t *bytes, size_t bit, bool on)
{
    const uint8_t mask = (uint8_t)(1u << bit % 8);
    bytes[bit / 8] = (uint8_t)(on ? bytes[bit / 8] | mask : bytes[bit / 8] & ~mask);
}

unsigned probe_code(const probe_axis *a, const uint8_t *bytes)
{
    unsigned code = 0;
    for (int i = 0; i < a->n_bits; i++)
        code |= (unsigned)bit_of(bytes, a->bit[i]) << i;
    return code;
}

void probe_set_code(const probe_axis *a, unsigned code, uint8_t *bytes)
{
    for (int i = 0; i < a->n_bits; i++)
        set_bit(bytes, a->bit[i], code >> i & 1);
}

double probe_along(const probe *p, const float *row, size_t axis)
{
    return dot(row, p->direction + axis * p->dim, p->dim);
}

void probe_turn(const probe *p, const probe_part *part, const float *row, double *coordinates)
{
    for (size_t i = 0; i < part->n_axes; i++)
        coordinates[i] = probe_along(p, row, part->axes[i]);
}

/* ---- bits ---- */

typedef enum difference { REFUSED, NOTHING, SOMETHING } difference;

/* What base row r becomes with the bit set, less what it becomes with the bit clear. */
static difference turn_over(probe *p, size_t r, size_t bit, float *d)
{
    uint8_t *bytes = p->base[r].bytes;
    const bool on = bit_of(bytes, bit);
    const float *row = p->rows + r * p->dim;
    set_bit(bytes, bit, !on);
    const bool ok = probe_decode(p, bytes, d);
    set_bit(bytes, bit, on);
    if (!ok) return REFUSED;
    if (memcmp(d, row, p->dim * sizeof *d) == 0) return NOTHING;
    for (size_t i = 0; i < p->dim; i++)
        d[i] = on ? row[i] - d[i] : d[i] - row[i];
    return SOMETHING;
}

static bool parallel(const float *a, const float *b, size_t n)
{
    const double ab = dot(a, b, n), aa = dot(a, a, n), bb = dot(b, b, n);
    return aa > 0 && bb > 0 && aa * bb - ab * ab < SAME_SINE * aa * bb;
}

/* Gives the bit to the axis along d, a new one when there is none; the latest are the likeliest. */
static bool add_to_axis(probe *p, size_t bit, const float *d)
{
    const double length = sqrt(dot(d, d, p->dim));
    for (size_t i = p->n_axes; i-- > 0;)
        if (fabs(dot(d, p->direction + i * p->dim, p->dim)) > SAME_COSINE * length) {
            if (p->axes[i].n_bits == PROBE_BITS) return false;
            p->axes[i].bit[p->axes[i].n_bits++] = bit;
            return true;
        }
    if (p->n_axes == AXES_PER_COLUMN * p->dim) return false;
    p->axes[p->n_axes] = (probe_axis){ .bit = { bit }, .n_bits = 1, .constant = -1, .part = -1 };
    for (size_t i = 0; i < p->dim; i++)
        p->direction[p->n_axes * p->dim + i] = (float)((double)d[i] / length);
    p->n_axes++;
    return true;
}

static bool sort_bit(probe *p, size_t bit)
{
    float *d = p->scratch, *e = p->scratch + p->dim;
    const difference one = turn_over(p, 0, bit, d), two = turn_over(p, 1, bit, e);
    probe_bit kind = BIT_MOVES;
    if (one == REFUSED || two == REFUSED)
        kind = BIT_REFUSED;
    else if (one == NOTHING && two == NOTHING)
        kind = BIT_DEAD;
    else if (one == SOMETHING && two == SOMETHING && parallel(d, e, p->dim))
        kind = BIT_AXIS;
    p->kind[bit] = (unsigned char)kind;
    return kind != BIT_AXIS || add_to_axis(p, bit, d);
}

/* ---- axes, as exactly as f32 gives them ---- */

/* Adds to sum what lies between the axis's codes `low` and `high` in base row r, on the side of the sum; its length
 * before, 0 when one of them is refused. */
static double add_span(probe *p, const probe_axis *a, size_t r, unsigned low, unsigned high, double *sum)
{
    uint8_t *bytes = p->base[r].bytes;
    const unsigned code = probe_code(a, bytes);
    float *from = p->scratch, *to = p->scratch + p->dim;
    probe_set_code(a, low, bytes);
    bool ok = probe_decode(p, bytes, from);
    probe_set_code(a, high, bytes);
    ok = probe_decode(p, bytes, to) && ok;
    probe_set_code(a, code, bytes);
    double square = 0, along = 0;
    for (size_t i = 0; ok && i < p->dim; i++) {
        const double d = (double)to[i] - (double)from[i];
        square += d * d;
        along += d * sum[i];
    }
    for (size_t i = 0; square > 0 && i < p->dim; i++)
        sum[i] += (along < 0 ? -1 : 1) * ((double)to[i] - (double)from[i]);
    return sqrt(square);
}

/* From which code to which: all bits, the last, all others, or the last as the rest of the code stands. */
enum { SPANS = 4 };

static void span_of(const probe *p, const probe_axis *a, size_t r, int span, unsigned *low, unsigned *high)
{
    const unsigned all = a->n_bits < PROBE_BITS ? (1u << a->n_bits) - 1 : ~0u, top = 1u << (a->n_bits - 1);
    const unsigned code = probe_code(a, p->base[r].bytes), highs[SPANS] = { all, top, all & ~top, code | top };
    *low = span == SPANS - 1 ? code & ~top : 0;
    *high = highs[span];
}

/* The widest span is the least rounded. */
static void refine_axis(probe *p, size_t axis, double *sum)
{
    const probe_axis *a = &p->axes[axis];
    unsigned low, high;
    double widest = 0, square = 0;
    int best = 0;
    for (int span = 0; span < SPANS; span++) {
        span_of(p, a, 0, span, &low, &high);
        memset(sum, 0, p->dim * sizeof *sum);
        const double width = low == high ? 0 : add_span(p, a, 0, low, high, sum);
        if (!(width > widest)) continue;
        widest = width;
        best = span;
    }
    memset(sum, 0, p->dim * sizeof *sum);
    for (size_t r = 0; widest > 0 && r < PROBE_ROWS; r++) {
        span_of(p, a, r, best, &low, &high);
        add_span(p, a, r, low, high, sum);
    }
    for (size_t i = 0; i < p->dim; i++)
        square += sum[i] * sum[i];
    for (size_t i = 0; square > 0 && i < p->dim; i++)
        p->direction[axis * p->dim + i] = (float)(sum[i] / sqrt(square));
}

/* ---- the whole ---- */

static bool no(char *why, const char *what)
{
    snprintf(why, PROBE_WHY, "%.*s", PROBE_WHY - 1, what);
    return false;
}

/* Instances, and the encodings of the rows in front of the ones that are looked at. */
static bool open_instances(probe *p, char *why)
{
    verify *v = p->v;
    blob b = { 0 };
    float *rows = verify_memory(PROBE_POSITION * p->dim * sizeof *rows);
    verify_rows(ROWS_GAUSSIAN, PROBE_POSITION, p->dim, 71, rows);
    bool ok = ready_encoder(v, &p->encoder) && must_encode(&p->encoder, 0, rows, PROBE_POSITION, &b) &&
              ready_decoder(v, &p->decoder, &p->encoder);
    blob_free(&b);
    free(rows);
    return ok || no(why, v->ledger.breach);
}

static bool take_base_rows(probe *p, char *why)
{
    float *rows = verify_memory(PROBE_ROWS * p->dim * sizeof *rows);
    verify_rows(ROWS_GAUSSIAN, PROBE_ROWS, p->dim, 72, rows);
    bool ok = true;
    for (size_t r = 0; ok && r < PROBE_ROWS; r++) {
        ok = probe_encode(p, rows + r * p->dim, &p->base[r]) == KVANT_OK ||
             no(why, "a Gaussian row is refused, or takes other bytes than the one before");
        p->n_bytes = p->base[r].n;
        ok = ok && (probe_decode(p, p->base[r].bytes, p->rows + r * p->dim) || no(why, "a row is not decoded"));
    }
    free(rows);
    if (ok && (p->n_bytes == 0 || p->n_bytes > LARGEST_ROW)) return no(why, "a row of no bytes, or of too many");
    return ok;
}

bool probe_open(probe *p, verify *v, char *why)
{
    *p = (probe){ .v = v, .dim = v->dim };
    if (v->unit != 1) {
        snprintf(why, PROBE_WHY, "blocks of %zu rows: no row has codes of its own", v->unit);
        return false;
    }
    const size_t most = AXES_PER_COLUMN * p->dim;
    p->rows = verify_memory(PROBE_ROWS * p->dim * sizeof *p->rows);
    p->scratch = verify_memory(2 * p->dim * sizeof *p->scratch);
    p->axes = verify_memory(most * sizeof *p->axes);
    p->direction = verify_memory(most * p->dim * sizeof *p->direction);
    if (!open_instances(p, why) || !take_base_rows(p, why)) return false;
    p->kind = verify_memory(8 * p->n_bytes);
    for (size_t bit = 0; bit < 8 * p->n_bytes; bit++)
        if (!sort_bit(p, bit)) return no(why, "more directions than a table's codes can have");
    double *sum = verify_memory(p->dim * sizeof *sum);
    for (size_t i = 0; i < p->n_axes; i++)
        refine_axis(p, i, sum);
    free(sum);
    if (!probe_find_parts(p, why)) return false;
    probe_find_constants(p);
    return true;
}

void probe_close(probe *p)
{
    if (!p->v) return;
    trial_close(&p->encoder);
    trial_close(&p->decoder);
    for (size_t r = 0; r < PROBE_ROWS; r++)
        blob_free(&p->base[r]);
    free(p->rows), free(p->scratch), free(p->kind), free(p->axes), free(p->direction), free(p->list);
    *p = (probe){ 0 };
}
