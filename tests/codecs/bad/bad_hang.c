/* Never returns from encode, and never looks at cancelled. */

#include "tests/codecs/bad/bad.h"

static int64_t hang(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    for (volatile int forever = 1; forever;) {
    }
    return bad_encode(state, first, rows, n_rows, out, capacity);
}

BAD_CODEC("bad_hang", "never returns from encode", bad_create, bad_bound, hang, bad_decode, NULL, KVANT_ABI);
