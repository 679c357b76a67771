#include "app/page/csp.h"

#include <stdint.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/sha2.h>

void csp_hash(const char *bytes, size_t n, char text[CSP_HASH])
{
    static const char name[] = "sha256-";
    struct sha256_ctx state;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&state);
    sha256_update(&state, n, (const uint8_t *)bytes);
    sha256_digest(&state, sizeof digest, digest);
    memcpy(text, name, sizeof name - 1);
    base64_encode_raw(text + sizeof name - 1, sizeof digest, digest);
    text[CSP_HASH - 1] = '\0';
}
