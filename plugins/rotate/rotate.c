/* rotate: any codec, seen through a rotation of the rows. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/finite.h"
#include "kernels/wht.h"
#include "kvant/codec.h"

enum { PARAM_INNER };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec that sees the rotated rows" },
    { 0 },
};

typedef struct rotate {
    const kvant_host *host;
    kvant_instance inner;
    size_t dim;
    wht rotation;
    float *rotated; /* room for `room` values */
    size_t room;
} rotate;

static void destroy(void *state)
{
    rotate *w = state;
    if (!w) return;
    if (w->inner.codec) w->host->close_inner(w->host, &w->inner);
    w->host->release(w->host, w->rotated);
    w->host->release(w->host, w);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (shape->dim % 16 != 0 || !wht_takes(shape->dim))
        return host->fail(host, KVANT_E_SHAPE, "rotate: head dimension %d is not a multiple of 16 from 16 to %d",
                          (int)shape->dim, WHT_MAX);
    rotate *w = host->alloc(host, sizeof *w);
    if (!w) return host->fail(host, KVANT_E_MEMORY, "rotate: no memory for a state of %zu bytes", sizeof *w);
    w->host = host;
    w->dim = (size_t)shape->dim;
    wht_init(&w->rotation, shape->dim);
    const int rc = host->open_inner(host, values[PARAM_INNER].inner, shape, &w->inner);
    if (rc != KVANT_OK) {
        destroy(w);
        return rc;
    }
    *state = w;
    return KVANT_OK;
}

/* Larger values could overflow on the way through the transform. */
static float limit_of(const rotate *w)
{
    return FLT_MAX / (2.0f * (float)w->dim);
}

/* A rotated copy of the rows, which lives until the next call. */
static int rotated_copy(rotate *w, size_t first, const float *rows, size_t n_rows)
{
    const kvant_host *host = w->host;
    const size_t n = n_rows * w->dim;
    const size_t bad = finite_scan_within(rows, n, limit_of(w));
    if (bad < n)
        return host->fail(host, isfinite(rows[bad]) ? KVANT_E_RANGE : KVANT_E_NONFINITE,
                          "rotate: row %zu, column %zu is %g, expected a magnitude of at most %g", first + bad / w->dim,
                          bad % w->dim, (double)rows[bad], (double)limit_of(w));
    if (n > w->room) {
        float *larger = host->alloc(host, n * sizeof *larger);
        if (!larger) return host->fail(host, KVANT_E_MEMORY, "rotate: no memory for a copy of %zu rows", n_rows);
        host->release(host, w->rotated);
        w->rotated = larger;
        w->room = n;
    }
    if (n) memcpy(w->rotated, rows, n * sizeof *rows);
    wht_forward(&w->rotation, w->rotated, n_rows);
    return KVANT_OK;
}

static int geometry(const void *state, kvant_geometry *out)
{
    const kvant_instance *inner = &((const rotate *)state)->inner;
    if (inner->codec->geometry) return inner->codec->geometry(inner->state, out);
    out->block = 1;
    out->window = 0;
    return KVANT_OK;
}

static int calibrate(void *state, const float *rows, size_t n_rows)
{
    rotate *w = state;
    if (!w->inner.codec->calibrate) return KVANT_OK;
    const int rc = rotated_copy(w, 0, rows, n_rows);
    return rc == KVANT_OK ? w->inner.codec->calibrate(w->inner.state, w->rotated, n_rows) : rc;
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const kvant_instance *inner = &((const rotate *)state)->inner;
    return inner->codec->bound(inner->state, first, n_rows);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    rotate *w = state;
    const int rc = rotated_copy(w, first, rows, n_rows);
    return rc == KVANT_OK ? w->inner.codec->encode(w->inner.state, first, w->rotated, n_rows, out, capacity) : rc;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    rotate *w = state;
    const int rc = w->inner.codec->decode(w->inner.state, first, bytes, n_bytes, rows, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t n = n_rows * w->dim, bad = finite_scan_within(rows, n, limit_of(w));
    if (bad < n)
        return w->host->fail(w->host, KVANT_E_CORRUPT, "rotate: row %zu, column %zu decodes to %g, too large to rotate",
                             first + bad / w->dim, bad % w->dim, (double)rows[bad]);
    wht_inverse(&w->rotation, rows, n_rows);
    return KVANT_OK;
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const kvant_instance *inner = &((const rotate *)state)->inner;
    return inner->codec->save ? inner->codec->save(inner->state, out, capacity) : 0;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    rotate *w = state;
    if (w->inner.codec->load) return w->inner.codec->load(w->inner.state, bytes, n_bytes);
    if (n_bytes == 0) return KVANT_OK;
    return w->host->fail(w->host, KVANT_E_CORRUPT, "rotate: %zu bytes of side data, but %s has none", n_bytes,
                         w->inner.codec->name);
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    const kvant_instance *inner = &((const rotate *)state)->inner;
    if (inner->codec->split) return inner->codec->split(inner->state, first, bytes, n_bytes, n_rows, out);
    out->payload = n_bytes;
    out->metadata = out->exact = 0;
    return KVANT_OK;
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
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .split = split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
