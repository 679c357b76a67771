/* Crashes when it is loaded, before anyone can look at it. */

#include "tests/codecs/bad/bad.h"

__attribute__((constructor)) static void crash_at_load(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

BAD_CODEC("bad_load", "crashes in dlopen", bad_create, bad_bound, bad_encode, bad_decode, NULL, KVANT_ABI);
