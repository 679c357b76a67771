/* layout.h - a group's bytes: the two layouts of README.md, written and read.
 *
 * A group is its blocks one after another; what the group has once stands in its first block, the one that `opens` it.
 */
#ifndef KVANT_PLUGINS_KAKEYA_LAYOUT_H
#define KVANT_PLUGINS_KAKEYA_LAYOUT_H

#include "plugins/kakeya/kakeya.h"

/* header=published: 10 bytes a row. In the segment's u32 only 6 bits are needed; the others of a block's first row hold
 * what a decoder has to know, and the reserved f16 of every row its number of outliers. */
enum { LAYOUT_ROW = 10, LAYOUT_COUNT_AT = 4, LAYOUT_ALONG_AT = 6, LAYOUT_GAIN_AT = 8, LAYOUT_ENTRY = 4 };
enum { LAYOUT_SEGMENT_BITS = 6, LAYOUT_CENTRES_BITS = 7, LAYOUT_RANK_BITS = 10, LAYOUT_EXPONENT_ZERO = 256 };

/* Bytes of one value of a skeleton. */
static inline size_t layout_real(const kakeya_config *p)
{
    return p->wide ? 4 : 2;
}

/* Bits that hold a block's largest outlier count. */
unsigned layout_count_width(const kakeya_block *b);

typedef struct layout_parts {
    size_t codes, outlier_values, rest; /* bytes */
} layout_parts;

/* Bytes of a block as it is. */
layout_parts layout_size(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens);

/* The most bytes a group can take. */
size_t layout_group_most(const kakeya *c);

/* Writes a block: the sum of layout_size's parts. */
void layout_put(const kakeya_config *p, const kakeya_skeleton *s, const kakeya_block *b, bool opens, uint8_t *out);

typedef struct layout_bytes {
    const uint8_t *at;
    size_t left;
} layout_bytes;

/* Reads a block of b->rows rows and moves on; NULL, or what is wrong, as the end of a sentence. */
const char *layout_get(const kakeya *c, kakeya_skeleton *s, kakeya_block *b, bool opens, layout_bytes *in);

#endif
