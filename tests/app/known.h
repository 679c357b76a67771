/* known.h - a catalog for tests of text: the shapes a codec's parameters come in, and no plugin.
 *
 *     identity, f16, q8_0, q4_0    no parameters; q8_0, q4_0: head dimensions in multiples of 32
 *     turbo3                       no parameters, head dimensions 64 to 128
 *     polar(bits=4 in 1..8, scale=norm of norm mse unbiased, seed=0, gain=1 in 0.25..4 step 0.25, fast=false)
 *     kakeya(bits=3 in 1..4, rank=0.5 in 0..1, block=512 in 64..4096 geometric)
 *     rotate(inner)    sink(inner, n=4 in 0..4096)    comfy(inner=turbo3, n=1 in 0..9)
 *     qonly            for keys only        vonly    for values only
 */
#ifndef KVANT_TESTS_APP_KNOWN_H
#define KVANT_TESTS_APP_KNOWN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "app/catalog.h"

/* The caller frees it. The test fails when something in it is refused. */
catalog *known_codecs(void);

/* What the plugins of a directory offer, found by a describer. NULL after saying why. The caller frees it. */
catalog *scanned_codecs(const char *plugins, const char *describer);

/* One codec as JSON text, from a name, flags, dimensions and the JSON of its parameters. */
cJSON *known_json(const char *name, int flags, int dim_min, int dim_max, int dim_step, const char *params);

#endif
