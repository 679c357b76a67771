#include "app/verify_trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_BLOCK = 1 << 20 };

/* ---- fences ---- */

/* n bytes, copied so that the page behind the last of them cannot be touched; NULL when out of memory. */
static void *fence_copy(fence *f, const void *bytes, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (n / page + 1) * page;
    if (room > f->room) {
        if (f->map) munmap(f->map, f->room + page);
        *f = (fence){ 0 };
        void *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) return NULL;
        f->map = map;
        f->room = room;
        mprotect(f->map + room, page, PROT_NONE);
    }
    uint8_t *at = f->map + f->room - n;
    if (n > 0) memcpy(at, bytes, n);
    return at;
}

static void fence_free(fence *f)
{
    if (f->map) munmap(f->map, f->room + (size_t)sysconf(_SC_PAGESIZE));
    *f = (fence){ 0 };
}

/* ---- answers ---- */

const char *trial_message(const trial *t)
{
    return t->host ? verify_host_message(t->host) : "";
}

/* Every answer passes here: is it one of the ABI's, and does an error say why? */
static int answer(trial *t, const char *call, int64_t code)
{
    if (code > 0 || !trial_code(code))
        ledger_breach(t->ledger, "%s returned %lld, which is no code of the ABI", call, (long long)code);
    else if (code < 0 && code != KVANT_E_CANCELLED && !trial_message(t)[0])
        ledger_breach(t->ledger, "%s returned %s without a message", call, trial_code(code));
    return (int)code;
}

static void forget(trial *t)
{
    verify_host_forget(t->host);
}

/* ---- life ---- */

static int read_geometry(trial *t)
{
    kvant_geometry *g = &t->geometry;
    *g = (kvant_geometry){ .size = sizeof *g, .abi = KVANT_ABI };
    int rc = KVANT_OK;
    if (t->codec->geometry) {
        rc = answer(t, "geometry", t->codec->geometry(t->state, g));
    } else {
        g->block = 1;
    }
    for (const spec *s = t->spec; s; s = s->inner)
        if (s->codec->flags & KVANT_CALIBRATES) g->calibrates = 1;
    const size_t heads = (size_t)t->shape.n_heads;
    if (rc == KVANT_OK && (g->block < 1 || g->block > MOST_BLOCK || g->window > MOST_BLOCK))
        ledger_breach(t->ledger, "geometry says blocks of %u rows and a window of %u", g->block, g->window);
    if (rc == KVANT_OK && g->pooled && (g->block % heads || g->window % heads))
        ledger_breach(t->ledger, "pooled: a block of %u and a window of %u do not hold whole positions of %zu heads",
                      g->block, g->window, heads);
    t->unit = g->block < 1 || g->block > MOST_BLOCK ? 1 : g->block;
    return rc;
}

int trial_open(trial *t, const registry *known, const spec *s, const kvant_shape *shape, const verify_plan *plan,
               float scale, ledger *l)
{
    fault f = { 0 };
    *t = (trial){ .known = known, .spec = s, .shape = *shape, .dim = (size_t)shape->dim, .scale = scale, .ledger = l };
    t->plan = plan ? *plan : (verify_plan){ .fails_at = -1 };
    t->shape.size = sizeof t->shape;
    t->shape.abi = KVANT_ABI;
    t->host = verify_host_create(known, s, &t->plan, NULL, &f);
    if (!t->host) return KVANT_E_MEMORY;
    const kvant_codec *codec = verify_host_codec(t->host);
    l->instances++;
    int rc = answer(t, "create",
                    codec->create(verify_host_services(t->host), &t->shape, verify_host_values(t->host), &t->state));
    if (rc == KVANT_OK) {
        t->codec = codec;
        return read_geometry(t);
    }
    const size_t left = verify_host_leaks(t->host);
    if (left > 0) ledger_breach(l, "create failed and left %zu pieces of memory", left);
    l->leaks += left;
    return rc;
}

void trial_close(trial *t)
{
    if (t->codec) {
        t->codec->destroy(t->state);
        const size_t left = verify_host_leaks(t->host), bad = verify_host_bad_releases(t->host);
        if (bad > 0) ledger_breach(t->ledger, "destroy released %zu times what was not its own", bad);
        if (left > 0) ledger_breach(t->ledger, "destroy left %zu pieces of memory", left);
        t->ledger->leaks += left;
        t->ledger->bad_releases += bad;
    }
    verify_host_destroy(t->host);
    guard_free(&t->bytes);
    guard_free(&t->rows);
    fence_free(&t->in);
    *t = (trial){ 0 };
}

int trial_calibrate(trial *t)
{
    if (!t->geometry.calibrates) return KVANT_OK;
    if (!t->codec->calibrate) {
        ledger_breach(t->ledger, "it needs calibration, but has no function calibrate");
        return KVANT_E_STATE;
    }
    const size_t heads = t->geometry.pooled ? (size_t)t->shape.n_heads : 1;
    const kvant_samples *samples = ledger_samples(t->ledger, t->unit, t->dim, heads, t->scale);
    if (!samples) return KVANT_E_MEMORY;
    forget(t);
    return answer(t, "calibrate", t->codec->calibrate(t->state, samples));
}

/* ---- work ---- */

int64_t trial_encode_into(trial *t, size_t first, const float *rows, size_t n_rows, size_t capacity, uint8_t fill,
                          blob *b)
{
    uint8_t *out = guard_prepare(&t->bytes, capacity, fill, NULL);
    const float *in = fence_copy(&t->in, rows, n_rows * t->dim * sizeof *rows);
    if (!out || !in) return KVANT_E_MEMORY;
    forget(t);
    const int64_t n = t->codec->encode(t->state, first, in, n_rows, out, capacity);
    if (!guard_holds(&t->bytes, capacity))
        ledger_breach(t->ledger, "encode wrote past its buffer of %zu bytes", capacity);
    if (n < 0) return answer(t, "encode", n);
    if ((uint64_t)n > capacity) {
        ledger_breach(t->ledger, "encode says it wrote %lld bytes into a buffer of %zu", (long long)n, capacity);
        return KVANT_E_SPACE;
    }
    return b && !blob_set(b, out, (size_t)n) ? KVANT_E_MEMORY : n;
}

int64_t trial_encode(trial *t, size_t first, const float *rows, size_t n_rows, blob *b)
{
    const size_t bound = t->codec->bound(t->state, first, n_rows);
    if (bound > n_rows * t->dim * 64 + ((size_t)64 << 20)) {
        ledger_breach(t->ledger, "bound asks for %zu bytes for %zu rows of %zu", bound, n_rows, t->dim);
        return KVANT_E_SPACE;
    }
    return trial_encode_into(t, first, rows, n_rows, bound, 0xa5, b);
}

int trial_decode(trial *t, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const size_t values = n_rows * t->dim, size = values * sizeof *rows;
    /* Every float with all bits set is NaN: a value that decode forgets does not pass. */
    void *room = guard_prepare(&t->rows, size, 0xff, NULL);
    const uint8_t *in = fence_copy(&t->in, bytes, n_bytes);
    if (!room || !in) return KVANT_E_MEMORY;
    const float *out = room;
    forget(t);
    const int rc = answer(t, "decode", t->codec->decode(t->state, first, in, n_bytes, room, n_rows));
    if (!guard_holds(&t->rows, size)) ledger_breach(t->ledger, "decode wrote past its buffer of %zu rows", n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t i = 0; i < values; i++)
        if (!isfinite(out[i])) {
            ledger_breach(t->ledger, "decode: row %zu, column %zu comes back as %s", first + i / t->dim, i % t->dim,
                          isnan(out[i]) ? "nan" : "an infinity");
            return rc;
        }
    if (size > 0) memcpy(rows, out, size);
    return rc;
}

int trial_save(trial *t, blob *side)
{
    blob_free(side);
    if (!t->codec->save) return KVANT_OK;
    forget(t);
    const int64_t n = t->codec->save(t->state, NULL, 0);
    if (n < 0) return answer(t, "save", n);
    if (n == 0) return KVANT_OK;
    uint8_t *out = guard_prepare(&t->bytes, (size_t)n, 0xa5, NULL);
    if (!out) return KVANT_E_MEMORY;
    const int64_t written = t->codec->save(t->state, out, (size_t)n);
    if (!guard_holds(&t->bytes, (size_t)n))
        ledger_breach(t->ledger, "save wrote past its buffer of %lld bytes", (long long)n);
    if (written < 0) return answer(t, "save", written);
    if (written != n)
        ledger_breach(t->ledger, "save announced %lld bytes and wrote %lld", (long long)n, (long long)written);
    return blob_set(side, out, (size_t)n) ? KVANT_OK : KVANT_E_MEMORY;
}

int trial_load(trial *t, const uint8_t *bytes, size_t n_bytes)
{
    const uint8_t *in = fence_copy(&t->in, bytes, n_bytes);
    if (!in) return KVANT_E_MEMORY;
    forget(t);
    return answer(t, "load", t->codec->load(t->state, in, n_bytes));
}

/* ---- the whole way ---- */

int trial_open_decoder(trial *t, trial *encoder, const verify_plan *plan)
{
    blob side = { 0 };
    *t = (trial){ 0 };
    int rc = trial_save(encoder, &side);
    if (rc == KVANT_OK)
        rc = trial_open(t, encoder->known, encoder->spec, &encoder->shape, plan, encoder->scale, encoder->ledger);
    if (rc == KVANT_OK && side.n > 0) rc = trial_load(t, side.bytes, side.n);
    t->side = side.n;
    blob_free(&side);
    return rc;
}

int trial_trip(const registry *known, const spec *s, const kvant_shape *shape, float scale, const float *rows,
               size_t n_rows, float *back, ledger *l, trip *out)
{
    trial encoder, decoder = { 0 };
    *out = (trip){ .where = "create" };
    int64_t rc = trial_open(&encoder, known, s, shape, NULL, scale, l);
    if (rc == KVANT_OK) {
        out->where = "calibrate";
        rc = trial_calibrate(&encoder);
    }
    if (rc == KVANT_OK) {
        out->where = "encode";
        rc = trial_encode(&encoder, 0, rows, n_rows, &out->bytes);
    }
    if (rc >= 0) {
        out->where = "making the decoder";
        rc = trial_open_decoder(&decoder, &encoder, NULL);
    }
    if (rc == KVANT_OK) {
        out->side = decoder.side;
        out->where = "decode";
        rc = trial_decode(&decoder, 0, out->bytes.bytes, out->bytes.n, back, n_rows);
    }
    if (rc != KVANT_OK) snprintf(out->said, sizeof out->said, "%s", trial_message(decoder.host ? &decoder : &encoder));
    trial_close(&encoder);
    trial_close(&decoder);
    return (int)rc;
}

void trip_free(trip *t)
{
    blob_free(&t->bytes);
}
