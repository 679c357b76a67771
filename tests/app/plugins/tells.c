/* Refuses every stream, and says which one it was offered. */
#include "tests/codecs/bad/bad.h"

static int tell(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    (void)state;
    return host->fail(host, KVANT_E_SHAPE, "%s of %d columns, layer %d of %d, head %d of %d, rotated %d, %llu rows",
                      shape->stream == KVANT_K ? "keys" : "values", (int)shape->dim, (int)shape->layer,
                      (int)shape->n_layers, (int)shape->head, (int)shape->n_heads, (int)shape->rotated,
                      (unsigned long long)shape->max_rows);
}

BAD_CODEC("tells", "tells what it is offered", tell, bad_bound, bad_encode, bad_decode, NULL, KVANT_ABI);
