/* While there is a file $KVANT_TEST_GATE, a worker that loads it waits; while there is a file $KVANT_TEST_SLOW,
 * encoding takes a tenth of a second: so that a test finds a process at work, however fast the machine is. */

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/codecs/bad/bad.h"

static bool is_there(const char *variable)
{
    const char *file = getenv(variable);
    return file && access(file, F_OK) == 0;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000 * 1000 }, NULL);
}

/* glibc hands main's arguments to a constructor. */
__attribute__((constructor)) static void at_load(int argc, char **argv)
{
    while (argc > 1 && strcmp(argv[1], "worker") == 0 && is_there("KVANT_TEST_GATE"))
        wait_ms(10);
}

static int64_t gated_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    if (is_there("KVANT_TEST_SLOW")) wait_ms(100);
    return bad_encode(state, first, rows, n_rows, out, capacity);
}

BAD_CODEC("gated", "waits, and is slow, while a test wants it", bad_create, bad_bound, gated_encode, bad_decode, NULL,
          KVANT_ABI);
