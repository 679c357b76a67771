/* Every kind of rows through every layout, and the promises of every codec that blocks make harder to keep. */
#include "plugins/kakeya/test_layouts.h"
#include "tests/codecs/promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
