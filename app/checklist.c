#include "app/checklist.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist_work.h"
#include "base/clock.h"
#include "base/hash.h"

static const struct {
    const char *name, *expected;
    checklist_item run;
} items[CHECKLIST_ITEMS] = {
    { "1 rotation", "signs and a Walsh-Hadamard transform, orthogonal to 1e-5, one for all streams and processes",
      item_rotation },
    { "2 both ways", "the same in encode and decode: back to 1e-6, products to 1e-5, codes in order of coordinates",
      item_both_ways },
    { "3 codebook", "Lloyd-Max levels", item_codebook },
    { "4 norm", "within 2^-11 of what it should be from 1e-4 to 6e4", item_norm },
    { "5 constants", "codes, one f16 for each rotation, and zeros", item_constants },
    { "6 bytes", "encode of decoded rows gives the same bytes", item_bytes },
};

verify_outcome judged(checklist *c, bool pass, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->v.now.measured, sizeof c->v.now.measured, format, args);
    va_end(args);
    return pass ? VERIFY_PASS : VERIFY_FAIL;
}

/* ---- the subject ---- */

int checklist_dim(const spec *s)
{
    static const int wanted[] = { 128, 64, 256, 96, 80, 192, 160, 112, 32 };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (spec_check_dim(s, s->text, wanted[i], NULL)) return wanted[i];
    return s->codec->dim_min;
}

/* Wrappers behind which rows are still rotated and looked up; what others claim is theirs alone. */
static const char *const transparent[] = { "rotate", "sink", "window", "attnweight" };

static bool is_transparent(const spec *s)
{
    for (size_t i = 0; i < sizeof transparent / sizeof *transparent; i++)
        if (strcmp(s->codec->name, transparent[i]) == 0) return true;
    return false;
}

/* What a codec's text says of it. TurboQuant's formats are both. */
static const struct {
    const char *summary, *reference; /* a word in one of them */
    bool rotates, has_codebook;
} words[] = {
    { "rotat", NULL, true, false },     { "codebook", NULL, false, true },  { "Lloyd-Max", NULL, false, true },
    { NULL, "TurboQuant", true, true }, { NULL, "turboquant", true, true },
};

static void read_claims(checklist *c, const spec *s)
{
    for (; s; s = is_transparent(s) ? s->inner : NULL)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            const char *in = words[i].summary ? s->codec->summary : s->codec->reference;
            if (!strstr(in, words[i].summary ? words[i].summary : words[i].reference)) continue;
            c->rotates = c->rotates || words[i].rotates;
            c->has_codebook = c->has_codebook || words[i].has_codebook;
        }
}

static kvant_shape shape_of(const spec *s, int dim)
{
    kvant_shape shape = { .size = sizeof shape, .abi = KVANT_ABI, .stream = KVANT_K, .dim = dim, .layer = 1 };
    shape.n_layers = 4;
    shape.n_heads = 2;
    for (; s; s = s->inner)
        if (s->codec->flags & KVANT_V_ONLY) shape.stream = KVANT_V;
    return shape;
}

/* Rows of a block, and that it can be created at all. */
static bool prepare(checklist *c, const registry *known, const spec *s, int dim, fault *f)
{
    verify *v = &c->v;
    trial t;
    v->known = known;
    v->spec = s;
    v->shape = shape_of(s, dim);
    v->dim = (size_t)dim;
    const int rc = trial_open(&t, known, s, &v->shape, NULL, 1.0f, &v->ledger);
    v->unit = t.unit ? t.unit : 1;
    if (rc != KVANT_OK) fault_set(f, FAULT_INPUT, "%s at %d columns: %s", s->text, dim, trial_message(&t));
    trial_close(&t);
    return rc == KVANT_OK;
}

/* Bytes of a row of this many columns; 0: it takes none. */
static size_t bytes_at(checklist *c, int dim)
{
    if (!spec_check_dim(c->v.spec, c->v.spec->text, dim, NULL)) return 0;
    trial t;
    kvant_shape shape = shape_of(c->v.spec, dim);
    ledger l = { 0 };
    blob b = { 0 };
    float *row = verify_memory((size_t)dim * sizeof *row);
    verify_rows(ROWS_GAUSSIAN, 1, (size_t)dim, 90, row);
    if (trial_open(&t, c->v.known, c->v.spec, &shape, NULL, 1.0f, &l) == KVANT_OK && t.unit == 1 &&
        trial_calibrate(&t) == KVANT_OK)
        trial_encode(&t, 0, row, 1, &b);
    const size_t n = b.n;
    trial_close(&t);
    blob_free(&b);
    ledger_free(&l);
    free(row);
    return n;
}

/* The most columns whose rows take as many bytes as those of v: more than v's when these are padded. */
static int padded_to(checklist *c)
{
    enum { STEP = 16, MOST = 1024 };
    const size_t here = bytes_at(c, (int)c->v.dim);
    int most = (int)c->v.dim;
    for (int dim = most + STEP; here > 0 && dim <= MOST; dim += STEP) {
        const size_t there = bytes_at(c, dim);
        if (there > here) break;
        if (there == here) most = dim;
    }
    return most;
}

/* ---- fingerprint ---- */

bool checklist_fingerprint(const registry *known, const spec *s, int dim, char print[CHECKLIST_PRINT], fault *f)
{
    enum { ROWS = 256 };
    checklist c = { 0 };
    if (!prepare(&c, known, s, dim, f)) return false;
    verify *v = &c.v;
    const size_t n = rows_for(ROWS * v->dim, v->dim, v->unit);
    float *rows = verify_memory(2 * n * v->dim * sizeof *rows), *back = rows + n * v->dim;
    verify_rows(ROWS_GAUSSIAN, n, v->dim, 99, rows);
    trip t;
    const int rc = trial_trip(known, s, &v->shape, 1.0f, rows, n, back, &v->ledger, &t);
    if (rc != KVANT_OK) fault_set(f, FAULT_INPUT, "%s at %d columns: %s: %s", s->text, dim, t.where, t.said);
    if (rc == KVANT_OK) {
        hash h;
        char hex[HASH_HEX];
        hash_start(&h);
        hash_bytes(&h, t.bytes.bytes, t.bytes.n);
        hash_bytes(&h, back, n * v->dim * sizeof *back);
        hash_finish(&h, hex);
        snprintf(print, CHECKLIST_PRINT, "%.16s", hex);
    }
    trip_free(&t);
    free(rows);
    ledger_free(&v->ledger);
    return rc == KVANT_OK;
}

/* ---- the items ---- */

static verify_outcome run_item(checklist *c, size_t i)
{
    verify_result *now = &c->v.now;
    const double start = clock_seconds();
    *now = (verify_result){ 0 };
    c->v.ledger.breach[0] = '\0';
    snprintf(now->check, sizeof now->check, "%s", items[i].name);
    snprintf(now->expected, sizeof now->expected, "%s", items[i].expected);
    now->outcome = items[i].run(c);
    if (c->v.ledger.breach[0]) {
        now->outcome = VERIFY_FAIL;
        snprintf(now->measured, sizeof now->measured, "%s", c->v.ledger.breach);
    }
    now->seconds = clock_seconds() - start;
    return now->outcome;
}

bool checklist_run(const registry *known, const spec *s, int dim, const char *print, const verify_listener *to,
                   fault *f)
{
    checklist c = { .print = print };
    read_claims(&c, s);
    if (!prepare(&c, known, s, dim, f)) return false;
    const int most = padded_to(&c);
    bool ok = most == dim;
    if (!ok)
        fault_set(f, FAULT_USAGE, "%s: rows of %d columns are padded to %d: --dim %d shows what it does", s->text, dim,
                  most, most);
    if (ok) to->begins(to->arg, items[0].name);
    if (ok && (c.rotates || c.has_codebook)) c.probed = probe_open(&c.probe, &c.v, c.why_not);
    size_t measured = 0;
    for (size_t i = 0; ok && i < CHECKLIST_ITEMS; i++) {
        to->begins(to->arg, items[i].name);
        measured += run_item(&c, i) != VERIFY_NA;
        to->ended(to->arg, &c.v.now);
    }
    if (ok && measured == 0)
        ok = fault_set(f, FAULT_USAGE, "%s: nothing of the checklist can be measured: %s", s->text, c.v.now.measured);
    probe_close(&c.probe);
    ledger_free(&c.v.ledger);
    return ok;
}
