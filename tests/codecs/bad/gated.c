/* A worker that loads it stays there for as long as the file $KVANT_TEST_GATE exists: so that a test finds the worker
 * at its start, however fast the machine is. glibc hands main's arguments to a constructor. */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/codecs/bad/bad.h"

__attribute__((constructor)) static void wait_at_the_gate(int argc, char **argv)
{
    const char *gate = getenv("KVANT_TEST_GATE");
    if (!gate || argc < 2 || strcmp(argv[1], "worker") != 0) return;
    while (access(gate, F_OK) == 0)
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
}

BAD_CODEC("gated", "is loaded once a file is gone", bad_create, bad_bound, bad_encode, bad_decode, NULL, KVANT_ABI);
