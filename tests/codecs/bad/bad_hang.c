/* Never returns from encode, and never looks at cancelled. Its thread is then called bad_hang, for tests to see. */

#include <sys/prctl.h>
#include <unistd.h>

#include "tests/codecs/bad/bad.h"

static int64_t hang(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    prctl(PR_SET_NAME, "bad_hang");
    for (volatile int forever = 1; forever;)
        pause();
    return bad_encode(state, first, rows, n_rows, out, capacity);
}

BAD_CODEC("bad_hang", "never returns from encode", bad_create, bad_bound, hang, bad_decode, NULL, KVANT_ABI);
