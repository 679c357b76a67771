/* Attention without decoding: scores and mix against the decoded rows. */
#include <math.h>
#include <stdlib.h>

#include "app/verify_battery.h"

static void compare(verify *v, const char *what, const float *a, const double *b, size_t n)
{
    double error = 0, energy = 0;
    for (size_t i = 0; i < n; i++) {
        error += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        energy += b[i] * b[i];
    }
    if (!(error <= 1e-6 * energy))
        ledger_breach(&v->ledger, "%s is off by %.3g of its length", what, sqrt(error / fmax(energy, 1e-30)));
}

static void compare_scores(verify *v, trial *t, const blob *b, const float *q, size_t n_q)
{
    const size_t n = v->n_rows, dim = v->dim;
    float *scores = verify_memory(n_q * n * sizeof *scores);
    double *exact = verify_memory(n_q * n * sizeof *exact);
    for (size_t i = 0; i < n_q * n; i++) {
        exact[i] = 0;
        for (size_t k = 0; k < dim; k++)
            exact[i] += (double)q[i / n * dim + k] * (double)v->back[i % n * dim + k];
    }
    if (t->codec->scores(t->state, 0, b->bytes, b->n, n, q, n_q, scores) == KVANT_OK)
        compare(v, "scores", scores, exact, n_q * n);
    else
        ledger_breach(&v->ledger, "scores: %s", trial_message(t));
    free(scores), free(exact);
}

static void compare_mix(verify *v, trial *t, const blob *b, const float *weights, size_t n_q)
{
    const size_t n = v->n_rows, dim = v->dim;
    float *out = verify_memory(n_q * dim * sizeof *out);
    double *exact = verify_memory(n_q * dim * sizeof *exact);
    for (size_t i = 0; i < n_q * dim; i++) {
        out[i] = 1.0f;
        exact[i] = 1;
        for (size_t r = 0; r < n; r++)
            exact[i] += (double)weights[i / dim * n + r] * (double)v->back[r * dim + i % dim];
    }
    if (t->codec->mix(t->state, 0, b->bytes, b->n, n, weights, n_q, out) == KVANT_OK)
        compare(v, "mix", out, exact, n_q * dim);
    else
        ledger_breach(&v->ledger, "mix: %s", trial_message(t));
    free(out), free(exact);
}

verify_outcome check_attention(verify *v)
{
    enum { QUERIES = 3 };
    const kvant_codec *c = registry_codec(v->known, v->spec->codec);
    if (!c->scores && !c->mix) return not_applicable(v, "neither scores nor mix");
    trial encoder, decoder = { 0 };
    blob b = { 0 };
    const size_t n = QUERIES * (v->dim > v->n_rows ? v->dim : v->n_rows);
    float *q = verify_memory(n * sizeof *q);
    verify_rows(ROWS_GAUSSIAN, 1, n, 61, q);
    if (ready_encoder(v, &encoder) && must_encode(&encoder, 0, v->rows, v->n_rows, &b) &&
        ready_decoder(v, &decoder, &encoder) && must_decode(&decoder, 0, &b, v->back, v->n_rows)) {
        if (c->scores) compare_scores(v, &decoder, &b, q, QUERIES);
        if (c->mix) compare_mix(v, &decoder, &b, q, QUERIES);
    }
    trial_close(&encoder);
    trial_close(&decoder);
    blob_free(&b);
    free(q);
    return passed(v, "%s%s%s of %d queries", c->scores ? "scores" : "", c->scores && c->mix ? " and " : "",
                  c->mix ? "mix" : "", QUERIES);
}
