#include "base/checksum.h"

#include <string.h>

#define ODD ((uint64_t)0x9e3779b97f4a7c15) /* 2^64 over the golden ratio */

static uint64_t step(uint64_t lane, uint64_t word)
{
    const uint64_t x = lane ^ word;
    return (x << 31 | x >> 33) * ODD; /* the highest bits turn up in lower ones, or two of them could cancel out */
}

void checksum_start(checksum *c)
{
    *c = (checksum){ 0 };
    for (uint64_t i = 0; i < CHECKSUM_LANES; i++)
        c->lane[i] = (i + 1) * ODD;
}

static void take_blocks(checksum *c, const unsigned char *bytes, size_t n_blocks)
{
    uint64_t lane[CHECKSUM_LANES];
    memcpy(lane, c->lane, sizeof lane);
    for (; n_blocks > 0; n_blocks--, bytes += CHECKSUM_BLOCK) {
        uint64_t words[CHECKSUM_LANES];
        memcpy(words, bytes, sizeof words);
        for (int i = 0; i < CHECKSUM_LANES; i++)
            lane[i] = step(lane[i], words[i]);
    }
    memcpy(c->lane, lane, sizeof lane);
}

void checksum_bytes(checksum *c, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    if (n == 0) return; /* bytes may be NULL then */
    c->n += n;
    if (c->n_rest > 0) {
        const size_t room = CHECKSUM_BLOCK - c->n_rest, some = n < room ? n : room;
        memcpy(c->rest + c->n_rest, at, some);
        c->n_rest += some;
        if (c->n_rest < CHECKSUM_BLOCK) return;
        take_blocks(c, c->rest, 1);
        c->n_rest = 0;
        at += some;
        n -= some;
    }
    take_blocks(c, at, n / CHECKSUM_BLOCK);
    c->n_rest = n % CHECKSUM_BLOCK;
    if (c->n_rest > 0) memcpy(c->rest, at + (n - c->n_rest), c->n_rest);
}

uint64_t checksum_finish(checksum *c)
{
    memset(c->rest + c->n_rest, 0, CHECKSUM_BLOCK - c->n_rest);
    if (c->n_rest > 0) take_blocks(c, c->rest, 1);
    uint64_t sum = c->n;
    for (int i = 0; i < CHECKSUM_LANES; i++)
        sum = step(sum, c->lane[i]);
    return sum ^ sum >> 32;
}
