/* rotate: any codec, seen through a rotation of the rows. */

#include <float.h>
#include <string.h>

#include "kernels/wht.h"
#include "plugins/wrapper.h"

enum { PARAM_INNER };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec that sees the rotated rows" },
    { 0 },
};

typedef struct rotate {
    wrapper base;
    wht rotation;
} rotate;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (shape->dim % 16 != 0 || !wht_takes(shape->dim))
        return host->fail(host, KVANT_E_SHAPE, "rotate: head dimension %d is not a multiple of 16 from 16 to %d",
                          (int)shape->dim, WHT_MAX);
    const int rc = wrapper_create(host, "rotate", shape, values[PARAM_INNER].inner, sizeof(rotate), state);
    if (rc != KVANT_OK) return rc;
    rotate *w = *state;
    wht_init(&w->rotation, shape->dim);
    return KVANT_OK;
}

/* Larger values could overflow on the way through the transform. */
static float limit_of(const rotate *w)
{
    return FLT_MAX / (2.0f * (float)w->base.dim);
}

static int rotated_copy(rotate *w, size_t first, const float *rows, size_t n_rows)
{
    const int rc = wrapper_copy(&w->base, first, rows, n_rows, limit_of(w));
    if (rc == KVANT_OK) wht_forward(&w->rotation, w->base.rows, n_rows);
    return rc;
}

/* R M R' for each head: the rows of M turned, then its columns. M is symmetric, so that turning the rows of (R M)' = M
 * R' once more gives R M R'. */
static void rotate_moment(const rotate *w, const float *moment, float *out)
{
    const size_t n = w->base.dim;
    for (size_t h = 0; h < w->base.heads; h++, moment += n * n, out += n * n) {
        memcpy(out, moment, n * n * sizeof *out);
        wht_forward(&w->rotation, out, n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++) {
                const float turn = out[i * n + j];
                out[i * n + j] = out[j * n + i];
                out[j * n + i] = turn;
            }
        wht_forward(&w->rotation, out, n);
    }
}

static int calibrate(void *state, const kvant_samples *samples)
{
    rotate *w = state;
    const kvant_host *host = w->base.host;
    if (!wrapper_inner_calibrates(&w->base)) return KVANT_OK;
    int rc = rotated_copy(w, 0, samples->rows, samples->n_rows);
    if (rc != KVANT_OK) return rc;
    kvant_samples turned = *samples;
    turned.rows = w->base.rows;
    float *moment = NULL;
    if (samples->query_moment) {
        moment = host->alloc(host, w->base.heads * w->base.dim * w->base.dim * sizeof *moment);
        if (!moment) return host->fail(host, KVANT_E_MEMORY, "rotate: no memory for the query moment");
        rotate_moment(w, samples->query_moment, moment);
        turned.query_moment = moment;
    }
    rc = wrapper_calibrate(w, &turned);
    host->release(host, moment);
    return rc;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    rotate *w = state;
    const int rc = rotated_copy(w, first, rows, n_rows);
    return rc == KVANT_OK ? wrapper_encode(w, first, w->base.rows, n_rows, out, capacity) : rc;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    rotate *w = state;
    int rc = wrapper_decode(w, first, bytes, n_bytes, rows, n_rows);
    if (rc == KVANT_OK) rc = wrapper_check_decoded(&w->base, first, rows, n_rows, limit_of(w));
    if (rc == KVANT_OK) wht_inverse(&w->rotation, rows, n_rows);
    return rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "rotate",
    .version = "1",
    .family = "wrapper",
    .summary = "rotates every row before the inner codec and back after it; costs no bytes",
    .reference = "QuaRot, arXiv 2404.00456; signs and transform of kernels/wht.h",
    .params = params,
    .dim_min = 32,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = wrapper_destroy,
    .geometry = wrapper_geometry,
    .calibrate = calibrate,
    .weigh = wrapper_weigh,
    .bound = wrapper_bound,
    .encode = encode,
    .decode = decode,
    .save = wrapper_save,
    .load = wrapper_load,
    .split = wrapper_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
