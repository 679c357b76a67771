#include "plugins/wrapper.h"

#include <math.h>
#include <string.h>

#include "kernels/finite.h"

int wrapper_create(const kvant_host *host, const char *name, const kvant_shape *shape, const kvant_inner *inner,
                   size_t bytes, void **state)
{
    wrapper *w = host->alloc(host, bytes);
    if (!w) return host->fail(host, KVANT_E_MEMORY, "%s: no memory for a state of %zu bytes", name, bytes);
    w->host = host;
    w->name = name;
    w->dim = (size_t)shape->dim;
    int rc = host->open_inner(host, inner, shape, &w->inner);
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    if (rc == KVANT_OK) rc = wrapper_geometry(w, &g);
    if (rc != KVANT_OK) {
        host->close_inner(host, &w->inner);
        host->release(host, w);
        return rc;
    }
    w->heads = g.pooled ? (size_t)shape->n_heads : 1;
    w->weighs = g.weighs != 0 && w->inner.codec->weigh;
    *state = w;
    return KVANT_OK;
}

void wrapper_destroy(void *state)
{
    wrapper *w = state;
    if (!w) return;
    w->host->close_inner(w->host, &w->inner);
    w->host->release(w->host, w->rows);
    w->host->release(w->host, w->weights);
    w->host->release(w->host, w);
}

int wrapper_geometry(const void *state, kvant_geometry *out)
{
    const wrapper *w = state;
    int rc = KVANT_OK;
    if (w->inner.codec->geometry)
        rc = w->inner.codec->geometry(w->inner.state, out);
    else
        out->block = 1;
    if (w->inner.codec->flags & KVANT_CALIBRATES) out->calibrates = 1;
    return rc;
}

int wrapper_calibrate(void *state, const kvant_samples *samples)
{
    wrapper *w = state;
    return w->inner.codec->calibrate ? w->inner.codec->calibrate(w->inner.state, samples) : KVANT_OK;
}

int wrapper_weigh(void *state, const float *weights, size_t n_rows)
{
    wrapper *w = state;
    if (w->inner.codec->weigh) return w->inner.codec->weigh(w->inner.state, weights, n_rows); /* or says why not */
    return w->host->fail(w->host, KVANT_E_PARAM, "%s fits nothing to its rows: weights would do nothing",
                         w->inner.codec->name);
}

size_t wrapper_bound(const void *state, size_t first, size_t n_rows)
{
    const wrapper *w = state;
    return w->inner.codec->bound(w->inner.state, first, n_rows);
}

int64_t wrapper_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    wrapper *w = state;
    return w->inner.codec->encode(w->inner.state, first, rows, n_rows, out, capacity);
}

int wrapper_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    wrapper *w = state;
    return w->inner.codec->decode(w->inner.state, first, bytes, n_bytes, rows, n_rows);
}

int64_t wrapper_save(const void *state, uint8_t *out, size_t capacity)
{
    const wrapper *w = state;
    return w->inner.codec->save ? w->inner.codec->save(w->inner.state, out, capacity) : 0;
}

int wrapper_load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    wrapper *w = state;
    if (n_bytes == 0) return KVANT_OK;
    if (w->inner.codec->load) return w->inner.codec->load(w->inner.state, bytes, n_bytes);
    return w->host->fail(w->host, KVANT_E_CORRUPT, "%s: %zu bytes of side data, but %s has none", w->name, n_bytes,
                         w->inner.codec->name);
}

int wrapper_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                  kvant_split *out)
{
    const wrapper *w = state;
    if (w->inner.codec->split) return w->inner.codec->split(w->inner.state, first, bytes, n_bytes, n_rows, out);
    out->payload = n_bytes;
    return KVANT_OK;
}

int wrapper_inner_calibrates(const wrapper *w)
{
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    return wrapper_geometry(w, &g) == KVANT_OK && g.calibrates;
}

int wrapper_check_rows(const wrapper *w, size_t first, const float *rows, size_t n_rows, float limit)
{
    const size_t n = n_rows * w->dim, bad = finite_scan_within(rows, n, limit);
    if (bad == n) return KVANT_OK;
    return w->host->fail(w->host, isfinite(rows[bad]) ? KVANT_E_RANGE : KVANT_E_NONFINITE,
                         "%s: row %zu, column %zu is %g, expected a magnitude of at most %g", w->name,
                         first + bad / w->dim, bad % w->dim, (double)rows[bad], (double)limit);
}

int wrapper_copy(wrapper *w, size_t first, const float *rows, size_t n_rows, float limit)
{
    const kvant_host *host = w->host;
    const size_t n = n_rows * w->dim;
    const int rc = wrapper_check_rows(w, first, rows, n_rows, limit);
    if (rc != KVANT_OK) return rc;
    if (n > w->room) {
        float *larger = host->alloc(host, n * sizeof *larger);
        if (!larger) return host->fail(host, KVANT_E_MEMORY, "%s: no memory for a copy of %zu rows", w->name, n_rows);
        host->release(host, w->rows);
        w->rows = larger;
        w->room = n;
    }
    if (n) memcpy(w->rows, rows, n * sizeof *rows);
    return KVANT_OK;
}

int wrapper_check_decoded(const wrapper *w, size_t first, const float *rows, size_t n_rows, float limit)
{
    const size_t n = n_rows * w->dim, bad = finite_scan_within(rows, n, limit);
    if (bad == n) return KVANT_OK;
    return w->host->fail(w->host, KVANT_E_CORRUPT, "%s: row %zu, column %zu decodes to %g, too large to turn back",
                         w->name, first + bad / w->dim, bad % w->dim, (double)rows[bad]);
}

int64_t wrapper_save_behind(const wrapper *w, size_t own, uint8_t *out, size_t capacity)
{
    const int64_t behind = wrapper_save(w, NULL, 0);
    if (behind < 0) return behind;
    const size_t all = own + (size_t)behind;
    if (!out) return (int64_t)all;
    if (capacity < all)
        return w->host->fail(w->host, KVANT_E_SPACE, "%s: %zu bytes of side data, the buffer has %zu", w->name, all,
                             capacity);
    const int64_t written = behind > 0 ? wrapper_save(w, out + own, capacity - own) : 0;
    return written < 0 ? written : (int64_t)own + written;
}

int wrapper_even_weights(wrapper *w, size_t n_rows)
{
    const kvant_host *host = w->host;
    if (n_rows > w->weights_room) {
        float *larger = host->alloc(host, n_rows * sizeof *larger);
        if (!larger) return host->fail(host, KVANT_E_MEMORY, "%s: no memory for %zu weights", w->name, n_rows);
        host->release(host, w->weights);
        w->weights = larger;
        w->weights_room = n_rows;
    }
    for (size_t i = 0; i < n_rows; i++)
        w->weights[i] = 1.0f;
    return KVANT_OK;
}

int wrapper_keep_weights(void *state, const float *weights, size_t n_rows)
{
    wrapper *w = state;
    const kvant_host *host = w->host;
    if (!w->weighs) return wrapper_weigh(w, weights, n_rows); /* says why not */
    for (size_t i = 0; i < n_rows; i++)
        if (!(weights[i] > 0.0f && isfinite(weights[i])))
            return host->fail(host, KVANT_E_RANGE, "%s: the weight of row %zu is %g, expected a positive number",
                              w->name, i, (double)weights[i]);
    const int rc = wrapper_even_weights(w, n_rows);
    if (rc != KVANT_OK) return rc;
    if (n_rows) memcpy(w->weights, weights, n_rows * sizeof *weights);
    w->n_weights = n_rows;
    return KVANT_OK;
}

int wrapper_kept_weights(wrapper *w, size_t n_rows, const float **weights)
{
    const size_t n = w->n_weights;
    w->n_weights = 0;
    *weights = n ? w->weights : NULL;
    if (n == 0 || n == n_rows) return KVANT_OK;
    return w->host->fail(w->host, KVANT_E_STATE, "%s: %zu weights, but %zu rows to encode", w->name, n, n_rows);
}
