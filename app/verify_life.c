/* The rest of a codec's life: side data, calibration, weights, memory, its end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"

/* ---- side data ---- */

/* Loads what may be wrong into a fresh instance and decodes; true when neither noticed. */
static bool try_side(verify *v, const uint8_t *side, size_t n, const blob *bytes)
{
    trial t;
    int rc = trial_open(&t, v->known, v->spec, &v->shape, NULL, 1.0f, &v->ledger);
    if (rc == KVANT_OK) rc = trial_load(&t, side, n);
    if (rc == KVANT_OK) rc = trial_decode(&t, 0, bytes->bytes, bytes->n, v->back, v->n_rows);
    trial_close(&t);
    return rc == KVANT_OK;
}

/* Wrong lengths are refused, by load or at the latest by decode; wrong bytes at least do no harm. */
static size_t try_sides(verify *v, blob *side, const blob *bytes)
{
    const size_t n = side->n, lengths[] = { 1, n / 2, n - 1 }, step = n / 40 + 1;
    size_t tried = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths && !v->ledger.breach[0]; i++, tried++)
        if (lengths[i] > 0 && lengths[i] < n && try_side(v, side->bytes, lengths[i], bytes))
            ledger_breach(&v->ledger, "%zu of %zu bytes of side data are enough to decode", lengths[i], n);
    for (size_t i = 0; i < n && !v->ledger.breach[0]; i += i < 16 ? 1 : step, tried++) {
        side->bytes[i] ^= 0xff;
        try_side(v, side->bytes, n, bytes);
        side->bytes[i] ^= 0xff;
    }
    return tried;
}

verify_outcome check_side_data(verify *v)
{
    trial t, bare = { 0 };
    blob side = { 0 }, again = { 0 }, bytes = { 0 };
    size_t tried = 0;
    bool ok = ready_encoder(v, &t) && must_encode(&t, 0, v->rows, v->n_rows, &bytes) &&
              trial_save(&t, &side) == KVANT_OK && trial_save(&t, &again) == KVANT_OK;
    const size_t n = side.n;
    if (ok && !blob_equal(&side, &again)) ok = ledger_breach(&v->ledger, "saved twice, it differs");
    trial_close(&t);
    if (ok && n > 0) {
        tried = try_sides(v, &side, &bytes);
        /* A decoder that never got its side data must know. */
        if (trial_open(&bare, v->known, v->spec, &v->shape, NULL, 1.0f, &v->ledger) == KVANT_OK &&
            trial_decode(&bare, 0, bytes.bytes, bytes.n, v->back, v->n_rows) == KVANT_OK)
            ledger_breach(&v->ledger, "decode works before load, without its %zu bytes of side data", n);
        trial_close(&bare);
    }
    blob_free(&side), blob_free(&again), blob_free(&bytes);
    if (n == 0) return not_applicable(v, "none");
    return passed(v, "%zu bytes; %zu wrong ones tried", n, tried);
}

/* ---- calibration ---- */

/* A value that is no number in one of the samples' arrays must be refused, unless the codec takes no notice of that
 * array at all: then its side data are those of good samples. */
static void refuse_bad_samples(verify *v, int array, const blob *good)
{
    static const char *const names[] = { "rows", "query moment", "moment of queries met", "attention" };
    trial t = { 0 };
    blob side = { 0 };
    kvant_samples *s = verify_samples(v->unit, v->dim, v->geometry.pooled ? (size_t)v->shape.n_heads : 1, 1.0f);
    if (s && trial_open(&t, v->known, v->spec, &v->shape, NULL, 1.0f, &v->ledger) == KVANT_OK) {
        const float *const arrays[] = { s->rows, s->query_moment, s->query_moment_met, s->attention };
        ((float *)arrays[array])[1] = NAN;
        const int rc = t.codec->calibrate(t.state, s);
        if (rc == KVANT_OK && trial_save(&t, &side) == KVANT_OK && !blob_equal(&side, good))
            ledger_breach(&v->ledger, "NaN in the samples' %s is taken", names[array]);
        else if (rc != KVANT_OK && !trial_message(&t)[0])
            ledger_breach(&v->ledger, "NaN in the samples' %s is refused without a message", names[array]);
    }
    trial_close(&t);
    blob_free(&side);
    verify_samples_free(s);
}

verify_outcome check_calibration(verify *v)
{
    trial raw, a, b;
    blob bytes = { 0 }, side_a = { 0 }, side_b = { 0 };
    if (!v->geometry.calibrates) return not_applicable(v, "it does not calibrate");
    if (trial_open(&raw, v->known, v->spec, &v->shape, NULL, 1.0f, &v->ledger) == KVANT_OK) {
        const int64_t rc = trial_encode(&raw, 0, v->rows, v->n_rows, &bytes);
        if (rc != KVANT_E_STATE)
            ledger_breach(&v->ledger, "encode before calibrate gives %s, expected KVANT_E_STATE",
                          rc >= 0          ? "an encoding"
                          : trial_code(rc) ? trial_code(rc)
                                           : "an unknown answer");
    }
    trial_close(&raw);
    const bool ok = ready_encoder(v, &a);
    if (ready_encoder(v, &b) && ok && trial_save(&a, &side_a) == KVANT_OK && trial_save(&b, &side_b) == KVANT_OK &&
        !blob_equal(&side_a, &side_b))
        ledger_breach(&v->ledger, "the same samples give other side data");
    trial_close(&a);
    trial_close(&b);
    for (int array = 0; array < 4 && !v->ledger.breach[0]; array++)
        refuse_bad_samples(v, array, &side_a);
    const size_t n = side_a.n;
    blob_free(&bytes), blob_free(&side_a), blob_free(&side_b);
    return passed(v, "KVANT_E_STATE before it; %zu bytes of side data, twice the same; NaN refused", n);
}

/* ---- weights ---- */

/* The answer of weigh with all of v's rows at `weight`, the first at `first`. */
static int weigh(verify *v, trial *t, float first, float weight)
{
    float *weights = verify_memory(v->n_rows * sizeof *weights);
    for (size_t i = 0; i < v->n_rows; i++)
        weights[i] = i ? weight : first;
    verify_host_forget(t->host);
    const int rc = t->codec->weigh(t->state, weights, v->n_rows);
    free(weights);
    if (rc != KVANT_OK && (rc > 0 || !trial_code(rc) || !trial_message(t)[0]))
        ledger_breach(&v->ledger, "weigh returned %d with the message \"%s\"", rc, trial_message(t));
    return rc;
}

/* Weighs, encodes, and compares. */
static void same_when_weighed(verify *v, trial *t, float weight, const blob *expected, const char *what)
{
    blob b = { 0 };
    if (weigh(v, t, weight, weight) == KVANT_OK && must_encode(t, 0, v->rows, v->n_rows, &b) &&
        !blob_equal(expected, &b))
        ledger_breach(&v->ledger, "%s", what);
    blob_free(&b);
}

static void refuse_bad_weights(verify *v, trial *t)
{
    static const float bad[] = { NAN, INFINITY, -1.0f };
    blob b = { 0 };
    for (size_t i = 0; i < 3; i++)
        if (weigh(v, t, bad[i], 1.0f) == KVANT_OK && trial_encode(t, 0, v->rows, v->n_rows, &b) >= 0)
            ledger_breach(&v->ledger, "a weight of %g is taken", (double)bad[i]);
    blob_free(&b);
}

verify_outcome check_weights(verify *v)
{
    trial t;
    blob plain = { 0 }, b = { 0 };
    bool ok = ready_encoder(v, &t), offered = ok && t.codec->weigh;
    const bool taken = offered && weigh(v, &t, 1.0f, 1.0f) == KVANT_OK;
    if (taken && must_encode(&t, 0, v->rows, v->n_rows, &b) && must_encode(&t, 0, v->rows, v->n_rows, &plain)) {
        if (!blob_equal(&plain, &b)) ledger_breach(&v->ledger, "weights of 1 change the bytes");
        same_when_weighed(v, &t, 1.0f, &plain, "weights of 1 change the bytes");
        if (weigh(v, &t, 50.0f, 1.0f) == KVANT_OK) must_encode(&t, 0, v->rows, v->n_rows, &b);
        if (must_encode(&t, 0, v->rows, v->n_rows, &b) && !blob_equal(&plain, &b))
            ledger_breach(&v->ledger, "weights outlive the encode they were for");
        refuse_bad_weights(v, &t);
    }
    trial_close(&t);
    blob_free(&plain), blob_free(&b);
    if (!offered) return not_applicable(v, "no weigh");
    return taken ? passed(v, "1 is as good as none; NaN, infinity and -1 refused")
                 : not_applicable(v, "refused: nothing inside takes weights");
}

/* ---- memory ---- */

/* A whole life of which allocation `fails` gets no memory (-1: all do). What stopped it, KVANT_OK: nothing. `asked`
 * gets the number of allocations of encoder and decoder. */
static int live(verify *v, long fails, long asked[2])
{
    const verify_plan plan = { .fails_at = fails };
    const verify_plan later = { .fails_at = fails < 0 ? -1 : fails - asked[0] };
    trial encoder, decoder = { 0 };
    blob bytes = { 0 };
    int64_t rc = trial_open(&encoder, v->known, v->spec, &v->shape, &plan, 1.0f, &v->ledger);
    if (rc == KVANT_OK) rc = trial_calibrate(&encoder);
    if (rc == KVANT_OK) rc = trial_encode(&encoder, 0, v->rows, v->unit, &bytes);
    if (rc >= 0) rc = trial_open_decoder(&decoder, &encoder, &later);
    if (rc == KVANT_OK) rc = trial_decode(&decoder, 0, bytes.bytes, bytes.n, v->back, v->unit);
    if (fails < 0) {
        asked[0] = encoder.plan.asked;
        asked[1] = decoder.plan.asked;
    }
    trial_close(&encoder);
    trial_close(&decoder);
    blob_free(&bytes);
    return (int)rc;
}

verify_outcome check_memory(verify *v)
{
    enum { MOST = 60 };
    long asked[2] = { 0 };
    size_t tried = 0;
    const int rc = live(v, -1, asked);
    if (rc != KVANT_OK) return failed(v, "no life to begin with: %s", trial_code(rc) ? trial_code(rc) : "?");
    const long n = asked[0] + asked[1], step = n / MOST + 1;
    for (long i = 0; i < n && !v->ledger.breach[0]; i += step, tried++) {
        const int answer = live(v, i, asked);
        if (answer != KVANT_E_MEMORY)
            ledger_breach(&v->ledger, "allocation %ld of %ld gets no memory: %s, expected KVANT_E_MEMORY", i + 1, n,
                          trial_code(answer) ? trial_code(answer) : "an unknown answer");
    }
    return passed(v, "%zu of %ld allocations refused", tried, n);
}

/* ---- the end ---- */

verify_outcome check_cancel(verify *v)
{
    trial t;
    blob b = { 0 };
    int64_t rc = KVANT_OK;
    if (ready_encoder(v, &t)) {
        t.plan.cancelled = true;
        rc = trial_encode(&t, 0, v->rows, v->n_rows, &b);
        if (rc < 0 && rc != KVANT_E_CANCELLED)
            ledger_breach(&v->ledger, "a cancelled encode gives %s", trial_code(rc) ? trial_code(rc) : "?");
    }
    trial_close(&t);
    blob_free(&b);
    return passed(v, "%s", rc == KVANT_E_CANCELLED ? "KVANT_E_CANCELLED" : "an encoding");
}

verify_outcome check_leaks(verify *v)
{
    const ledger *l = &v->ledger;
    if (l->leaks || l->bad_releases)
        return failed(v, "%zu pieces left, %zu released that were not its own, by %zu instances", l->leaks,
                      l->bad_releases, l->instances);
    return passed(v, "none by %zu instances", l->instances);
}
