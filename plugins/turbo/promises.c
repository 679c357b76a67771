#include "plugins/turbo/promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct trial {
    test_instance encoder, decoder;
    const kvant_codec *codec;
    const kvant_value *values;
    size_t dim, block, n; /* n: rows to try, some blocks */
    float huge;
} trial;

#define check(condition, x, ...)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s d=%zu: ", (x)->codec->name, (x)->dim);                                                     \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

static kvant_geometry geometry_of(const test_instance *t)
{
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    if (t->codec->geometry) assert_int_equal(t->codec->geometry(t->state, &g), KVANT_OK);
    if (g.block == 0) g.block = 1;
    return g;
}

void promises_open_encoder(test_instance *t, const kvant_codec *codec, int dim, const kvant_value *values)
{
    enum { SAMPLES = 64 };
    test_open(t, codec, dim, values);
    if (!geometry_of(t).calibrates) return;
    float *rows = test_rows(TEST_GAUSSIAN, SAMPLES, (size_t)dim, 77, 0.0f);
    const kvant_samples samples = {
        .size = sizeof samples, .abi = KVANT_ABI, .rows = rows, .n_rows = SAMPLES, .sequence = SAMPLES
    };
    if (codec->calibrate(t->state, &samples) != KVANT_OK) fail_msg("%s", t->host.message);
    free(rows);
}

void promises_open_decoder(test_instance *t, const test_instance *encoder, int dim, const kvant_value *values)
{
    uint8_t side[4096];
    const kvant_codec *codec = encoder->codec;
    test_open(t, codec, dim, values);
    const int64_t n = codec->save ? codec->save(encoder->state, NULL, 0) : 0;
    assert_true(n >= 0 && n <= (int64_t)sizeof side);
    if (n == 0) return;
    assert_true(codec->save(encoder->state, side, (size_t)n) == n);
    if (codec->load(t->state, side, (size_t)n) != KVANT_OK) fail_msg("%s", t->host.message);
}

static float *rows_of(const trial *x, test_kind kind)
{
    return test_rows(kind, x->n, x->dim, 11, x->huge);
}

/* ---- promises --------------------------------------------------------------------------------------------------- */

static void all_kinds_round_trip_to_finite_rows(trial *x)
{
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        size_t n_bytes;
        float *rows = rows_of(x, kind), *back = malloc(x->n * x->dim * sizeof *back);
        uint8_t *bytes = test_encode(&x->encoder, rows, x->n, &n_bytes);
        check(x->codec->decode(x->decoder.state, 0, bytes, n_bytes, back, x->n) == KVANT_OK, x, "%s: %s",
              test_kind_name[kind], x->decoder.host.message);
        for (size_t i = 0; i < x->n * x->dim; i++) {
            check(isfinite(back[i]), x, "%s: value %zu is %g", test_kind_name[kind], i, (double)back[i]);
            check(kind != TEST_ZERO || back[i] == 0.0f, x, "zero came back as %g", (double)back[i]);
        }
        free(rows), free(back), free(bytes);
    }
}

static void pieces_give_the_same_bytes_and_rows(trial *x)
{
    size_t n_bytes, at = 0;
    float *rows = rows_of(x, TEST_SPIKY), *whole = malloc(x->n * x->dim * sizeof *whole),
          *back = calloc(x->n, x->dim * 4);
    uint8_t *bytes = test_encode(&x->encoder, rows, x->n, &n_bytes), *piece = malloc(n_bytes);
    assert_int_equal(x->codec->decode(x->encoder.state, 0, bytes, n_bytes, whole, x->n), KVANT_OK);
    for (size_t row = 0, step = x->block; row < x->n; row += step, step = step % (3 * x->block) + x->block) {
        if (step > x->n - row) step = x->n - row;
        const int64_t rc = x->codec->encode(x->encoder.state, row, rows + row * x->dim, step, piece, n_bytes);
        check(rc > 0 && memcmp(piece, bytes + at, (size_t)rc) == 0, x, "the piece at row %zu differs", row);
        check(x->codec->decode(x->decoder.state, row, piece, (size_t)rc, back + row * x->dim, step) == KVANT_OK, x,
              "the piece at row %zu: %s", row, x->decoder.host.message);
        at += (size_t)rc;
    }
    check(at == n_bytes, x, "pieces of %zu bytes, the whole %zu", at, n_bytes);
    check(memcmp(whole, back, x->n * x->dim * sizeof *back) == 0, x, "the decoder's rows differ");
    free(rows), free(whole), free(back), free(bytes), free(piece);
}

static void encode_stays_inside_its_buffer_and_fills_it(trial *x)
{
    float *rows = rows_of(x, TEST_GAUSSIAN);
    const size_t bound = x->codec->bound(x->encoder.state, 0, x->n);
    uint8_t *bytes = malloc(bound + 64), *other = malloc(bound);
    const size_t capacities[] = { 0, 1, bound / 2, bound - 1, bound };
    for (size_t c = 0; c < 5; c++) {
        memset(bytes, 0xa5, bound + 64);
        const int64_t rc = x->codec->encode(x->encoder.state, 0, rows, x->n, bytes, capacities[c]);
        check(capacities[c] < bound ? rc == KVANT_E_SPACE : rc == (int64_t)bound, x, "capacity %zu of %zu: %lld",
              capacities[c], bound, (long long)rc);
        for (size_t i = capacities[c]; i < bound + 64; i++)
            check(bytes[i] == 0xa5, x, "capacity %zu: byte %zu was written", capacities[c], i);
    }
    memset(other, 0x5a, bound);
    assert_true(x->codec->encode(x->encoder.state, 0, rows, x->n, other, bound) == (int64_t)bound);
    check(memcmp(bytes, other, bound) == 0, x, "some bytes are left as they were");
    free(rows), free(bytes), free(other);
}

static void values_out_of_range_are_refused(trial *x)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY, 3e38f };
    const size_t bound = x->codec->bound(x->encoder.state, 0, x->n);
    uint8_t *bytes = malloc(bound);
    for (size_t i = 0; i < 4; i++) {
        float *rows = rows_of(x, TEST_GAUSSIAN);
        char row[32];
        for (size_t c = 0; c < (i < 3 ? 1 : x->dim); c++)
            rows[9 * x->dim + (c + x->dim - 1) % x->dim] = c % 2 ? bad[i] : -bad[i];
        const int64_t rc = x->codec->encode(x->encoder.state, 5 * x->block, rows, x->n, bytes, bound);
        check(rc == (i < 3 ? KVANT_E_NONFINITE : KVANT_E_RANGE), x, "%g gives %lld", (double)bad[i], (long long)rc);
        snprintf(row, sizeof row, "row %zu", 5 * x->block + 9);
        check(strstr(x->encoder.host.message, row) && strstr(x->encoder.host.message, x->codec->name), x, "no %s: %s",
              row, x->encoder.host.message);
        free(rows);
    }
    free(bytes);
}

static void wrong_lengths_are_refused(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN), *back = malloc((x->n + x->block) * x->dim * sizeof *back);
    uint8_t *bytes = test_encode(&x->encoder, rows, x->n, &n_bytes);
    const size_t wrong[] = { 0, 1, n_bytes / 2, n_bytes - 1, n_bytes + 1 };
    for (size_t i = 0; i < 5; i++) {
        x->decoder.host.message[0] = 0;
        check(x->codec->decode(x->decoder.state, 0, bytes, wrong[i], back, x->n) == KVANT_E_CORRUPT, x,
              "%zu bytes taken for %zu", wrong[i], n_bytes);
        check(x->decoder.host.message[0], x, "no message");
    }
    check(x->codec->decode(x->decoder.state, 0, bytes, n_bytes, back, x->n + x->block) == KVANT_E_CORRUPT, x,
          "a block too many");
    free(rows), free(back), free(bytes);
}

static void flipped_bytes_give_an_error_or_finite_rows(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN), *back = malloc(x->block * x->dim * sizeof *back);
    uint8_t *bytes = test_encode(&x->encoder, rows, x->block, &n_bytes);
    for (size_t i = 0; i < n_bytes; i++)
        for (unsigned flip = 1; flip < 256; flip = 8 * flip + 7) {
            bytes[i] ^= (uint8_t)flip;
            const int rc = x->codec->decode(x->decoder.state, 0, bytes, n_bytes, back, x->block);
            check(rc == KVANT_OK || rc == KVANT_E_CORRUPT, x, "byte %zu flipped: %d", i, rc);
            for (size_t k = 0; rc == KVANT_OK && k < x->block * x->dim; k++)
                check(isfinite(back[k]), x, "byte %zu flipped: a value is %g", i, (double)back[k]);
            bytes[i] ^= (uint8_t)flip;
        }
    free(rows), free(back), free(bytes);
}

static void split_adds_up(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN);
    uint8_t *bytes = test_encode(&x->encoder, rows, x->n, &n_bytes);
    kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
    assert_int_equal(x->codec->split(x->decoder.state, 0, bytes, n_bytes, x->n, &split), KVANT_OK);
    check(split.payload + split.metadata + split.exact == n_bytes && split.metadata > 0, x,
          "%zu bytes split into %llu + %llu + %llu", n_bytes, (unsigned long long)split.payload,
          (unsigned long long)split.metadata, (unsigned long long)split.exact);
    check(x->codec->split(x->decoder.state, 0, bytes, n_bytes - 1, x->n, &split) == KVANT_E_CORRUPT, x, "short bytes");
    free(rows), free(bytes);
}

static void no_rows_are_no_bytes_and_too_many_are_refused(trial *x)
{
    uint8_t byte = 0;
    float value = 0.0f;
    check(x->codec->encode(x->encoder.state, 0, &value, 0, &byte, 0) == 0, x, "no rows: %s", x->encoder.host.message);
    check(x->codec->decode(x->decoder.state, 0, &byte, 0, &value, 0) == KVANT_OK, x, "no bytes");
    check(x->codec->encode(x->encoder.state, 0, &value, SIZE_MAX - SIZE_MAX % x->block, &byte, 1) == KVANT_E_SPACE, x,
          "more rows than bytes can be counted");
}

static void failed_allocations_leave_nothing(trial *x)
{
    const kvant_shape shape = {
        .size = sizeof shape, .abi = KVANT_ABI, .dim = (int32_t)x->dim, .n_layers = 1, .n_heads = 1
    };
    for (long allowed = 0; allowed < 16; allowed++) {
        test_host h;
        void *state = NULL;
        test_host_init(&h);
        h.allowed = allowed;
        const int rc = x->codec->create(&h.host, &shape, x->values, &state);
        if (rc == KVANT_OK) {
            x->codec->destroy(state);
            check(h.live == 0, x, "%ld allocations left after destroy", h.live);
            return;
        }
        check(rc == KVANT_E_MEMORY && h.message[0] && h.live == 0, x, "%ld allocations: %d, %ld left", allowed, rc,
              h.live);
    }
    fail();
}

void promises_check(const kvant_codec *codec, int dim, const kvant_value *values, float huge)
{
    trial x = { .codec = codec, .values = values, .dim = (size_t)dim, .huge = huge };
    kvant_value defaults[TEST_PARAMS] = { 0 };
    if (!values) {
        test_defaults(codec, NULL, defaults);
        x.values = defaults;
    }
    promises_open_encoder(&x.encoder, codec, dim, x.values);
    promises_open_decoder(&x.decoder, &x.encoder, dim, x.values);
    x.block = geometry_of(&x.encoder).block;
    x.n = x.block == 1 ? 24 : 3 * x.block;
    all_kinds_round_trip_to_finite_rows(&x);
    pieces_give_the_same_bytes_and_rows(&x);
    encode_stays_inside_its_buffer_and_fills_it(&x);
    values_out_of_range_are_refused(&x);
    wrong_lengths_are_refused(&x);
    flipped_bytes_give_an_error_or_finite_rows(&x);
    split_adds_up(&x);
    no_rows_are_no_bytes_and_too_many_are_refused(&x);
    failed_allocations_leave_nothing(&x);
    test_close(&x.encoder);
    test_close(&x.decoder);
}
