/* Rows that are out of the ordinary, and bytes that no encoder wrote. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"
#include "kernels/random.h"

/* ---- rows ---- */

/* Encodes and decodes rows of a kind, or lets encode refuse them where they are large. False with a breach. */
static bool try_kind(verify *v, trial *encoder, verify_kind kind, float *rows, float *back, bool *refused)
{
    trial decoder = { 0 };
    blob b = { 0 };
    verify_rows(kind, v->few, v->dim, 21, rows);
    const int64_t rc = trial_encode(encoder, 0, rows, v->few, &b);
    *refused = rc < 0;
    if (rc >= 0 && ready_decoder(v, &decoder, encoder))
        must_decode(&decoder, 0, &b, back, v->few);
    else if (rc < 0 && (rc != KVANT_E_RANGE || kind < ROWS_LARGE))
        ledger_breach(&v->ledger, "%s: %s", trial_code(rc) ? trial_code(rc) : "an unknown answer",
                      trial_message(encoder));
    trial_close(&decoder);
    blob_free(&b);
    return !v->ledger.breach[0];
}

/* What rows of a kind must come back as, when they come back. */
static bool kind_is_kept(verify *v, verify_kind kind, const float *rows, const float *back)
{
    const size_t n = v->few * v->dim;
    const double error = verify_error(rows, back, n);
    if (kind == ROWS_ZERO && !v->geometry.calibrates && error > 0)
        return ledger_breach(&v->ledger, "they come back with %.3g", sqrt(error / (double)n));
    if (kind >= ROWS_ZERO && kind <= ROWS_SUBNORMAL) return true; /* may become zero */
    if (v->geometry.calibrates || error < 1.0 || v->error >= 1.0) return true;
    return ledger_breach(&v->ledger, "they come back with an error of %.4g, zeros would have 1", error);
}

verify_outcome check_kinds(verify *v)
{
    trial encoder;
    const size_t values = v->few * v->dim;
    float *rows = verify_memory(2 * values * sizeof *rows), *back = rows + values;
    char names[120] = "";
    size_t kept = 0, used = 0;
    bool ok = ready_encoder(v, &encoder);
    for (verify_kind kind = ROWS_SPIKY; ok && kind < ROWS_KINDS; kind++) {
        bool refused;
        ok = try_kind(v, &encoder, kind, rows, back, &refused);
        if (ok && !refused) ok = kind_is_kept(v, kind, rows, back);
        if (!ok)
            ledger_within(&v->ledger, "%s rows", verify_kind_name[kind]);
        else if (refused)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     used ? ", " : "; refused: ", verify_kind_name[kind]);
        else
            kept++;
    }
    trial_close(&encoder);
    free(rows);
    return passed(v, "%zu kinds%s", kept, names);
}

verify_outcome check_nonfinite(verify *v)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    trial t;
    blob b = { 0 };
    const size_t values = v->few * v->dim, places[] = { 0, values / 2 + v->dim / 3, values - 1 };
    float *rows = verify_memory(values * sizeof *rows);
    bool ok = ready_encoder(v, &t);
    for (size_t i = 0; ok && i < 9; i++) {
        memcpy(rows, v->rows, values * sizeof *rows);
        rows[places[i / 3]] = bad[i % 3];
        const int64_t rc = trial_encode(&t, 0, rows, v->few, &b);
        if (rc == KVANT_E_NONFINITE) continue;
        ok = ledger_breach(&v->ledger, "%g in row %zu, column %zu gives %s", (double)bad[i % 3], places[i / 3] / v->dim,
                           places[i / 3] % v->dim,
                           rc >= 0          ? "an encoding"
                           : trial_code(rc) ? trial_code(rc)
                                            : "an unknown answer");
    }
    trial_close(&t);
    blob_free(&b);
    free(rows);
    return passed(v, "NaN and both infinities refused in 3 places");
}

/* ---- bytes ---- */

/* Decodes bytes that may be wrong: an error with a message, or finite rows. Anything else is a breach. */
static int try_bytes(verify *v, trial *t, const uint8_t *bytes, size_t n, size_t n_rows)
{
    const int rc = trial_decode(t, 0, bytes, n, v->back, n_rows);
    if (rc == KVANT_E_SPACE || rc == KVANT_E_PARAM || rc == KVANT_E_SHAPE)
        ledger_breach(&v->ledger, "corrupt bytes give %s", trial_code(rc));
    return rc;
}

typedef struct encoded {
    trial encoder, decoder;
    blob bytes;
    size_t n_rows;
} encoded;

/* One block's encoding and a decoder for it. */
static bool encode_some(verify *v, encoded *e, size_t n_rows)
{
    *e = (encoded){ .n_rows = n_rows };
    return ready_encoder(v, &e->encoder) && must_encode(&e->encoder, 0, v->rows, n_rows, &e->bytes) &&
           ready_decoder(v, &e->decoder, &e->encoder);
}

static void encoded_free(encoded *e)
{
    trial_close(&e->encoder);
    trial_close(&e->decoder);
    blob_free(&e->bytes);
}

/* All lengths up to 64, then some 60 more, those at the borders of rows among them; and one byte too many. */
verify_outcome check_truncated(verify *v)
{
    encoded e;
    size_t tried = 0;
    bool ok = encode_some(v, &e, 2 * v->unit);
    const size_t n = e.bytes.n, row = n / e.n_rows ? n / e.n_rows : 1, step = n / 61 + 1;
    uint8_t *longer = verify_memory(n + 1);
    if (ok) memcpy(longer, e.bytes.bytes, n);
    longer[ok ? n : 0] = 0;
    for (size_t length = 0; ok && length <= n + 1; length++) {
        const bool border = length % row <= 1 && length / row % (e.n_rows / 16 + 1) == 0;
        if (length == n || (length > 64 && length < n - 4 && length % step && !border)) continue;
        tried++;
        if (try_bytes(v, &e.decoder, longer, length, e.n_rows) == KVANT_OK)
            ok = ledger_breach(&v->ledger, "%zu of %zu bytes are taken for %zu rows", length, n, e.n_rows);
    }
    if (ok && n > 0 && try_bytes(v, &e.decoder, e.bytes.bytes, n, v->unit) == KVANT_OK)
        ledger_breach(&v->ledger, "%zu bytes of %zu rows are taken for %zu", n, e.n_rows, v->unit);
    encoded_free(&e);
    free(longer);
    return passed(v, "%zu wrong lengths refused", tried + 1);
}

/* One byte after the other is changed, in three ways: the first 64, and some 400 of the rest, fewer where a block is so
 * large that decoding it takes long. */
static size_t flip_bytes(verify *v, encoded *e, size_t *errors)
{
    const size_t n = e->bytes.n, most = ((size_t)1 << 23) / (e->n_rows * v->dim) + 64, some = most < 400 ? most : 400;
    const size_t step = n / some + 1;
    size_t tried = 0;
    for (size_t i = 0; i < n && !v->ledger.breach[0]; i += i < 64 ? 1 : step) {
        const uint8_t changes[] = { 0x80, (uint8_t)(1u << i % 7), 0xff };
        for (size_t k = 0; k < sizeof changes; k++, tried++) {
            e->bytes.bytes[i] ^= changes[k];
            *errors += try_bytes(v, &e->decoder, e->bytes.bytes, n, e->n_rows) != KVANT_OK;
            e->bytes.bytes[i] ^= changes[k];
        }
    }
    return tried;
}

/* Bytes of one value, and random ones. */
static size_t fill_bytes(verify *v, encoded *e, size_t *errors)
{
    size_t tried = 0;
    for (int k = 0; k < 12 && !v->ledger.breach[0]; k++, tried++) {
        if (k < 4)
            memset(e->bytes.bytes, (int[]){ 0x00, 0xff, 0x7f, 0x80 }[k], e->bytes.n);
        else
            for (size_t i = 0; i < e->bytes.n; i++)
                e->bytes.bytes[i] = (uint8_t)random_bits(33, (uint64_t)k << 32 | i);
        *errors += try_bytes(v, &e->decoder, e->bytes.bytes, e->bytes.n, e->n_rows) != KVANT_OK;
    }
    return tried;
}

verify_outcome check_flipped(verify *v)
{
    encoded e;
    size_t tried = 0, errors = 0;
    if (encode_some(v, &e, v->unit)) {
        tried = flip_bytes(v, &e, &errors);
        tried += fill_bytes(v, &e, &errors);
    }
    encoded_free(&e);
    return passed(v, "%zu encodings with an error in them: %zu refused, the rest finite", tried, errors);
}
