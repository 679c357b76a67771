/* Built for the next major version of the interface. */

#include "tests/codecs/bad/bad.h"

BAD_CODEC("bad_abi", "another ABI major", bad_create, bad_bound, bad_encode, bad_decode, NULL,
          (KVANT_ABI_MAJOR + 1) << 16);
