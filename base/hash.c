#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void hash_start(hash *h)
{
    sha256_init(&h->state);
}

void hash_bytes(hash *h, const void *bytes, size_t n)
{
    sha256_update(&h->state, n, bytes);
}

void hash_string(hash *h, const char *s)
{
    hash_bytes(h, s, strlen(s) + 1);
}

void hash_finish(hash *h, char hex[HASH_HEX])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[SHA256_DIGEST_SIZE];
    sha256_digest(&h->state, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[HASH_HEX - 1] = '\0';
}

bool hash_is(const char *text)
{
    return strlen(text) == HASH_HEX - 1 && strspn(text, "0123456789abcdef") == HASH_HEX - 1;
}

bool hash_file(const char *path, char hex[HASH_HEX], fault *f)
{
    FILE *in = fopen(path, "rb");
    if (!in) return fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    hash h;
    hash_start(&h);
    unsigned char block[1 << 16];
    size_t n;
    while ((n = fread(block, 1, sizeof block, in)) > 0)
        hash_bytes(&h, block, n);
    bool ok = !ferror(in);
    if (!ok) fault_set(f, FAULT_INPUT, "%s: reading failed: %s", path, strerror(errno));
    fclose(in);
    if (ok) hash_finish(&h, hex);
    return ok;
}
