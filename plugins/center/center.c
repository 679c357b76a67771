/* center: any codec, seen through the removal of a mean. */

#include <string.h>

#include "plugins/center/center.h"

enum { PER_CHANNEL, PER_BLOCK };
enum { PARAM_INNER, PARAM_PER, PARAM_BLOCK };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec that sees rows without their mean" },
    { .name = "per",
      .type = KVANT_ENUM,
      .def = PER_CHANNEL,
      .max = PER_BLOCK,
      .names = "channel block",
      .help = "the mean of the calibration rows, or that of each block" },
    { .name = "block",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 128,
      .min = 1,
      .max = 4096,
      .step = 2,
      .help = "per=block: positions a mean is of, rounded up to whole blocks of the inner codec" },
    { 0 },
};

static void destroy(void *state)
{
    center *w = state;
    if (!w) return;
    w->base.host->release(w->base.host, w->sum);
    w->base.host->release(w->base.host, w->mean);
    wrapper_destroy(w);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = wrapper_create(host, "center", shape, values[PARAM_INNER].inner, sizeof(center), state);
    if (rc != KVANT_OK) return rc;
    center *w = *state;
    w->per_block = values[PARAM_PER].i == PER_BLOCK;
    w->width = w->base.heads * w->base.dim;
    w->mean_bytes = w->width * sizeof(uint16_t);
    if (w->per_block) rc = center_blocks_choose(w, values[PARAM_BLOCK].i);
    if (rc == KVANT_OK && !(w->sum = host->alloc(host, w->width * sizeof *w->sum)))
        rc = host->fail(host, KVANT_E_MEMORY, "center: no memory for the mean of %zu channels", w->width);
    if (rc == KVANT_OK) return rc;
    destroy(w);
    *state = NULL;
    return rc;
}

static int geometry(const void *state, kvant_geometry *out)
{
    const center *w = state;
    const int rc = wrapper_geometry(w, out);
    if (!w->per_block) out->calibrates = 1;
    if (w->per_block) out->block = (uint32_t)w->block;
    return rc;
}

/* ---- calibration and side data ---------------------------------------------------------------------------------- */

static int calibrate_channels(center *w, size_t n_rows)
{
    const kvant_host *host = w->base.host;
    if (n_rows < w->base.heads || n_rows % w->base.heads)
        return host->fail(host, KVANT_E_PARAM, "center: %zu sample rows of %zu heads have no mean", n_rows,
                          w->base.heads);
    if (!w->mean && !(w->mean = host->alloc(host, w->mean_bytes)))
        return host->fail(host, KVANT_E_MEMORY, "center: no memory for the mean of %zu channels", w->width);
    const int rc = center_store_mean(w, 0, w->base.rows, n_rows, w->mean);
    if (rc == KVANT_OK) {
        center_add_mean(w, w->base.rows, n_rows, w->mean, -1.0f);
        return rc;
    }
    host->release(host, w->mean);
    w->mean = NULL;
    return rc;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    center *w = state;
    const int inner = wrapper_inner_calibrates(&w->base);
    if (w->per_block && !inner) return KVANT_OK;
    int rc = wrapper_copy(&w->base, 0, samples->rows, samples->n_rows, CENTER_LARGEST);
    if (rc == KVANT_OK)
        rc = !w->per_block ? calibrate_channels(w, samples->n_rows)
                           : center_blocks_calibrate(w, samples->n_rows, samples->sequence);
    if (rc != KVANT_OK || !inner) return rc;
    kvant_samples centred = *samples;
    centred.rows = w->base.rows;
    return wrapper_calibrate(w, &centred);
}

static int no_mean(const center *w)
{
    return w->base.host->fail(w->base.host, KVANT_E_STATE, "center: there is no mean before calibrate or load");
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const center *w = state;
    if (w->per_block) return wrapper_save(w, out, capacity);
    if (!w->mean) return no_mean(w);
    const int64_t n = wrapper_save_behind(&w->base, w->mean_bytes, out, capacity);
    if (n >= 0 && out) memcpy(out, w->mean, w->mean_bytes);
    return n;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    center *w = state;
    const kvant_host *host = w->base.host;
    if (w->per_block) return wrapper_load(w, bytes, n_bytes);
    if (n_bytes < w->mean_bytes)
        return host->fail(host, KVANT_E_CORRUPT, "center: %zu bytes of side data, expected %zu for the mean and more",
                          n_bytes, w->mean_bytes);
    int rc = center_check_mean(w, bytes);
    if (rc == KVANT_OK) rc = wrapper_load(w, bytes + w->mean_bytes, n_bytes - w->mean_bytes);
    if (rc != KVANT_OK) return rc;
    if (!w->mean && !(w->mean = host->alloc(host, w->mean_bytes)))
        return host->fail(host, KVANT_E_MEMORY, "center: no memory for the mean of %zu channels", w->width);
    memcpy(w->mean, bytes, w->mean_bytes);
    return KVANT_OK;
}

/* ---- encode and decode ------------------------------------------------------------------------------------------ */

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const center *w = state;
    if (!w->per_block) return wrapper_bound(w, first, n_rows);
    return center_blocks_bound(w, first, n_rows);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    center *w = state;
    if (w->per_block) return center_blocks_encode(w, first, rows, n_rows, out, capacity);
    if (!w->mean) return no_mean(w);
    const int rc = wrapper_copy(&w->base, first, rows, n_rows, CENTER_LARGEST);
    if (rc != KVANT_OK) return rc;
    center_add_mean(w, w->base.rows, n_rows, w->mean, -1.0f);
    return wrapper_encode(w, first, w->base.rows, n_rows, out, capacity);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    center *w = state;
    if (!w->per_block)
        return w->mean ? center_decode_rows(w, first, bytes, n_bytes, rows, n_rows, w->mean) : no_mean(w);
    return center_blocks_decode(w, first, bytes, n_bytes, rows, n_rows);
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    const center *w = state;
    if (!w->per_block) return wrapper_split(w, first, bytes, n_bytes, n_rows, out);
    return center_blocks_split(w, first, bytes, n_bytes, n_rows, out);
}

/* per=channel hands all rows on at once, and the weights with them. */
static int weigh(void *state, const float *weights, size_t n_rows)
{
    const center *w = state;
    return w->per_block ? wrapper_keep_weights(state, weights, n_rows) : wrapper_weigh(state, weights, n_rows);
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "center",
    .version = "1",
    .family = "wrapper",
    .summary = "removes the mean of the calibration rows, or of each block, before the inner codec",
    .reference = "the mean of KakeyaTurbo's skeleton, by itself",
    .params = params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .weigh = weigh,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .split = split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
