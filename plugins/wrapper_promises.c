#include "plugins/wrapper_promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 96, MOST_FLIPPED = 128 };

typedef struct trial {
    const promise_case *e;
    wrapped w, decoder;
    size_t n, n_bytes, bound; /* rows of the Gaussian text, its bytes and the bound for them */
    float *rows, *back;
    uint8_t *bytes;
} trial;

#define check(condition, x, ...)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s d=%d: ", (x)->e->expression, (x)->e->dim);                                                 \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

static bool finite_rows(const float *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(rows[i])) return false;
    return true;
}

static int decode_with(wrapped *w, size_t first, const uint8_t *bytes, size_t n_bytes, float *back, size_t n)
{
    w->t.host.message[0] = 0;
    return w->t.codec->decode(w->t.state, first, bytes, n_bytes, back, n);
}

static int64_t encode_with(wrapped *w, size_t first, const float *rows, size_t n, uint8_t *out, size_t capacity)
{
    w->t.host.message[0] = 0;
    return w->t.codec->encode(w->t.state, first, rows, n, out, capacity);
}

static void all_kinds_round_trip_to_finite_rows(trial *x)
{
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        float *rows = test_rows(kind, x->n, x->w.dim, 11, x->e->huge), *back;
        wrapped_round_trip(&x->w, rows, x->n, &back);
        check(finite_rows(back, x->n * x->w.dim), x, "%s rows come back not finite", test_kind_name[kind]);
        free(rows), free(back);
    }
}

static void the_same_rows_are_the_same_bytes(trial *x)
{
    wrapped other;
    size_t n_bytes;
    wrapped_open_same(&x->w, &other);
    wrapped_calibrate(&other, SAMPLES);
    uint8_t *again = wrapped_encode(&x->w, x->rows, x->n, &n_bytes);
    check(n_bytes == x->n_bytes && memcmp(again, x->bytes, n_bytes) == 0, x, "a second sequence differs");
    free(again);
    again = wrapped_encode(&other, x->rows, x->n, &n_bytes);
    check(n_bytes == x->n_bytes && memcmp(again, x->bytes, n_bytes) == 0, x, "another instance differs");
    free(again);
    wrapped_close(&other);
}

static void the_encoder_decodes_what_a_fresh_instance_does(trial *x)
{
    float *back = malloc(x->n * x->w.dim * sizeof *back);
    check(decode_with(&x->w, 0, x->bytes, x->n_bytes, back, x->n) == KVANT_OK, x, "%s", x->w.t.host.message);
    check(memcmp(back, x->back, x->n * x->w.dim * sizeof *back) == 0, x, "the encoder decodes other rows");
    free(back);
}

static void pieces_are_the_bytes_of_the_whole(trial *x)
{
    const size_t block = x->w.geometry.block, dim = x->w.dim;
    uint8_t *piece = malloc(x->bound + 1);
    float *back = malloc(x->n * dim * sizeof *back);
    size_t at = 0;
    for (size_t row = 0, step = 1; row < x->n; row += step * block, step = step % 3 + 1) {
        if (row + step * block > x->n) step = (x->n - row) / block;
        const int64_t n = encode_with(&x->w, row, x->rows + row * dim, step * block, piece, x->bound);
        check(n >= 0, x, "rows from %zu: %s", row, x->w.t.host.message);
        check(at + (size_t)n <= x->n_bytes && memcmp(piece, x->bytes + at, (size_t)n) == 0, x,
              "the piece at row %zu differs", row);
        check(decode_with(&x->decoder, row, piece, (size_t)n, back + row * dim, step * block) == KVANT_OK, x,
              "the piece at row %zu: %s", row, x->decoder.t.host.message);
        at += (size_t)n;
    }
    check(at == x->n_bytes, x, "pieces are %zu bytes, the whole is %zu", at, x->n_bytes);
    check(memcmp(back, x->back, x->n * dim * sizeof *back) == 0, x, "pieces decode to other rows");
    free(piece), free(back);
}

static void encode_stays_inside_its_buffer(trial *x)
{
    uint8_t *out = malloc(x->bound + 64);
    check(x->bound >= x->n_bytes, x, "the bound is %zu for %zu bytes", x->bound, x->n_bytes);
    for (size_t capacity = 0; capacity <= x->n_bytes; capacity += capacity + 37 < x->n_bytes ? 37 : 1) {
        memset(out, 0xa5, x->bound + 64);
        const int64_t n = encode_with(&x->w, 0, x->rows, x->n, out, capacity);
        check(capacity < x->n_bytes ? n == KVANT_E_SPACE && x->w.t.host.message[0] : n == (int64_t)x->n_bytes, x,
              "capacity %zu of %zu: %lld %s", capacity, x->n_bytes, (long long)n, x->w.t.host.message);
        for (size_t i = capacity; i < x->bound + 64; i++)
            check(out[i] == 0xa5, x, "capacity %zu: byte %zu was written", capacity, i);
    }
    memset(out, 0xff, x->bound);
    check(encode_with(&x->w, 0, x->rows, x->n, out, x->bound) == (int64_t)x->n_bytes &&
              memcmp(out, x->bytes, x->n_bytes) == 0,
          x, "some bytes are left as they were");
    free(out);
}

static void non_finite_rows_are_refused(trial *x)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    uint8_t *out = malloc(x->bound + 1);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            const size_t row = k * (x->n - 1) / 2, at = row * x->w.dim + x->w.dim / 2;
            const float good = x->rows[at];
            char text[32];
            x->rows[at] = bad[i];
            snprintf(text, sizeof text, "row %zu", row);
            check(encode_with(&x->w, 0, x->rows, x->n, out, x->bound) == KVANT_E_NONFINITE, x, "%g in row %zu: %s",
                  (double)bad[i], row, x->w.t.host.message);
            check(strstr(x->w.t.host.message, text), x, "message without %s: %s", text, x->w.t.host.message);
            x->rows[at] = good;
        }
    free(out);
}

static void wrong_lengths_are_refused(trial *x)
{
    const size_t wrong[] = { 0, 1, x->n_bytes / 3, x->n_bytes / 2, x->n_bytes - 1, x->n_bytes + 1 };
    float *back = malloc((x->n + x->w.geometry.block) * x->w.dim * sizeof *back);
    uint8_t *bytes = calloc(1, x->n_bytes + 1);
    memcpy(bytes, x->bytes, x->n_bytes);
    for (size_t i = 0; i < 6; i++)
        check(decode_with(&x->decoder, 0, bytes, wrong[i], back, x->n) == KVANT_E_CORRUPT, x, "%zu bytes of %zu taken",
              wrong[i], x->n_bytes);
    check(decode_with(&x->decoder, 0, bytes, x->n_bytes, back, x->n + x->w.geometry.block) == KVANT_E_CORRUPT, x,
          "a block too many");
    free(back), free(bytes);
}

static void flipped_bytes_give_an_error_or_finite_rows(trial *x)
{
    const size_t step = x->n_bytes / MOST_FLIPPED + 1;
    for (size_t i = 0; i < x->n_bytes; i += i < 64 ? 1 : step)
        for (unsigned flip = 1; flip < 256; flip = 2 * flip + 1) {
            x->bytes[i] ^= (uint8_t)flip;
            const int rc = decode_with(&x->decoder, 0, x->bytes, x->n_bytes, x->back, x->n);
            x->bytes[i] ^= (uint8_t)flip;
            check(rc == KVANT_OK || rc == KVANT_E_CORRUPT, x, "byte %zu flipped: %d", i, rc);
            check(rc != KVANT_OK || finite_rows(x->back, x->n * x->w.dim), x, "byte %zu flipped: not finite", i);
        }
    check(decode_with(&x->decoder, 0, x->bytes, x->n_bytes, x->back, x->n) == KVANT_OK, x, "no way back");
}

/* Loads n bytes of side data and decodes; what the first that failed said. */
static int with_side(trial *x, const uint8_t *side, size_t n)
{
    wrapped other;
    wrapped_open_same(&x->w, &other);
    int rc = other.t.codec->load(other.t.state, side, n);
    check(rc == KVANT_OK || other.t.host.message[0], x, "no message");
    if (rc == KVANT_OK) rc = decode_with(&other, 0, x->bytes, x->n_bytes, x->back, x->n);
    check(rc != KVANT_OK || finite_rows(x->back, x->n * x->w.dim), x, "side data of %zu: not finite", n);
    wrapped_close(&other);
    return rc;
}

static void bad_side_data_are_refused(trial *x)
{
    size_t n;
    uint8_t *side = wrapped_side(&x->w, &n);
    const size_t step = n / 64 + 1;
    side[n] = 0;
    for (size_t cut = 1; cut < n; cut += cut < 16 ? 1 : step)
        check(with_side(x, side, cut) != KVANT_OK, x, "%zu bytes of %zu of side data taken", cut, n);
    if (n > 0) check(with_side(x, side, n + 1) == KVANT_E_CORRUPT, x, "a byte too many in side data");
    for (size_t i = 0; i < n; i += i < 16 ? 1 : step)
        for (unsigned flip = 1; flip < 256; flip = 2 * flip + 1) {
            side[i] ^= (uint8_t)flip;
            const int rc = with_side(x, side, n);
            side[i] ^= (uint8_t)flip;
            check(rc == KVANT_OK || rc == KVANT_E_CORRUPT || rc == KVANT_E_STATE, x, "side byte %zu flipped: %d", i,
                  rc);
        }
    free(side);
}

static void split_adds_up(trial *x)
{
    kvant_split s = { .size = sizeof s, .abi = KVANT_ABI };
    check(x->decoder.t.codec->split(x->decoder.t.state, 0, x->bytes, x->n_bytes, x->n, &s) == KVANT_OK, x, "split: %s",
          x->decoder.t.host.message);
    check(s.payload + s.metadata + s.exact == x->n_bytes, x, "%zu bytes split into %llu + %llu + %llu", x->n_bytes,
          (unsigned long long)s.payload, (unsigned long long)s.metadata, (unsigned long long)s.exact);
}

static void no_rows_are_no_bytes(trial *x)
{
    uint8_t byte = 0;
    float value = 0.0f;
    check(encode_with(&x->w, 0, &value, 0, &byte, 0) == 0, x, "no rows: %s", x->w.t.host.message);
    check(decode_with(&x->decoder, 0, &byte, 0, &value, 0) == KVANT_OK, x, "no bytes: %s", x->decoder.t.host.message);
    check(decode_with(&x->decoder, 0, &byte, 1, &value, 0) == KVANT_E_CORRUPT, x, "a byte of nothing taken");
}

/* One life with so many allocations; the first error. */
static int64_t life(trial *x, long allowed, uint8_t *out)
{
    wrapped w;
    test_host_init(&w.t.host);
    w.t.host.allowed = allowed;
    int64_t rc = wrapped_try_spec(&w, x->w.spec, x->w.dim, x->w.heads);
    const bool created = rc == KVANT_OK;
    if (rc == KVANT_OK) rc = wrapped_try_calibrate(&w, SAMPLES);
    if (rc == KVANT_OK) rc = encode_with(&w, 0, x->rows, x->n, out, x->bound);
    if (rc >= 0) rc = decode_with(&w, 0, out, (size_t)rc, x->back, x->n);
    check(rc == KVANT_OK || w.t.host.message[0], x, "%ld allocations: no message", allowed);
    if (created) w.t.codec->destroy(w.t.state);
    check(w.t.host.live == 0, x, "%ld allocations: %ld left", allowed, w.t.host.live);
    return rc;
}

static void failed_allocations_leave_nothing(trial *x)
{
    uint8_t *out = malloc(x->bound + 1);
    int64_t rc = KVANT_E_MEMORY;
    for (long allowed = 0; rc != KVANT_OK && allowed < 200; allowed++) {
        rc = life(x, allowed, out);
        check(rc == KVANT_OK || rc == KVANT_E_MEMORY, x, "%ld allocations: %lld", allowed, (long long)rc);
    }
    check(rc == KVANT_OK, x, "200 allocations are not enough");
    free(out);
}

static void encode_before_calibrate_is_refused(trial *x)
{
    wrapped other;
    uint8_t *out = malloc(x->bound + 1);
    wrapped_open_same(&x->w, &other);
    const int64_t rc = encode_with(&other, 0, x->rows, x->n, out, x->bound);
    check(rc == (x->w.geometry.calibrates ? KVANT_E_STATE : (int64_t)x->n_bytes), x, "%lld", (long long)rc);
    wrapped_close(&other);
    free(out);
}

static void promise(const promise_case *e)
{
    static void (*const promises[])(trial *) = {
        all_kinds_round_trip_to_finite_rows,
        the_same_rows_are_the_same_bytes,
        the_encoder_decodes_what_a_fresh_instance_does,
        pieces_are_the_bytes_of_the_whole,
        encode_stays_inside_its_buffer,
        non_finite_rows_are_refused,
        wrong_lengths_are_refused,
        flipped_bytes_give_an_error_or_finite_rows,
        bad_side_data_are_refused,
        split_adds_up,
        no_rows_are_no_bytes,
        failed_allocations_leave_nothing,
        encode_before_calibrate_is_refused,
    };
    trial x = { .e = e };
    wrapped_open(&x.w, e->expression, e->dim, e->heads);
    wrapped_calibrate(&x.w, SAMPLES);
    x.n = 3 * x.w.geometry.block;
    while (x.n < 24)
        x.n += x.w.geometry.block;
    x.rows = test_rows(TEST_GAUSSIAN, x.n, x.w.dim, 11, 0.0f);
    x.back = malloc(x.n * x.w.dim * sizeof *x.back);
    x.bound = x.w.t.codec->bound(x.w.t.state, 0, x.n);
    x.bytes = wrapped_encode(&x.w, x.rows, x.n, &x.n_bytes);
    wrapped_decoder(&x.w, &x.decoder);
    check(decode_with(&x.decoder, 0, x.bytes, x.n_bytes, x.back, x.n) == KVANT_OK, &x, "%s", x.decoder.t.host.message);
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        promises[i](&x);
    wrapped_close(&x.decoder);
    wrapped_close(&x.w);
    free(x.rows), free(x.back), free(x.bytes);
}

void promise_all(const promise_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        promise(&cases[i]);
}
