#include "app/verify.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"
#include "base/clock.h"

static const verify_check checks[] = {
    { "descriptor", "every field says something", check_descriptor, false },
    { "create", "keys and values, every layer", check_create, false },
    { "geometry", "the same for every instance", check_geometry, false },
    { "round trip", "finite rows, an error below 1", check_round_trip, false },
    { "capacity", "KVANT_E_SPACE in a smaller buffer, nothing past it", check_capacity, false },
    { "determinism", "the same rows, the same bytes", check_determinism, false },
    { "pieces", "encode(a ++ b) = encode(a) ++ encode(b)", check_pieces, false },
    { "sequences", "first = 0 begins anew, also after an error", check_sequences, false },
    { "decoder", "bytes and side data are enough", check_decoder, false },
    { "split", "payload + metadata + exact = bytes", check_split, false },
    { "side data", "what save wrote and nothing else is loaded", check_side_data, false },
    { "calibration", "before encode, the same samples give the same", check_calibration, false },
    { "weights", "ones change nothing, senseless ones are refused", check_weights, false },
    { "rate", "no less error than the bytes allow", check_rate, false },
    { "scale", "the same relative error at 1/4, 1 and 8", check_scale, false },
    { "distortion", "a closed form", check_distortion, false },
    { "monotone", "more bits, no more error", check_monotone, true },
    { "kinds of rows", "finite rows or a refusal", check_kinds, false },
    { "not finite", "KVANT_E_NONFINITE and the reason", check_nonfinite, false },
    { "truncated", "an error", check_truncated, false },
    { "flipped", "an error or finite rows", check_flipped, false },
    { "memory", "KVANT_E_MEMORY wherever it runs out, nothing left", check_memory, false },
    { "dimensions", "every head dimension it claims", check_dims, true },
    { "parameters", "works or is refused with a reason", check_params, true },
    { "heads", "any number of kv heads", check_pooled, true },
    { "attention", "scores, mix, columns equal decode and multiply", check_attention, false },
    { "cancel", "KVANT_E_CANCELLED or an answer", check_cancel, false },
    { "leaks", "no memory left by any instance", check_leaks, false },
};
_Static_assert(sizeof checks / sizeof *checks <= VERIFY_CHECKS, "a report holds all checks");

const char *verify_check_name(size_t i)
{
    return i < sizeof checks / sizeof *checks ? checks[i].name : NULL;
}

const char *verify_outcome_name(verify_outcome o)
{
    static const char *const names[] = { "pass", "fail", "n/a" };
    return names[o];
}

/* ---- results ---- */

static verify_outcome measured(verify *v, verify_outcome o, const char *format, va_list args)
{
    vsnprintf(v->now.measured, sizeof v->now.measured, format, args);
    return o;
}

#define RESULT(function, outcome)                                                                                      \
    verify_outcome function(verify *v, const char *format, ...)                                                        \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, format);                                                                                        \
        measured(v, outcome, format, args);                                                                            \
        va_end(args);                                                                                                  \
        return outcome;                                                                                                \
    }
RESULT(passed, VERIFY_PASS)
RESULT(failed, VERIFY_FAIL)
RESULT(not_applicable, VERIFY_NA)

void expect(verify *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(v->now.expected, sizeof v->now.expected, format, args);
    va_end(args);
}

void *verify_memory(size_t bytes)
{
    void *memory = malloc(bytes + 1);
    if (memory) return memory;
    fprintf(stderr, "kvant: verify: out of memory\n");
    exit(FAULT_INTERNAL);
}

/* ---- instances that must work ---- */

static bool must(const trial *t, const char *call, int64_t rc)
{
    if (rc >= 0) return true;
    const char *code = trial_code(rc);
    return ledger_breach(t->ledger, "%s: %s: %s", call, code ? code : "?", trial_message(t));
}

bool ready_encoder(verify *v, trial *t)
{
    return must(t, "create", trial_open(t, v->known, v->spec, &v->shape, NULL, 1.0f, &v->ledger)) &&
           must(t, "calibrate", trial_calibrate(t));
}

bool ready_decoder(verify *v, trial *t, trial *encoder)
{
    (void)v;
    return must(t, "making the decoder", trial_open_decoder(t, encoder, NULL));
}

bool must_encode(trial *t, size_t first, const float *rows, size_t n_rows, blob *b)
{
    return must(t, "encode", trial_encode(t, first, rows, n_rows, b));
}

bool must_decode(trial *t, size_t first, const blob *b, float *rows, size_t n_rows)
{
    return must(t, "decode", trial_decode(t, first, b->bytes, b->n, rows, n_rows));
}

size_t rows_for(size_t values, size_t dim, size_t unit)
{
    const size_t rows = (values + dim - 1) / dim;
    return (rows + unit - 1) / unit * unit;
}

spec *with_param(const verify *v, const char *key, const char *value)
{
    char text[2048];
    const spec *s = v->spec;
    if (s->inner)
        snprintf(text, sizeof text, "%s(%.1500s,%s=%s)", s->codec->name, s->inner->text, key, value);
    else
        snprintf(text, sizeof text, "%s(%s=%s)", s->codec->name, key, value);
    return spec_parse(registry_catalog(v->known), text, NULL);
}

void measure_error(verify *v, const spec *s, const kvant_shape *shape, size_t values, float scale, measure *out)
{
    *out = (measure){ .error = NAN, .where = "create" };
    trial probe;
    out->code = trial_open(&probe, v->known, s, shape, NULL, scale, &v->ledger);
    snprintf(out->said, sizeof out->said, "%s", trial_message(&probe));
    const size_t unit = probe.unit;
    trial_close(&probe);
    if (out->code != KVANT_OK) return;
    const size_t dim = (size_t)shape->dim, n = rows_for(values, dim, unit);
    float *rows = verify_memory(2 * n * dim * sizeof *rows), *back = rows + n * dim;
    verify_rows(ROWS_GAUSSIAN, n, dim, 4711, rows);
    for (size_t i = 0; i < n * dim; i++)
        rows[i] *= scale;
    trip t;
    out->code = trial_trip(v->known, s, shape, scale, rows, n, back, &v->ledger, &t);
    out->where = t.where;
    snprintf(out->said, sizeof out->said, "%s", t.said);
    if (out->code == KVANT_OK) {
        out->error = verify_error(rows, back, n * dim);
        out->bits = 8.0 * (double)(t.bytes.n + t.side) / (double)(n * dim);
        out->bytes = t.bytes.n;
        out->n_rows = n;
    }
    trip_free(&t);
    free(rows);
}

/* ---- the battery ---- */

static int dim_near_128(const catalog_codec *c)
{
    static const int wanted[] = { 128, 64, 96, 80, 256, 192, 32, 160, 112, 48, 16 };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (catalog_takes_dim(c, wanted[i])) return wanted[i];
    return c->dim_min;
}

/* One that the codec and those inside it take. */
static int dim_for(const spec *s)
{
    int dim = dim_near_128(s->codec);
    for (const spec *in = s->inner; in; in = in->inner)
        if (!catalog_takes_dim(in->codec, dim) && catalog_takes_dim(s->codec, dim_near_128(in->codec)))
            dim = dim_near_128(in->codec);
    return dim;
}

static void prepare(verify *v)
{
    v->shape = (kvant_shape){ .size = sizeof v->shape,
                              .abi = KVANT_ABI,
                              .stream = KVANT_K,
                              .dim = dim_for(v->spec),
                              .layer = 1,
                              .n_layers = 4,
                              .n_heads = 2 };
    for (const spec *s = v->spec; s; s = s->inner)
        if (s->codec->flags & KVANT_V_ONLY) v->shape.stream = KVANT_V;
    v->dim = (size_t)v->shape.dim;
    trial t;
    v->hopeless = trial_open(&t, v->known, v->spec, &v->shape, NULL, 1.0f, &v->ledger) != KVANT_OK;
    v->geometry = t.geometry;
    v->unit = t.unit ? t.unit : 1;
    trial_close(&t);
    ledger_free(&v->ledger);
    v->ledger = (ledger){ 0 }; /* check_create will say it again */
    const size_t blocks = v->unit >= 24 ? 3 : (23 + v->unit) / v->unit;
    v->n_rows = v->unit * (v->unit * v->dim > 1 << 18 && blocks > 2 ? 2 : blocks);
    v->few = v->unit >= 24 ? v->unit : v->n_rows;
    const size_t values = v->n_rows * v->dim;
    v->rows = verify_memory(values * sizeof *v->rows);
    v->back = verify_memory(values * sizeof *v->back);
    verify_rows(ROWS_GAUSSIAN, v->n_rows, v->dim, 1, v->rows);
}

static void run_check(verify *v, const verify_check *c)
{
    const double start = clock_seconds();
    v->now = (verify_result){ 0 };
    v->ledger.breach[0] = '\0';
    snprintf(v->now.check, sizeof v->now.check, "%s", c->name);
    snprintf(v->now.expected, sizeof v->now.expected, "%s", c->expected);
    if (v->hopeless && c->run != check_descriptor && c->run != check_create)
        v->now.outcome = not_applicable(v, "not run: it cannot be created");
    else if (c->sweeps && v->quick)
        v->now.outcome = not_applicable(v, "not run: --quick");
    else
        v->now.outcome = c->run(v);
    v->now.seconds = clock_seconds() - start;
    if (!v->ledger.breach[0]) return;
    v->now.outcome = VERIFY_FAIL;
    snprintf(v->now.measured, sizeof v->now.measured, "%s", v->ledger.breach);
}

bool verify_run(const registry *known, const spec *s, bool quick, const verify_listener *to)
{
    verify v = { .known = known, .spec = s, .quick = quick, .error = NAN };
    bool ok = true;
    to->begins(to->arg, checks[0].name);
    prepare(&v);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        to->begins(to->arg, checks[i].name);
        run_check(&v, &checks[i]);
        to->ended(to->arg, &v.now);
        ok = ok && v.now.outcome != VERIFY_FAIL;
    }
    free(v.rows);
    free(v.back);
    ledger_free(&v.ledger);
    return ok;
}
