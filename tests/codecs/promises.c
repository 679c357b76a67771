#include "tests/codecs/promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codecs/subject.h"

enum { ROWS = 24, SAMPLES = 96, GUARD = 64, MOST_ALLOCATIONS = 200 };
enum { FLIPPED_FIRST = 1024, FLIPPED_ALL = 128, FLIPPED_SIDE = 64 }; /* bytes, about */

typedef struct trial {
    const promise *p;
    bool wrapper, fixed; /* fixed: the number of bytes does not depend on the rows */
    subject encoder, decoder;
    size_t block, dim;
    size_t n, n_bytes, bound; /* rows of the Gaussian text, its bytes and the bound for them */
    float *rows, *back;       /* the text, and what the decoder makes of it */
    float *scratch;           /* for n rows and a block */
    uint8_t *bytes;           /* n_bytes, and a zero behind */
    uint8_t *out;             /* bound + GUARD */
} trial;

#define check(condition, x, ...)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s d=%d: ", (x)->p->expression, (x)->p->dim);                                                 \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

static bool all_finite(const float *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(rows[i])) return false;
    return true;
}

static int64_t encode_with(subject *s, size_t first, const float *rows, size_t n, uint8_t *out, size_t capacity)
{
    s->t.host.message[0] = 0;
    return s->t.codec->encode(s->t.state, first, rows, n, out, capacity);
}

/* The rows go to x->scratch. */
static int decode_with(trial *x, subject *s, const uint8_t *bytes, size_t n_bytes, size_t n)
{
    s->t.host.message[0] = 0;
    return s->t.codec->decode(s->t.state, 0, bytes, n_bytes, x->scratch, n);
}

/* ---- what is written down ---------------------------------------------------------------------------------------- */

static void the_descriptor_is_complete(trial *x)
{
    const kvant_codec *c = x->encoder.t.codec;
    const char *const texts[] = { c->name, c->version, c->family, c->summary, c->reference };
    check(c->size == sizeof *c && c->abi == KVANT_ABI, x, "size %u, abi %x", c->size, c->abi);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check(texts[i] && texts[i][0] && !strchr(texts[i], '\n'), x, "text %zu of the descriptor", i);
    for (const kvant_param *p = c->params; p->name; p++) {
        check(p->help && p->help[0] && !strchr(p->help, '\n'), x, "no help for %s", p->name);
        check(p->type == KVANT_CODEC || (p->min <= p->def && p->def <= p->max), x, "%s: a default out of range",
              p->name);
    }
    check(c->dim_min >= 1 && c->dim_max >= c->dim_min && c->dim_step >= 1, x, "dimensions %d, %d … %d", c->dim_min,
          c->dim_step, c->dim_max);
    check(x->p->dim >= c->dim_min && x->p->dim <= c->dim_max && (x->p->dim - c->dim_min) % c->dim_step == 0, x,
          "a dimension that is not stated");
}

/* ---- rows and bytes --------------------------------------------------------------------------------------------- */

/* What calibration rows hold: levels that calibration has fixed need not have a zero. */
static double calibrated_energy(const trial *x)
{
    if (!x->encoder.geometry.calibrates) return 0.0;
    kvant_samples samples = samples_for(&x->encoder, x->n);
    const double energy = test_energy(samples.rows, x->n * x->dim);
    samples_free(&samples);
    return energy;
}

static void all_kinds_round_trip_to_finite_rows(trial *x)
{
    const size_t values = x->n * x->dim;
    const double besides = calibrated_energy(x);
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        size_t n_bytes;
        const char *name = test_kind_name[kind];
        float *rows = test_rows(kind, x->n, x->dim, 11, x->p->huge);
        uint8_t *bytes = subject_encode(&x->encoder, rows, x->n, &n_bytes);
        check(decode_with(x, &x->decoder, bytes, n_bytes, x->n) == KVANT_OK, x, "%s rows: %s", name,
              x->decoder.t.host.message);
        check(all_finite(x->scratch, values), x, "%s rows come back not finite", name);
        if (!x->wrapper) {
            const double error = test_error(rows, x->scratch, values), energy = test_energy(rows, values);
            check(error <= 4.0 * energy + besides, x, "%s rows: an error of %g, their energy is %g", name, error,
                  energy);
        }
        free(rows), free(bytes);
    }
}

static void the_same_rows_are_the_same_bytes(trial *x)
{
    subject other;
    subject_open_same(&x->encoder, &other);
    subject_calibrate(&other, SAMPLES);
    subject *const encoders[] = { &x->encoder, &other };
    for (size_t i = 0; i < 2; i++) {
        size_t n_bytes;
        uint8_t *again = subject_encode(encoders[i], x->rows, x->n, &n_bytes);
        check(n_bytes == x->n_bytes && memcmp(again, x->bytes, n_bytes) == 0, x, "%s differs",
              i ? "another instance" : "a second sequence");
        free(again);
    }
    subject_close(&other);
}

static void the_encoder_decodes_what_a_fresh_instance_does(trial *x)
{
    check(decode_with(x, &x->encoder, x->bytes, x->n_bytes, x->n) == KVANT_OK, x, "%s", x->encoder.t.host.message);
    check(memcmp(x->scratch, x->back, x->n * x->dim * sizeof *x->back) == 0, x, "the encoder decodes other rows");
}

typedef struct piece {
    size_t row, n, at, n_bytes;
} piece;

/* Encodes rows in pieces of 1 … longest blocks, into x->out over what stands there; how many pieces. */
static size_t encode_pieces(trial *x, subject *encoder, const float *rows, size_t n_bytes, size_t longest,
                            piece *pieces)
{
    size_t n = 0, at = 0;
    memset(x->out, 0xff, x->bound + GUARD);
    for (size_t row = 0, blocks = 1; row < x->n; row += pieces[n++].n, blocks = blocks % longest + 1) {
        const size_t left = x->n - row, step = blocks * x->block < left ? blocks * x->block : left;
        const int64_t rc = encode_with(encoder, row, rows + row * x->dim, step, x->out + at, n_bytes - at);
        check(rc >= 0, x, "%zu rows from %zu: %s", step, row, encoder->t.host.message);
        pieces[n] = (piece){ row, step, at, (size_t)rc };
        at += (size_t)rc;
    }
    check(at == n_bytes, x, "pieces are %zu bytes, the whole is %zu", at, n_bytes);
    for (size_t i = at; i < x->bound + GUARD; i++)
        check(x->out[i] == 0xff, x, "byte %zu behind the pieces was written", i);
    return n;
}

/* The last piece first: decode needs nothing of those before. */
static void decode_pieces(trial *x, const piece *pieces, size_t n)
{
    subject fresh;
    subject_decoder(&x->encoder, &fresh);
    for (size_t i = n; i-- > 0;)
        check(fresh.t.codec->decode(fresh.t.state, pieces[i].row, x->out + pieces[i].at, pieces[i].n_bytes,
                                    x->scratch + pieces[i].row * x->dim, pieces[i].n) == KVANT_OK,
              x, "the piece at row %zu: %s", pieces[i].row, fresh.t.host.message);
    subject_close(&fresh);
}

static void pieces_are_the_whole(trial *x)
{
    piece *pieces = calloc(x->n / x->block, sizeof *pieces);
    float *whole = malloc(x->n * x->dim * sizeof *whole);
    for (test_kind kind = TEST_GAUSSIAN; kind <= TEST_SPIKY; kind++)
        for (size_t longest = 1; longest <= 3; longest += 2) {
            size_t n_bytes;
            float *rows = test_rows(kind, x->n, x->dim, 11, x->p->huge);
            uint8_t *bytes = subject_encode(&x->encoder, rows, x->n, &n_bytes);
            check(x->decoder.t.codec->decode(x->decoder.t.state, 0, bytes, n_bytes, whole, x->n) == KVANT_OK, x, "%s",
                  x->decoder.t.host.message);
            const size_t n = encode_pieces(x, &x->encoder, rows, n_bytes, longest, pieces);
            check(memcmp(x->out, bytes, n_bytes) == 0, x, "pieces of up to %zu blocks give other bytes", longest);
            decode_pieces(x, pieces, n);
            check(memcmp(x->scratch, whole, x->n * x->dim * sizeof *whole) == 0, x,
                  "pieces of up to %zu blocks decode to other rows", longest);
            free(rows), free(bytes);
        }
    free(pieces), free(whole);
}

/* ---- room ------------------------------------------------------------------------------------------------------- */

/* Some capacities from 0, then all but one byte, then enough. */
static size_t next_capacity(size_t capacity, size_t n_bytes)
{
    const size_t next = capacity + 1 + n_bytes / 32;
    return capacity + 1 < n_bytes && next >= n_bytes ? n_bytes - 1 : next < n_bytes ? next : capacity + 1;
}

static void encode_stays_inside_its_buffer_and_fills_it(trial *x)
{
    check(x->fixed ? x->bound == x->n_bytes : x->bound >= x->n_bytes, x, "the bound is %zu for %zu bytes", x->bound,
          x->n_bytes);
    for (size_t capacity = 0; capacity <= x->n_bytes; capacity = next_capacity(capacity, x->n_bytes)) {
        memset(x->out, 0xa5, x->bound + GUARD);
        const int64_t rc = encode_with(&x->encoder, 0, x->rows, x->n, x->out, capacity);
        check(capacity < x->n_bytes ? rc == KVANT_E_SPACE && x->encoder.t.host.message[0] : rc == (int64_t)x->n_bytes,
              x, "capacity %zu of %zu: %lld %s", capacity, x->n_bytes, (long long)rc, x->encoder.t.host.message);
        for (size_t i = capacity; i < x->bound + GUARD; i++)
            check(x->out[i] == 0xa5, x, "capacity %zu: byte %zu was written", capacity, i);
    }
    for (unsigned fill = 0; fill < 256; fill += 255) {
        memset(x->out, (int)fill, x->bound);
        check(encode_with(&x->encoder, 0, x->rows, x->n, x->out, x->bound) == (int64_t)x->n_bytes &&
                  memcmp(x->out, x->bytes, x->n_bytes) == 0,
              x, "some bytes are left as they were");
    }
}

static void no_rows_are_no_bytes_and_too_many_are_refused(trial *x)
{
    uint8_t byte = 0;
    float value = 0.0f;
    check(encode_with(&x->encoder, 0, &value, 0, &byte, 0) == 0, x, "no rows: %s", x->encoder.t.host.message);
    check(decode_with(x, &x->decoder, &byte, 0, 0) == KVANT_OK, x, "no bytes: %s", x->decoder.t.host.message);
    check(decode_with(x, &x->decoder, &byte, 1, 0) == KVANT_E_CORRUPT, x, "a byte of nothing is taken");
    if (!x->fixed) return;
    const size_t block_bytes = x->n_bytes / (x->n / x->block), most = SIZE_MAX / x->block;
    const size_t blocks[] = { most, SIZE_MAX / block_bytes < most ? SIZE_MAX / block_bytes + 1 : most };
    for (size_t i = 0; i < 2; i++) /* the bytes of the second would be counted as less than a block's */
        check(encode_with(&x->encoder, 0, &value, blocks[i] * x->block, x->out, x->bound) == KVANT_E_SPACE, x,
              "%zu blocks, more than bytes can be counted", blocks[i]);
}

static void split_adds_up(trial *x)
{
    const test_instance *t = &x->decoder.t;
    kvant_split s = { .size = sizeof s, .abi = KVANT_ABI };
    check(t->codec->split(t->state, 0, x->bytes, x->n_bytes, x->n, &s) == KVANT_OK, x, "split: %s", t->host.message);
    check(s.payload + s.metadata + s.exact == x->n_bytes, x, "%zu bytes split into %llu + %llu + %llu", x->n_bytes,
          (unsigned long long)s.payload, (unsigned long long)s.metadata, (unsigned long long)s.exact);
    if (x->wrapper) return;
    check(t->codec->split(t->state, 0, x->bytes, x->n_bytes - 1, x->n, &s) == KVANT_E_CORRUPT, x, "a short split");
}

/* ---- rows that cannot be encoded -------------------------------------------------------------------------------- */

static bool names_row(const char *message, size_t row)
{
    char text[32];
    const int n = snprintf(text, sizeof text, "row %zu", row);
    const char *at = strstr(message, text);
    return at && (at[n] < '0' || at[n] > '9');
}

/* Encodes x->rows, in which `row` is bad, at a position that is not always 0, and restores the row. What does not fit
 * may be something of the whole block: then the message names its first row. */
static void bad_row_is_refused(trial *x, size_t row, int code, double value)
{
    const size_t first = x->wrapper ? 0 : 5 * x->block;
    const char *message = x->encoder.t.host.message;
    const int64_t rc = encode_with(&x->encoder, first, x->rows, x->n, x->out, x->bound);
    check(rc == code, x, "%g in row %zu: %lld %s", value, row, (long long)rc, message);
    check(names_row(message, first + row) ||
              (code == KVANT_E_RANGE && names_row(message, first + row - row % x->block)),
          x, "a message without row %zu: %s", first + row, message);
    check(x->wrapper || strstr(message, x->encoder.t.codec->name), x, "a message without the name: %s", message);
    free(x->rows);
    x->rows = test_rows(TEST_GAUSSIAN, x->n, x->dim, 11, 0.0f);
}

static void non_finite_rows_are_refused(trial *x)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            const size_t row = k * (x->n - 1) / 2;
            x->rows[row * x->dim + x->dim / 2] = bad[i];
            bad_row_is_refused(x, row, KVANT_E_NONFINITE, (double)bad[i]);
        }
}

/* One value, and all of a row, in turns of sign. */
static void values_beyond_the_format_are_refused(trial *x)
{
    if (x->wrapper || x->p->huge > 1e37f) return;
    for (size_t i = 0; i < 2; i++) {
        x->rows[(x->n - 1) * x->dim + x->dim / 2] = i ? 3e38f : -3e38f;
        bad_row_is_refused(x, x->n - 1, KVANT_E_RANGE, 3e38);
    }
    for (size_t i = 0; i < x->dim; i++)
        x->rows[9 * x->dim + i] = i % 2 ? 3e38f : -3e38f;
    bad_row_is_refused(x, 9, KVANT_E_RANGE, 3e38);
}

/* ---- bytes that encode does not write --------------------------------------------------------------------------- */

static void wrong_lengths_are_refused(trial *x)
{
    const size_t n = x->n_bytes, wrong[] = { 0, 1, n / 3, n / 2, n < 8 ? 0 : n - 8, n - 1, n + 1 };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check(decode_with(x, &x->decoder, x->bytes, wrong[i], x->n) == KVANT_E_CORRUPT, x, "%zu bytes of %zu are taken",
              wrong[i], n);
        check(x->decoder.t.host.message[0], x, "no message");
    }
    check(decode_with(x, &x->decoder, x->bytes, n, x->n + x->block) == KVANT_E_CORRUPT, x, "a block too many");
    if (x->block == 1) return;
    check(encode_with(&x->encoder, 0, x->rows, x->n - 1, x->out, x->bound) < 0, x, "a piece of a block is taken");
    check(decode_with(x, &x->decoder, x->bytes, n, x->n - 1) < 0, x, "a piece of a block is decoded");
}

/* Flips bits of about `most` of the bytes, more of the first than of others. */
static void flip(trial *x, uint8_t *bytes, size_t n_bytes, size_t n, size_t most)
{
    for (size_t i = 0; i < n_bytes; i += i < 64 ? 1 : n_bytes / most + 1)
        for (unsigned bits = 1; bits < 256; bits = 2 * bits + 1) {
            bytes[i] ^= (uint8_t)bits;
            const int rc = decode_with(x, &x->decoder, bytes, n_bytes, n);
            bytes[i] ^= (uint8_t)bits;
            check(rc == KVANT_OK || (rc == KVANT_E_CORRUPT && x->decoder.t.host.message[0]), x, "byte %zu flipped: %d",
                  i, rc);
            check(rc != KVANT_OK || all_finite(x->scratch, n * x->dim), x, "byte %zu flipped: not finite", i);
        }
    check(decode_with(x, &x->decoder, bytes, n_bytes, n) == KVANT_OK, x, "no way back");
}

/* Of the first block, and of all where a later one may be read by what stands in an earlier. */
static void flipped_bytes_give_an_error_or_finite_rows(trial *x)
{
    const size_t n = x->block == 1 ? 2 : x->block;
    size_t n_bytes;
    uint8_t *bytes = subject_encode(&x->encoder, x->rows, n, &n_bytes);
    flip(x, bytes, n_bytes, n, FLIPPED_FIRST);
    if (!x->fixed) flip(x, x->bytes, x->n_bytes, x->n, FLIPPED_ALL);
    free(bytes);
}

/* Loads n bytes of side data and decodes; what the first that failed said. */
static int with_side(trial *x, const uint8_t *side, size_t n)
{
    subject other;
    subject_open_same(&x->encoder, &other);
    int rc = other.t.codec->load(other.t.state, side, n);
    check(rc == KVANT_OK || other.t.host.message[0], x, "no message");
    if (rc == KVANT_OK) rc = decode_with(x, &other, x->bytes, x->n_bytes, x->n);
    check(rc != KVANT_OK || all_finite(x->scratch, x->n * x->dim), x, "side data of %zu: not finite", n);
    subject_close(&other);
    return rc;
}

static void bad_side_data_are_refused(trial *x)
{
    size_t n;
    uint8_t *side = subject_side(&x->encoder, &n);
    const size_t step = n / FLIPPED_SIDE + 1;
    side[n] = 0;
    for (size_t cut = 1; cut < n; cut += cut < 16 ? 1 : step)
        check(with_side(x, side, cut) != KVANT_OK, x, "%zu bytes of %zu of side data are taken", cut, n);
    if (n > 0) check(with_side(x, side, n + 1) == KVANT_E_CORRUPT, x, "a byte too many in side data");
    for (size_t i = 0; i < n; i += i < 16 ? 1 : step)
        for (unsigned bits = 1; bits < 256; bits = 2 * bits + 1) {
            side[i] ^= (uint8_t)bits;
            const int rc = with_side(x, side, n);
            side[i] ^= (uint8_t)bits;
            check(rc == KVANT_OK || rc == KVANT_E_CORRUPT || rc == KVANT_E_STATE, x, "side byte %zu flipped: %d", i,
                  rc);
        }
    free(side);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

/* One life with so many allocations; the first error. */
static int64_t life(trial *x, long allowed)
{
    const subject *e = &x->encoder;
    subject s;
    test_host_init(&s.t.host);
    s.t.host.allowed = allowed;
    int64_t rc = subject_try_spec(&s, e->spec, e->stream, e->dim, e->heads);
    check(rc == KVANT_OK ? s.t.state != NULL : !s.t.state && s.t.host.live == 0, x,
          "%ld allocations: create gives %lld and leaves a state", allowed, (long long)rc);
    const bool created = rc == KVANT_OK;
    if (rc == KVANT_OK) rc = subject_try_calibrate(&s, SAMPLES);
    if (rc == KVANT_OK) rc = encode_with(&s, 0, x->rows, x->n, x->out, x->bound);
    if (rc >= 0) {
        check((size_t)rc == x->n_bytes && memcmp(x->out, x->bytes, x->n_bytes) == 0, x, "%ld allocations: other bytes",
              allowed);
        rc = decode_with(x, &s, x->out, (size_t)rc, x->n);
    }
    check(rc == KVANT_OK || s.t.host.message[0], x, "%ld allocations: no message", allowed);
    if (created) s.t.codec->destroy(s.t.state);
    check(s.t.host.live == 0, x, "%ld allocations: %ld are left", allowed, s.t.host.live);
    return rc;
}

static void failed_allocations_leave_nothing(trial *x)
{
    int64_t rc = life(x, 0);
    check(rc == KVANT_E_MEMORY, x, "a life without memory: %lld", (long long)rc);
    for (long allowed = 1; rc != KVANT_OK && allowed < MOST_ALLOCATIONS; allowed++) {
        rc = life(x, allowed);
        check(rc == KVANT_OK || rc == KVANT_E_MEMORY, x, "%ld allocations: %lld", allowed, (long long)rc);
    }
    check(rc == KVANT_OK, x, "%d allocations are not enough", MOST_ALLOCATIONS);
}

static void encode_before_calibrate_is_refused(trial *x)
{
    subject other;
    subject_open_same(&x->encoder, &other);
    const int64_t rc = encode_with(&other, 0, x->rows, x->n, x->out, x->bound);
    check(rc == (x->encoder.geometry.calibrates ? KVANT_E_STATE : (int64_t)x->n_bytes), x, "%lld", (long long)rc);
    subject_close(&other);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static void trial_open(trial *x, const promise *p)
{
    *x = (trial){ .p = p, .dim = (size_t)p->dim };
    subject_open(&x->encoder, p->expression, p->dim, p->heads);
    x->wrapper = x->encoder.t.codec->params[0].type == KVANT_CODEC;
    x->fixed = !x->wrapper && !(x->encoder.t.codec->flags & KVANT_VARIABLE);
    subject_calibrate(&x->encoder, SAMPLES);
    x->block = x->encoder.geometry.block;
    x->n = 3 * x->block;
    while (x->n < ROWS)
        x->n += x->block;
    x->rows = test_rows(TEST_GAUSSIAN, x->n, x->dim, 11, 0.0f);
    x->back = malloc(x->n * x->dim * sizeof *x->back);
    x->scratch = malloc((x->n + x->block) * x->dim * sizeof *x->scratch);
    x->bound = x->encoder.t.codec->bound(x->encoder.t.state, 0, x->n);
    x->out = malloc(x->bound + GUARD);
    uint8_t *bytes = subject_encode(&x->encoder, x->rows, x->n, &x->n_bytes);
    x->bytes = calloc(1, x->n_bytes + 1);
    assert_true(x->back && x->scratch && x->out && x->bytes);
    memcpy(x->bytes, bytes, x->n_bytes);
    free(bytes);
    subject_decoder(&x->encoder, &x->decoder);
    check(decode_with(x, &x->decoder, x->bytes, x->n_bytes, x->n) == KVANT_OK, x, "%s", x->decoder.t.host.message);
    memcpy(x->back, x->scratch, x->n * x->dim * sizeof *x->back);
}

static void trial_close(trial *x)
{
    subject_close(&x->decoder);
    subject_close(&x->encoder);
    free(x->rows), free(x->back), free(x->scratch), free(x->bytes), free(x->out);
}

void promises_hold(const promise *cases, size_t n)
{
    static void (*const promises[])(trial *) = {
        the_descriptor_is_complete,
        all_kinds_round_trip_to_finite_rows,
        the_same_rows_are_the_same_bytes,
        the_encoder_decodes_what_a_fresh_instance_does,
        pieces_are_the_whole,
        encode_stays_inside_its_buffer_and_fills_it,
        no_rows_are_no_bytes_and_too_many_are_refused,
        split_adds_up,
        non_finite_rows_are_refused,
        values_beyond_the_format_are_refused,
        wrong_lengths_are_refused,
        flipped_bytes_give_an_error_or_finite_rows,
        bad_side_data_are_refused,
        failed_allocations_leave_nothing,
        encode_before_calibrate_is_refused,
    };
    for (size_t i = 0; i < n; i++) {
        trial x;
        trial_open(&x, &cases[i]);
        for (size_t k = 0; k < sizeof promises / sizeof *promises; k++)
            promises[k](&x);
        trial_close(&x);
    }
}
