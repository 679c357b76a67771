/* hash.h - SHA-256 as the identity of models, texts, configs and cached references.
 *
 * The same figures as sha256sum(1) prints, so that a stranger can check which file a run used.
 */
#ifndef KVANT_BASE_HASH_H
#define KVANT_BASE_HASH_H

#include <stddef.h>
#include <nettle/sha2.h>

#include "base/fault.h"

#define HASH_HEX 65 /* 64 hexadecimal digits and the terminating zero */

typedef struct hash {
    struct sha256_ctx state;
} hash;

void hash_start(hash *h);
void hash_bytes(hash *h, const void *bytes, size_t n);

/* The string's bytes and its terminating zero, so that neighbouring fields cannot run into each other. */
void hash_string(hash *h, const char *s);

/* Finishes h and writes lower-case hexadecimal digits. */
void hash_finish(hash *h, char hex[HASH_HEX]);

/* Is the text one that hash_finish could have written? */
bool hash_is(const char *text);

/* The hash of a whole file. */
bool hash_file(const char *path, char hex[HASH_HEX], fault *f);

#endif
