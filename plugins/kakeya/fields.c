#include "plugins/kakeya/fields.h"

#include <math.h>
#include <string.h>

#include "kernels/half.h"

unsigned fields_width(size_t most)
{
    unsigned width = 0;
    for (; most; most >>= 1)
        width++;
    return width;
}

size_t fields_bits_bytes(size_t n, unsigned width)
{
    return (n * width + 7) / 8;
}

uint8_t *fields_put_bits(uint8_t *out, const uint16_t *values, size_t n, unsigned width)
{
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        held |= (uint32_t)values[i] << bits;
        for (bits += width; bits >= 8; bits -= 8, held >>= 8)
            *out++ = (uint8_t)held;
    }
    if (bits > 0) *out++ = (uint8_t)held;
    return out;
}

bool fields_get_bits(const uint8_t *in, size_t n, unsigned width, uint16_t *values)
{
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        for (; bits < width; bits += 8)
            held |= (uint32_t)*in++ << bits;
        values[i] = (uint16_t)(held & ((1u << width) - 1u));
        held >>= width;
        bits -= width;
    }
    return held == 0;
}

uint8_t *fields_put_u16(uint8_t *out, const uint16_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        half_store(out + 2 * i, values[i]);
    return out + 2 * n;
}

void fields_get_u16(const uint8_t *in, size_t n, uint16_t *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = half_load(in + 2 * i);
}

uint8_t *fields_put_u32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *out++ = (uint8_t)(value >> (8 * i));
    return out;
}

uint32_t fields_get_u32(const uint8_t *in)
{
    return half_load(in) | (uint32_t)half_load(in + 2) << 16;
}

uint8_t *fields_put_reals(uint8_t *out, const float *values, size_t n, bool wide)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        if (wide)
            out = fields_put_u32(out, bits);
        else {
            half_store(out, half_from_float(values[i]));
            out += 2;
        }
    }
    return out;
}

bool fields_get_reals(const uint8_t *in, size_t n, bool wide, float most, float *values)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = wide ? fields_get_u32(in + 4 * i) : 0;
        if (wide)
            memcpy(values + i, &bits, sizeof bits);
        else
            values[i] = half_to_float(half_load(in + 2 * i));
        if (!(fabsf(values[i]) <= most)) return false;
    }
    return true;
}
