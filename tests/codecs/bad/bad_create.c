/* Cannot be created, and says why. */

#include "tests/codecs/bad/bad.h"

static int refuse(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values, (void)state;
    return host->fail(host, KVANT_E_PARAM, "bad_create: refuses head dimension %d, as it refuses all", (int)shape->dim);
}

BAD_CODEC("bad_create", "create fails with a message", refuse, bad_bound, bad_encode, bad_decode, NULL, KVANT_ABI);
