/* Gives back something else every time it is asked. For the test that `kvant speed` notices. */
#include "tests/codecs/bad/bad.h"

#include <math.h>
#include <stdatomic.h>

/* Of the whole process, and written by every call: that is its fault. */
static atomic_uint calls;

static int decode_anything(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const int rc = bad_decode(state, first, bytes, n_bytes, rows, n_rows);
    const unsigned call = atomic_fetch_add(&calls, 1);
    for (size_t i = 0; rc == KVANT_OK && i < n_bytes / sizeof *rows; i++)
        rows[i] *= (float)sin(call + 0.7 * (double)i);
    return rc;
}

BAD_CODEC("drifts", "decodes to something else every time", bad_create, bad_bound, bad_encode, decode_anything, NULL,
          KVANT_ABI);
