/* The contract: what a codec says of itself, buffers, determinism. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"

/* ---- what it says of itself ---- */

verify_outcome check_descriptor(verify *v)
{
    const catalog_codec *c = v->spec->codec;
    const kvant_codec *codec = registry_codec(v->known, c);
    const uint32_t flags = KVANT_K_ONLY | KVANT_V_ONLY | KVANT_CALIBRATES | KVANT_VARIABLE;
    if (c->flags & ~flags) return failed(v, "unknown flags 0x%x", (unsigned)(c->flags & ~flags));
    if (catalog_inner(c) && !codec->geometry) return failed(v, "a wrapper without geometry: its inner codec's is lost");
    if (catalog_inner(c) && !codec->calibrate)
        return failed(v, "a wrapper without calibrate: its inner codec gets no samples");
    if (catalog_inner(c) && !codec->save)
        return failed(v, "a wrapper without save: its inner codec's side data is lost");
    char dims[CATALOG_DIMS];
    catalog_dims(c, dims);
    return passed(v, "version %s, %zu parameters, head dimensions %s", c->version, c->n_params, dims);
}

/* Opens with a shape that the descriptor promises to take. */
static bool opens(verify *v, kvant_shape shape)
{
    trial t;
    const int rc = trial_open(&t, v->known, v->spec, &shape, NULL, 1.0f, &v->ledger);
    if (rc != KVANT_OK)
        ledger_breach(&v->ledger, "%s: %s (%s, layer %d of %d)", trial_code(rc) ? trial_code(rc) : "?",
                      trial_message(&t), shape.stream == KVANT_V ? "values" : "keys", (int)shape.layer,
                      (int)shape.n_layers);
    trial_close(&t);
    return rc == KVANT_OK;
}

verify_outcome check_create(verify *v)
{
    uint32_t flags = 0;
    size_t n = 0;
    for (const spec *s = v->spec; s; s = s->inner)
        flags |= s->codec->flags;
    for (int stream = KVANT_K; stream <= KVANT_V; stream++) {
        if (flags & (stream == KVANT_K ? KVANT_V_ONLY : KVANT_K_ONLY)) continue;
        for (int rotated = 0; rotated <= (stream == KVANT_K); rotated++)
            for (int layer = 0; layer < 4; layer += 3, n++) {
                kvant_shape shape = v->shape;
                shape.stream = stream;
                shape.rotated = rotated;
                shape.layer = layer;
                shape.max_rows = layer ? 131072 : 0;
                if (!opens(v, shape)) return VERIFY_FAIL;
            }
    }
    return passed(v, "%zu shapes of dimension %zu", n, v->dim);
}

verify_outcome check_geometry(verify *v)
{
    const kvant_geometry *g = &v->geometry;
    trial t;
    if (ready_encoder(v, &t)) {
        kvant_geometry now = { .size = sizeof now, .abi = KVANT_ABI };
        if (t.codec->geometry && t.codec->geometry(t.state, &now) == KVANT_OK &&
            (now.block != g->block || now.window != g->window || now.pooled != g->pooled))
            ledger_breach(&v->ledger, "calibration changes it to blocks of %u and a window of %u", now.block,
                          now.window);
        for (size_t n = 0; n <= 4; n++) {
            const size_t less = t.codec->bound(t.state, 0, n * v->unit);
            if (less > t.codec->bound(t.state, 0, (n + 1) * v->unit))
                ledger_breach(&v->ledger, "bound falls from %zu bytes for %zu rows", less, n * v->unit);
        }
    }
    trial_close(&t);
    return passed(v, "blocks of %u, window %u%s%s", g->block, g->window, g->pooled ? ", pooled heads" : "",
                  g->calibrates ? ", calibrates" : "");
}

/* ---- buffers ---- */

verify_outcome check_capacity(verify *v)
{
    trial t;
    blob whole = { 0 };
    size_t tried = 0;
    bool ok = ready_encoder(v, &t) && must_encode(&t, 0, v->rows, v->n_rows, &whole);
    const size_t n = whole.n, less[] = { 0, 1, n / 2, n - 1 };
    for (size_t i = 0; ok && n > 0 && i < sizeof less / sizeof *less; i++) {
        if (less[i] >= n) continue;
        const int64_t rc = trial_encode_into(&t, 0, v->rows, v->n_rows, less[i], 0xa5, NULL);
        if (rc != KVANT_E_SPACE)
            ok = ledger_breach(&v->ledger, "%zu bytes are needed, and a buffer of %zu gives %lld (%s)", n, less[i],
                               (long long)rc, trial_code(rc) ? trial_code(rc) : "?");
        tried++;
    }
    const size_t bound = ok ? t.codec->bound(t.state, 0, v->n_rows) : 0;
    trial_close(&t);
    blob_free(&whole);
    return passed(v, "%zu bytes of a bound of %zu; %zu smaller buffers refused", n, bound, tried);
}

/* ---- determinism ---- */

typedef struct thread_job {
    verify v; /* a copy, with a ledger of its own */
    blob bytes;
    float *back;
} thread_job;

static void *encode_in_thread(void *arg)
{
    thread_job *j = arg;
    trial encoder = { 0 }, decoder = { 0 };
    if (ready_encoder(&j->v, &encoder) && must_encode(&encoder, 0, j->v.rows, j->v.n_rows, &j->bytes) &&
        ready_decoder(&j->v, &decoder, &encoder))
        must_decode(&decoder, 0, &j->bytes, j->back, j->v.n_rows);
    trial_close(&encoder);
    trial_close(&decoder);
    return NULL;
}

/* Two threads at once; the first one's encoding into `bytes`. */
static void encode_in_threads(verify *v, const blob *expected)
{
    enum { THREADS = 2 };
    thread_job jobs[THREADS];
    pthread_t threads[THREADS];
    bool started[THREADS];
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (thread_job){ .v = *v, .back = verify_memory(v->n_rows * v->dim * sizeof(float)) };
        jobs[i].v.ledger = (ledger){ 0 };
        started[i] = pthread_create(&threads[i], NULL, encode_in_thread, &jobs[i]) == 0;
    }
    for (int i = 0; i < THREADS; i++) {
        if (started[i]) pthread_join(threads[i], NULL);
        const ledger *l = &jobs[i].v.ledger;
        if (l->breach[0]) ledger_breach(&v->ledger, "in a thread: %s", l->breach);
        if (started[i] && !blob_equal(expected, &jobs[i].bytes))
            ledger_breach(&v->ledger, "two threads at once give other bytes");
        v->ledger.instances += l->instances;
        v->ledger.leaks += l->leaks;
        v->ledger.bad_releases += l->bad_releases;
        blob_free(&jobs[i].bytes);
        ledger_free(&jobs[i].v.ledger);
        free(jobs[i].back);
    }
}

static size_t first_difference(const blob *a, const blob *b)
{
    size_t i = 0;
    while (i < a->n && i < b->n && a->bytes[i] == b->bytes[i])
        i++;
    return i;
}

/* Encodes once more and compares. */
static bool same_again(trial *t, verify *v, uint8_t fill, const blob *expected, const char *what)
{
    blob again = { 0 };
    const size_t bound = t->codec->bound(t->state, 0, v->n_rows);
    const int64_t rc = trial_encode_into(t, 0, v->rows, v->n_rows, bound, fill, &again);
    bool ok = rc >= 0 && blob_equal(expected, &again);
    if (!ok)
        ledger_breach(&v->ledger, "%s: %s at byte %zu of %zu", what,
                      rc < 0 ? trial_code(rc) ? trial_code(rc) : "an unknown answer" : "other bytes",
                      first_difference(expected, &again), expected->n);
    blob_free(&again);
    return ok;
}

verify_outcome check_determinism(verify *v)
{
    trial a, b, c = { 0 };
    blob whole = { 0 };
    const verify_plan forwards = { .fails_at = -1, .forwards = true };
    bool ok = ready_encoder(v, &a) && must_encode(&a, 0, v->rows, v->n_rows, &whole) &&
              same_again(&a, v, 0xa5, &whole, "the same instance, once more") &&
              same_again(&a, v, 0x00, &whole, "in a buffer of other bytes, some are left as they were");
    ok = ready_encoder(v, &b) && ok && same_again(&b, v, 0xff, &whole, "a second instance");
    if (ok && trial_open(&c, v->known, v->spec, &v->shape, &forwards, 1.0f, &v->ledger) == KVANT_OK &&
        trial_calibrate(&c) == KVANT_OK)
        same_again(&c, v, 0xa5, &whole, "host->parallel in the other order");
    trial_close(&a);
    trial_close(&b);
    trial_close(&c);
    if (ok) encode_in_threads(v, &whole);
    const size_t n = whole.n;
    blob_free(&whole);
    return passed(v, "%zu bytes, 6 times, 2 threads at once", n);
}
