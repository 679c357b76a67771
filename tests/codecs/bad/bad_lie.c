/* Claims that half of its bytes are nothing at all. */

#include "tests/codecs/bad/bad.h"

static int lie(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    (void)state, (void)first, (void)bytes, (void)n_rows;
    out->payload = n_bytes / 2;
    return KVANT_OK;
}

BAD_CODEC("bad_lie", "its split does not add up", bad_create, bad_bound, bad_encode, bad_decode, lie, KVANT_ABI);
