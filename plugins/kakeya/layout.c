#include "plugins/kakeya/layout.h"

#include <string.h>

#include "kernels/half.h"
#include "plugins/kakeya/fields.h"

unsigned layout_count_width(const kakeya_block *b)
{
    size_t most = 0;
    for (size_t i = 0; i < b->rows; i++)
        most = b->count[i] > most ? b->count[i] : most;
    return fields_width(most);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

/* What header=tight adds to skeleton, centres, codes and outlier values. */
static size_t tight_rest(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens,
                         unsigned counts)
{
    size_t bytes = (opens ? 2 : 0) + (p->centres ? 1 : 0) + (p->wide ? 2 : 0) + 2 * b->rows;
    if (b->centres) bytes += fields_bits_bytes(b->rows, fields_width(b->centres - 1)) + 2 * b->rows;
    if (p->outlier > 0.0)
        bytes += 1 + fields_bits_bytes(b->rows, counts) + fields_bits_bytes(b->outliers, fields_width(s->width - 1));
    return bytes;
}

static layout_parts size_of(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens,
                            unsigned counts)
{
    layout_parts parts = { .codes = b->rows * s->code_bytes, .outlier_values = 2 * b->outliers };
    parts.rest = layout_real(p) * (b->centres * s->rank + (opens ? p->dim + s->rank * p->dim : 0));
    parts.rest +=
        p->published ? LAYOUT_ROW * b->rows + (LAYOUT_ENTRY - 2) * b->outliers : tight_rest(p, s, b, opens, counts);
    return parts;
}

layout_parts layout_size(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens)
{
    return size_of(p, s, b, opens, p->outlier > 0.0 && !p->published ? layout_count_width(b) : 0);
}

size_t layout_group_most(const kakeya *c)
{
    const kakeya_config *p = &c->config;
    kakeya_skeleton s;
    kakeya_set_rank(c, &s, p->rank_most);
    const size_t outliers = kakeya_outliers_most(p, s.width);
    const kakeya_block b = { .rows = p->block, .centres = p->centres, .outliers = p->block * outliers };
    size_t bytes = 0;
    for (size_t i = 0; i < p->shared; i++) {
        const layout_parts parts = size_of(p, &s, &b, i == 0, fields_width(outliers));
        bytes += parts.codes + parts.outlier_values + parts.rest;
    }
    return bytes;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static uint8_t *put_skeleton(const kakeya_config *p, const kakeya_skeleton *s, uint8_t *out)
{
    out = fields_put_reals(out, s->mean, p->dim, p->wide);
    return fields_put_reals(out, s->basis, s->rank * p->dim, p->wide);
}

static uint8_t *put_codes(const kakeya_skeleton *s, const kakeya_block *b, uint8_t *out)
{
    memcpy(out, b->codes, b->rows * s->code_bytes);
    return out + b->rows * s->code_bytes;
}

static uint32_t block_facts(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b)
{
    const uint32_t exponent = p->wide ? (uint32_t)(b->exponent + LAYOUT_EXPONENT_ZERO) : 0;
    return ((exponent << LAYOUT_RANK_BITS | (uint32_t)s->rank) << LAYOUT_CENTRES_BITS | (uint32_t)b->centres)
           << LAYOUT_SEGMENT_BITS;
}

static void put_published(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens,
                          uint8_t *out)
{
    for (size_t i = 0; i < b->rows; i++, out += LAYOUT_ROW) {
        fields_put_u32(out, b->segment[i] | (i == 0 ? block_facts(p, s, b) : 0));
        half_store(out + LAYOUT_COUNT_AT, b->count[i]);
        half_store(out + LAYOUT_ALONG_AT, b->along[i]);
        half_store(out + LAYOUT_GAIN_AT, b->gain[i]);
    }
    if (opens) out = put_skeleton(p, s, out);
    out = fields_put_reals(out, b->centre, b->centres * s->rank, p->wide);
    out = put_codes(s, b, out);
    for (size_t i = 0; i < b->outliers; i++, out += LAYOUT_ENTRY) {
        half_store(out, b->index[i]);
        half_store(out + 2, b->value[i]);
    }
}

static void put_tight(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens, uint8_t *out)
{
    const uint16_t rank = (uint16_t)s->rank, exponent = (uint16_t)b->exponent;
    if (opens) out = put_skeleton(p, s, fields_put_u16(out, &rank, 1));
    if (p->centres) *out++ = (uint8_t)b->centres;
    if (p->wide) out = fields_put_u16(out, &exponent, 1);
    if (b->centres) {
        out = fields_put_reals(out, b->centre, b->centres * s->rank, p->wide);
        out = fields_put_bits(out, b->segment, b->rows, fields_width(b->centres - 1));
        out = fields_put_u16(out, b->along, b->rows);
    }
    out = put_codes(s, b, fields_put_u16(out, b->gain, b->rows));
    if (!(p->outlier > 0.0)) return;
    const unsigned counts = layout_count_width(b);
    *out++ = (uint8_t)counts;
    out = fields_put_bits(out, b->count, b->rows, counts);
    out = fields_put_bits(out, b->index, b->outliers, fields_width(s->width - 1));
    fields_put_u16(out, b->value, b->outliers);
}

void layout_put(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens, uint8_t *out)
{
    (p->published ? put_published : put_tight)(p, s, b, opens, out);
}
