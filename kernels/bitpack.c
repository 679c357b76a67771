#include "kernels/bitpack.h"

/* Eight codes fill exactly `bits` bytes, so the stream is cut there; the last group may be shorter. */

static void put_group(const uint8_t *codes, size_t n, unsigned bits, uint8_t *bytes)
{
    const unsigned mask = (1u << bits) - 1u;
    uint64_t group = 0;
    for (size_t i = 0; i < n; i++)
        group |= (uint64_t)(codes[i] & mask) << (i * bits);
    for (size_t b = 0; b < (n * bits + 7) / 8; b++)
        bytes[b] = (uint8_t)(group >> (8 * b));
}

static void get_group(const uint8_t *bytes, size_t n, unsigned bits, uint8_t *codes)
{
    const unsigned mask = (1u << bits) - 1u;
    uint64_t group = 0;
    for (size_t b = 0; b < (n * bits + 7) / 8; b++)
        group |= (uint64_t)bytes[b] << (8 * b);
    for (size_t i = 0; i < n; i++)
        codes[i] = (uint8_t)(group >> (i * bits) & mask);
}

/* The full groups with the width as a constant, so that the compiler unrolls them. */
#define GROUPS(bits)                                                                                                   \
    static void put_##bits(const uint8_t *codes, size_t groups, uint8_t *bytes)                                        \
    {                                                                                                                  \
        for (size_t g = 0; g < groups; g++)                                                                            \
            put_group(codes + 8 * g, 8, bits, bytes + (bits)*g);                                                       \
    }                                                                                                                  \
    static void get_##bits(const uint8_t *bytes, size_t groups, uint8_t *codes)                                        \
    {                                                                                                                  \
        for (size_t g = 0; g < groups; g++)                                                                            \
            get_group(bytes + (bits)*g, 8, bits, codes + 8 * g);                                                       \
    }
GROUPS(1)
GROUPS(2)
GROUPS(3)
GROUPS(4)
GROUPS(5)
GROUPS(6)
GROUPS(7)
GROUPS(8)

static void (*const put_groups[])(const uint8_t *, size_t, uint8_t *) = { 0,     put_1, put_2, put_3, put_4,
                                                                          put_5, put_6, put_7, put_8 };
static void (*const get_groups[])(const uint8_t *, size_t, uint8_t *) = { 0,     get_1, get_2, get_3, get_4,
                                                                          get_5, get_6, get_7, get_8 };

void bitpack_put(const uint8_t *codes, size_t n, int bits, uint8_t *bytes)
{
    put_groups[bits](codes, n / 8, bytes);
    if (n % 8) put_group(codes + n / 8 * 8, n % 8, (unsigned)bits, bytes + n / 8 * (size_t)bits);
}

void bitpack_get(const uint8_t *bytes, size_t n, int bits, uint8_t *codes)
{
    get_groups[bits](bytes, n / 8, codes);
    if (n % 8) get_group(bytes + n / 8 * (size_t)bits, n % 8, (unsigned)bits, codes + n / 8 * 8);
}
