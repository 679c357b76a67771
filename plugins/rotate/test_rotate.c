#include "tests/codecs/probe.h"
#include "tests/codecs/promises.h"
#include "tests/codecs/subject.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/haar.h"
#include "kernels/random.h"
#include "kernels/wht.h"

static void it_promises_what_every_wrapper_does(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "rotate(identity)", 48, 1, 1e34f },
        { "rotate(q4_0)", 96, 1, 20000.0f },
        { "rotate(turbo4,kind=haar)", 128, 1, 5000.0f },
        { "rotate(polar(bits=3),signs=7)", 80, 1, 2500.0f },
        { "rotate(blocky(block=8),kind=haar,signs=3)", 64, 1, 5000.0f },
        { "rotate(probe(block=6,pooled=1,calibrates=1,variable=1))", 32, 3, 1e34f },
        { "rotate(center(polar),kind=haar)", 64, 1, 2500.0f },
        { "rotate(center(turbo3,per=block,block=8))", 128, 1, 5000.0f },
        { "rotate(rotate(q4_0))", 128, 1, 10000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

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

/* What the inner codec sees is the rotation as documented, to the bit for the fast one: TurboQuant's signs, signs drawn
 * from random numbers i and dim + i of the key, and a matrix of kernels/haar.h. */
static void each_kind_is_the_rotation_it_names(void **state)
{
    (void)state;
    static const int dims[] = { 48, 128, 512 };
    for (size_t i = 0; i < 3; i++) {
        const size_t n = (size_t)dims[i];
        float *rows = test_rows(TEST_GAUSSIAN, 4, n, 1, 0.0f), *expected = malloc(4 * n * sizeof *expected);
        float s1[WHT_MAX], s2[WHT_MAX];
        double *matrix = malloc(n * n * sizeof *matrix);
        wht reference;
        for (int kind = 0; kind < 3; kind++) {
            static const char *const expressions[] = { "rotate(identity)", "rotate(identity,signs=9)",
                                                       "rotate(identity,kind=haar,signs=9)" };
            subject w;
            size_t n_bytes;
            memcpy(expected, rows, 4 * n * sizeof *rows);
            assert_true(wht_init(&reference, dims[i]));
            for (size_t k = 0; k < n; k++) {
                s1[k] = random_bits(9, k) >> 63 ? -1.0f : 1.0f;
                s2[k] = random_bits(9, n + k) >> 63 ? -1.0f : 1.0f;
            }
            if (kind == 1) wht_set_signs(&reference, s1, s2);
            if (kind < 2) wht_forward(&reference, expected, 4);
            if (kind == 2) assert_true(haar_matrix(n, 9, matrix));
            for (size_t r = 0; kind == 2 && r < 4; r++)
                for (size_t k = 0; k < n; k++) {
                    double sum = 0.0;
                    for (size_t j = 0; j < n; j++)
                        sum += matrix[k * n + j] * (double)rows[r * n + j];
                    expected[r * n + k] = (float)sum;
                }
            subject_open(&w, expressions[kind], dims[i], 1);
            uint8_t *bytes = subject_encode(&w, rows, 4, &n_bytes);
            assert_memory_equal(bytes, expected, 4 * n * sizeof *expected);
            free(bytes);
            subject_close(&w);
        }
        free(rows), free(expected), free(matrix);
    }
}

static double rotated_error(const char *expression, const float *rows, size_t n, int dim)
{
    subject w;
    float *back;
    const size_t values = n * (size_t)dim;
    subject_open(&w, expression, dim, 1);
    subject_round_trip(&w, rows, n, &back);
    const double error = test_error(rows, back, values) / test_energy(rows, values);
    subject_close(&w);
    free(back);
    return error;
}

static void every_kind_is_undone_to_rounding(void **state)
{
    (void)state;
    for (int dim = 32; dim <= 512; dim += 16) {
        float *rows = test_rows(TEST_SPIKY, 4, (size_t)dim, 1, 0.0f);
        assert_true(rotated_error("rotate(identity,signs=5)", rows, 4, dim) < 1e-12);
        if (dim % 96 == 0) assert_true(rotated_error("rotate(identity,kind=haar)", rows, 4, dim) < 1e-13);
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
    const double drawn = rotated_error("rotate(q4_0,signs=3)", rows, N, DIM);
    const double haar = rotated_error("rotate(q4_0,kind=haar)", rows, N, DIM);
    print_message("q4_0 with two channels x12: %.5f, rotated %.5f; signs=3 %.5f, kind=haar %.5f\n", without, with,
                  drawn, haar);
    assert_true(with < 0.008 && without > 2.0 * with);
    assert_true(drawn < 0.008 && haar < 0.008 && drawn != with);
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

/* R M R' for two pooled heads, with R of each kind: the moments that rotated queries have. */
static void moments_turn_with_the_rows(void **state)
{
    (void)state;
    enum { D = 32 };
    static const char *const expressions[] = { "rotate(probe(block=2,pooled=1,calibrates=1),signs=2)",
                                               "rotate(probe(block=2,pooled=1,calibrates=1),kind=haar,signs=2)" };
    for (size_t i = 0; i < 2; i++) {
        subject w, one;
        size_t n_bytes;
        float axes[D * D] = { 0 };
        for (size_t k = 0; k < D; k++)
            axes[k * D + k] = 1.0f;
        subject_open(&one, i ? "rotate(identity,kind=haar,signs=2)" : "rotate(identity,signs=2)", D, 1);
        uint8_t *bytes = subject_encode(&one, axes, D, &n_bytes); /* row k is R e_k */
        memcpy(axes, bytes, sizeof axes);
        subject_close(&one);
        subject_open(&w, expressions[i], D, 2);
        kvant_samples s = samples_for(&w, 8);
        assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
        const size_t size = (size_t)w.t.codec->save(w.t.state, NULL, 0);
        uint8_t *side = malloc(size);
        assert_int_equal(w.t.codec->save(w.t.state, side, size), size);
        float turned[4 * D * D]; /* both heads of both moments */
        memcpy(turned, side + sizeof(probe_samples) + 8 * D * 4, sizeof turned);
        assert_memory_equal(side + size - 2 * s.n_attention * 4, s.attention, 2 * s.n_attention * 4);
        for (size_t h = 0; h < 4; h++)
            for (size_t a = 0; a < D; a += 5)
                for (size_t b = 0; b < D; b += 3) {
                    const float *moment = (h < 2 ? s.query_moment : s.query_moment_met) + h % 2 * D * D;
                    double sum = 0.0;
                    for (size_t k = 0; k < D; k++)
                        for (size_t l = 0; l < D; l++)
                            sum += axes[k * D + a] * moment[k * D + l] * axes[l * D + b];
                    assert_true(fabs(sum - (double)turned[(h * D + a) * D + b]) < 1e-5);
                }
        samples_free(&s), free(side), free(bytes);
        subject_close(&w);
    }
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
        cmocka_unit_test(it_promises_what_every_wrapper_does),
        cmocka_unit_test(around_identity_it_is_the_identity_to_rounding),
        cmocka_unit_test(each_kind_is_the_rotation_it_names),
        cmocka_unit_test(every_kind_is_undone_to_rounding),
        cmocka_unit_test(outlier_channels_stop_hurting_q4_0),
        cmocka_unit_test(the_rotation_costs_no_bytes),
        cmocka_unit_test(everything_else_is_the_inner_codec_s),
        cmocka_unit_test(moments_turn_with_the_rows),
        cmocka_unit_test(an_inner_codec_that_refuses_leaves_nothing),
        cmocka_unit_test(values_too_large_to_rotate_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
