/* Attention without decoding: scores, mix and columns against the decoded rows, and the interface's rules for them. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"

enum { QUERIES = 3 };

/* A decoder, bytes, and what three queries get together. */
typedef struct attended {
    verify *v;
    trial *t;
    const blob *b;
    size_t head, head_bytes;       /* whole blocks at the beginning, or 0 */
    const float *q, *weights;      /* QUERIES x dim, QUERIES x n_rows */
    float *scores, *mixed;         /* the same shapes; mixed began as ones */
    float *scores_now, *mixed_now; /* room for trying again */
} attended;

/* ---- calls --------------------------------------------------------------------------------------------------------
 */

/* Into scores, with a float behind its end that must stay. */
static int call_scores(const attended *a, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                       size_t query, size_t n_q, float *scores)
{
    const float mark = 1234.5f;
    scores[n_q * n_rows] = mark;
    const int rc =
        a->t->codec->scores(a->t->state, first, bytes, n_bytes, n_rows, a->q + query * a->v->dim, n_q, scores);
    if (scores[n_q * n_rows] != mark) ledger_breach(&a->v->ledger, "scores wrote past its results");
    return rc;
}

static int call_mix(const attended *a, const float *weights, size_t n_bytes, size_t n_q, float *out)
{
    const float mark = 1234.5f;
    const size_t n = n_q * a->v->dim;
    for (size_t i = 0; i < n; i++)
        out[i] = 1.0f;
    out[n] = mark;
    const int rc = a->t->codec->mix(a->t->state, 0, a->b->bytes, n_bytes, a->v->n_rows, weights, n_q, out);
    if (out[n] != mark) ledger_breach(&a->v->ledger, "mix wrote past its results");
    return rc;
}

static bool worked(const attended *a, const char *call, int rc)
{
    return rc == KVANT_OK || ledger_breach(&a->v->ledger, "%s: %s", call, trial_message(a->t));
}

/* ---- what decoded rows give ---------------------------------------------------------------------------------------
 */

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

static void compare_scores(const attended *a)
{
    verify *v = a->v;
    const size_t n = v->n_rows, dim = v->dim;
    double *exact = verify_memory(QUERIES * n * sizeof *exact);
    for (size_t i = 0; i < QUERIES * n; i++) {
        exact[i] = 0;
        for (size_t k = 0; k < dim; k++)
            exact[i] += (double)a->q[i / n * dim + k] * (double)v->back[i % n * dim + k];
    }
    if (worked(a, "scores", call_scores(a, 0, a->b->bytes, a->b->n, n, 0, QUERIES, a->scores)))
        compare(v, "scores", a->scores, exact, QUERIES * n);
    free(exact);
}

static void compare_mix(const attended *a)
{
    verify *v = a->v;
    const size_t n = v->n_rows, dim = v->dim;
    double *exact = verify_memory(QUERIES * dim * sizeof *exact);
    for (size_t i = 0; i < QUERIES * dim; i++) {
        exact[i] = 1;
        for (size_t r = 0; r < n; r++)
            exact[i] += (double)a->weights[i / dim * n + r] * (double)v->back[r * dim + i % dim];
    }
    if (worked(a, "mix", call_mix(a, a->weights, a->b->n, QUERIES, a->mixed)))
        compare(v, "mix", a->mixed, exact, QUERIES * dim);
    free(exact);
}

/* ---- the interface's rules ----------------------------------------------------------------------------------------
 */

static void queries_stand_alone(const attended *a)
{
    verify *v = a->v;
    const size_t n = v->n_rows, dim = v->dim;
    for (size_t i = 0; i < QUERIES; i++) {
        if (a->t->codec->scores &&
            worked(a, "scores", call_scores(a, 0, a->b->bytes, a->b->n, n, i, 1, a->scores_now)) &&
            memcmp(a->scores_now, a->scores + i * n, n * sizeof(float)) != 0)
            ledger_breach(&v->ledger, "scores of query %zu alone are not those it has among %d", i, QUERIES);
        if (a->t->codec->mix && worked(a, "mix", call_mix(a, a->weights + i * n, a->b->n, 1, a->mixed_now)) &&
            memcmp(a->mixed_now, a->mixed + i * dim, dim * sizeof(float)) != 0)
            ledger_breach(&v->ledger, "mix of query %zu alone is not what it gets among %d", i, QUERIES);
    }
}

static void rows_stand_alone(const attended *a)
{
    const size_t n = a->v->n_rows, rest = n - a->head;
    if (!a->t->codec->scores || a->head == 0) return;
    const uint8_t *behind = a->b->bytes + a->head_bytes;
    if (!worked(a, "scores", call_scores(a, 0, a->b->bytes, a->head_bytes, a->head, 0, 1, a->scores_now)) ||
        !worked(a, "scores",
                call_scores(a, a->head, behind, a->b->n - a->head_bytes, rest, 0, 1, a->scores_now + a->head)))
        return;
    if (memcmp(a->scores_now, a->scores, n * sizeof(float)) != 0)
        ledger_breach(&a->v->ledger, "scores of %zu rows change when %zu are asked for first", n, a->head);
}

static void zero_weights_add_nothing(const attended *a)
{
    const size_t n = QUERIES * a->v->n_rows;
    if (!a->t->codec->mix) return;
    float *zero = verify_memory(n * sizeof *zero);
    for (size_t i = 0; i < n; i++)
        zero[i] = 0.0f;
    if (worked(a, "mix", call_mix(a, zero, a->b->n, QUERIES, a->mixed_now)))
        for (size_t i = 0; i < QUERIES * a->v->dim; i++)
            if (a->mixed_now[i] != 1.0f) {
                ledger_breach(&a->v->ledger, "mix with weights of 0 adds %g", (double)a->mixed_now[i] - 1);
                break;
            }
    free(zero);
}

static void refused(const attended *a, const char *call, int rc)
{
    if (rc == KVANT_OK)
        ledger_breach(&a->v->ledger, "%s takes bytes of which the last is missing", call);
    else if (rc > 0 || !trial_code(rc) || !trial_message(a->t)[0])
        ledger_breach(&a->v->ledger, "%s refuses short bytes with %d and \"%s\"", call, rc, trial_message(a->t));
}

/* The bytes end where they are said to end: reading on is seen by tools that watch memory. */
static void short_bytes_are_refused(const attended *a)
{
    const size_t n = a->b->n - 1;
    if (a->b->n == 0) return;
    if (a->t->codec->scores)
        refused(a, "scores", call_scores(a, 0, a->b->bytes, n, a->v->n_rows, 0, QUERIES, a->scores_now));
    if (a->t->codec->mix) refused(a, "mix", call_mix(a, a->weights, n, QUERIES, a->mixed_now));
}

/* ---- two threads --------------------------------------------------------------------------------------------------
 */

typedef struct errand {
    attended a;
    bool same;
} errand;

static void *run(void *arg)
{
    enum { TIMES = 50 };
    errand *e = arg;
    const attended *a = &e->a;
    const size_t scores = QUERIES * a->v->n_rows * sizeof(float), mixed = QUERIES * a->v->dim * sizeof(float);
    e->same = true;
    for (int i = 0; i < TIMES && e->same; i++) {
        if (a->t->codec->scores)
            e->same = call_scores(a, 0, a->b->bytes, a->b->n, a->v->n_rows, 0, QUERIES, a->scores_now) == KVANT_OK &&
                      memcmp(a->scores_now, a->scores, scores) == 0;
        if (e->same && a->t->codec->mix)
            e->same = call_mix(a, a->weights, a->b->n, QUERIES, a->mixed_now) == KVANT_OK &&
                      memcmp(a->mixed_now, a->mixed, mixed) == 0;
    }
    return NULL;
}

static float *room_for_scores(const verify *v)
{
    return verify_memory((QUERIES * v->n_rows + 1) * sizeof(float));
}

static float *room_for_mix(const verify *v)
{
    return verify_memory((QUERIES * v->dim + 1) * sizeof(float));
}

static void threads_share_the_instance(const attended *a)
{
    enum { THREADS = 2 };
    errand errands[THREADS];
    pthread_t threads[THREADS];
    bool started[THREADS], same = true;
    for (int i = 0; i < THREADS; i++) {
        errands[i] = (errand){ .a = *a };
        errands[i].a.scores_now = room_for_scores(a->v);
        errands[i].a.mixed_now = room_for_mix(a->v);
        started[i] = pthread_create(&threads[i], NULL, run, &errands[i]) == 0;
    }
    for (int i = 0; i < THREADS; i++) {
        if (started[i]) pthread_join(threads[i], NULL);
        same = same && (!started[i] || errands[i].same);
        free(errands[i].a.scores_now), free(errands[i].a.mixed_now);
    }
    if (!same) ledger_breach(&a->v->ledger, "two threads at once get other results than one");
}

/* ---- the check ----------------------------------------------------------------------------------------------------
 */

/* About half of the rows, by themselves: where their bytes end. */
static void find_head(attended *a, trial *encoder)
{
    verify *v = a->v;
    const size_t head = v->n_rows / 2 / v->unit * v->unit;
    blob b = { 0 };
    if (head > 0 && must_encode(encoder, 0, v->rows, head, &b) && b.n <= a->b->n &&
        memcmp(b.bytes, a->b->bytes, b.n) == 0) {
        a->head = head;
        a->head_bytes = b.n;
    }
    blob_free(&b);
}

static void attend(attended *a)
{
    const kvant_codec *c = a->t->codec;
    verify *v = a->v;
    a->scores = room_for_scores(v), a->scores_now = room_for_scores(v);
    a->mixed = room_for_mix(v), a->mixed_now = room_for_mix(v);
    if (c->scores) compare_scores(a);
    if (c->mix) compare_mix(a);
    if (!v->ledger.breach[0]) {
        queries_stand_alone(a);
        rows_stand_alone(a);
        zero_weights_add_nothing(a);
        short_bytes_are_refused(a);
        threads_share_the_instance(a);
        if (c->decode_columns) verify_columns(v, a->t, a->b);
    }
    free(a->scores), free(a->scores_now), free(a->mixed), free(a->mixed_now);
}

verify_outcome check_attention(verify *v)
{
    const kvant_codec *c = registry_codec(v->known, v->spec->codec);
    if (!c->scores && !c->mix && !c->decode_columns) return not_applicable(v, "neither scores nor mix");
    trial encoder, decoder = { 0 };
    blob b = { 0 };
    const size_t n = QUERIES * (v->dim > v->n_rows ? v->dim : v->n_rows);
    float *q = verify_memory(n * sizeof *q);
    verify_rows(ROWS_GAUSSIAN, 1, n, 61, q);
    if (ready_encoder(v, &encoder) && must_encode(&encoder, 0, v->rows, v->n_rows, &b) &&
        ready_decoder(v, &decoder, &encoder) && must_decode(&decoder, 0, &b, v->back, v->n_rows)) {
        attended a = { .v = v, .t = &decoder, .b = &b, .q = q, .weights = q };
        find_head(&a, &encoder);
        attend(&a);
    }
    trial_close(&encoder);
    trial_close(&decoder);
    blob_free(&b);
    free(q);
    if (!c->scores && !c->mix) return passed(v, "columns");
    return passed(v, "%s%s%s of %d queries%s", c->scores ? "scores" : "", c->scores && c->mix ? " and " : "",
                  c->mix ? "mix" : "", QUERIES, c->decode_columns ? ", columns" : "");
}
