/* Writes 16 bytes past the capacity it was given. */

#include "tests/codecs/bad/bad.h"

static int64_t scribble(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const int64_t bytes = bad_encode(state, first, rows, n_rows, out, capacity);
    for (size_t i = 0; i < 16; i++)
        ((volatile uint8_t *)out)[capacity + i] = 0xee;
    return bytes;
}

BAD_CODEC("bad_scribble", "writes past its buffer", bad_create, bad_bound, scribble, bad_decode, NULL, KVANT_ABI);
