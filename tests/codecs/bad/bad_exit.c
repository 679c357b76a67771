/* Ends its process in encode, with the status that BAD_EXIT in the environment says. */

#include <stdlib.h>

#include "tests/codecs/bad/bad.h"

static int64_t leave(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const char *status = getenv("BAD_EXIT");
    if (status) exit(atoi(status));
    return bad_encode(state, first, rows, n_rows, out, capacity);
}

BAD_CODEC("bad_exit", "ends its process in encode", bad_create, bad_bound, leave, bad_decode, NULL, KVANT_ABI);
