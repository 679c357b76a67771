/* checksum.h - whether bytes are still the bytes they were: for what was kept and is read again.
 *
 * 64 bits, at the speed of memory: eight lanes, each lane = rot(lane ^ word) * odd over every eighth word, then the
 * lanes and the length mixed in turn. Every step can be undone, so damage to any one word is always noticed, and other
 * damage but for one time in 2^64. It keeps nobody out: identities are SHA-256 (base/hash.h).
 *
 *     checksum c;
 *     checksum_start(&c);
 *     checksum_bytes(&c, head, n);      any pieces: only what they are together counts
 *     checksum_finish(&c)
 *
 * Words are read as the machine has them: a sum is for files of this machine.
 */
#ifndef KVANT_BASE_CHECKSUM_H
#define KVANT_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_LANES = 8, CHECKSUM_BLOCK = CHECKSUM_LANES * sizeof(uint64_t) };

typedef struct checksum {
    uint64_t lane[CHECKSUM_LANES];
    unsigned char rest[CHECKSUM_BLOCK]; /* the beginning of a block */
    size_t n_rest;
    uint64_t n;
} checksum;

void checksum_start(checksum *c);
void checksum_bytes(checksum *c, const void *bytes, size_t n);
uint64_t checksum_finish(checksum *c);

#endif
