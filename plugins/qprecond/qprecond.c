/* qprecond: any key codec, seen through the Cholesky factor of the queries' second moment. */

#include "plugins/qprecond/qprecond.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/eigen.h"
#include "plugins/host_fan.h"
#include "plugins/qprecond/whitening.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the side data are little-endian copies of memory");

enum { SKIP_MEASURED, SKIP_NEVER, SKIP_ALWAYS };
enum { MOMENT_MET, MOMENT_PLAIN };
enum { PARAM_INNER, PARAM_RIDGE, PARAM_SKIP, PARAM_MOMENT };

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec that sees the whitened keys" },
    { .name = "ridge",
      .type = KVANT_REAL,
      .flags = KVANT_LOG,
      .def = 1e-3,
      .min = 1e-9,
      .max = 1.0,
      .step = 10,
      .help = "added to the diagonal of the query moment, in units of its mean" },
    { .name = "skip",
      .type = KVANT_ENUM,
      .def = SKIP_MEASURED,
      .max = SKIP_ALWAYS,
      .names = "measured never always",
      .help = "keep keys as they are: where calibration shows that whitening does not help, nowhere, everywhere" },
    { .name = "moment",
      .type = KVANT_ENUM,
      .def = MOMENT_MET,
      .max = MOMENT_PLAIN,
      .names = "met plain",
      .help = "whiten by the queries as keys meet them, turned by all distances, or as published, before RoPE" },
    { 0 },
};

static void destroy(void *state)
{
    qprecond *w = state;
    if (w) w->base.host->release(w->base.host, w->factors);
    wrapper_destroy(w);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (shape->stream != KVANT_K) return host->fail(host, KVANT_E_SHAPE, "qprecond: values meet no queries");
    if (shape->dim > WHITENING_MAX)
        return host->fail(host, KVANT_E_SHAPE, "qprecond: head dimension %d, expected at most %d", (int)shape->dim,
                          WHITENING_MAX);
    const int rc = wrapper_create(host, "qprecond", shape, values[PARAM_INNER].inner, sizeof(qprecond), state);
    if (rc != KVANT_OK) return rc;
    qprecond *w = *state;
    w->shape = *shape;
    w->threads = host_fan(host);
    w->inner = values[PARAM_INNER].inner;
    w->ridge = values[PARAM_RIDGE].r;
    w->skip = (int)values[PARAM_SKIP].i;
    w->plain = values[PARAM_MOMENT].i == MOMENT_PLAIN;
    w->decision = QPRECOND_OPEN;
    return KVANT_OK;
}

static int geometry(const void *state, kvant_geometry *out)
{
    const int rc = wrapper_geometry(state, out);
    out->calibrates = 1;
    return rc;
}

int qprecond_whiten(qprecond *w, size_t first, const float *rows, size_t n_rows)
{
    const kvant_host *host = w->base.host;
    const size_t n = w->base.dim;
    const int rc = wrapper_copy(&w->base, first, rows, n_rows, FLT_MAX);
    if (rc != KVANT_OK) return rc;
    whitening_apply(w->factors, n, w->base.heads, w->base.rows, n_rows, &w->threads);
    for (size_t i = 0; i < n_rows * n; i++)
        if (!isfinite(w->base.rows[i]))
            return host->fail(host, KVANT_E_RANGE, "qprecond: row %zu, column %zu: whitened, the value is too large",
                              first + i / n, i % n);
    return KVANT_OK;
}

/* ---- calibration ------------------------------------------------------------------------------------------------ */

/* What calibration finds out about the moments. */
typedef struct finding {
    double condition; /* the largest of the heads', ridge included */
    double largest;   /* magnitude in L */
    double error[2];  /* by decision; NaN: not measured */
} finding;

static int no_memory(const qprecond *w)
{
    return w->base.host->fail(w->base.host, KVANT_E_MEMORY, "qprecond: no memory for matrices of order %zu",
                              w->base.dim);
}

const float *qprecond_met(const kvant_samples *samples)
{
    return samples->query_moment_met ? samples->query_moment_met : samples->query_moment;
}

static int check_moments(const qprecond *w, const kvant_samples *samples)
{
    const kvant_host *host = w->base.host;
    const size_t n = w->base.heads * w->base.dim * w->base.dim;
    if (!samples->query_moment) return host->fail(host, KVANT_E_PARAM, "qprecond: the samples say nothing of queries");
    for (size_t i = 0; i < n; i++)
        if (!isfinite(samples->query_moment[i]) || !isfinite(qprecond_met(samples)[i]))
            return host->fail(
                host, KVANT_E_NONFINITE, "qprecond: entry %zu of the query moment is %g", i,
                (double)(isfinite(samples->query_moment[i]) ? qprecond_met(samples) : samples->query_moment)[i]);
    return KVANT_OK;
}

static void drop_factors(qprecond *w)
{
    w->base.host->release(w->base.host, w->factors);
    w->factors = NULL;
}

/* Makes w->factors; leaves NULL where a moment has no factor (a head without queries). */
static int factorise(qprecond *w, const kvant_samples *samples, finding *out)
{
    const kvant_host *host = w->base.host;
    const size_t n = w->base.dim, heads = w->base.heads;
    const float *moments = w->plain ? samples->query_moment : qprecond_met(samples);
    double *s = host->alloc(host, (2 * n * n + n) * sizeof *s), *vectors = s + n * n, *values = vectors + n * n;
    drop_factors(w);
    w->factors = s ? host->alloc(host, heads * n * n * sizeof *w->factors) : NULL;
    int rc = w->factors ? KVANT_OK : no_memory(w);
    for (size_t h = 0; rc == KVANT_OK && w->factors && h < heads; h++) {
        double *l = w->factors + h * n * n;
        whitening_moment(moments + h * n * n, n, w->ridge, s);
        if (!eigen_symmetric(s, n, values, vectors, &w->threads)) rc = no_memory(w);
        if (rc == KVANT_OK)
            out->condition = fmax(out->condition, values[n - 1] > 0.0 ? values[0] / values[n - 1] : INFINITY);
        if (rc == KVANT_OK && !whitening_factor(s, n, l)) drop_factors(w);
        for (size_t i = 0; w->factors && i < n * n; i++)
            out->largest = fmax(out->largest, fabs(l[i]));
    }
    host->release(host, s);
    return rc;
}

static int decide(qprecond *w, const kvant_samples *samples, const float *moments, finding *f)
{
    const kvant_host *host = w->base.host;
    int rc = KVANT_OK;
    w->decision = w->skip == SKIP_NEVER ? QPRECOND_WHITENED : QPRECOND_PLAIN;
    if (w->skip == SKIP_NEVER && !w->factors)
        return host->fail(host, KVANT_E_PARAM, "qprecond: the query moment with ridge %g is not positive definite",
                          w->ridge);
    if (w->skip == SKIP_MEASURED) rc = qprecond_trial(w, samples, moments, f->error);
    if (rc == KVANT_OK && f->error[QPRECOND_WHITENED] < f->error[QPRECOND_PLAIN]) w->decision = QPRECOND_WHITENED;
    return rc;
}

static void say(const qprecond *w, const finding *f)
{
    const kvant_host *host = w->base.host;
    const char *heads = w->base.heads > 1 ? " and the others" : "";
    const char *verdict = w->decision == QPRECOND_WHITENED ? "whitened" : "as it is";
    const int layer = (int)w->shape.layer, head = (int)w->shape.head;
    if (w->skip == SKIP_MEASURED)
        host->log(host,
                  "k layer %d head %d%s: condition %.4g with ridge %g, max|L| %.4g, query error %.4g plain, %.4g "
                  "whitened: %s",
                  layer, head, heads, f->condition, w->ridge, f->largest, f->error[QPRECOND_PLAIN],
                  f->error[QPRECOND_WHITENED], verdict);
    else
        host->log(host, "k layer %d head %d%s: condition %.4g with ridge %g, max|L| %.4g, not measured: %s", layer,
                  head, heads, f->condition, w->ridge, f->largest, verdict);
}

kvant_samples qprecond_whitened(const kvant_samples *samples, const float *whitened, size_t n_rows,
                                const float *moments)
{
    kvant_samples out = *samples;
    out.rows = whitened;
    out.n_rows = n_rows;
    out.query_moment = moments;
    out.query_moment_met = NULL;
    return out;
}

static int calibrate_inner(qprecond *w, const kvant_samples *samples, const float *moments)
{
    if (!wrapper_inner_calibrates(&w->base)) return KVANT_OK;
    if (w->decision == QPRECOND_PLAIN) return wrapper_calibrate(w, samples);
    const int rc = qprecond_whiten(w, 0, samples->rows, samples->n_rows);
    if (rc != KVANT_OK) return rc;
    const kvant_samples whitened = qprecond_whitened(samples, w->base.rows, samples->n_rows, moments);
    return wrapper_calibrate(w, &whitened);
}

/* The moment that queries times L⁻¹ have, for each head: L⁻¹ S L⁻ᵀ = I. */
static float *identities(const qprecond *w)
{
    const size_t n = w->base.dim;
    float *moments = w->base.host->alloc(w->base.host, w->base.heads * n * n * sizeof *moments);
    for (size_t i = 0; moments && i < w->base.heads * n; i++)
        moments[i * n + i % n] = 1.0f;
    return moments;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    qprecond *w = state;
    finding f = { .error = { NAN, NAN } };
    w->decision = QPRECOND_OPEN;
    int rc = check_moments(w, samples);
    if (rc == KVANT_OK) rc = wrapper_check_rows(&w->base, 0, samples->rows, samples->n_rows, FLT_MAX);
    if (rc == KVANT_OK) rc = factorise(w, samples, &f);
    if (rc != KVANT_OK) return rc;
    float *moments = identities(w);
    rc = moments ? decide(w, samples, moments, &f) : no_memory(w);
    if (rc == KVANT_OK) {
        say(w, &f);
        rc = calibrate_inner(w, samples, moments);
    }
    w->base.host->release(w->base.host, moments);
    if (rc != KVANT_OK) w->decision = QPRECOND_OPEN;
    return rc;
}

/* ---- side data: the decision, and, of a factor that is used, each head's rows up to the diagonal ----------------- */

static int undecided(const qprecond *w)
{
    return w->base.host->fail(w->base.host, KVANT_E_STATE, "qprecond: nothing is decided before calibrate or load");
}

static size_t own_bytes(const qprecond *w, int decision)
{
    const size_t n = w->base.dim;
    return 1 + (decision == QPRECOND_WHITENED ? w->base.heads * (n * (n + 1) / 2) * sizeof(float) : 0);
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const qprecond *w = state;
    const size_t n = w->base.dim;
    if (w->decision == QPRECOND_OPEN) return undecided(w);
    const int64_t bytes = wrapper_save_behind(&w->base, own_bytes(w, w->decision), out, capacity);
    if (bytes < 0 || !out) return bytes;
    *out++ = (uint8_t)w->decision;
    for (size_t i = 0; w->decision == QPRECOND_WHITENED && i < w->base.heads * n; i++)
        for (size_t j = 0; j <= i % n; j++, out += sizeof(float)) {
            const float entry = (float)w->factors[i * n + j];
            memcpy(out, &entry, sizeof entry);
        }
    return bytes;
}

static int load_factors(qprecond *w, const uint8_t *bytes)
{
    const kvant_host *host = w->base.host;
    const size_t n = w->base.dim;
    drop_factors(w);
    w->factors = host->alloc(host, w->base.heads * n * n * sizeof *w->factors);
    if (!w->factors) return no_memory(w);
    for (size_t i = 0; i < w->base.heads * n; i++)
        for (size_t j = 0; j <= i % n; j++, bytes += sizeof(float)) {
            float entry;
            memcpy(&entry, bytes, sizeof entry);
            if (!isfinite(entry) || (j == i % n && entry <= 0.0f))
                return host->fail(host, KVANT_E_CORRUPT, "qprecond: entry %zu, %zu of the factor is %g", i % n, j,
                                  (double)entry);
            w->factors[i * n + j] = (double)entry;
        }
    return KVANT_OK;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    qprecond *w = state;
    const kvant_host *host = w->base.host;
    const int decision = n_bytes > 0 ? bytes[0] : QPRECOND_OPEN;
    w->decision = QPRECOND_OPEN;
    if (decision != QPRECOND_PLAIN && decision != QPRECOND_WHITENED)
        return host->fail(host, KVANT_E_CORRUPT, "qprecond: side data begin with %d, expected 0 or 1", decision);
    const size_t own = own_bytes(w, decision);
    if (n_bytes < own)
        return host->fail(host, KVANT_E_CORRUPT, "qprecond: %zu bytes of side data, expected %zu for the factor",
                          n_bytes, own);
    int rc = decision == QPRECOND_WHITENED ? load_factors(w, bytes + 1) : KVANT_OK;
    if (rc == KVANT_OK) rc = wrapper_load(w, bytes + own, n_bytes - own);
    if (rc == KVANT_OK) w->decision = decision;
    return rc;
}

/* ---- encode and decode ------------------------------------------------------------------------------------------ */

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    qprecond *w = state;
    if (w->decision == QPRECOND_OPEN) return undecided(w);
    if (w->decision == QPRECOND_PLAIN) return wrapper_encode(w, first, rows, n_rows, out, capacity);
    const int rc = qprecond_whiten(w, first, rows, n_rows);
    return rc == KVANT_OK ? wrapper_encode(w, first, w->base.rows, n_rows, out, capacity) : rc;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    qprecond *w = state;
    if (w->decision == QPRECOND_OPEN) return undecided(w);
    int rc = wrapper_decode(w, first, bytes, n_bytes, rows, n_rows);
    if (rc != KVANT_OK || w->decision == QPRECOND_PLAIN) return rc;
    rc = wrapper_check_decoded(&w->base, first, rows, n_rows, FLT_MAX);
    if (rc == KVANT_OK) whitening_undo(w->factors, w->base.dim, w->base.heads, rows, n_rows, &w->threads);
    return rc == KVANT_OK ? wrapper_check_decoded(&w->base, first, rows, n_rows, FLT_MAX) : rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "qprecond",
    .version = "1",
    .family = "wrapper",
    .summary = "turns the inner codec's squared error into that of the queries' inner products with the keys",
    .reference = "Q-preconditioning of KakeyaTurbo",
    .params = params,
    .flags = KVANT_K_ONLY | KVANT_CALIBRATES,
    .dim_min = 1,
    .dim_max = WHITENING_MAX,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .weigh = wrapper_weigh,
    .bound = wrapper_bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .split = wrapper_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
