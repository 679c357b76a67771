/* Which columns the axes connect, and which bytes multiply them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist_probe.h"
#include "kernels/half.h"

#define ORTHOGONAL 1e-3 /* cosines of axes of one rotation stay below */
#define TOUCHES    1e-5 /* an entry of an axis that counts */

/* ---- parts ---- */

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static bool orthogonal_to(const probe *p, size_t axis, const size_t *chosen, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (fabs(probe_along(p, p->direction + axis * p->dim, chosen[k])) > ORTHOGONAL) return false;
    return true;
}

/* The number of bits that the most axes have of those which were not taken yet, the larger of two; 0: none are left. */
static int commonest(const probe *p, const bool *taken)
{
    size_t count[PROBE_BITS + 1] = { 0 };
    int best = 0;
    for (size_t i = 0; i < p->n_axes; i++)
        count[p->axes[i].n_bits] += !taken[p->axes[i].n_bits];
    for (int bits = 1; bits <= PROBE_BITS; bits++)
        if (count[bits] > 0 && count[bits] >= count[best]) best = bits;
    return best;
}

/* Axes that can be rows of rotations together. Codes are many and of one length; what moves whole blocks along one
 * direction, as a minimum does, is rare. */
static size_t choose_frame(probe *p, size_t *chosen)
{
    bool taken[PROBE_BITS + 1] = { false };
    size_t n = 0;
    for (int bits; (bits = commonest(p, taken)) > 0; taken[bits] = true)
        for (size_t i = 0; i < p->n_axes; i++) {
            if (p->axes[i].n_bits != bits) continue;
            if (n < p->dim && orthogonal_to(p, i, chosen, n))
                chosen[n++] = i;
            else
                p->further++;
        }
    return n;
}

/* Columns that an axis touches together are one part. */
static void connect(const probe *p, const size_t *chosen, size_t n, size_t *parent)
{
    for (size_t k = 0; k < n; k++) {
        const float *d = p->direction + chosen[k] * p->dim;
        size_t first = p->dim;
        for (size_t j = 0; j < p->dim; j++) {
            if (fabsf(d[j]) < (float)TOUCHES) continue;
            if (first == p->dim) first = j;
            parent[root_of(parent, j)] = root_of(parent, first);
        }
    }
}

static size_t first_column(const probe *p, size_t axis)
{
    const float *d = p->direction + axis * p->dim;
    size_t j = 0;
    while (j + 1 < p->dim && fabsf(d[j]) < (float)TOUCHES)
        j++;
    return j;
}

static void fill_part(probe *p, probe_part *part, size_t root, size_t *parent, const size_t *chosen, size_t n,
                      size_t **room)
{
    part->columns = *room;
    for (size_t j = 0; j < p->dim; j++)
        if (root_of(parent, j) == root) part->columns[part->n_columns++] = j;
    part->axes = *room += part->n_columns;
    for (size_t k = 0; k < n; k++) {
        probe_axis *a = &p->axes[chosen[k]];
        if (root_of(parent, first_column(p, chosen[k])) != root) continue;
        part->bits = part->n_axes == 0 || part->bits == a->n_bits ? a->n_bits : 0;
        a->part = (int)p->n_parts;
        part->axes[part->n_axes++] = chosen[k];
    }
    *room += part->n_axes;
}

static int in_order(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

bool probe_find_parts(probe *p, char *why)
{
    size_t *parent = verify_memory(p->dim * sizeof *parent), *chosen = verify_memory(p->dim * sizeof *chosen), n = 0;
    p->list = verify_memory(2 * p->dim * sizeof *p->list);
    for (size_t j = 0; j < p->dim; j++)
        parent[j] = j;
    if (p->n_axes > 0) n = choose_frame(p, chosen);
    if (n < p->dim && p->n_axes < p->dim) p->n_axes = p->further = n = 0; /* joint codes that happen to look alone */
    qsort(chosen, n, sizeof *chosen, in_order);
    connect(p, chosen, n, parent);
    bool alone = true; /* no axis connects two columns, or there are none */
    for (size_t j = 0; j < p->dim; j++)
        alone = alone && parent[j] == j;
    for (size_t j = 1; alone && j < p->dim; j++)
        parent[root_of(parent, j)] = root_of(parent, 0);
    p->plain = alone && n > 0;
    size_t *room = p->list;
    for (size_t j = 0; j < p->dim && p->n_parts < PROBE_PARTS; j++)
        if (root_of(parent, j) == j) {
            fill_part(p, &p->parts[p->n_parts], j, parent, chosen, n, &room);
            p->n_parts++;
        }
    free(parent), free(chosen);
    if (n == 0 || n == p->dim) return true;
    p->skewed = true;
    snprintf(why, PROBE_WHY, "its codes move rows of %zu along %zu directions, of which %zu are orthogonal", p->dim,
             p->n_axes, n);
    return false;
}

/* ---- constants ---- */

static bool has_kind(const probe *p, size_t byte, probe_bit kind)
{
    for (size_t bit = 8 * byte; bit < 8 * byte + 8; bit++)
        if (p->kind[bit] == kind) return true;
    return false;
}

/* Decodes the first base row with the f16 at `at` doubled; false when there is no such f16. */
static bool double_at(probe *p, size_t at, float *row)
{
    enum { EXPONENT = 0x400, DOUBLED_AT_MOST = 0x7800 };
    uint8_t *bytes = p->base[0].bytes;
    const uint16_t h = half_load(bytes + at), magnitude = h & 0x7fff;
    if (magnitude < EXPONENT || magnitude >= DOUBLED_AT_MOST) return false;
    half_store(bytes + at, (uint16_t)(h + EXPONENT));
    const bool ok = probe_decode(p, bytes, row);
    half_store(bytes + at, h);
    return ok;
}

/* Each number is as it was or twice that, and 0 is neither here nor there; how many are not as they were. -1: some are
 * neither. */
static long doubled(const double *before, const double *after, size_t n, bool *twice)
{
    double largest = 0;
    long count = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(before[i]));
    for (size_t i = 0; i < n; i++) {
        twice[i] = fabs(after[i] - 2 * before[i]) < fabs(after[i] - before[i]);
        if (fabs(after[i] - (twice[i] ? 2 : 1) * before[i]) > 1e-4 * largest) return -1;
        count += twice[i] || (before[i] == 0 && after[i] == 0);
    }
    return count;
}

/* The numbers a constant multiplies: the axes' coordinates, or without axes the columns. */
static size_t numbers_of(const probe *p, const float *row, double *x)
{
    const size_t n = p->n_axes > 0 ? p->n_axes : p->dim;
    for (size_t i = 0; i < n; i++)
        x[i] = p->n_axes > 0 ? probe_along(p, row, i) : (double)row[i];
    return n;
}

/* With further axes a row is a sum, and only its share doubles: as much is added as goes when the constant is 0. */
static bool moves_linearly(probe *p, size_t at)
{
    uint8_t *bytes = p->base[0].bytes;
    const uint16_t h = half_load(bytes + at);
    float *twice = p->scratch, *none = p->scratch + p->dim;
    if (!double_at(p, at, twice)) return false;
    half_store(bytes + at, 0);
    const bool ok = probe_decode(p, bytes, none);
    half_store(bytes + at, h);
    double off = 0, size = 0;
    for (size_t i = 0; ok && i < p->dim; i++) {
        const double up = (double)twice[i] - (double)p->rows[i], down = (double)p->rows[i] - (double)none[i];
        off += (up - down) * (up - down);
        size += up * up;
    }
    return ok && size > 0 && off < 1e-8 * size;
}

static void add_constant(probe *p, size_t at, int part)
{
    p->constants[p->n_constants++] = (probe_constant){ .at = at, .part = part };
    p->parts[part].n_constants++;
}

static void own_axes(probe *p, size_t at, const bool *twice)
{
    int part = -1;
    for (size_t i = 0; i < p->n_axes; i++) {
        if (!twice[i]) continue;
        p->axes[i].constant = (int)p->n_constants;
        if (part < 0) part = p->axes[i].part;
    }
    add_constant(p, at, part < 0 ? 0 : part);
}

/* Does a bit of the axis change nothing while the constant is 0? */
static bool needs_constant(probe *p, size_t at, const probe_axis *a)
{
    uint8_t *bytes = p->base[0].bytes;
    const uint16_t h = half_load(bytes + at);
    const unsigned code = probe_code(a, bytes);
    float *one = p->scratch, *other = p->scratch + p->dim;
    half_store(bytes + at, 0);
    bool same = probe_decode(p, bytes, one);
    probe_set_code(a, code ^ 1u << (a->n_bits - 1), bytes);
    same = same && probe_decode(p, bytes, other) && memcmp(one, other, p->dim * sizeof *one) == 0;
    probe_set_code(a, code, bytes);
    half_store(bytes + at, h);
    return same;
}

static void own_spans(probe *p, size_t at)
{
    int part = -1;
    for (size_t i = 0; i < p->n_axes; i++) {
        if (!needs_constant(p, at, &p->axes[i])) continue;
        p->axes[i].constant = (int)p->n_constants;
        if (part < 0) part = p->axes[i].part;
    }
    add_constant(p, at, part < 0 ? 0 : part); /* a further part stands on the same columns */
}

static bool take_constant(probe *p, size_t at, double *before, double *after, bool *twice)
{
    if (p->further > 0) {
        if (!moves_linearly(p, at)) return false;
        own_spans(p, at);
        return true;
    }
    if (!double_at(p, at, p->scratch)) return false;
    const size_t n = numbers_of(p, p->rows, before);
    numbers_of(p, p->scratch, after);
    const long count = doubled(before, after, n, twice);
    if (count < 1) return false;
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || twice[i];
    if (!any || (p->n_axes == 0 && (size_t)count < n)) return false;
    own_axes(p, at, twice);
    return true;
}

static bool always_zero(const probe *p, size_t byte)
{
    for (size_t r = 0; r < PROBE_ROWS; r++)
        if (p->base[r].bytes[byte] != 0) return false;
    return true;
}

void probe_find_constants(probe *p)
{
    const size_t most = p->n_axes > p->dim ? p->n_axes : p->dim;
    double *before = verify_memory(2 * most * sizeof *before);
    bool *twice = verify_memory(most * sizeof *twice);
    for (size_t at = 0; at < p->n_bytes; at++) {
        if (has_kind(p, at, BIT_AXIS)) continue;
        const bool pair = at + 1 < p->n_bytes && !has_kind(p, at + 1, BIT_AXIS) &&
                          (has_kind(p, at, BIT_MOVES) || has_kind(p, at + 1, BIT_MOVES));
        if (pair && p->n_constants < PROBE_CONSTANTS && take_constant(p, at, before, before + most, twice))
            at++;
        else if (!has_kind(p, at, BIT_MOVES) && always_zero(p, at))
            p->pad_bytes++;
        else
            p->odd_bytes++;
    }
    free(before), free(twice);
}
