#include "kernels/packed.h"

#include <string.h>

#include "kernels/half.h"

typedef struct layout {
    packed_codes codes;
    packed_scales scales;
    bool base;
    size_t block, group; /* values */
} layout;

static const layout layouts[] = {
#define ROW(name, codes, scales, base, block, group) { codes, scales, base, block, group },
    PACKED_FORMS(ROW)
#undef ROW
};

/* Bits of a code. */
static const size_t code_bits[] = {
    [CODES_FLOATS] = 32, [CODES_HALVES] = 16, [CODES_UPPER_HALVES] = 16, [CODES_BYTES] = 8, [CODES_NIBBLES] = 4,
};

static size_t head_bytes(const layout *l)
{
    return l->scales == SCALES_NONE ? 0 : l->base ? 4 : 2;
}

static size_t group_head_bytes(const layout *l)
{
    return l->scales != SCALES_SUPER ? 0 : l->base ? 2 : 1;
}

/* Per lane. */
static size_t group_bytes(const layout *l)
{
    return group_head_bytes(l) + l->group * code_bits[l->codes] / 8;
}

static size_t block_bytes(const layout *l)
{
    return head_bytes(l) + l->block / l->group * group_bytes(l);
}

size_t packed_panel_bytes(packed_form form, int width, size_t k)
{
    const layout *l = &layouts[form];
    return k / l->block * block_bytes(l) * (size_t)width;
}

/* Where value i of a lane of a group stands among the group's codes. */
typedef struct code_place {
    size_t byte;
    int shift;
} code_place;

static code_place place_of(const layout *l, packed_order order, size_t width, size_t lane, size_t i)
{
    const bool bytes = l->codes == CODES_BYTES;
    if (order == PACKED_ONES)
        return bytes ? (code_place){ i * width + lane, 0 } : (code_place){ i / 2 * width + lane, (int)(i % 2) * 4 };
    const size_t four = (bytes ? i / 4 : i / 8) * width + lane;
    return (code_place){ four * 4 + i % 4, bytes ? 0 : (int)(i / 4 % 2) * 4 };
}

static void put_codes(const layout *l, packed_order order, size_t width, size_t lane, const int8_t *codes, uint8_t *to)
{
    for (size_t i = 0; i < l->group; i++) {
        const code_place p = place_of(l, order, width, lane, i);
        if (p.shift > 0)
            to[p.byte] = (uint8_t)(to[p.byte] | codes[i] << p.shift);
        else
            to[p.byte] = (uint8_t)codes[i];
    }
}

void packed_put(packed_form form, packed_order order, int width, int lane, size_t k, const packed_block *block,
                uint8_t *panel)
{
    const layout *l = &layouts[form];
    const size_t w = (size_t)width, at = (size_t)lane;
    uint8_t *to = panel + k / l->block * block_bytes(l) * w;
    memcpy(to + at * 2, &block->scale, 2);
    if (l->base) memcpy(to + (w + at) * 2, &block->base, 2);
    to += head_bytes(l) * w;
    for (size_t g = 0; g < l->block / l->group; g++, to += group_bytes(l) * w) {
        if (l->scales == SCALES_SUPER) to[at] = (uint8_t)block->scales[g];
        if (l->scales == SCALES_SUPER && l->base) to[w + at] = block->bases[g];
        put_codes(l, order, w, at, block->codes + g * l->group, to + group_head_bytes(l) * w);
    }
}

void packed_put_numbers(packed_form form, int width, int lane, const uint8_t *numbers, size_t k, uint8_t *panel)
{
    const size_t w = (size_t)width, at = (size_t)lane;
    if (layouts[form].codes == CODES_FLOATS)
        for (size_t i = 0; i < k; i++)
            memcpy(panel + (i * w + at) * 4, numbers + i * 4, 4);
    else
        for (size_t i = 0; i < k; i++)
            memcpy(panel + (i * w + at) * 2, numbers + i * 2, 2);
}

/* ---- one row back ---- */

static float half_at(const uint8_t *halves, size_t i)
{
    uint16_t h;
    memcpy(&h, halves + 2 * i, sizeof h);
    return half_to_float(h);
}

static float plain_at(packed_codes codes, const uint8_t *values, size_t i)
{
    uint32_t bits;
    uint16_t half;
    float value;
    if (codes == CODES_HALVES) return half_at(values, i);
    if (codes == CODES_FLOATS) {
        memcpy(&bits, values + 4 * i, sizeof bits);
    } else {
        memcpy(&half, values + 2 * i, sizeof half);
        bits = (uint32_t)half << 16;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float code_at(const layout *l, const int8_t *levels, const uint8_t *codes, code_place p)
{
    return l->codes == CODES_BYTES ? (float)(int8_t)codes[p.byte] : (float)levels[codes[p.byte] >> p.shift & 15];
}

void packed_row(packed_form form, packed_order order, int width, int lane, const int8_t *levels, const uint8_t *panel,
                size_t k, float *row)
{
    const layout *l = &layouts[form];
    const size_t w = (size_t)width, at = (size_t)lane, bytes = block_bytes(l) * w;
    for (size_t from = 0; from < k; from += l->block, panel += bytes) {
        if (l->scales == SCALES_NONE) {
            row[from] = plain_at(l->codes, panel, at);
            continue;
        }
        const float d = half_at(panel, at), m = l->base ? half_at(panel, w + at) : 0;
        const uint8_t *group = panel + head_bytes(l) * w;
        for (size_t g = 0; g < l->block; g += l->group, group += group_bytes(l) * w) {
            const bool super = l->scales == SCALES_SUPER;
            const float step = super ? d * (float)(int8_t)group[at] : d;
            const float base = super && l->base ? -(m * (float)group[w + at]) : m;
            const uint8_t *codes = group + group_head_bytes(l) * w;
            for (size_t i = 0; i < l->group; i++) {
                const float value = step * code_at(l, levels, codes, place_of(l, order, w, at, i));
                row[from + g + i] = l->base ? value + base : value;
            }
        }
    }
}
