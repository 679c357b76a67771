/* Writes through a null pointer in encode. */

#include "tests/codecs/bad/bad.h"

static int64_t crash(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    volatile uint8_t *volatile nowhere = NULL;
    *nowhere = 1;
    return bad_encode(state, first, rows, n_rows, out, capacity);
}

BAD_CODEC("bad_crash", "crashes in encode", bad_create, bad_bound, crash, bad_decode, NULL, KVANT_ABI);
