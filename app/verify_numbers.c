/* Figures: what comes back, how far from what went in, and whether its bytes allow that. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/verify_battery.h"
#include "app/verify_claims.h"

/* ---- there and back ---- */

verify_outcome check_round_trip(verify *v)
{
    trip t;
    const int rc = trial_trip(v->known, v->spec, &v->shape, 1.0f, v->rows, v->n_rows, v->back, &v->ledger, &t);
    v->bytes = t.bytes.n;
    v->side = t.side;
    trip_free(&t);
    if (rc != KVANT_OK) return failed(v, "%s: %s: %s", t.where, trial_code(rc) ? trial_code(rc) : "?", t.said);
    if (v->ledger.breach[0]) return VERIFY_FAIL;
    v->error = verify_error(v->rows, v->back, v->n_rows * v->dim);
    const double bits = 8.0 * (double)v->bytes / (double)(v->n_rows * v->dim);
    const char *format = "error %.4g, %.4g bits a value, %zu rows of %zu";
    return v->error < 1 ? passed(v, format, v->error, bits, v->n_rows, v->dim)
                        : failed(v, format, v->error, bits, v->n_rows, v->dim);
}

/* Shannon: R bits a value leave Gaussian values an error of 4^-R at least. Who has less knows something that is not in
 * the bytes. */
verify_outcome check_rate(verify *v)
{
    const double values = (double)(v->n_rows * v->dim), bits = 8.0 * (double)(v->bytes + v->side) / values;
    const double least = pow(4.0, -bits);
    if (isnan(v->error)) return not_applicable(v, "no round trip");
    expect(v, "at least 4^-%.4g = %.3g", bits, least);
    if (bits < 20 && v->error < 0.9 * least) return failed(v, "error %.4g", v->error);

    trial t;
    blob bytes = { 0 };
    uint32_t flags = 0;
    for (const spec *s = v->spec; s; s = s->inner)
        flags |= s->codec->flags;
    float *rows = verify_memory(v->few * v->dim * sizeof *rows);
    bool ok = ready_encoder(v, &t);
    size_t n = 0;
    for (verify_kind kind = ROWS_GAUSSIAN; ok && !(flags & KVANT_VARIABLE) && kind <= ROWS_ZERO; kind++) {
        verify_rows(kind, v->few, v->dim, 3, rows);
        if (trial_encode(&t, 0, rows, v->few, &bytes) < 0) continue; /* `kinds of rows` looks at refusals */
        if (kind == ROWS_GAUSSIAN) n = bytes.n;
        if (bytes.n != n)
            ok = ledger_breach(&v->ledger, "%zu bytes for gaussian rows and %zu for %s ones, without KVANT_VARIABLE", n,
                               bytes.n, verify_kind_name[kind]);
    }
    trial_close(&t);
    blob_free(&bytes);
    free(rows);
    return passed(v, "error %.4g, %s rate", v->error, flags & KVANT_VARIABLE ? "variable" : "fixed");
}

/* A factor of all rows, and of the samples, is a factor of what comes back: who loses a norm on the way shows here. */
verify_outcome check_scale(verify *v)
{
    static const float scales[] = { 0.25f, 1.0f, 8.0f };
    double error[3];
    for (int i = 0; i < 3; i++) {
        measure m;
        measure_error(v, v->spec, &v->shape, v->n_rows * v->dim, scales[i], &m);
        if (m.code != KVANT_OK)
            return failed(v, "rows times %g: %s: %s: %s", (double)scales[i], m.where,
                          trial_code(m.code) ? trial_code(m.code) : "?", m.said);
        error[i] = m.error;
    }
    for (int i = 0; i < 3; i += 2)
        if (fabs(error[i] - error[1]) > 0.1 * error[1] + 1e-9)
            return failed(v, "%.4g, %.4g, %.4g", error[0], error[1], error[2]);
    return passed(v, "%.4g, %.4g, %.4g", error[0], error[1], error[2]);
}

/* ---- closed forms ---- */

/* Bits of payload per value, of v's rows. */
static double payload_bits(verify *v)
{
    trial t;
    blob b = { 0 };
    kvant_split s = { .size = sizeof s, .abi = KVANT_ABI };
    double payload = (double)v->bytes;
    if (ready_encoder(v, &t) && t.codec->split && must_encode(&t, 0, v->rows, v->n_rows, &b) &&
        t.codec->split(t.state, 0, b.bytes, b.n, v->n_rows, &s) == KVANT_OK)
        payload = (double)s.payload;
    trial_close(&t);
    blob_free(&b);
    return 8.0 * payload / (double)(v->n_rows * v->dim);
}

/* The error of many rows, and the standard error of that figure. */
static bool sampled_error(verify *v, double *error, double *uncertainty)
{
    enum { VALUES = 1 << 20 };
    const size_t dim = v->dim, n = rows_for(VALUES, dim, v->unit);
    float *rows = verify_memory(2 * n * dim * sizeof *rows), *back = rows + n * dim;
    verify_rows(ROWS_GAUSSIAN, n, dim, 5, rows);
    trip t;
    const bool ok = trial_trip(v->known, v->spec, &v->shape, 1.0f, rows, n, back, &v->ledger, &t) == KVANT_OK;
    double squares = 0, energy = 0;
    *error = ok ? verify_error(rows, back, n * dim) : NAN;
    for (size_t r = 0; ok && r < n; r++) {
        double row_energy = 0;
        for (size_t i = 0; i < dim; i++)
            row_energy += (double)rows[r * dim + i] * (double)rows[r * dim + i];
        const double off = (verify_error(rows + r * dim, back + r * dim, dim) - *error) * row_energy;
        squares += off * off;
        energy += row_energy;
    }
    *uncertainty = sqrt(squares) / energy;
    trip_free(&t);
    free(rows);
    return ok;
}

verify_outcome check_distortion(verify *v)
{
    verify_claim c;
    double error, uncertainty;
    if (!verify_claim_of(v->spec, (int)v->dim, payload_bits(v), &c))
        return not_applicable(v, "no closed form is known");
    if (c.low == c.high)
        expect(v, "%.4g +- %g %%: %s", c.low, 100 * c.tolerance, c.source);
    else
        expect(v, "%.4g to %.4g +- %g %%: %s", c.low, c.high, 100 * c.tolerance, c.source);
    if (!sampled_error(v, &error, &uncertainty)) return failed(v, "no round trip");
    const double slack = 3 * uncertainty;
    const bool ok = error <= c.high * (1 + c.tolerance) + slack && error >= c.low * (1 - c.tolerance) - slack;
    const double ratio = c.high > 0 ? error / c.high : 1;
    return ok ? passed(v, "%.4g (+- %.1g)", error, uncertainty)
              : failed(v, "%.4g (+- %.1g), %.3g times as much", error, uncertainty, ratio);
}

/* ---- more bits ---- */

/* Parameters that buy accuracy with bytes. */
static const char *const buys[] = { "bits", "b", "q", "m", "d", "kbits", "vbits", "levels", "rank", "sketch", "steps" };

static bool buys_accuracy(const catalog_param *p)
{
    for (size_t i = 0; i < sizeof buys / sizeof *buys; i++)
        if (strcmp(p->name, buys[i]) == 0) return p->type == KVANT_INT || p->type == KVANT_REAL;
    return false;
}

/* The i-th of n values from a parameter's least to `most`: evenly, or by a factor where there are many. */
static double value_between(const catalog_param *p, double most, int i, int n)
{
    const double part = n > 1 ? (double)i / (n - 1) : 0;
    const bool whole = p->type == KVANT_INT;
    double x = p->min + part * (most - p->min);
    if (whole && n < most - p->min + 1) x = fmax(p->min, 1) * pow(most / fmax(p->min, 1), part);
    if (p->flags & KVANT_LOG && p->min > 0) x = p->min * pow(most / p->min, part);
    return whole ? floor(x + 0.5) : x;
}

/* Walks one parameter up, to the row's dimension where it counts directions; adds what was measured to text. */
static bool walk_up(verify *v, const catalog_param *p, char *text, size_t room)
{
    enum { MOST = 8, STEPS = 5, VALUES = 1 << 14 };
    const double most = p->type == KVANT_INT && p->max > (double)v->dim ? fmax(p->min, (double)v->dim) : p->max;
    const int n = p->type == KVANT_INT && most - p->min < MOST ? (int)(most - p->min) + 1 : STEPS;
    double before = INFINITY, bits_before = 0, first = NAN;
    bool moves = false;
    for (int i = 0; i < n; i++) {
        char value[NUMBER_TEXT];
        number_write(value_between(p, most, i, n), value);
        spec *s = with_param(v, p->name, value);
        measure m = { .code = KVANT_E_PARAM };
        if (s) measure_error(v, s, &v->shape, VALUES, 1.0f, &m);
        spec_free(s);
        if (v->ledger.breach[0]) return false;
        if (m.code != KVANT_OK) continue; /* `parameters` looks at refusals */
        if (m.bits > bits_before * 1.0001 && m.error > before * 1.03)
            return ledger_breach(&v->ledger, "%s=%s: error %.4g, with fewer bits it was %.4g", p->name, value, m.error,
                                 before);
        if (isnan(first)) first = m.error;
        if (m.error != first) moves = true;
        before = m.error;
        bits_before = m.bits;
    }
    const size_t used = strlen(text);
    if (moves) snprintf(text + used, room - used, "%s%s: %.3g to %.3g", used ? "; " : "", p->name, first, before);
    return true;
}

verify_outcome check_monotone(verify *v)
{
    char text[200] = "";
    for (size_t i = 0; i < v->spec->codec->n_params; i++)
        if (buys_accuracy(&v->spec->codec->params[i]) && !walk_up(v, &v->spec->codec->params[i], text, sizeof text))
            return VERIFY_FAIL;
    return text[0] ? passed(v, "%s", text) : not_applicable(v, "no parameter that buys accuracy here");
}
