/* What every codec of ours promises, tried on every codec: one table of expressions, one test per promise. */

#include "tests/codecs/test_host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"

enum { N = 24, MAX_CASES = 64 };

enum { PLAIN, NORM, MSE, UNBIASED }; /* polar's scale */

typedef struct expression {
    const char *module, *name;
    int64_t bits, scale;  /* polar's; bits 0: none */
    const char *inner[2]; /* rotate's: module, name */
    int dims[4];          /* ends with 0 */
    float huge;           /* a magnitude that a whole row may have */
    bool tiny_is_kept;    /* idempotent on rows of 1e-30 too; not where the f16 scale of a block becomes 0 first */
    bool idempotent;      /* see decoded_rows_encode_to_the_same_bytes */
} expression;

static const expression expressions[] = {
    { "exact", "identity", 0, 0, { 0 }, { 1, 80, 128 }, 1e38f, true, true },
    { "exact", "f16", 0, 0, { 0 }, { 1, 80, 128 }, 65000.0f, true, true },
    { "block", "q8_0", 0, 0, { 0 }, { 32, 128 }, 8e6f, false, true },
    { "block", "q4_0", 0, 0, { 0 }, { 32, 128 }, 5e5f, false, true },
    { "turbo", "turbo2", 0, 0, { 0 }, { 128, 256 }, 5000.0f, true, true },
    { "turbo", "turbo3", 0, 0, { 0 }, { 128, 256 }, 5000.0f, true, true },
    { "turbo", "turbo4", 0, 0, { 0 }, { 128, 256 }, 5000.0f, true, true },
    { "turbo", "turbo3", 0, 0, { 0 }, { 64, 80, 129 }, 5000.0f, true, false },
    { "polar", "polar", 1, NORM, { 0 }, { 64, 128, 80 }, 2500.0f, true, true },
    { "polar", "polar", 2, MSE, { 0 }, { 64, 128, 112 }, 2500.0f, true, true },
    { "polar", "polar", 3, UNBIASED, { 0 }, { 64, 128, 48 }, 2500.0f, true, true },
    { "polar", "polar", 4, NORM, { 0 }, { 64, 128, 240 }, 2500.0f, true, true },
    { "polar", "polar", 4, PLAIN, { 0 }, { 64, 128, 240 }, 2500.0f, true, false },
    { "polar", "polar", 5, MSE, { 0 }, { 32, 256, 96 }, 2500.0f, true, true },
    { "polar", "polar", 6, UNBIASED, { 0 }, { 32, 256, 160 }, 2500.0f, true, true },
    { "polar", "polar", 7, NORM, { 0 }, { 512, 192 }, 2500.0f, true, true },
    { "polar", "polar", 8, PLAIN, { 0 }, { 128, 224 }, 2500.0f, true, false },
    { "rotate", "rotate", 0, 0, { "block", "q4_0" }, { 64, 128, 96 }, 20000.0f, true, false },
    { "rotate", "rotate", 0, 0, { "exact", "identity" }, { 48, 128 }, 1e34f, true, false },
    { "rotate", "rotate", 0, 0, { "turbo", "turbo4" }, { 128 }, 5000.0f, true, false },
    { "template", "template", 0, 0, { 0 }, { 1, 128 }, 1e38f, true, true },
};

/* One expression at one dimension, opened. */
typedef struct trial {
    const expression *e;
    test_instance t;
    kvant_inner inner;
    kvant_value values[TEST_PARAMS];
    size_t dim;
    char label[96];
} trial;

static void values_of(const expression *e, trial *x)
{
    const kvant_codec *codec = test_codec(e->module, e->name);
    memset(x, 0, sizeof *x);
    x->e = e;
    if (e->inner[0]) {
        x->inner.codec = test_codec(e->inner[0], e->inner[1]);
        test_defaults(x->inner.codec, NULL, x->inner.values);
    }
    test_defaults(codec, &x->inner, x->values);
    if (e->bits) {
        x->values[test_param(codec, "bits")].i = e->bits;
        x->values[test_param(codec, "scale")].i = e->scale;
    }
    x->t.codec = codec;
}

static void trial_open(trial *x, const expression *e, int dim)
{
    values_of(e, x);
    x->dim = (size_t)dim;
    snprintf(x->label, sizeof x->label, "%s%.0lld(%s) d=%d", e->name, (long long)e->bits,
             e->inner[1] ? e->inner[1] : "", dim);
    test_open(&x->t, x->t.codec, dim, x->values);
}

static void for_each(void (*check)(trial *x))
{
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        for (const int *dim = expressions[i].dims; dim < expressions[i].dims + 4 && *dim; dim++) {
            trial x;
            trial_open(&x, &expressions[i], *dim);
            check(&x);
            test_close(&x.t);
        }
}

#define check(condition, x, ...)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s: ", (x)->label);                                                                           \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

static float *rows_of(const trial *x, test_kind kind, size_t n)
{
    return test_rows(kind, n, x->dim, 11, x->e->huge);
}

/* ---- promises --------------------------------------------------------------------------------------------------- */

static void all_kinds_round_trip_to_finite_rows(trial *x)
{
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        size_t n_bytes;
        float *rows = rows_of(x, kind, N), *back = malloc(N * x->dim * sizeof *back);
        uint8_t *bytes = test_encode(&x->t, rows, N, &n_bytes);
        check(x->t.codec->decode(x->t.state, 0, bytes, n_bytes, back, N) == KVANT_OK, x, "%s: %s", test_kind_name[kind],
              x->t.host.message);
        for (size_t i = 0; i < N * x->dim; i++)
            check(isfinite(back[i]), x, "%s: value %zu is %g", test_kind_name[kind], i, (double)back[i]);
        if (kind == TEST_ZERO)
            for (size_t i = 0; i < N * x->dim; i++)
                check(back[i] == 0.0f, x, "zero came back as %g", (double)back[i]);
        free(rows), free(back), free(bytes);
    }
}

/* Where it must hold: not for padded heads, whose padding is cut off; not for polar(scale=plain), whose decoded rows
 * are shorter by the shrink that makes the error least; not through rotate, where the rotation's rounding comes
 * between. */
static void decoded_rows_encode_to_the_same_bytes(trial *x)
{
    if (!x->e->idempotent) return;
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        if (kind == TEST_TINY && !x->e->tiny_is_kept) continue;
        size_t n_bytes, n_again;
        float *rows = rows_of(x, kind, N), *back = malloc(N * x->dim * sizeof *back);
        uint8_t *bytes = test_encode(&x->t, rows, N, &n_bytes);
        assert_int_equal(x->t.codec->decode(x->t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        uint8_t *again = test_encode(&x->t, back, N, &n_again);
        check(n_bytes == n_again, x, "%s: %zu bytes, then %zu", test_kind_name[kind], n_bytes, n_again);
        for (size_t i = 0; i < n_bytes; i++)
            check(bytes[i] == again[i], x, "%s: byte %zu of %zu differs", test_kind_name[kind], i, n_bytes);
        free(rows), free(back), free(bytes), free(again);
    }
}

static void split_rows_encode_to_the_same_bytes(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN, N);
    uint8_t *bytes = test_encode(&x->t, rows, N, &n_bytes), *pieces = malloc(n_bytes);
    test_instance other;
    test_open(&other, x->t.codec, (int)x->dim, x->values);
    size_t at = 0;
    for (size_t row = 0, step = 1; row < N; row += step, step = step % 3 + 1) {
        const size_t n = row + step <= N ? step : N - row;
        const int64_t rc = other.codec->encode(other.state, row, rows + row * x->dim, n, pieces + at, n_bytes - at);
        check(rc > 0, x, "piece at row %zu: %s", row, other.host.message);
        at += (size_t)rc;
    }
    check(at == n_bytes && memcmp(bytes, pieces, n_bytes) == 0, x, "pieces differ from the whole");
    test_close(&other);
    free(rows), free(bytes), free(pieces);
}

static void a_fresh_instance_decodes_the_same_rows(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_SPIKY, N);
    float *a = malloc(N * x->dim * sizeof *a), *b = malloc(N * x->dim * sizeof *b);
    uint8_t *bytes = test_encode(&x->t, rows, N, &n_bytes);
    test_instance fresh;
    test_open(&fresh, x->t.codec, (int)x->dim, x->values);
    assert_int_equal(x->t.codec->decode(x->t.state, 0, bytes, n_bytes, a, N), KVANT_OK);
    for (size_t row = 0; row < N; row++) /* row by row: all of these codecs have a fixed rate */
        assert_int_equal(
            fresh.codec->decode(fresh.state, row, bytes + row * (n_bytes / N), n_bytes / N, b + row * x->dim, 1),
            KVANT_OK);
    check(memcmp(a, b, N * x->dim * sizeof *a) == 0, x, "decoded rows differ");
    test_close(&fresh);
    free(rows), free(a), free(b), free(bytes);
}

static void encode_stays_inside_its_buffer(trial *x)
{
    float *rows = rows_of(x, TEST_GAUSSIAN, N);
    const size_t bound = x->t.codec->bound(x->t.state, 0, N);
    uint8_t *bytes = malloc(bound + 64);
    for (size_t capacity = 0; capacity <= bound;
         capacity += capacity + 7 < bound ? 7 : bound - capacity + (capacity == bound)) {
        memset(bytes, 0xa5, bound + 64);
        const int64_t rc = x->t.codec->encode(x->t.state, 0, rows, N, bytes, capacity);
        check(capacity < bound ? rc == KVANT_E_SPACE && x->t.host.message[0] : rc >= 0, x, "capacity %zu of %zu: %lld",
              capacity, bound, (long long)rc);
        for (size_t i = capacity; i < bound + 64; i++)
            check(bytes[i] == 0xa5, x, "capacity %zu: byte %zu was written", capacity, i);
    }
    free(rows), free(bytes);
}

static void every_byte_is_written(trial *x)
{
    float *rows = rows_of(x, TEST_GAUSSIAN, N);
    const size_t bound = x->t.codec->bound(x->t.state, 0, N);
    uint8_t *a = malloc(bound), *b = malloc(bound);
    memset(a, 0x00, bound);
    memset(b, 0xff, bound);
    assert_true(x->t.codec->encode(x->t.state, 0, rows, N, a, bound) == (int64_t)bound);
    assert_true(x->t.codec->encode(x->t.state, 0, rows, N, b, bound) == (int64_t)bound);
    check(memcmp(a, b, bound) == 0, x, "some bytes are left as they were");
    free(rows), free(a), free(b);
}

static void non_finite_rows_are_refused(trial *x)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    float *rows = rows_of(x, TEST_GAUSSIAN, N);
    const size_t bound = x->t.codec->bound(x->t.state, 0, N);
    uint8_t *bytes = malloc(bound);
    for (size_t i = 0; i < 3; i++) {
        const size_t at = (7 * i + 5) * x->dim + x->dim / 2;
        const float good = rows[at];
        rows[at] = bad[i];
        x->t.host.message[0] = 0;
        check(x->t.codec->encode(x->t.state, 0, rows, N, bytes, bound) == KVANT_E_NONFINITE, x, "%g taken",
              (double)bad[i]);
        char row[32];
        snprintf(row, sizeof row, "row %zu", at / x->dim);
        check(strstr(x->t.host.message, row) != NULL, x, "message without %s: %s", row, x->t.host.message);
        rows[at] = good;
    }
    free(rows), free(bytes);
}

static void values_beyond_the_format_are_refused(trial *x)
{
    if (x->e->huge > 1e37f) return; /* holds every finite value */
    float *rows = test_rows(TEST_CONSTANT, N, x->dim, 11, 0.0f);
    const size_t bound = x->t.codec->bound(x->t.state, 0, N);
    uint8_t *bytes = malloc(bound);
    for (size_t i = 0; i < x->dim; i++)
        rows[9 * x->dim + i] = i % 2 ? 3e38f : -3e38f;
    const int64_t rc = x->t.codec->encode(x->t.state, 0, rows, N, bytes, bound);
    check(rc == KVANT_E_RANGE, x, "3e38 gives %lld", (long long)rc);
    check(strstr(x->t.host.message, "row 9") != NULL, x, "message: %s", x->t.host.message);
    free(rows), free(bytes);
}

static void wrong_lengths_are_refused(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN, N), *back = malloc((N + 1) * x->dim * sizeof *back);
    uint8_t *bytes = test_encode(&x->t, rows, N, &n_bytes);
    bytes = realloc(bytes, n_bytes + 1);
    bytes[n_bytes] = 0;
    const size_t wrong[] = { 0, 1, n_bytes / 2, n_bytes - 1, n_bytes + 1 };
    for (size_t i = 0; i < 5; i++) {
        x->t.host.message[0] = 0;
        check(x->t.codec->decode(x->t.state, 0, bytes, wrong[i], back, N) == KVANT_E_CORRUPT, x, "%zu bytes taken",
              wrong[i]);
        check(x->t.host.message[0], x, "no message");
    }
    check(x->t.codec->decode(x->t.state, 0, bytes, n_bytes, back, N + 1) == KVANT_E_CORRUPT, x, "a row too many");
    free(rows), free(back), free(bytes);
}

static void flipped_bytes_give_an_error_or_finite_rows(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN, 2), *back = malloc(2 * x->dim * sizeof *back);
    uint8_t *bytes = test_encode(&x->t, rows, 2, &n_bytes);
    for (size_t i = 0; i < n_bytes; i++)
        for (unsigned flip = 1; flip < 256; flip = 2 * flip + 1) {
            bytes[i] ^= (uint8_t)flip;
            const int rc = x->t.codec->decode(x->t.state, 0, bytes, n_bytes, back, 2);
            check(rc == KVANT_OK || rc == KVANT_E_CORRUPT, x, "byte %zu flipped: %d", i, rc);
            for (size_t k = 0; rc == KVANT_OK && k < 2 * x->dim; k++)
                check(isfinite(back[k]), x, "byte %zu flipped: a value is %g", i, (double)back[k]);
            bytes[i] ^= (uint8_t)flip;
        }
    free(rows), free(back), free(bytes);
}

static void split_adds_up(trial *x)
{
    size_t n_bytes;
    float *rows = rows_of(x, TEST_GAUSSIAN, N);
    uint8_t *bytes = test_encode(&x->t, rows, N, &n_bytes);
    kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
    assert_int_equal(x->t.codec->split(x->t.state, 0, bytes, n_bytes, N, &split), KVANT_OK);
    check(split.payload + split.metadata + split.exact == n_bytes, x, "%zu bytes split into %llu + %llu + %llu",
          n_bytes, (unsigned long long)split.payload, (unsigned long long)split.metadata,
          (unsigned long long)split.exact);
    free(rows), free(bytes);
}

static void no_rows_are_no_bytes(trial *x)
{
    uint8_t byte = 0;
    float value = 0.0f;
    check(x->t.codec->encode(x->t.state, 0, &value, 0, &byte, 0) == 0, x, "no rows: %s", x->t.host.message);
    check(x->t.codec->decode(x->t.state, 0, &byte, 0, &value, 0) == KVANT_OK, x, "no bytes: %s", x->t.host.message);
}

static void failed_allocations_leave_nothing(trial *x)
{
    const kvant_shape shape = {
        .size = sizeof shape, .abi = KVANT_ABI, .dim = (int32_t)x->dim, .n_layers = 1, .n_heads = 1
    };
    for (long allowed = 0; allowed < 8; allowed++) {
        test_host h;
        void *state = NULL;
        test_host_init(&h);
        h.allowed = allowed;
        const int rc = x->t.codec->create(&h.host, &shape, x->values, &state);
        if (rc == KVANT_OK) {
            x->t.codec->destroy(state);
            check(h.live == 0, x, "%ld allocations left after destroy", h.live);
            return;
        }
        check(rc == KVANT_E_MEMORY && h.message[0] && h.live == 0, x, "%ld allocations: %d, %ld left", allowed, rc,
              h.live);
    }
    fail();
}

#define PROMISE(name)                                                                                                  \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        for_each(name);                                                                                                \
    }
PROMISE(all_kinds_round_trip_to_finite_rows)
PROMISE(decoded_rows_encode_to_the_same_bytes)
PROMISE(split_rows_encode_to_the_same_bytes)
PROMISE(a_fresh_instance_decodes_the_same_rows)
PROMISE(encode_stays_inside_its_buffer)
PROMISE(every_byte_is_written)
PROMISE(non_finite_rows_are_refused)
PROMISE(values_beyond_the_format_are_refused)
PROMISE(wrong_lengths_are_refused)
PROMISE(flipped_bytes_give_an_error_or_finite_rows)
PROMISE(split_adds_up)
PROMISE(no_rows_are_no_bytes)
PROMISE(failed_allocations_leave_nothing)

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

static void descriptors_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        const kvant_codec *c = test_codec(expressions[i].module, expressions[i].name);
        assert_int_equal(c->size, sizeof *c);
        assert_int_equal(c->abi, KVANT_ABI);
        const char *const texts[] = { c->name, c->version, c->family, c->summary, c->reference };
        for (size_t k = 0; k < 5; k++)
            assert_true(texts[k] && texts[k][0] && !strchr(texts[k], '\n'));
        for (const kvant_param *p = c->params; p->name; p++) {
            assert_true(p->help && p->help[0]);
            assert_true(p->type == KVANT_CODEC || (p->min <= p->def && p->def <= p->max));
        }
        assert_true(c->dim_min >= 1 && c->dim_max >= c->dim_min && c->dim_step >= 1);
    }
}

/* Up to 2048: the block and exact codecs state more than any model has. */
static void every_stated_dimension_opens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        trial x;
        values_of(&expressions[i], &x);
        const kvant_codec *c = x.t.codec;
        if (expressions[i].inner[1] && strcmp(expressions[i].inner[1], "identity") != 0) continue;
        for (int dim = c->dim_min; dim <= c->dim_max && dim <= 2048; dim += c->dim_step) {
            test_open(&x.t, c, dim, x.values);
            test_close(&x.t);
        }
    }
}

static void other_dimensions_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *module, *name;
        int dim;
    } wrong[] = {
        { "block", "q8_0", 80 }, { "block", "q4_0", 100 }, { "polar", "polar", 72 }, { "polar", "polar", 1024 }
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        test_instance t;
        assert_int_equal(test_try_open(&t, test_codec(wrong[i].module, wrong[i].name), wrong[i].dim, NULL),
                         KVANT_E_SHAPE);
        char dim[16];
        snprintf(dim, sizeof dim, "%d", wrong[i].dim);
        assert_non_null(strstr(t.host.message, dim));
        assert_int_equal(t.host.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_complete),
        cmocka_unit_test(every_stated_dimension_opens),
        cmocka_unit_test(other_dimensions_are_refused),
        cmocka_unit_test(test_all_kinds_round_trip_to_finite_rows),
        cmocka_unit_test(test_decoded_rows_encode_to_the_same_bytes),
        cmocka_unit_test(test_split_rows_encode_to_the_same_bytes),
        cmocka_unit_test(test_a_fresh_instance_decodes_the_same_rows),
        cmocka_unit_test(test_encode_stays_inside_its_buffer),
        cmocka_unit_test(test_every_byte_is_written),
        cmocka_unit_test(test_non_finite_rows_are_refused),
        cmocka_unit_test(test_values_beyond_the_format_are_refused),
        cmocka_unit_test(test_wrong_lengths_are_refused),
        cmocka_unit_test(test_flipped_bytes_give_an_error_or_finite_rows),
        cmocka_unit_test(test_split_adds_up),
        cmocka_unit_test(test_no_rows_are_no_bytes),
        cmocka_unit_test(test_failed_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
