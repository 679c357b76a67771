/* Items 4 and 5: a norm as good as f16, and nothing else for a row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist_work.h"
#include "kernels/half.h"

enum { NORMS = 512 };
#define LEAST_NORM 1e-4
#define MOST_NORM  6e4
#define HALF_STEP  (0x1p-11 + 2e-6) /* f16's rounding, and f32's on the way */

/* What the f16 of a part may be for the unit row u, whose levels come back as c: the row's length times this. */
typedef enum norm_rule { KEEPS_LENGTH, LEAST_ERROR, UNBIASED, PLAIN, RULES } norm_rule;
static const char *const rule_says[RULES] = {
    [KEEPS_LENGTH] = "keeps a row's length",
    [LEAST_ERROR] = "gives the least error",
    [UNBIASED] = "keeps <x,x'>",
    [PLAIN] = "is the row's length",
};

typedef struct norm_seen {
    double off[RULES], at[RULES]; /* largest relative distance of the f16 from each rule; the norm there */
    double spread;                /* of |x'| / |x| over norms, for one row: half its width over its middle */
    double refused;               /* the least norm that is refused; infinity: none */
} norm_seen;

/* A Gaussian row whose every part has the length `norm`. */
static void row_of(const probe *p, uint64_t seed, double norm, float *row)
{
    verify_rows(ROWS_GAUSSIAN, 1, p->dim, seed, row);
    for (size_t k = 0; k < p->n_parts; k++) {
        const probe_part *part = &p->parts[k];
        double square = 0;
        for (size_t j = 0; j < part->n_columns; j++)
            square += (double)row[part->columns[j]] * (double)row[part->columns[j]];
        for (size_t j = 0; j < part->n_columns; j++)
            row[part->columns[j]] = (float)((double)row[part->columns[j]] * norm / sqrt(square));
    }
}

static double norm_at(int i)
{
    return LEAST_NORM * pow(MOST_NORM / LEAST_NORM, (double)i / (NORMS - 1));
}

/* The f16 of a part against what it should be. */
static void compare_rules(const probe_part *part, const float *x, const float *back, double h, norm_seen *seen)
{
    double xx = 0, xc = 0, cc = 0;
    for (size_t j = 0; j < part->n_columns; j++) {
        const double a = (double)x[part->columns[j]], c = (double)back[part->columns[j]] / h;
        xx += a * a;
        xc += a * c;
        cc += c * c;
    }
    const double wanted[RULES] = {
        [KEEPS_LENGTH] = sqrt(xx / cc), [LEAST_ERROR] = xc / cc, [UNBIASED] = xx / xc, [PLAIN] = sqrt(xx)
    };
    for (int rule = 0; rule < RULES; rule++) {
        const double off = fabs(h / wanted[rule] - 1);
        if (off <= seen->off[rule]) continue;
        seen->off[rule] = off;
        seen->at[rule] = sqrt(xx);
    }
}

static const probe_constant *constant_of(const probe *p, size_t part)
{
    for (size_t k = 0; k < p->n_constants; k++)
        if (p->constants[k].part == (int)part) return &p->constants[k];
    return NULL;
}

static bool one_constant_each(const probe *p)
{
    bool one = p->odd_bytes == 0 && p->n_parts > 0;
    for (size_t k = 0; k < p->n_parts; k++)
        one = one && p->parts[k].n_constants == 1;
    return one;
}

/* Without axes, the bytes that are no constants may be codes. */
static bool constants_known(const probe *p)
{
    return p->n_axes > 0 ? one_constant_each(p) : p->n_constants == 1;
}

static double length_of(const float *row, size_t n)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += (double)row[i] * (double)row[i];
    return sqrt(square);
}

static void try_norms(probe *p, norm_seen *seen)
{
    float *row = verify_memory(2 * p->dim * sizeof *row), *back = row + p->dim;
    blob b = { 0 };
    double least = INFINITY, most = 0;
    const bool by_rule = constants_known(p);
    for (int i = 0; i < NORMS; i++) {
        row_of(p, by_rule ? 200 + (uint64_t)i : 200, norm_at(i), row);
        if (probe_encode(p, row, &b) != KVANT_OK || !probe_decode(p, b.bytes, back)) {
            seen->refused = fmin(seen->refused, norm_at(i));
            continue;
        }
        const double ratio = length_of(back, p->dim) / length_of(row, p->dim);
        least = fmin(least, ratio);
        most = fmax(most, ratio);
        for (size_t k = 0; by_rule && k < p->n_parts; k++)
            compare_rules(&p->parts[k], row, back, (double)half_to_float(half_load(b.bytes + constant_of(p, k)->at)),
                          seen);
    }
    seen->spread = most > 0 ? (most - least) / (most + least) : INFINITY;
    blob_free(&b);
    free(row);
}

/* What happens to rows outside f16: "refused", or how long they come back. */
static void try_beyond(probe *p, char *text, size_t room)
{
    static const double norms[] = { 1e5, 1e-6, 1e-9 };
    float *row = verify_memory(2 * p->dim * sizeof *row), *back = row + p->dim;
    blob b = { 0 };
    size_t used = 0;
    for (size_t i = 0; i < sizeof norms / sizeof *norms && used < room; i++) {
        row_of(p, 300, norms[i], row);
        const bool ok = probe_encode(p, row, &b) == KVANT_OK && probe_decode(p, b.bytes, back);
        const int n = ok ? snprintf(text + used, room - used, "; %g: comes back as %.4g", norms[i],
                                    length_of(back, p->dim) / sqrt((double)p->n_parts))
                         : snprintf(text + used, room - used, "; %g: refused", norms[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    blob_free(&b);
    free(row);
}

static verify_outcome asked(checklist *c)
{
    if (!c->has_codebook && !(c->rotates && !c->v.spec->inner))
        return not_applicable(&c->v, "it claims no rotated codebook with a norm");
    if (!c->probed) return not_applicable(&c->v, "%s", c->why_not);
    return VERIFY_PASS;
}

verify_outcome item_norm(checklist *c)
{
    probe *p = &c->probe;
    if (asked(c) != VERIFY_PASS) return VERIFY_NA;
    norm_seen seen = { .refused = INFINITY };
    char beyond[96];
    try_norms(p, &seen);
    try_beyond(p, beyond, sizeof beyond);
    if (isfinite(seen.refused)) return failed(&c->v, "a norm of %.4g is refused%s", seen.refused, beyond);
    if (!constants_known(p))
        return judged(c, seen.spread <= HALF_STEP, "no single f16; over %d norms |x'|/|x| of a row varies by %.2g%s",
                      NORMS, seen.spread, beyond);
    norm_rule best = KEEPS_LENGTH;
    for (int rule = 0; rule < RULES; rule++)
        if (seen.off[rule] < seen.off[best]) best = (norm_rule)rule;
    const bool near = seen.off[best] < 0.02;
    return judged(c, seen.off[best] <= HALF_STEP, "an f16 that %s%s: off by at most %.3g, at a norm of %.3g%s",
                  near ? "" : "is no norm; the nearest ", rule_says[best], seen.off[best], seen.at[best], beyond);
}

/* ---- item 5 ---- */

static size_t code_bits(const probe *p)
{
    size_t bits = 0;
    for (size_t i = 0; i < p->n_axes; i++)
        bits += (size_t)p->axes[i].n_bits;
    return bits;
}

/* What the codec itself says of a row's bytes. */
static bool split_of(checklist *c, kvant_split *s)
{
    trial *t = &c->probe.decoder;
    const blob *b = &c->probe.base[0];
    *s = (kvant_split){ .size = sizeof *s, .abi = KVANT_ABI };
    if (!t->codec->split) s->payload = b->n;
    return !t->codec->split || t->codec->split(t->state, PROBE_POSITION, b->bytes, b->n, 1, s) == KVANT_OK;
}

verify_outcome item_constants(checklist *c)
{
    probe *p = &c->probe;
    kvant_split s;
    if (asked(c) != VERIFY_PASS) return VERIFY_NA;
    if (!split_of(c, &s)) return failed(&c->v, "its split refuses a row");
    const size_t bits = p->n_axes > 0 ? code_bits(p) : 8 * (p->n_bytes - 2 * p->n_constants);
    const size_t rest = p->n_bytes - (bits + 7) / 8;
    const bool told = s.exact == 0 && s.metadata == rest;
    size_t loose = 0, largest = 0, least = SIZE_MAX;
    for (size_t i = 0; i < p->n_axes; i++)
        loose += p->axes[i].constant < 0;
    for (size_t k = 0; k < p->n_parts; k++) {
        largest = p->parts[k].n_constants > largest ? p->parts[k].n_constants : largest;
        least = p->parts[k].n_constants < least ? p->parts[k].n_constants : least;
    }
    const bool ok = constants_known(p) && loose == 0 && told;
    char split[64] = "";
    if (!told)
        snprintf(split, sizeof split, "; its split says %llu + %llu", (unsigned long long)s.payload,
                 (unsigned long long)s.metadata);
    char each[48];
    snprintf(each, sizeof each, least == largest ? "%zu" : "%zu to %zu", least, largest);
    return judged(c, ok,
                  "%zu bytes a row: %zu bits of codes, %zu f16 (%s for each rotation), %zu bytes of zeros, %zu other%s",
                  p->n_bytes, bits, p->n_constants, each, p->pad_bytes, p->n_axes > 0 ? p->odd_bytes : 0, split);
}
