/* Item 2: encode rotates as decode does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist_work.h"

enum { ROWS = 1000 };

/* Bounds of the coordinates that got a code, over all axes of a part. */
typedef struct cells {
    double low[1 << PROBE_CODE_BITS], high[1 << PROBE_CODE_BITS];
} cells;

typedef struct both_ways {
    double there_and_back; /* largest |R'R x - x| / |x| */
    double products;       /* largest |<Rq, Rk> - <q, k>| / |q||k| */
    double overlap;        /* of cells, in coordinates of a unit row; 0: they are apart */
    double correlation;    /* least over columns, between rows and what comes back */
    size_t coded;          /* coordinates whose codes were looked at */
} both_ways;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The rotation is orthogonal where rows go: y = R x, and x again, and products with the row before. */
static void turn_back(const probe *p, const probe_part *part, const float *row, const double *y, const float *before,
                      const double *y_before, both_ways *b)
{
    double off = 0, xx = 0, xq = 0, qq = 0;
    for (size_t j = 0; j < part->n_columns; j++) {
        const size_t column = part->columns[j];
        const double x = (double)row[column], q = (double)before[column];
        double back = -x;
        for (size_t i = 0; i < part->n_axes; i++)
            back += y[i] * (double)p->direction[part->axes[i] * p->dim + column];
        off += back * back;
        xx += x * x;
        xq += x * q;
        qq += q * q;
    }
    b->there_and_back = fmax(b->there_and_back, sqrt(off / xx));
    b->products = fmax(b->products, fabs(dot(y, y_before, part->n_axes) - xq) / sqrt(xx * qq));
}

static void note_codes(const probe *p, const probe_part *part, const checklist_table *t, const double *y,
                       const uint8_t *bytes, cells *found, both_ways *b)
{
    const double length = sqrt(dot(y, y, part->n_axes));
    for (size_t i = 0; i < part->n_axes; i++) {
        const unsigned rank = t->rank[probe_code(&p->axes[part->axes[i]], bytes)];
        found->low[rank] = fmin(found->low[rank], y[i] / length);
        found->high[rank] = fmax(found->high[rank], y[i] / length);
        b->coded++;
    }
}

static double overlap_of(const cells *found, int n)
{
    double overlap = 0, highest = -INFINITY;
    for (int k = 0; k < n; k++) {
        overlap = fmax(overlap, highest - found->low[k]);
        highest = fmax(highest, found->high[k]);
    }
    return overlap;
}

static void look_at_part(checklist *c, const probe_part *part, const float *rows, const blob *bytes, both_ways *b)
{
    probe *p = &c->probe;
    checklist_table t;
    cells found;
    char why[PROBE_WHY];
    const bool codes = c->has_codebook && checklist_read_levels(p, part, &t, why);
    double *y = verify_memory(2 * part->n_axes * sizeof *y), *before = y + part->n_axes;
    for (int k = 0; k < 1 << PROBE_CODE_BITS; k++) {
        found.low[k] = INFINITY;
        found.high[k] = -INFINITY;
    }
    probe_turn(p, part, rows + (ROWS - 1) * p->dim, before);
    for (size_t r = 0; r < ROWS; r++) {
        const float *row = rows + r * p->dim, *other = rows + (r ? r - 1 : ROWS - 1) * p->dim;
        probe_turn(p, part, row, y);
        turn_back(p, part, row, y, other, before, b);
        if (codes) note_codes(p, part, &t, y, bytes[r].bytes, &found, b);
        memcpy(before, y, part->n_axes * sizeof *y);
    }
    if (codes) b->overlap = fmax(b->overlap, overlap_of(&found, 1 << t.bits));
    free(y);
}

/* A row that comes back through another rotation has nothing to do with the one that went. */
static double least_correlation(const float *rows, const float *back, size_t n_rows, size_t dim)
{
    double least = 1;
    for (size_t j = 0; j < dim; j++) {
        double xy = 0, xx = 0, yy = 0;
        for (size_t r = 0; r < n_rows; r++) {
            const double x = (double)rows[r * dim + j], y = (double)back[r * dim + j];
            xy += x * y, xx += x * x, yy += y * y;
        }
        least = fmin(least, xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0);
    }
    return least;
}

verify_outcome item_both_ways(checklist *c)
{
    probe *p = &c->probe;
    if (!c->rotates) return not_applicable(&c->v, "it claims no rotation");
    if (!c->probed) return not_applicable(&c->v, "%s", c->why_not);
    both_ways b = { 0 };
    const size_t dim = p->dim;
    float *rows = verify_memory(2 * ROWS * dim * sizeof *rows), *back = rows + ROWS * dim;
    blob *bytes = verify_memory(ROWS * sizeof *bytes);
    memset(bytes, 0, ROWS * sizeof *bytes);
    verify_rows(ROWS_GAUSSIAN, ROWS / 2, dim, 73, rows);
    verify_rows(ROWS_SPIKY, ROWS / 2, dim, 74, rows + ROWS / 2 * dim);
    bool ok = true;
    for (size_t r = 0; ok && r < ROWS; r++)
        ok = probe_encode(p, rows + r * dim, &bytes[r]) == KVANT_OK && probe_decode(p, bytes[r].bytes, back + r * dim);
    b.correlation = ok ? least_correlation(rows, back, ROWS / 2, dim) : 0;
    for (size_t k = 0; ok && k < p->n_parts && p->n_axes > 0; k++)
        look_at_part(c, &p->parts[k], rows, bytes, &b);
    for (size_t r = 0; r < ROWS; r++)
        blob_free(&bytes[r]);
    free(bytes), free(rows);
    if (!ok) return failed(&c->v, "a Gaussian or spiky row is refused");
    const bool holds = b.there_and_back < 1e-6 && b.products < 1e-5 && b.overlap < 4e-6 && b.correlation > 0.7;
    if (p->n_axes == 0) return judged(c, holds, "columns come back with a correlation of %.4f or more", b.correlation);
    if (b.coded == 0)
        return judged(c, holds, "R'R x = x to %.1g; columns come back with a correlation of %.4f or more",
                      b.there_and_back, b.correlation);
    return judged(
        c, holds,
        "R'R x = x to %.1g, products to %.1g; %zu codes: the coordinates of two codes overlap by %.1g; columns "
        "come back with a correlation of %.4f or more",
        b.there_and_back, b.products, b.coded, b.overlap, b.correlation);
}
