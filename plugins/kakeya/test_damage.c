/* What kakeya refuses, and what it survives. */
#include "plugins/kakeya/test_layouts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"

/* ---- input ------------------------------------------------------------------------------------------------------ */

static void non_finite_and_too_large_rows_are_refused(void **state)
{
    (void)state;
    static const struct {
        float value;
        int code;
    } cases[] = { { NAN, KVANT_E_NONFINITE },
                  { INFINITY, KVANT_E_NONFINITE },
                  { -INFINITY, KVANT_E_NONFINITE },
                  { 3e38f, KVANT_E_RANGE },
                  { -1.1e36f, KVANT_E_RANGE } };
    float *rows = trial_keys(32, 16, 4);
    uint8_t bytes[4096];
    test_instance t;
    trial_open(&t, 16, "block=32 skeleton=f32");
    for (size_t i = 0; i < 5; i++) {
        const float good = rows[9 * 16 + 3];
        rows[9 * 16 + 3] = cases[i].value;
        assert_int_equal(t.codec->encode(t.state, 96, rows, 32, bytes, sizeof bytes), cases[i].code);
        assert_non_null(strstr(t.host.message, "row 105, column 3"));
        rows[9 * 16 + 3] = good;
    }
    test_close(&t);
    free(rows);
}

/* What f16 cannot hold: a mean, a length along a centre, a residual's norm (layer 0 of a published model: whitened keys
 * up to 79111, and no error). skeleton=f32 takes the same rows and loses no more than always. */
static void values_beyond_f16_are_refused_and_f32_takes_them(void **state)
{
    (void)state;
    enum { ROWS = 64, D = 32 };
    static const struct {
        double mean, spread;
        const char *settings, *what;
    } cases[] = { { 79111.0, 1.0, "block=64", "the mean 79111" },
                  { 0.0, 40000.0, "block=64", "the length along its centre" },
                  { 0.0, 40000.0, "block=64 centres=0", "the residual's norm" } };
    for (size_t k = 0; k < 3; k++) {
        float *rows = test_rows(TEST_GAUSSIAN, ROWS, D, 6, 0.0f);
        uint8_t bytes[16384];
        test_instance t;
        for (size_t i = 0; i < ROWS * D; i++)
            rows[i] = (float)(cases[k].mean + cases[k].spread * (double)rows[i]);
        if (k == 0) /* a column of one value: its mean is exact */
            for (size_t i = 0; i < ROWS; i++)
                rows[i * D + 5] = 79111.0f;
        trial_open(&t, D, cases[k].settings);
        assert_int_equal(t.codec->encode(t.state, 0, rows, ROWS, bytes, sizeof bytes), KVANT_E_RANGE);
        if (k > 0) assert_non_null(strstr(t.host.message, cases[k].what));
        assert_non_null(strstr(t.host.message, "does not fit f16 (at most 65504); skeleton=f32 holds it"));
        test_close(&t);

        char wide[64];
        snprintf(wide, sizeof wide, "%s skeleton=f32", cases[k].settings);
        const trial_result r = trial_round(wide, rows, ROWS, D);
        assert_true(r.error < 0.04 * cases[k].spread * cases[k].spread * ROWS * D);
        free(rows);
    }
}

static void parameters_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = { "residual=besi outlier=2", "residual=besi codebook=calibrated" };
    const kvant_shape shape = { .size = sizeof shape, .abi = KVANT_ABI, .dim = 64, .n_layers = 1, .n_heads = 1 };
    for (size_t i = 0; i < 2; i++) {
        test_instance t;
        assert_int_equal(trial_try_open(&t, test_codec("kakeya", "kakeya"), &shape, wrong[i]), KVANT_E_PARAM);
        assert_non_null(strstr(t.host.message, i ? "codebook=calibrated" : "outlier"));
        assert_int_equal(t.host.live, 0);
    }
}

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

static void damage(test_instance *t, const char *settings, int dim)
{
    size_t n_bytes;
    const size_t d = (size_t)dim;
    float *rows = trial_keys(64, d, 4), *back = malloc(128 * d * sizeof *back);
    uint8_t *bytes = test_encode(t, rows, 64, &n_bytes);
    kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
    for (size_t n = 0; n < n_bytes; n += 1 + n / 40) {
        uint8_t *part = malloc(n + 1); /* of its own size, for the sanitizer */
        memcpy(part, bytes, n);
        demand(t->codec->decode(t->state, 0, part, n, back, 64) == KVANT_E_CORRUPT, "%zu of %zu bytes taken", n,
               n_bytes);
        demand(t->codec->split(t->state, 0, part, n, 64, &split) == KVANT_E_CORRUPT, "%zu of %zu bytes split", n,
               n_bytes);
        free(part);
    }
    bytes = realloc(bytes, n_bytes + 1);
    bytes[n_bytes] = 0;
    demand(t->codec->decode(t->state, 0, bytes, n_bytes + 1, back, 64) == KVANT_E_CORRUPT, "a byte more taken");
    demand(t->codec->decode(t->state, 0, bytes, n_bytes, back, 128) == KVANT_E_CORRUPT, "a block more taken");
    demand(t->codec->decode(t->state, 0, bytes, n_bytes, back, 63) == KVANT_E_CORRUPT, "part of a block taken");
    demand(t->codec->decode(t->state, 0, bytes, n_bytes, back, 0) == KVANT_E_CORRUPT, "bytes for no rows taken");
    for (size_t i = 0; i < n_bytes; i += 1 + n_bytes / 150)
        for (unsigned flip = 1; flip < 256; flip = 4 * flip + 3) {
            bytes[i] ^= (uint8_t)flip;
            const int rc = t->codec->decode(t->state, 0, bytes, n_bytes, back, 64);
            demand(rc == KVANT_OK || rc == KVANT_E_CORRUPT, "byte %zu flipped: %d", i, rc);
            for (size_t k = 0; rc == KVANT_OK && k < 64 * d; k++)
                demand(isfinite(back[k]), "byte %zu flipped: a value is %g", i, (double)back[k]);
            bytes[i] ^= (uint8_t)flip;
        }
    free(rows), free(back), free(bytes);
}

static void truncated_and_damaged_bytes_give_an_error_or_finite_rows(void **state)
{
    (void)state;
    for_each_layout(damage);
}

/* block=32, dim 16, rank 16, 4 centres, an outlier in some rows: where each field stands, in both layouts, and what no
 * encoder writes there. */
typedef struct wrong_field {
    const char *settings;
    size_t at;
    int size; /* bytes to write, 1 or 2 */
    uint16_t value;
    const char *message;
} wrong_field;

enum { TIGHT_MEAN = 2, TIGHT_BASIS = 34, TIGHT_COUNT = 546, TIGHT_CENTRE = 547, TIGHT_SEGMENT = 547 + 128 };
enum { TIGHT_ALONG = TIGHT_SEGMENT + 8, TIGHT_GAIN = TIGHT_ALONG + 64, TIGHT_CODES = TIGHT_GAIN + 64 };
enum { TIGHT_OUTLIERS = TIGHT_CODES + 32 * 6, OLD_SKELETON = 320, OLD_CENTRE = OLD_SKELETON + 544 };

static void bytes_that_are_never_written_are_corrupt(void **state)
{
    (void)state;
#define T "block=32 centres=4 outlier=2"
#define P "block=32 centres=4 outlier=2 header=published"
    static const wrong_field wrong[] = {
        { T, 0, 2, 0, "the rank is none" },
        { T, 0, 2, 17, "the rank is none" },
        { T, TIGHT_MEAN, 2, 0x7c00, "the skeleton holds" },
        { T, TIGHT_BASIS + 20, 2, 0x3c01, "the skeleton holds" }, /* above 1 */
        { T, TIGHT_BASIS + 20, 2, 0x7e00, "the skeleton holds" },
        { T, TIGHT_COUNT, 1, 5, "more centres" },
        { T, TIGHT_CENTRE, 2, 0xbc01, "the skeleton holds" },
        { T, TIGHT_ALONG, 2, 0x7c00, "length along its centre" },
        { T, TIGHT_GAIN, 2, 0xfc00, "a row's norm" },
        { T, TIGHT_GAIN, 2, 0x8000, "a row's norm" },
        { T, TIGHT_OUTLIERS, 1, 4, "the width of the outlier counts" },
        { T " skeleton=f32", 4 * 272 + 2 + 1, 2, 256, "a block's exponent" },
        { T " skeleton=f32", 4 * 272 + 2 + 1, 2, 0xfeff, "a block's exponent" },
        { P, 2, 1, 0, "the rank is none" },
        { P, 10 + 1, 1, 1, "a row's centre" }, /* only the first row has more than a centre in its u32 */
        { P, 10, 1, 4, "a row's centre" },
        { P, 3, 1, 0x80, "an exponent that f16" },
        { P, 4, 2, 5, "more outliers" }, /* 16/2² = 4 at most */
        { P, 6, 2, 0x7c01, "length along its centre" },
        { P, 8, 2, 0x7c00, "a row's norm" },
        { P, OLD_SKELETON, 2, 0x7c00, "the skeleton holds" },
        { P, OLD_CENTRE, 2, 0x3c01, "the skeleton holds" },
        { "block=32 centres=0 header=published", 6, 2, 0x3c00, "length along its centre" },
        { "block=32 centres=0 header=published", 0, 1, 1, "a row's centre" },
    };
    float *rows = test_rows(TEST_GAUSSIAN, 32, 16, 8, 0.0f), back[32 * 16];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        test_instance t;
        size_t n_bytes;
        trial_open(&t, 16, wrong[i].settings);
        uint8_t *bytes = test_encode(&t, rows, 32, &n_bytes);
        bytes[wrong[i].at] = (uint8_t)wrong[i].value;
        if (wrong[i].size == 2) bytes[wrong[i].at + 1] = (uint8_t)(wrong[i].value >> 8);
        const int rc = t.codec->decode(t.state, 40, bytes, n_bytes, back, 32);
        if (rc != KVANT_E_CORRUPT || !strstr(t.host.message, wrong[i].message))
            fail_msg("case %zu, %s: %d %s", i, wrong[i].settings, rc, t.host.message);
        assert_non_null(strstr(t.host.message, "kakeya: block at row 40: "));
        test_close(&t);
        free(bytes);
    }
    free(rows);
#undef T
#undef P
}

/* Every block's first row names the rank; only that of the group's first block is free. */
static void blocks_of_one_group_have_one_rank(void **state)
{
    (void)state;
    enum { SECOND = OLD_CENTRE + 128 + 32 * 6 };
    float *rows = test_rows(TEST_GAUSSIAN, 64, 16, 8, 0.0f), back[64 * 16];
    test_instance t;
    size_t n_bytes;
    trial_open(&t, 16, "block=32 centres=4 shared=2 header=published");
    uint8_t *bytes = test_encode(&t, rows, 64, &n_bytes);
    assert_int_equal(bytes[SECOND + 2], 16 >> 3);
    bytes[SECOND + 2] = 8 >> 3;
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 64), KVANT_E_CORRUPT);
    assert_non_null(strstr(t.host.message, "block at row 32: the rank is none"));
    test_close(&t);
    free(rows), free(bytes);
}

/* The last entries of the published layout: index and value of the last outlier. */
static void outliers_out_of_order_or_too_small_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        uint16_t index, value;
    } wrong[] = { { 16, 0x4200 }, { 0xffff, 0x4200 }, { 3, 0x3fff }, { 3, 0xbc00 }, { 3, 0x7c00 }, { 3, 0xfe00 } };
    float *rows = test_rows(TEST_GAUSSIAN, 32, 16, 8, 0.0f), back[32 * 16];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        test_instance t;
        size_t n_bytes;
        trial_open(&t, 16, "block=32 outlier=2 header=published");
        uint8_t *bytes = test_encode(&t, rows, 32, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 32), KVANT_OK);
        half_store(bytes + n_bytes - 4, wrong[i].index);
        half_store(bytes + n_bytes - 2, wrong[i].value);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 32), KVANT_E_CORRUPT);
        test_close(&t);
        free(bytes);
    }
    test_instance t;
    size_t n_bytes;
    trial_open(&t, 16, "block=32 outlier=1 header=published"); /* the last row has two at least: the same one twice */
    uint8_t *bytes = test_encode(&t, rows, 32, &n_bytes);
    assert_true(half_load(bytes + 31 * 10 + 4) >= 2);
    memcpy(bytes + n_bytes - 4, bytes + n_bytes - 8, 2);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 32), KVANT_E_CORRUPT);
    test_close(&t);
    free(bytes);
    free(rows);
}

/* ---- side data -------------------------------------------------------------------------------------------------- */

static void without_its_codebook_nothing_is_coded(void **state)
{
    (void)state;
    float *rows = trial_keys(32, 16, 4), back[32 * 16];
    float good[] = { -1.0f, 0.0f, 0.5f, 2.0f };
    uint8_t bytes[2048];
    test_instance t;
    trial_open(&t, 16, "block=32 bits=2 codebook=calibrated");
    assert_int_equal(t.codec->encode(t.state, 0, rows, 32, bytes, sizeof bytes), KVANT_E_STATE);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, 100, back, 32), KVANT_E_STATE);
    assert_int_equal(t.codec->save(t.state, NULL, 0), 16);
    assert_int_equal(t.codec->save(t.state, bytes, 16), KVANT_E_STATE);
    for (size_t n = 0; n < 20; n++)
        if (n != 16) assert_int_equal(t.codec->load(t.state, (uint8_t *)good, n), KVANT_E_CORRUPT);
    static const float bad[][4] = { { -1.0f, 0.5f, 0.5f, 2.0f },
                                    { 2.0f, 1.0f, 0.0f, -1.0f },
                                    { -1.0f, NAN, 0.5f, 2.0f },
                                    { -1.0f, 0.0f, 0.5f, INFINITY } };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(t.codec->load(t.state, (const uint8_t *)bad[i], 16), KVANT_E_CORRUPT);
    assert_int_equal(t.codec->encode(t.state, 0, rows, 32, bytes, sizeof bytes), KVANT_E_STATE);
    assert_int_equal(t.codec->load(t.state, (uint8_t *)good, 16), KVANT_OK);
    assert_true(t.codec->encode(t.state, 0, rows, 32, bytes, sizeof bytes) > 0);
    assert_int_equal(t.codec->save(t.state, bytes, 15), KVANT_E_SPACE);
    assert_int_equal(t.codec->save(t.state, bytes, 16), 16);
    assert_memory_equal(bytes, good, 16);
    test_close(&t);

    trial_open(&t, 16, "block=32 bits=2");
    assert_int_equal(t.codec->load(t.state, (uint8_t *)good, 16), KVANT_E_CORRUPT);
    assert_int_equal(t.codec->load(t.state, NULL, 0), KVANT_OK);
    test_close(&t);
    free(rows);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    enum { ROWS = 64 };
    const kvant_codec *codec = test_codec("kakeya", "kakeya");
    const kvant_shape shape = { .size = sizeof shape, .abi = KVANT_ABI, .dim = 16, .n_layers = 1, .n_heads = 1 };
    float *rows = trial_keys(ROWS, 16, 4), weights[ROWS], back[ROWS * 16];
    const kvant_samples samples = {
        .size = sizeof samples, .abi = KVANT_ABI, .rows = rows, .n_rows = ROWS, .sequence = ROWS
    };
    uint8_t bytes[8192];
    kvant_value values[TEST_PARAMS] = { 0 };
    for (size_t i = 0; i < ROWS; i++)
        weights[i] = 2.0f;
    test_defaults(codec, NULL, values);
    values[test_param(codec, "block")].i = 32;
    values[test_param(codec, "codebook")].i = 1;
    int done = 0;
    for (long allowed = 0; !done; allowed++) {
        test_host h;
        void *codec_state = NULL;
        int64_t rc, n_bytes = 0;
        assert_true(allowed < 20);
        test_host_init(&h);
        h.allowed = allowed;
        rc = codec->create(&h.host, &shape, values, &codec_state);
        if (rc == KVANT_OK) rc = codec->calibrate(codec_state, &samples);
        if (rc == KVANT_OK) rc = codec->weigh(codec_state, weights, ROWS);
        if (rc == KVANT_OK) rc = n_bytes = codec->encode(codec_state, 0, rows, ROWS, bytes, sizeof bytes);
        if (rc > 0) rc = codec->decode(codec_state, 0, bytes, (size_t)n_bytes, back, ROWS);
        done = rc == KVANT_OK;
        assert_true(done || (rc == KVANT_E_MEMORY && h.message[0]));
        codec->destroy(codec_state);
        assert_int_equal(h.live, 0);
    }
    free(rows);
}

static int always(const kvant_host *host)
{
    (void)host;
    return 1;
}

static void a_cancelled_run_ends(void **state)
{
    (void)state;
    test_instance t;
    float *rows = trial_keys(32, 16, 4);
    uint8_t bytes[4096];
    const kvant_samples samples = {
        .size = sizeof samples, .abi = KVANT_ABI, .rows = rows, .n_rows = 32, .sequence = 32
    };
    trial_open(&t, 16, "block=32");
    t.host.host.cancelled = always;
    assert_int_equal(t.codec->encode(t.state, 0, rows, 32, bytes, sizeof bytes), KVANT_E_CANCELLED);
    test_close(&t);
    trial_open(&t, 16, "block=32 codebook=calibrated");
    t.host.host.cancelled = always;
    assert_int_equal(t.codec->calibrate(t.state, &samples), KVANT_E_CANCELLED);
    test_close(&t);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(non_finite_and_too_large_rows_are_refused),
        cmocka_unit_test(values_beyond_f16_are_refused_and_f32_takes_them),
        cmocka_unit_test(parameters_that_do_not_go_together_are_refused),
        cmocka_unit_test(truncated_and_damaged_bytes_give_an_error_or_finite_rows),
        cmocka_unit_test(bytes_that_are_never_written_are_corrupt),
        cmocka_unit_test(blocks_of_one_group_have_one_rank),
        cmocka_unit_test(outliers_out_of_order_or_too_small_are_corrupt),
        cmocka_unit_test(without_its_codebook_nothing_is_coded),
        cmocka_unit_test(failed_allocations_leave_nothing),
        cmocka_unit_test(a_cancelled_run_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
