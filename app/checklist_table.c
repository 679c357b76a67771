/* What the codes of a part mean, read by writing them; and where encode passes from one to the next, by bisection. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist_work.h"
#include "kernels/half.h"

static bool no(char *why, const char *format, size_t a, size_t b)
{
    snprintf(why, PROBE_WHY, format, a, b);
    return false;
}

/* ---- levels ---- */

/* Every axis of the part at the code, and nothing of the row from elsewhere: other constants are 0. */
static bool decode_code(probe *p, const probe_part *part, unsigned code, uint8_t *bytes, float *row)
{
    memcpy(bytes, p->base[0].bytes, p->n_bytes);
    for (size_t i = 0; i < part->n_axes; i++)
        probe_set_code(&p->axes[part->axes[i]], code, bytes);
    for (size_t k = 0; k < p->n_constants; k++) {
        bool used = false;
        for (size_t i = 0; i < part->n_axes; i++)
            used = used || p->axes[part->axes[i]].constant == (int)k;
        if (!used) half_store(bytes + p->constants[k].at, 0);
    }
    return probe_decode(p, bytes, row);
}

static double unit_of(const probe *p, size_t axis)
{
    const int k = p->axes[axis].constant;
    return k < 0 ? 1 : (double)half_to_float(half_load(p->base[0].bytes + p->constants[k].at));
}

/* The level of one code: its mean over the axes and how far the farthest is from it. */
static void read_level(const probe *p, const probe_part *part, const float *row, double *mean, double *spread)
{
    *mean = *spread = 0;
    for (size_t i = 0; i < part->n_axes; i++)
        *mean += probe_along(p, row, part->axes[i]) / unit_of(p, part->axes[i]) / (double)part->n_axes;
    for (size_t i = 0; i < part->n_axes; i++)
        *spread = fmax(*spread, fabs(probe_along(p, row, part->axes[i]) / unit_of(p, part->axes[i]) - *mean));
}

/* Ranks codes by their levels and sorts the levels. */
static void sort_levels(checklist_table *t, const double *by_code, int n)
{
    t->ordered = true;
    for (int code = 0; code < n; code++) {
        int rank = 0;
        for (int other = 0; other < n; other++)
            rank += by_code[other] < by_code[code] || (by_code[other] == by_code[code] && other < code);
        t->rank[code] = (unsigned char)rank;
        t->level[rank] = by_code[code];
        t->ordered = t->ordered && rank == code;
    }
}

bool checklist_read_levels(probe *p, const probe_part *part, checklist_table *t, char *why)
{
    double by_code[1 << PROBE_CODE_BITS] = { 0 };
    *t = (checklist_table){ .bits = part->bits };
    if (part->n_axes == 0) return no(why, "no bit of a row stands for one coordinate alone: no table", 0, 0);
    if (part->bits < 1) return no(why, "codes of several lengths for %zu coordinates", part->n_axes, 0);
    if (part->bits > PROBE_CODE_BITS) return no(why, "%zu bits a coordinate: no table", (size_t)part->bits, 0);
    uint8_t *bytes = verify_memory(p->n_bytes);
    bool ok = true;
    const int n = 1 << t->bits;
    for (int code = 0; ok && code < n; code++) {
        double spread;
        ok = decode_code(p, part, (unsigned)code, bytes, p->scratch) ||
             no(why, "code %zu of %zu is refused", (size_t)code, (size_t)n);
        if (ok) read_level(p, part, p->scratch, &by_code[code], &spread);
        if (ok) t->spread = fmax(t->spread, spread);
    }
    free(bytes);
    if (ok) sort_levels(t, by_code, n);
    return ok;
}

/* ---- boundaries ---- */

/* A row whose coordinate along the part's first axis is t, of length 1, the others alike but for their signs. */
static void row_at(const probe *p, const probe_part *part, double t, float *row)
{
    const double rest = part->n_axes > 1 ? sqrt((1 - t * t) / (double)(part->n_axes - 1)) : 0;
    for (size_t j = 0; j < p->dim; j++) {
        double sum = 0;
        for (size_t i = 0; i < part->n_axes; i++)
            sum += (i == 0 ? t : i % 2 ? rest : -rest) * (double)p->direction[part->axes[i] * p->dim + j];
        row[j] = (float)sum;
    }
}

/* The rank of the code that t gets; -1 when the row is refused. */
static int rank_at(probe *p, const probe_part *part, const checklist_table *t, double at, blob *b)
{
    row_at(p, part, at, p->scratch);
    if (probe_encode(p, p->scratch, b) != KVANT_OK) return -1;
    return t->rank[probe_code(&p->axes[part->axes[0]], b->bytes)];
}

/* The coordinate from which on the rank is above k. */
static bool bisect(probe *p, const probe_part *part, const checklist_table *t, int k, double *boundary, blob *b)
{
    double low = -0.9999, high = 0.9999;
    const int at_low = rank_at(p, part, t, low, b), at_high = rank_at(p, part, t, high, b);
    if (at_low < 0 || at_low > k || at_high <= k) return false;
    while (high - low > 2e-8) {
        const double middle = 0.5 * (low + high);
        const int rank = rank_at(p, part, t, middle, b);
        if (rank < 0) return false;
        *(rank > k ? &high : &low) = middle;
    }
    *boundary = 0.5 * (low + high);
    return true;
}

/* Levels in a unit of their own, in that of the boundaries: midpoints and boundaries agree as well as they can. */
static bool take_unit(checklist_table *t, int n)
{
    double mb = 0, mm = 0;
    for (int k = 0; k + 1 < n; k++) {
        const double middle = 0.5 * (t->level[k] + t->level[k + 1]);
        mb += middle * t->boundary[k];
        mm += middle * middle;
    }
    if (!(mm > 0) || !(mb > 0) || n < 3) return false;
    for (int k = 0; k < n; k++)
        t->level[k] *= mb / mm;
    t->spread *= mb / mm;
    return t->by_boundaries = true;
}

bool checklist_read_table(probe *p, const probe_part *part, checklist_table *t, char *why)
{
    if (!checklist_read_levels(p, part, t, why)) return false;
    const int n = 1 << t->bits;
    blob b = { 0 };
    bool ok = true, has_unit = true;
    for (int k = 0; ok && k + 1 < n; k++)
        ok = bisect(p, part, t, k, &t->boundary[k], &b) ||
             no(why, "no coordinate of a unit row passes from level %zu to the next of %zu", (size_t)k + 1, (size_t)n);
    blob_free(&b);
    for (size_t i = 0; i < part->n_axes; i++)
        has_unit = has_unit && p->axes[part->axes[i]].constant >= 0;
    if (ok && !has_unit && !take_unit(t, n)) ok = no(why, "no f16 among its bytes gives its levels a unit", 0, 0);
    return ok;
}

/* ---- error ---- */

static double density(int dim, double x)
{
    if (dim == 0) return exp(-0.5 * x * x) / sqrt(2 * acos(-1.0));
    if (fabs(x) >= 1) return 0;
    return exp(lgamma(0.5 * dim) - lgamma(0.5 * (dim - 1)) + 0.5 * (dim - 3) * log1p(-x * x)) / sqrt(acos(-1.0));
}

double checklist_table_error(const checklist_table *t, int dim, double scale)
{
    enum { STEPS = 400 }; /* of Simpson's rule in each cell */
    const double end = dim ? 1 : 9;
    const int n = 1 << t->bits;
    double sum = 0;
    for (int k = 0; k < n; k++) {
        const double low = k ? scale * t->boundary[k - 1] : -end, high = k + 1 < n ? scale * t->boundary[k] : end;
        const double h = (high - low) / STEPS;
        for (int i = 0; i <= STEPS; i++) {
            const double x = low + i * h, off = x - scale * t->level[k];
            sum += (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2) * h / 3 * off * off * density(dim, x);
        }
    }
    return dim ? sum * dim : sum;
}
