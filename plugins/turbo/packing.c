#include "plugins/turbo/packing.h"

static void pack_2(const uint8_t *codes, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n / 4; i++) {
        const uint8_t *c = codes + 4 * i;
        bytes[i] = (uint8_t)((c[0] & 3) | (c[1] & 3) << 2 | (c[2] & 3) << 4 | (c[3] & 3) << 6);
    }
}

static void unpack_2(const uint8_t *bytes, size_t n, uint8_t *codes)
{
    for (size_t i = 0; i < n; i++)
        codes[i] = bytes[i / 4] >> 2 * (i % 4) & 3;
}

static void pack_3(const uint8_t *codes, size_t n, uint8_t *bytes)
{
    pack_2(codes, n, bytes);
    for (size_t i = 0; i < n / 8; i++) {
        unsigned high = 0;
        for (size_t j = 0; j < 8; j++)
            high |= (codes[8 * i + j] >> 2 & 1u) << j;
        bytes[n / 4 + i] = (uint8_t)high;
    }
}

static void unpack_3(const uint8_t *bytes, size_t n, uint8_t *codes)
{
    const uint8_t *high = bytes + n / 4;
    for (size_t i = 0; i < n; i++)
        codes[i] = (uint8_t)((bytes[i / 4] >> 2 * (i % 4) & 3) | (high[i / 8] >> (i % 8) & 1) << 2);
}

static void pack_4(const uint8_t *codes, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n / 2; i++)
        bytes[i] = (uint8_t)(codes[2 * i] | codes[2 * i + 1] << 4);
}

static void unpack_4(const uint8_t *bytes, size_t n, uint8_t *codes)
{
    for (size_t i = 0; i < n / 2; i++) {
        codes[2 * i] = bytes[i] & 15;
        codes[2 * i + 1] = bytes[i] >> 4;
    }
}

const packing *packing_of(size_t bits)
{
    static const packing packings[] = {
        [2] = { pack_2, unpack_2 }, [3] = { pack_3, unpack_3 }, [4] = { pack_4, unpack_4 }
    };
    return &packings[bits];
}
