#include "tests/codecs/test_host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void open_rotate(test_instance *t, kvant_inner *inner, const char *module, const char *name, int dim)
{
    const kvant_codec *codec = test_codec("rotate", "rotate");
    kvant_value values[TEST_PARAMS] = { 0 };
    memset(inner, 0, sizeof *inner);
    inner->codec = test_codec(module, name);
    test_defaults(inner->codec, NULL, inner->values);
    test_defaults(codec, inner, values);
    test_open(t, codec, dim, values);
}

static double error_of(test_instance *t, const float *rows, size_t n, size_t dim)
{
    size_t n_bytes;
    float *back = malloc(n * dim * sizeof *back);
    uint8_t *bytes = test_encode(t, rows, n, &n_bytes);
    assert_int_equal(t->codec->decode(t->state, 0, bytes, n_bytes, back, n), KVANT_OK);
    const double d = test_error(rows, back, n * dim) / test_energy(rows, n * dim);
    free(bytes), free(back);
    return d;
}

static void around_identity_it_is_the_identity_to_rounding(void **state)
{
    (void)state;
    for (int dim = 32; dim <= 512; dim += 16) {
        test_instance t;
        kvant_inner inner;
        float *rows = test_rows(TEST_GAUSSIAN, 8, (size_t)dim, 1, 0.0f);
        open_rotate(&t, &inner, "exact", "identity", dim);
        assert_true(error_of(&t, rows, 8, (size_t)dim) < 1e-12);
        test_close(&t);
        free(rows);
    }
}

/* q4_0 on rows with 2 large channels of 128: 0.032 raw and 0.005 after the rotation, as measured with ggml's. */
static void outlier_channels_stop_hurting_q4_0(void **state)
{
    (void)state;
    enum { N = 2000, DIM = 128 };
    test_instance rotated, raw;
    kvant_inner inner;
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    for (size_t r = 0; r < N; r++) {
        rows[r * DIM + 10] *= 12.0f;
        rows[r * DIM + 70] *= 12.0f;
    }
    open_rotate(&rotated, &inner, "block", "q4_0", DIM);
    test_open(&raw, inner.codec, DIM, NULL);
    const double with = error_of(&rotated, rows, N, DIM), without = error_of(&raw, rows, N, DIM);
    print_message("q4_0 with two channels x12: %.5f, rotated %.5f\n", without, with);
    assert_true(with < 0.008 && without > 2.0 * with);
    test_close(&rotated);
    test_close(&raw);
    free(rows);
}

/* Length, bytes and split of the rotated codec are its inner codec's. */
static void the_rotation_costs_no_bytes(void **state)
{
    (void)state;
    test_instance t, plain;
    kvant_inner inner;
    kvant_split a = { .size = sizeof a, .abi = KVANT_ABI }, b = a;
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    float *rows = test_rows(TEST_GAUSSIAN, 4, 128, 1, 0.0f);
    size_t n_bytes, n_plain;
    open_rotate(&t, &inner, "turbo", "turbo4", 128);
    test_open(&plain, inner.codec, 128, NULL);
    uint8_t *bytes = test_encode(&t, rows, 4, &n_bytes), *plain_bytes = test_encode(&plain, rows, 4, &n_plain);
    assert_int_equal(n_bytes, n_plain);
    assert_int_equal(t.codec->split(t.state, 0, bytes, n_bytes, 4, &a), KVANT_OK);
    assert_int_equal(plain.codec->split(plain.state, 0, plain_bytes, n_plain, 4, &b), KVANT_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
    assert_int_equal(g.block, 1);
    assert_int_equal(t.codec->save(t.state, NULL, 0), 0);
    assert_int_equal(t.codec->load(t.state, bytes, 5), KVANT_E_CORRUPT);
    test_close(&t);
    test_close(&plain);
    free(rows), free(bytes), free(plain_bytes);
}

/* fail is in brackets below: cmocka has a macro of that name. */

/* ---- an inner codec that needs everything a wrapper has to pass on ---------------------------------------------- */

typedef struct wanting {
    const kvant_host *host;
    float first; /* of the rows calibrate saw: the side data */
    float moment;
    int calibrated;
} wanting;

static int wanting_create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)shape, (void)values;
    wanting *w = host->alloc(host, sizeof *w);
    if (!w) return (host->fail)(host, KVANT_E_MEMORY, "wanting: no memory");
    w->host = host;
    *state = w;
    return KVANT_OK;
}

static void wanting_destroy(void *state)
{
    wanting *w = state;
    w->host->release(w->host, w);
}

static int wanting_geometry(const void *state, kvant_geometry *out)
{
    (void)state;
    out->block = 64;
    out->window = 7;
    out->calibrates = 1;
    return KVANT_OK;
}

static int wanting_calibrate(void *state, const kvant_samples *samples)
{
    wanting *w = state;
    w->calibrated = (int)samples->n_rows;
    w->first = samples->rows[0];
    w->moment = samples->query_moment[0];
    return KVANT_OK;
}

static int64_t wanting_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out,
                              size_t capacity)
{
    (void)first, (void)rows, (void)n_rows, (void)out, (void)capacity;
    const wanting *w = state;
    return (w->host->fail)(w->host, KVANT_E_STATE, "wanting: %d rows seen, a moment of %.3f", w->calibrated,
                           (double)w->moment);
}

static int64_t wanting_save(const void *state, uint8_t *out, size_t capacity)
{
    const wanting *w = state;
    if (out && capacity >= sizeof w->first) memcpy(out, &w->first, sizeof w->first);
    return sizeof w->first;
}

static int wanting_load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    wanting *w = state;
    memcpy(&w->first, bytes, n_bytes);
    return KVANT_OK;
}

static const kvant_param no_params[] = { { 0 } };
static const kvant_codec wanting_codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "wanting",
    .params = no_params,
    .create = wanting_create,
    .destroy = wanting_destroy,
    .geometry = wanting_geometry,
    .calibrate = wanting_calibrate,
    .encode = wanting_encode,
    .save = wanting_save,
    .load = wanting_load,
};

static void everything_else_is_the_inner_codec_s(void **state)
{
    (void)state;
    const kvant_codec *codec = test_codec("rotate", "rotate");
    const kvant_inner inner = { .codec = &wanting_codec };
    kvant_value values[TEST_PARAMS] = { 0 };
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    test_instance t;
    float rows[2 * 128] = { 1.0f }, side;
    test_defaults(codec, &inner, values);
    test_open(&t, codec, 128, values);
    assert_int_equal(codec->geometry(t.state, &g), KVANT_OK);
    assert_int_equal(g.block, 64);
    assert_int_equal(g.window, 7);
    /* A moment with all its weight on the first channel is, turned, 1/n everywhere. */
    float *moment = calloc(128 * 128, sizeof *moment);
    moment[0] = 128.0f;
    const kvant_samples samples = {
        .size = sizeof samples, .abi = KVANT_ABI, .rows = rows, .n_rows = 2, .sequence = 2, .query_moment = moment
    };
    assert_int_equal(codec->calibrate(t.state, &samples), KVANT_OK);
    free(moment);
    assert_int_equal(codec->save(t.state, NULL, 0), sizeof side);
    assert_int_equal(codec->save(t.state, (uint8_t *)&side, sizeof side), sizeof side);
    assert_true(fabsf(fabsf(side) - 0.088388f) < 1e-5f); /* rotated: 1/√128 */
    assert_true(rows[0] == 1.0f);
    const float other = 3.5f;
    assert_int_equal(codec->load(t.state, (const uint8_t *)&other, sizeof other), KVANT_OK);
    assert_int_equal(codec->save(t.state, (uint8_t *)&side, sizeof side), sizeof side);
    assert_true(side == 3.5f);
    uint8_t byte;
    assert_int_equal(codec->encode(t.state, 0, rows, 2, &byte, 1), KVANT_E_STATE);
    assert_string_equal(t.host.message, "wanting: 2 rows seen, a moment of 1.000");
    test_close(&t);
}

static void an_inner_codec_that_refuses_leaves_nothing(void **state)
{
    (void)state;
    const kvant_codec *codec = test_codec("rotate", "rotate");
    const kvant_inner inner = { .codec = test_codec("block", "q8_0") };
    kvant_value values[TEST_PARAMS] = { { .inner = &inner } };
    test_instance t;
    assert_int_equal(test_try_open(&t, codec, 80, values), KVANT_E_SHAPE);
    assert_non_null(strstr(t.host.message, "q8_0: head dimension 80"));
    assert_int_equal(t.host.live, 0);
}

static void values_too_large_to_rotate_are_refused(void **state)
{
    (void)state;
    test_instance t;
    kvant_inner inner;
    float row[128] = { 0 };
    uint8_t bytes[512];
    open_rotate(&t, &inner, "exact", "identity", 128);
    row[3] = 1.3e36f;
    assert_int_equal(t.codec->encode(t.state, 1, row, 1, bytes, sizeof bytes), 512);
    row[3] = 1.4e36f;
    assert_int_equal(t.codec->encode(t.state, 1, row, 1, bytes, sizeof bytes), KVANT_E_RANGE);
    assert_non_null(strstr(t.host.message, "row 1, column 3"));
    test_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(around_identity_it_is_the_identity_to_rounding),
        cmocka_unit_test(outlier_channels_stop_hurting_q4_0),
        cmocka_unit_test(the_rotation_costs_no_bytes),
        cmocka_unit_test(everything_else_is_the_inner_codec_s),
        cmocka_unit_test(an_inner_codec_that_refuses_leaves_nothing),
        cmocka_unit_test(values_too_large_to_rotate_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
