/* window: any codec, but the newest positions of the sequence stay in f16. */

#include "plugins/wrapper.h"

enum { PARAM_INNER, PARAM_N };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec of the rows that have left the window" },
    { .name = "n",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 128,
      .min = 1,
      .max = 32768,
      .step = 2,
      .help = "positions kept in f16" },
    { 0 },
};

typedef struct window {
    wrapper base;
    uint32_t rows;
} window;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const int rc = wrapper_create(host, "window", shape, values[PARAM_INNER].inner, sizeof(window), state);
    if (rc != KVANT_OK) return rc;
    window *w = *state;
    const uint64_t rows = (uint64_t)values[PARAM_N].i * w->base.heads;
    if (rows > UINT32_MAX) {
        wrapper_destroy(w);
        *state = NULL;
        return host->fail(host, KVANT_E_PARAM, "window: %lld positions of %d pooled heads are too many rows",
                          (long long)values[PARAM_N].i, (int)shape->n_heads);
    }
    w->rows = (uint32_t)rows;
    return KVANT_OK;
}

/* The window is the host's: it hands rows over when they have left it. */
static int geometry(const void *state, kvant_geometry *out)
{
    const window *w = state;
    const int rc = wrapper_geometry(w, out);
    if (rc == KVANT_OK && out->window < w->rows) out->window = w->rows;
    return rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "window",
    .version = "1",
    .family = "wrapper",
    .summary = "keeps the newest n positions in f16, the rest in the inner codec",
    .reference = "KIVI's residual window, arXiv 2402.02750",
    .params = params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = create,
    .destroy = wrapper_destroy,
    .geometry = geometry,
    .calibrate = wrapper_calibrate,
    .weigh = wrapper_weigh,
    .bound = wrapper_bound,
    .encode = wrapper_encode,
    .decode = wrapper_decode,
    .save = wrapper_save,
    .load = wrapper_load,
    .split = wrapper_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
