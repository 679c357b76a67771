/* A worker that loads it, and whoever encodes more than some rows with it, stays there for as long as the file
 * $KVANT_TEST_GATE exists: so that a test finds a process at work, however fast the machine is. */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/codecs/bad/bad.h"

enum { ROWS_BEFORE = 32 };

static void wait_at_the_gate(void)
{
    const char *gate = getenv("KVANT_TEST_GATE");
    while (gate && access(gate, F_OK) == 0)
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
}

/* glibc hands main's arguments to a constructor. */
__attribute__((constructor)) static void at_load(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0) wait_at_the_gate();
}

static int64_t gated_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    if (first + n_rows > ROWS_BEFORE) wait_at_the_gate();
    return bad_encode(state, first, rows, n_rows, out, capacity);
}

BAD_CODEC("gated", "goes on once a file is gone", bad_create, bad_bound, gated_encode, bad_decode, NULL, KVANT_ABI);
