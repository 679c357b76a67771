/* attnweight: a codec that fits something to its rows, told how much attention their positions get. */

#include <math.h>

#include "plugins/wrapper.h"

enum { PARAM_INNER, PARAM_FLOOR };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "a codec that fits something to its rows, such as kakeya" },
    { .name = "floor",
      .type = KVANT_REAL,
      .flags = KVANT_LOG,
      .def = 0.01,
      .min = 1e-6,
      .max = 1.0,
      .step = 10,
      .help = "the least weight a row has; 1 is what uniform attention gives" },
    { 0 },
};

typedef struct attnweight {
    wrapper base;
    double floor;
    size_t n;         /* positions of the profile; those beyond have its last weight */
    float *attention; /* [head][n], at least floor; NULL before calibrate */
    float *given;     /* weights of one encode */
    size_t room;
} attnweight;

static void destroy(void *state)
{
    attnweight *w = state;
    if (!w) return;
    w->base.host->release(w->base.host, w->attention);
    w->base.host->release(w->base.host, w->given);
    wrapper_destroy(w);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = wrapper_create(host, "attnweight", shape, values[PARAM_INNER].inner, sizeof(attnweight), state);
    if (rc != KVANT_OK) return rc;
    attnweight *w = *state;
    w->floor = values[PARAM_FLOOR].r;
    const float one = 1.0f;
    if (w->base.weighs) return KVANT_OK;
    rc = wrapper_weigh(w, &one, 1); /* says why not */
    destroy(w);
    *state = NULL;
    return rc;
}

static void forget_attention(attnweight *w)
{
    w->base.host->release(w->base.host, w->attention);
    w->attention = NULL;
}

static int keep_attention(attnweight *w, const kvant_samples *samples)
{
    const kvant_host *host = w->base.host;
    const size_t n = samples->n_attention;
    size_t all, bytes;
    if (!samples->attention || n == 0)
        return host->fail(host, KVANT_E_PARAM, "attnweight: the samples say nothing about attention");
    if (__builtin_mul_overflow(w->base.heads, n, &all) || __builtin_mul_overflow(all, sizeof(float), &bytes) ||
        !(w->attention = host->alloc(host, bytes)))
        return host->fail(host, KVANT_E_MEMORY, "attnweight: no memory for the attention at %zu positions", n);
    w->n = n;
    for (size_t i = 0; i < all; i++) {
        const float a = samples->attention[i];
        if (!(a >= 0.0f && isfinite(a)))
            return host->fail(host, KVANT_E_NONFINITE, "attnweight: the attention at position %zu is %g", i % n,
                              (double)a);
        w->attention[i] = (float)fmax((double)a, w->floor);
    }
    return KVANT_OK;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    attnweight *w = state;
    forget_attention(w);
    int rc = keep_attention(w, samples);
    if (rc == KVANT_OK && wrapper_inner_calibrates(&w->base)) rc = wrapper_calibrate(w, samples);
    if (rc != KVANT_OK) forget_attention(w);
    return rc;
}

/* The decoder needs no weights, so they are no side data. */
static int geometry(const void *state, kvant_geometry *out)
{
    const int rc = wrapper_geometry(state, out);
    out->calibrates = 1;
    return rc;
}

/* Fills w->given; weights handed in from outside are factors. */
static int weights_of(attnweight *w, size_t first, const float *outside, size_t n_rows)
{
    const kvant_host *host = w->base.host;
    const size_t heads = w->base.heads;
    if (n_rows > w->room || !w->given) {
        host->release(host, w->given);
        w->room = 0;
        w->given = host->alloc(host, (n_rows + 1) * sizeof *w->given);
        if (!w->given) return host->fail(host, KVANT_E_MEMORY, "attnweight: no memory for %zu weights", n_rows);
        w->room = n_rows;
    }
    for (size_t r = 0; r < n_rows; r++) {
        const size_t row = first + r, position = row / heads;
        const float a = w->attention[row % heads * w->n + (position < w->n ? position : w->n - 1)];
        w->given[r] = outside ? outside[r] * a : a;
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    attnweight *w = state;
    const float *outside;
    int rc = wrapper_kept_weights(&w->base, n_rows, &outside);
    if (rc == KVANT_OK && !w->attention)
        rc = w->base.host->fail(w->base.host, KVANT_E_STATE, "attnweight: encode before calibrate");
    if (rc == KVANT_OK) rc = weights_of(w, first, outside, n_rows);
    if (rc == KVANT_OK) rc = wrapper_weigh(w, w->given, n_rows);
    return rc == KVANT_OK ? wrapper_encode(w, first, rows, n_rows, out, capacity) : rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "attnweight",
    .version = "1",
    .family = "wrapper",
    .summary = "weighs rows by the attention their positions get when the inner codec fits something to them",
    .reference = "the weighted PCA of KakeyaTurbo, whose weights were never used",
    .params = params,
    .flags = KVANT_CALIBRATES,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .weigh = wrapper_keep_weights,
    .bound = wrapper_bound,
    .encode = encode,
    .decode = wrapper_decode,
    .save = wrapper_save,
    .load = wrapper_load,
    .split = wrapper_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
