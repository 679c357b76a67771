/* Decodes the last value of every call to NaN. */

#include "tests/codecs/bad/bad.h"

#include <math.h>

static int decode_nan(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const int rc = bad_decode(state, first, bytes, n_bytes, rows, n_rows);
    if (rc == KVANT_OK && n_bytes) rows[n_bytes / sizeof *rows - 1] = NAN;
    return rc;
}

BAD_CODEC("bad_nan", "decodes to NaN", bad_create, bad_bound, bad_encode, decode_nan, NULL, KVANT_ABI);
