/* Calibrates, and refuses with what it was given to learn from. */
#include "tests/codecs/bad/bad.h"

static int geometry(const void *state, kvant_geometry *out)
{
    (void)state;
    out->block = 1;
    out->calibrates = 1;
    return KVANT_OK;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    const bad *b = state;
    return b->host->fail(b->host, KVANT_E_PARAM, "%llu rows, queries %d, met %d, attention %d",
                         (unsigned long long)samples->n_rows, samples->query_moment != NULL,
                         samples->query_moment_met != NULL, samples->attention != NULL);
}

static const kvant_param params[] = { { 0 } };
static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "learns",
    .version = "1",
    .family = "bad",
    .summary = "tells what it is to learn from",
    .reference = "none; for tests",
    .params = params,
    .flags = KVANT_CALIBRATES,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = bad_create,
    .destroy = bad_destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .bound = bad_bound,
    .encode = bad_encode,
    .decode = bad_decode,
};
static const kvant_codec *const codecs[] = { &codec, NULL };
KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
