/* Rows in pieces, one sequence after another, decoders that know nothing but bytes; what the bytes are for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"

enum { MOST_PIECES = 64 };

typedef struct pieces {
    blob bytes[MOST_PIECES];
    size_t first[MOST_PIECES], n_rows[MOST_PIECES], n;
} pieces;

/* Encodes v's rows in pieces of 1, `stride`, 1, ... blocks. */
static bool encode_pieces(verify *v, trial *t, size_t stride, pieces *p)
{
    *p = (pieces){ 0 };
    for (size_t row = 0; row < v->n_rows && p->n < MOST_PIECES; p->n++) {
        size_t n = v->unit * (p->n % 2 ? stride : 1);
        if (n > v->n_rows - row || p->n == MOST_PIECES - 1) n = v->n_rows - row;
        p->first[p->n] = row;
        p->n_rows[p->n] = n;
        if (!must_encode(t, row, v->rows + row * v->dim, n, &p->bytes[p->n])) return false;
        row += n;
    }
    return true;
}

static void free_pieces(pieces *p)
{
    for (size_t i = 0; i < MOST_PIECES; i++)
        blob_free(&p->bytes[i]);
}

static bool join_to(const pieces *p, const blob *whole)
{
    size_t at = 0;
    for (size_t i = 0; i < p->n; i++) {
        const blob *b = &p->bytes[i];
        if (b->n > whole->n - at || (b->n && memcmp(whole->bytes + at, b->bytes, b->n) != 0)) return false;
        at += b->n;
    }
    return at == whole->n;
}

verify_outcome check_pieces(verify *v)
{
    trial t;
    blob whole = { 0 }, none = { 0 };
    pieces p = { 0 };
    size_t n = 0;
    bool ok = ready_encoder(v, &t) && must_encode(&t, 0, v->rows, v->n_rows, &whole);
    for (size_t stride = 1; ok && stride <= 3; stride++) {
        ok = encode_pieces(v, &t, stride, &p);
        if (ok && !join_to(&p, &whole))
            ok =
                ledger_breach(&v->ledger, "%zu pieces of 1 and %zu blocks are not the bytes of the whole", p.n, stride);
        n += p.n;
        free_pieces(&p);
    }
    if (ok && must_encode(&t, 0, v->rows, 0, &none) && none.n > 0)
        ledger_breach(&v->ledger, "no rows give %zu bytes", none.n);
    trial_close(&t);
    blob_free(&whole);
    blob_free(&none);
    return passed(v, "%zu pieces of %zu rows", n, v->n_rows);
}

verify_outcome check_sequences(verify *v)
{
    trial used;
    blob whole = { 0 }, again = { 0 }, other = { 0 };
    const size_t values = v->n_rows * v->dim;
    float *rows = verify_memory(values * sizeof *rows);
    verify_rows(ROWS_UNEQUAL, v->n_rows, v->dim, 77, rows);
    bool ok = ready_encoder(v, &used) && must_encode(&used, 0, v->rows, v->n_rows, &whole) &&
              must_encode(&used, 0, rows, v->n_rows, &other) &&
              must_encode(&used, v->n_rows, v->rows, v->unit, &other) &&
              must_encode(&used, 0, v->rows, v->n_rows, &again);
    if (ok && !blob_equal(&whole, &again))
        ok = ledger_breach(&v->ledger, "after another sequence the same rows give other bytes");
    rows[values / 2] = NAN;
    if (ok && trial_encode(&used, 0, rows, v->n_rows, &other) < 0 &&
        must_encode(&used, 0, v->rows, v->n_rows, &again) && !blob_equal(&whole, &again))
        ledger_breach(&v->ledger, "after an error the same rows give other bytes");
    trial_close(&used);
    blob_free(&whole), blob_free(&again), blob_free(&other);
    free(rows);
    return passed(v, "the bytes of a fresh instance");
}

/* ---- decoders ---- */

/* Piece by piece, the last one first. */
static bool decode_pieces(verify *v, trial *t, const pieces *p, float *rows)
{
    for (size_t i = p->n; i-- > 0;)
        if (!must_decode(t, p->first[i], &p->bytes[i], rows + p->first[i] * v->dim, p->n_rows[i])) return false;
    return true;
}

verify_outcome check_decoder(verify *v)
{
    trial encoder, one = { 0 }, other = { 0 };
    blob whole = { 0 };
    pieces p = { 0 };
    const size_t size = v->n_rows * v->dim * sizeof(float);
    float *at_once = verify_memory(size), *in_pieces = verify_memory(size);
    bool ok = ready_encoder(v, &encoder) && must_encode(&encoder, 0, v->rows, v->n_rows, &whole) &&
              encode_pieces(v, &encoder, 2, &p) && ready_decoder(v, &one, &encoder) &&
              ready_decoder(v, &other, &encoder);
    trial_close(&encoder);
    if (ok && must_decode(&one, 0, &whole, at_once, v->n_rows) && decode_pieces(v, &other, &p, in_pieces)) {
        if (memcmp(at_once, in_pieces, size) != 0)
            ledger_breach(&v->ledger, "decoded in pieces, the last one first, the rows are others");
        else if (must_decode(&other, 0, &whole, in_pieces, v->n_rows) && memcmp(at_once, in_pieces, size) != 0)
            ledger_breach(&v->ledger, "decoded once more, the rows are others");
    }
    const size_t side = one.side;
    trial_close(&one);
    trial_close(&other);
    free_pieces(&p);
    blob_free(&whole);
    free(at_once), free(in_pieces);
    return passed(v, "two fresh instances, whole and in %zu pieces; %zu bytes of side data", p.n, side);
}

verify_outcome check_split(verify *v)
{
    trial t;
    pieces p = { 0 };
    kvant_split sum = { 0 };
    size_t bytes = 0;
    bool ok = ready_encoder(v, &t), offered = ok && t.codec->split;
    ok = offered && encode_pieces(v, &t, 3, &p);
    for (size_t i = 0; ok && i < p.n; i++) {
        kvant_split s = { .size = sizeof s, .abi = KVANT_ABI };
        const int rc = t.codec->split(t.state, p.first[i], p.bytes[i].bytes, p.bytes[i].n, p.n_rows[i], &s);
        const uint64_t total = s.payload + s.metadata + s.exact;
        if (rc != KVANT_OK || total != p.bytes[i].n || s.payload > total || s.metadata > total || s.exact > total)
            ok = ledger_breach(&v->ledger, "%llu of payload, %llu of metadata and %llu exact for %zu bytes (answer %d)",
                               (unsigned long long)s.payload, (unsigned long long)s.metadata,
                               (unsigned long long)s.exact, p.bytes[i].n, rc);
        sum.payload += s.payload;
        sum.metadata += s.metadata;
        sum.exact += s.exact;
        bytes += p.bytes[i].n;
    }
    trial_close(&t);
    free_pieces(&p);
    if (!offered) return not_applicable(v, "no split: all bytes count as payload");
    const double percent = bytes ? 100.0 / (double)bytes : 0;
    return passed(v, "payload %.1f %%, metadata %.1f %%, exact %.1f %%", percent * (double)sum.payload,
                  percent * (double)sum.metadata, percent * (double)sum.exact);
}
