#include "plugins/kakeya/layout.h"

#include <float.h>
#include <string.h>

#include "kernels/half.h"
#include "plugins/kakeya/fields.h"

static const char too_short[] = "the bytes end too early";

static const uint8_t *take(layout_bytes *in, size_t bytes)
{
    const uint8_t *at = in->at;
    if (bytes > in->left) return NULL;
    in->at += bytes;
    in->left -= bytes;
    return at;
}

static const char *get_rank(const kakeya *c, kakeya_skeleton *s, size_t rank, bool opens)
{
    if (rank < 1 || rank > c->config.rank_most || (!opens && rank != s->rank))
        return "the rank is none that is written";
    if (opens) kakeya_set_rank(c, s, rank);
    return NULL;
}

static const char *get_reals(const kakeya_config *p, size_t n, float most, float *values, layout_bytes *in)
{
    const uint8_t *at = take(in, n * layout_real(p));
    if (!at) return too_short;
    return fields_get_reals(at, n, p->wide, most, values) ? NULL : "the skeleton holds a value that is never written";
}

static const char *get_skeleton(const kakeya_config *p, kakeya_skeleton *s, layout_bytes *in)
{
    const char *wrong = get_reals(p, p->dim, FLT_MAX, s->mean, in);
    return wrong ? wrong : get_reals(p, s->rank * p->dim, 1.0f, s->basis, in);
}

/* The centres' number is set and checked here, their values are of unit length. */
static const char *get_centres(const kakeya_config *p, const kakeya_skeleton *s, kakeya_block *b, size_t n,
                               layout_bytes *in)
{
    if (n > p->centres || n > b->rows) return "there are more centres than are ever written";
    b->centres = n;
    return get_reals(p, n * s->rank, 1.0f, b->centre, in);
}

static const char *get_codes(const kakeya_skeleton *s, kakeya_block *b, layout_bytes *in)
{
    const uint8_t *at = take(in, b->rows * s->code_bytes);
    if (!at) return too_short;
    memcpy(b->codes, at, b->rows * s->code_bytes);
    return NULL;
}

static const char *check_counts(const kakeya_config *p, const kakeya_skeleton *s, kakeya_block *b)
{
    const size_t most = kakeya_outliers_most(p, s->width);
    b->outliers = 0;
    for (size_t i = 0; i < b->rows; i++) {
        if (b->count[i] > most) return "a row has more outliers than are ever written";
        b->outliers += b->count[i];
    }
    return NULL;
}

static const char *check_rows(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b)
{
    const float threshold = half_to_float(half_from_float((float)p->outlier));
    size_t at = 0;
    for (size_t i = 0; i < b->rows; i++) {
        if (b->centres ? b->segment[i] >= b->centres : b->segment[i] != 0)
            return "a row's centre is none of the block's";
        if (half_is_special(b->along[i]) || (b->centres == 0 && b->along[i] != 0))
            return "a row's length along its centre is never written";
        if (half_is_special(b->gain[i]) || b->gain[i] & 0x8000u) return "a row's norm is not a finite positive number";
        for (size_t k = 0; k < b->count[i]; k++, at++) {
            const float value = half_to_float(b->value[at] & 0x7fffu);
            if (b->index[at] >= s->width || (k > 0 && b->index[at] <= b->index[at - 1]))
                return "a row's outliers are not in order";
            if (half_is_special(b->value[at]) || value < threshold) return "an outlier is never written like this";
        }
    }
    return NULL;
}

static const char *get_row_headers(kakeya_block *b, uint32_t *facts, layout_bytes *in)
{
    const uint8_t *at = take(in, LAYOUT_ROW * b->rows);
    if (!at) return too_short;
    *facts = fields_get_u32(at) >> LAYOUT_SEGMENT_BITS;
    for (size_t i = 0; i < b->rows; i++, at += LAYOUT_ROW) {
        const uint32_t segment = fields_get_u32(at);
        if (i > 0 && segment >> LAYOUT_SEGMENT_BITS) return "a row's centre is none of the block's";
        b->segment[i] = (uint16_t)(segment & ((1u << LAYOUT_SEGMENT_BITS) - 1u));
        b->count[i] = half_load(at + LAYOUT_COUNT_AT);
        b->along[i] = half_load(at + LAYOUT_ALONG_AT);
        b->gain[i] = half_load(at + LAYOUT_GAIN_AT);
    }
    return NULL;
}

static const char *get_entries(kakeya_block *b, layout_bytes *in)
{
    const uint8_t *at = take(in, LAYOUT_ENTRY * b->outliers);
    if (!at) return too_short;
    for (size_t i = 0; i < b->outliers; i++, at += LAYOUT_ENTRY) {
        b->index[i] = half_load(at);
        b->value[i] = half_load(at + 2);
    }
    return NULL;
}

static const char *get_published(const kakeya *c, kakeya_skeleton *s, kakeya_block *b, bool opens, layout_bytes *in)
{
    const kakeya_config *p = &c->config;
    uint32_t facts;
    const char *wrong = get_row_headers(b, &facts, in);
    if (wrong) return wrong;
    const size_t centres = facts & ((1u << LAYOUT_CENTRES_BITS) - 1u);
    facts >>= LAYOUT_CENTRES_BITS;
    const size_t rank = facts & ((1u << LAYOUT_RANK_BITS) - 1u);
    facts >>= LAYOUT_RANK_BITS;
    if (!p->wide && facts != 0) return "a block has an exponent that f16 skeletons have not";
    b->exponent = p->wide ? (int)facts - LAYOUT_EXPONENT_ZERO : 0;
    if ((wrong = get_rank(c, s, rank, opens)) != NULL) return wrong;
    if (opens && (wrong = get_skeleton(p, s, in)) != NULL) return wrong;
    if ((wrong = get_centres(p, s, b, centres, in)) != NULL) return wrong;
    if ((wrong = get_codes(s, b, in)) != NULL) return wrong;
    if ((wrong = check_counts(p, s, b)) != NULL) return wrong;
    return get_entries(b, in);
}

static const char *get_tight_outliers(const kakeya_config *p, const kakeya_skeleton *s, kakeya_block *b,
                                      layout_bytes *in)
{
    const unsigned indices = fields_width(s->width - 1);
    const uint8_t *at = take(in, 1);
    if (!at) return too_short;
    const unsigned counts = *at;
    if (counts > fields_width(kakeya_outliers_most(p, s->width))) return "the width of the outlier counts is too large";
    if (!(at = take(in, fields_bits_bytes(b->rows, counts)))) return too_short;
    if (!fields_get_bits(at, b->rows, counts, b->count)) return "unused bits are not 0";
    const char *wrong = check_counts(p, s, b);
    if (wrong) return wrong;
    if (layout_count_width(b) != counts) return "the width of the outlier counts is too large";
    if (!(at = take(in, fields_bits_bytes(b->outliers, indices)))) return too_short;
    if (!fields_get_bits(at, b->outliers, indices, b->index)) return "unused bits are not 0";
    if (!(at = take(in, 2 * b->outliers))) return too_short;
    fields_get_u16(at, b->outliers, b->value);
    return NULL;
}

static const char *get_along(kakeya_block *b, layout_bytes *in)
{
    const unsigned width = b->centres ? fields_width(b->centres - 1) : 0;
    memset(b->segment, 0, b->rows * sizeof *b->segment);
    memset(b->along, 0, b->rows * sizeof *b->along);
    if (b->centres == 0) return NULL;
    const uint8_t *at = take(in, fields_bits_bytes(b->rows, width));
    if (!at) return too_short;
    if (!fields_get_bits(at, b->rows, width, b->segment)) return "unused bits are not 0";
    if (!(at = take(in, 2 * b->rows))) return too_short;
    fields_get_u16(at, b->rows, b->along);
    return NULL;
}

static const char *get_tight(const kakeya *c, kakeya_skeleton *s, kakeya_block *b, bool opens, layout_bytes *in)
{
    const kakeya_config *p = &c->config;
    const char *wrong;
    const uint8_t *at = take(in, opens ? 2 : 0);
    if (!at) return too_short;
    if (opens && (wrong = get_rank(c, s, half_load(at), true)) != NULL) return wrong;
    if (opens && (wrong = get_skeleton(p, s, in)) != NULL) return wrong;
    if (!(at = take(in, (p->centres ? 1 : 0) + (p->wide ? 2 : 0)))) return too_short;
    const size_t centres = p->centres ? *at++ : 0;
    b->exponent = p->wide ? (int16_t)half_load(at) : 0;
    if (b->exponent < -LAYOUT_EXPONENT_ZERO || b->exponent >= LAYOUT_EXPONENT_ZERO)
        return "a block's exponent is never written";
    if ((wrong = get_centres(p, s, b, centres, in)) != NULL) return wrong;
    if ((wrong = get_along(b, in)) != NULL) return wrong;
    if (!(at = take(in, 2 * b->rows))) return too_short;
    fields_get_u16(at, b->rows, b->gain);
    if ((wrong = get_codes(s, b, in)) != NULL) return wrong;
    memset(b->count, 0, b->rows * sizeof *b->count);
    b->outliers = 0;
    return p->outlier > 0.0 ? get_tight_outliers(p, s, b, in) : NULL;
}

const char *layout_get(const kakeya *c, kakeya_skeleton *s, kakeya_block *b, bool opens, layout_bytes *in)
{
    const char *wrong = (c->config.published ? get_published : get_tight)(c, s, b, opens, in);
    return wrong ? wrong : check_rows(&c->config, s, b);
}
