/* What kakeya refuses, what it survives, and the promises of every codec that its blocks make harder to keep. */

#include "plugins/kakeya/test_trial.h"
#include "tests/codecs/promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/random.h"

/* Every layout and every optional part of it, small: groups of 32 or 64 rows. */
static const char *const layouts[] = {
    "block=32",
    "block=32 centres=0",
    "block=32 shared=2 outlier=1.5",
    "block=32 variance=0.8 outlier=0.5",
    "block=32 skeleton=f32 outlier=2 gain=lsq",
    "block=32 pca=rsvd residual=besi",
    "block=32 header=published",
    "block=32 header=published centres=0 bits=5",
    "block=32 header=published shared=2 outlier=1.5 variance=0.9",
    "block=32 header=published skeleton=f32 outlier=1",
    "block=32 header=published residual=besi magnitude=f16",
    "block=32 centres=64 rank=5 bits=1",
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts, N = 128 };
static const int dims[] = { 2, 7, 20, 64 };
enum { DIMS = sizeof dims / sizeof *dims };

static void for_each_layout(void (*check)(test_instance *t, const char *settings, int dim))
{
    for (size_t i = 0; i < LAYOUTS; i++)
        for (size_t k = 0; k < DIMS; k++) {
            test_instance t;
            trial_open(&t, dims[k], layouts[i]);
            check(&t, layouts[i], dims[k]);
            test_close(&t);
        }
}

#define demand(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("kakeya(%s), dimension %d: ", settings, dim);                                                  \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

/* ---- every kind of rows ----------------------------------------------------------------------------------------- */

static void round_trip_all_kinds(test_instance *t, const char *settings, int dim)
{
    const size_t values = (size_t)(N * dim);
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        size_t n_bytes;
        float *rows = test_rows(kind, N, (size_t)dim, 3, 4000.0f), *back = malloc(values * sizeof *back);
        uint8_t *bytes = test_encode(t, rows, N, &n_bytes);
        demand(t->codec->decode(t->state, 0, bytes, n_bytes, back, N) == KVANT_OK, "%s: %s", test_kind_name[kind],
               t->host.message);
        for (size_t i = 0; i < values; i++)
            demand(isfinite(back[i]) && (kind != TEST_ZERO || back[i] == 0.0f), "%s: value %zu is %g",
                   test_kind_name[kind], i, (double)back[i]);
        const double error = test_error(rows, back, values), energy = test_energy(rows, values);
        demand(kind == TEST_TINY || error <= 0.9 * energy, "%s: error %g of %g", test_kind_name[kind], error, energy);
        free(rows), free(back), free(bytes);
    }
}

static void all_kinds_of_rows_come_back(void **state)
{
    (void)state;
    for_each_layout(round_trip_all_kinds);
}

/* One row over and over: no direction varies, rank 1 is kept, and the mean is the row to the format's precision. */
static void equal_rows_cost_a_rank_of_1(void **state)
{
    (void)state;
    float rows[64 * 48], back[64 * 48];
    for (size_t i = 0; i < 64 * 48; i++)
        rows[i] = (float)(random_normal(5, i % 48) * 30.0);
    for (size_t k = 0; k < 4; k++) {
        static const char *const kinds[] = { "block=32", "block=32 skeleton=f32", "block=32 pca=rsvd",
                                             "block=64 header=published" };
        test_instance t;
        size_t n_bytes;
        trial_open(&t, 48, kinds[k]);
        uint8_t *bytes = test_encode(&t, rows, 64, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 64), KVANT_OK);
        assert_true(test_error(rows, back, 64 * 48) < (k == 1 ? 1e-13 : 1e-6) * test_energy(rows, 64 * 48));
        assert_true(n_bytes < 64 * 16);
        test_close(&t);
        free(bytes);
    }
}

/* Fewer rows with a direction than centres: as many centres as such rows. */
static void zero_rows_among_others_stay_near_zero(void **state)
{
    (void)state;
    float rows[32 * 16] = { 0 }, back[32 * 16];
    for (size_t d = 0; d < 16; d++) {
        rows[4 * 16 + d] = (float)d - 7.5f;
        rows[9 * 16 + d] = 7.5f - (float)d; /* the negative: the mean is 0, and so are all other rows */
    }
    static const char *const kinds[] = { "block=32", "block=32 header=published", "block=32 centres=1",
                                         "block=32 skeleton=f32" };
    for (size_t k = 0; k < 4; k++) {
        test_instance t;
        size_t n_bytes;
        trial_open(&t, 16, kinds[k]);
        uint8_t *bytes = test_encode(&t, rows, 32, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 32), KVANT_OK);
        assert_true(test_error(rows, back, 32 * 16) < 1e-5 * test_energy(rows, 32 * 16));
        for (size_t i = 0; i < 32 * 16; i++)
            if (i / 16 != 4 && i / 16 != 9) assert_true(back[i] == 0.0f);
        test_close(&t);
        free(bytes);
    }
}

static void every_dimension_and_rank_works(void **state)
{
    (void)state;
    static const int all[] = { 2, 3, 4, 5, 6, 9, 15, 16, 17, 40, 63, 64, 65, 80, 100, 129, 200, 511, 512 };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const int dim = all[i];
        float *rows = test_rows(TEST_GAUSSIAN, 64, (size_t)dim, 3, 0.0f);
        static const char *const kinds[] = { "block=64 bits=6",
                                             "block=64 bits=6 header=published outlier=2.5",
                                             "block=64 bits=6 shared=1 pca=rsvd rank=512",
                                             "block=64 rank=1",
                                             "block=2 bits=8",
                                             "block=64 residual=besi d=8 m=8" };
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            if (k == 4 && dim > 80) continue; /* 32 eigenproblems */
            const trial_result r = trial_round(kinds[k], rows, 64, dim);
            assert_true(r.error < (k == 3 ? 1.0 : 0.02) * r.energy);
        }
        free(rows);
    }
    test_instance t;
    const kvant_shape shape = { .size = sizeof shape, .abi = KVANT_ABI, .dim = 513, .n_layers = 1, .n_heads = 1 };
    assert_int_equal(trial_try_open(&t, test_codec("kakeya", "kakeya"), &shape, ""), KVANT_E_SHAPE);
    assert_int_equal(t.host.live, 0);
}

/* ---- promises --------------------------------------------------------------------------------------------------- */

static void keep_promises(test_instance *t, const char *settings, int dim)
{
    const kvant_codec *c = t->codec;
    const size_t d = (size_t)dim;
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    size_t n_bytes, at = 0;
    float *rows = trial_keys(N, d, 4), *a = malloc(N * d * sizeof *a), *b = malloc(N * d * sizeof *b);
    uint8_t *bytes = test_encode(t, rows, N, &n_bytes), *pieces = malloc(n_bytes + 1);
    assert_int_equal(c->geometry(t->state, &g), KVANT_OK);
    assert_int_equal(c->decode(t->state, 0, bytes, n_bytes, a, N), KVANT_OK);

    test_instance fresh, decoder; /* group by group: the same bytes, and each decodes alone */
    trial_open(&fresh, dim, settings);
    trial_open(&decoder, dim, settings);
    for (size_t row = 0; row < N; row += g.block) {
        const int64_t rc = c->encode(fresh.state, row, rows + row * d, g.block, pieces + at, n_bytes - at);
        demand(rc > 0, "piece at row %zu: %s", row, fresh.host.message);
        assert_int_equal(c->decode(decoder.state, row, pieces + at, (size_t)rc, b + row * d, g.block), KVANT_OK);
        at += (size_t)rc;
    }
    demand(at == n_bytes && memcmp(bytes, pieces, n_bytes) == 0, "pieces differ from the whole");
    demand(memcmp(a, b, N * d * sizeof *a) == 0, "a fresh instance decodes other rows");
    test_close(&fresh);
    test_close(&decoder);

    kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
    assert_int_equal(c->split(t->state, 0, bytes, n_bytes, N, &split), KVANT_OK);
    demand(split.payload + split.metadata + split.exact == n_bytes, "the split does not add up");
    demand(split.payload > 0 && split.metadata > 0, "a part of the split is empty");
    /* Of few values, or of the few directions that variance keeps, none needs to be large. */
    const bool asked = strstr(settings, "outlier") != NULL, certain = dim >= 20 && !strstr(settings, "variance");
    demand(split.exact > 0 ? asked : !asked || !certain, "split with %llu exact", (unsigned long long)split.exact);
    demand(c->save(t->state, NULL, 0) == 0, "side data without calibration");
    demand(c->encode(t->state, 0, rows, 0, pieces, 0) == 0 && c->decode(t->state, 0, bytes, 0, a, 0) == KVANT_OK,
           "no rows are not no bytes");
    demand(c->encode(t->state, 0, rows, g.block - 1, pieces, n_bytes) == KVANT_E_STATE, "a part of a block is taken");
    free(rows), free(a), free(b), free(bytes), free(pieces);
}

static void it_keeps_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "kakeya(block=32)", 64, 1, 2000.0f },
        { "kakeya(block=16,residual=besi,skeleton=f32)", 48, 1, 2000.0f },
        { "kakeya(block=16,shared=2,centres=0,header=published)", 64, 1, 2000.0f },
        { "kakeya(block=16,outlier=2,gain=lsq,pca=rsvd,rank=8)", 40, 1, 2000.0f },
        { "kakeya(block=24,pool=layer,codebook=calibrated)", 32, 3, 2000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

static void pieces_and_fresh_instances_agree(void **state)
{
    (void)state;
    for_each_layout(keep_promises);
}

static void fill_buffers(test_instance *t, const char *settings, int dim)
{
    size_t n_bytes;
    float *rows = trial_keys(64, (size_t)dim, 4);
    free(test_encode(t, rows, 64, &n_bytes));
    const bool fixed = !strstr(settings, "outlier") && !strstr(settings, "variance");
    demand(!fixed || t->codec->bound(t->state, 0, 64) == n_bytes, "bound %zu, %zu bytes",
           t->codec->bound(t->state, 0, 64), n_bytes);
    uint8_t *a = malloc(n_bytes + 64), *b = malloc(n_bytes + 64);
    for (size_t capacity = 0; capacity <= n_bytes; capacity += capacity + 13 < n_bytes ? 13 : 1) {
        memset(a, 0xa5, n_bytes + 64);
        const int64_t rc = t->codec->encode(t->state, 0, rows, 64, a, capacity);
        demand(rc == (capacity < n_bytes ? KVANT_E_SPACE : (int64_t)n_bytes), "capacity %zu of %zu: %lld", capacity,
               n_bytes, (long long)rc);
        for (size_t i = capacity; i < n_bytes + 64; i++)
            demand(a[i] == 0xa5, "capacity %zu: byte %zu was written", capacity, i);
        if (capacity + 14 < n_bytes && capacity > 200) capacity += n_bytes / 7;
    }
    memset(a, 0xa5, n_bytes);
    memset(b, 0x5a, n_bytes);
    assert_true(t->codec->encode(t->state, 0, rows, 64, a, n_bytes) == (int64_t)n_bytes);
    assert_true(t->codec->encode(t->state, 0, rows, 64, b, n_bytes) == (int64_t)n_bytes);
    demand(memcmp(a, b, n_bytes) == 0, "some bytes are left as they were");
    free(rows), free(a), free(b);
}

static void encode_fills_its_buffer_and_no_more(void **state)
{
    (void)state;
    for_each_layout(fill_buffers);
}

/* Rows whose outliers are as many as can be: two thirds of the values on one magnitude, just beyond the threshold. */
static void the_bound_holds_for_rows_full_of_outliers(void **state)
{
    (void)state;
    static const char *const thresholds[] = { "0.01", "0.3", "0.9", "0.999", "1", "1.2", "2", "5" };
    for (size_t k = 0; k < 8; k++)
        for (int published = 0; published < 2; published++) {
            char settings[96];
            test_instance t;
            size_t n_bytes;
            float rows[32 * 16] = { 0 };
            snprintf(settings, sizeof settings, "block=32 centres=0 outlier=%s %s", thresholds[k],
                     published ? "header=published" : "");
            for (size_t i = 0; i < 32; i++)
                rows[i * 16 + i % 16] = i < 16 ? 3.0f : -3.0f; /* one axis each: every coordinate becomes ±1 */
            trial_open(&t, 16, settings);
            uint8_t *bytes = test_encode(&t, rows, 32, &n_bytes);
            float back[32 * 16];
            assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 32), KVANT_OK);
            if (k < 4) assert_true(test_error(rows, back, 32 * 16) < 1e-5 * test_energy(rows, 32 * 16)); /* all f16 */
            test_close(&t);
            free(bytes);
        }
}

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
        cmocka_unit_test(all_kinds_of_rows_come_back),
        cmocka_unit_test(equal_rows_cost_a_rank_of_1),
        cmocka_unit_test(zero_rows_among_others_stay_near_zero),
        cmocka_unit_test(every_dimension_and_rank_works),
        cmocka_unit_test(it_keeps_the_promises_of_a_codec),
        cmocka_unit_test(pieces_and_fresh_instances_agree),
        cmocka_unit_test(encode_fills_its_buffer_and_no_more),
        cmocka_unit_test(the_bound_holds_for_rows_full_of_outliers),
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
