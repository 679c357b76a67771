#include "tests/codecs/probe.h"
#include "tests/codecs/promises.h"
#include "tests/codecs/subject.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"

static void it_promises_what_every_wrapper_does(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "center(identity)", 80, 1, 1e38f },
        { "center(turbo4)", 128, 1, 5000.0f },
        { "center(polar(bits=3))", 96, 1, 2500.0f },
        { "center(blocky(block=8))", 64, 1, 30000.0f },
        { "center(probe(block=6,pooled=1,calibrates=1))", 16, 3, 1e38f },
        { "center(identity,per=block,block=8)", 80, 1, 60000.0f },
        { "center(turbo4,per=block,block=4)", 128, 1, 5000.0f },
        { "center(rotate(q4_0),per=block,block=16)", 128, 1, 5000.0f },
        { "center(polar,per=block,block=1)", 64, 1, 2500.0f },
        { "center(blocky(block=8),per=block,block=12)", 64, 1, 30000.0f },
        { "center(probe(variable=1),per=block,block=4)", 8, 1, 60000.0f },
        { "center(probe(block=6,pooled=1,calibrates=1,variable=1),per=block,block=3)", 16, 3, 60000.0f },
        { "center(center(polar,per=block,block=4),per=block,block=8)", 64, 1, 2500.0f },
        { "center(center(turbo3),per=block,block=8)", 128, 1, 5000.0f },
        { "center(sink(turbo4,n=3),per=block,block=8)", 128, 1, 5000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

/* The block asked for, raised to whole blocks of the inner codec; in rows, so times the heads that it pools. */
static void a_block_holds_whole_blocks_of_the_inner_codec(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        uint32_t block, calibrates;
    } expected[] = {
        { "center(turbo4)", 1, 1 },
        { "center(turbo4,block=64)", 1, 1 },
        { "center(blocky)", 16, 1 },
        { "center(turbo4,per=block)", 128, 0 },
        { "center(turbo4,per=block,block=1)", 1, 0 },
        { "center(blocky,per=block,block=1)", 16, 0 },
        { "center(blocky,per=block,block=17)", 32, 0 },
        { "center(blocky(block=1000),per=block)", 1000, 0 },
        { "center(probe(block=6,pooled=1),per=block,block=2)", 6, 0 },
        { "center(probe(block=6,pooled=1),per=block,block=3)", 12, 0 },
        { "center(probe(calibrates=1),per=block)", 128, 1 },
        { "center(window(attnweight(probe)),per=block)", 128, 1 },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        subject w;
        subject_open(&w, expected[i].expression, 128, 3);
        assert_int_equal(w.geometry.block, expected[i].block);
        assert_int_equal(w.geometry.calibrates, expected[i].calibrates);
        subject_close(&w);
    }
}

/* Two rows 1, 2 | 4, 6 and a third of a head: the f16 mean by hand, then exactly what the inner codec sees. */
static void the_rounded_mean_is_what_is_subtracted(void **state)
{
    (void)state;
    subject w;
    size_t n;
    float rows[4 * 2] = { 1.0f, 1.0f / 3.0f, 4.0f, 1.0f / 3.0f, -7.0f, 1000.0f, -7.0f, 1001.1f };
    subject_open(&w, "center(probe,per=block,block=2)", 2, 1);
    uint8_t *bytes = subject_encode(&w, rows, 4, &n);
    assert_int_equal(n, 2 * (4 + 2 * 20));
    assert_int_equal(half_load(bytes), 0x4100);          /* 2.5 */
    assert_int_equal(half_load(bytes + 2), 0x3555);      /* 0.33325195 */
    assert_int_equal(half_load(bytes + 44), 0xc700);     /* -7 */
    assert_int_equal(half_load(bytes + 44 + 2), 0x63d1); /* 1000.55 is nearest to 1000.5 */
    probe_row seen[2];
    float *values;
    probe_rows(bytes + 4, 2, 2, seen, &values);
    assert_int_equal(seen[1].position, 1);
    assert_true(seen[0].values[0] == -1.5f && seen[1].values[0] == 1.5f);
    assert_true(seen[0].values[1] == 1.0f / 3.0f - half_to_float(0x3555));
    free(values);
    probe_rows(bytes + 48, 2, 2, seen, &values);
    assert_int_equal(seen[0].position, 2);
    assert_true(seen[0].values[0] == 0.0f && seen[0].values[1] == -0.5f && seen[1].values[1] == 1001.1f - 1000.5f);
    free(values), free(bytes);
    subject_close(&w);
}

/* 2 bytes per channel of side data for the whole stream, or of metadata for each block. */
static void means_cost_two_bytes_a_channel(void **state)
{
    (void)state;
    enum { N = 256, DIM = 128 };
    static const struct {
        const char *expression;
        size_t bytes, side, metadata;
    } expected[] = {
        { "center(polar(bits=3))", N * 50, 2 * DIM, 2 * N },
        { "center(polar(bits=3),per=block)", N * 50 + 2 * 256, 0, 2 * N + 2 * 256 },
        { "center(polar(bits=3),per=block,block=32)", N * 50 + 8 * 256, 0, 2 * N + 8 * 256 },
        { "center(center(polar(bits=3)))", N * 50, 4 * DIM, 2 * N },
    };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        subject w;
        size_t n;
        kvant_split s = { .size = sizeof s, .abi = KVANT_ABI };
        subject_open(&w, expected[i].expression, DIM, 1);
        subject_calibrate(&w, 512);
        uint8_t *bytes = subject_encode(&w, rows, N, &n);
        assert_int_equal(n, expected[i].bytes);
        assert_int_equal(w.t.codec->save(w.t.state, NULL, 0), expected[i].side);
        assert_int_equal(w.t.codec->split(w.t.state, 0, bytes, n, N, &s), KVANT_OK);
        assert_int_equal(s.metadata, expected[i].metadata);
        free(bytes);
        subject_close(&w);
    }
    free(rows);
}

/* Four channels of 128 with mean 20 and standard deviation 5, the others N(0, 1): the source of field.md H5. A mean
 * that a rotation cannot use is most of the energy: 4 (400 + 25) + 124 = 1824 of which 224 are left. */
static void constant_channels_stop_hurting_rotated_codecs(void **state)
{
    (void)state;
    enum { N = 2048, DIM = 128 };
    static const char *const expressions[] = { "center(polar(bits=2))", "center(polar(bits=2),per=block)" };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f), *fit = test_rows(TEST_GAUSSIAN, N, DIM, 2, 0.0f), *back;
    for (size_t r = 0; r < N; r++)
        for (size_t k = 5; k < DIM; k += 32) {
            rows[r * DIM + k] = 20.0f + 5.0f * rows[r * DIM + k];
            fit[r * DIM + k] = 20.0f + 5.0f * fit[r * DIM + k];
        }
    const kvant_samples samples = { .size = sizeof samples, .abi = KVANT_ABI, .rows = fit, .n_rows = N, .sequence = N };
    subject plain;
    subject_open(&plain, "window(polar(bits=2))", DIM, 1);
    subject_round_trip(&plain, rows, N, &back);
    const double without = test_error(rows, back, N * DIM) / test_energy(rows, N * DIM);
    subject_close(&plain);
    free(back);
    for (size_t i = 0; i < 2; i++) {
        subject w;
        subject_open(&w, expressions[i], DIM, 1);
        if (w.geometry.calibrates) assert_int_equal(w.t.codec->calibrate(w.t.state, &samples), KVANT_OK);
        subject_round_trip(&w, rows, N, &back);
        const double with = test_error(rows, back, N * DIM) / test_energy(rows, N * DIM);
        print_message("polar(bits=2), four constant channels: %.5f; %s: %.5f\n", without, expressions[i], with);
        assert_true(with / without > 0.9 * 224.0 / 1824.0 && with / without < 1.1 * 224.0 / 1824.0);
        free(back);
        subject_close(&w);
    }
    free(rows), free(fit);
}

/* Side data of center(probe(calibrates)): the means, then what probe was shown. */
static void the_inner_codec_calibrates_on_centred_rows(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        size_t heads, dim, means; /* bytes of means before the inner codec's */
        size_t span;              /* rows whose mean is 0, counted from each sequence's begin; 0: all rows */
    } expected[] = {
        { "center(probe(calibrates=1))", 1, 5, 10, 0 },
        { "center(probe(block=6,pooled=1,calibrates=1))", 3, 4, 24, 0 },
        { "center(probe(calibrates=1),per=block,block=8)", 1, 5, 0, 8 },
        { "center(probe(block=6,pooled=1,calibrates=1),per=block,block=4)", 3, 4, 0, 12 },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        subject w;
        probe_samples head;
        const size_t heads = expected[i].heads, dim = expected[i].dim, n = 96;
        subject_open(&w, expected[i].expression, (int)dim, 3);
        kvant_samples s = samples_for(&w, n);
        assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
        const size_t size = (size_t)w.t.codec->save(w.t.state, NULL, 0);
        uint8_t *side = malloc(size);
        assert_int_equal(w.t.codec->save(w.t.state, side, size), size);
        memcpy(&head, side + expected[i].means, sizeof head);
        assert_int_equal(head.n_rows, n);
        assert_int_equal(head.sequence, s.sequence);
        assert_int_equal(head.n_attention, s.n_attention);
        float *rows = malloc(n * dim * sizeof *rows);
        memcpy(rows, side + expected[i].means + sizeof head, n * dim * sizeof *rows);
        assert_memory_equal(side + expected[i].means + sizeof head + n * dim * 4, s.query_moment,
                            heads * dim * dim * 4);
        assert_memory_equal(side + size - heads * s.n_attention * 4, s.attention, heads * s.n_attention * 4);
        for (size_t begin = 0, end; begin < n; begin = end) {
            const size_t left = s.sequence - begin % s.sequence;
            end = expected[i].span == 0 ? n : begin + (left < expected[i].span ? left : expected[i].span);
            if (end > n) end = n;
            for (size_t c = 0; c < heads * dim; c++) {
                double sum = 0.0, was = 0.0;
                for (size_t r = begin; r < end; r++) {
                    sum += r % heads == c / dim ? (double)rows[r * dim + c % dim] : 0.0;
                    was += r % heads == c / dim ? (double)s.rows[r * dim + c % dim] : 0.0;
                }
                const double positions = (double)((end - begin) / heads);
                assert_true(fabs(sum) / positions <= fabs(was) / positions / 2048.0 + 1e-6); /* half a step of f16 */
            }
        }
        free(rows), free(side), samples_free(&s);
        subject_close(&w);
    }
}

static void weights_reach_the_rows_they_are_for(void **state)
{
    (void)state;
    enum { N = 24, DIM = 4 };
    subject w;
    size_t n;
    float weights[N], *values;
    probe_row seen[8];
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f);
    for (size_t r = 0; r < N; r++)
        weights[r] = 1.0f + (float)r;
    subject_open(&w, "center(probe(block=4),per=block,block=8)", DIM, 1);
    assert_int_equal(w.t.codec->weigh(w.t.state, weights, N), KVANT_OK);
    uint8_t *bytes = subject_encode(&w, rows, N, &n);
    for (size_t b = 0; b < 3; b++) {
        probe_rows(bytes + b * (2 * DIM + 8 * 28) + 2 * DIM, 8, DIM, seen, &values);
        for (size_t r = 0; r < 8; r++) {
            assert_int_equal(seen[r].position, 8 * b + r);
            assert_true(seen[r].weight == 1.0f + (float)(8 * b + r));
        }
        free(values);
    }
    free(bytes);
    bytes = subject_encode(&w, rows, N, &n); /* they were for one encode */
    probe_rows(bytes + 2 * DIM, 8, DIM, seen, &values);
    assert_true(seen[5].weight == 1.0f);
    free(values), free(bytes);
    assert_int_equal(w.t.codec->weigh(w.t.state, weights, 16), KVANT_OK);
    uint8_t room[2048];
    assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, N, room, sizeof room), KVANT_E_STATE);
    assert_string_equal(w.t.host.message, "center: 16 weights, but 24 rows to encode");
    weights[2] = 0.0f;
    assert_int_equal(w.t.codec->weigh(w.t.state, weights, N), KVANT_E_RANGE);
    subject_close(&w);
    free(rows);
    subject_open(&w, "center(turbo4,per=block)", 128, 1);
    assert_int_equal(w.t.codec->weigh(w.t.state, weights, 1), KVANT_E_PARAM);
    assert_non_null(strstr(w.t.host.message, "turbo4 fits nothing"));
    subject_close(&w);
}

/* Only blocks that are shorter than the inner codec's bound say how long they are. */
static void blocks_of_a_variable_codec_are_told_apart(void **state)
{
    (void)state;
    enum { DIM = 2, MEAN = 4, INNER = 2 * (12 + 8), BOUND = INNER + 5 };
    subject w;
    size_t n;
    float rows[8] = { 0 }, back[8];
    subject_open(&w, "center(probe(block=2,variable=1),per=block,block=2)", DIM, 1);
    assert_int_equal(w.t.codec->bound(w.t.state, 0, 4), 2 * (MEAN + 6 + BOUND));
    uint8_t *bytes = subject_encode(&w, rows, 4, &n);
    assert_int_equal(n, 2 * (6 + MEAN + INNER + 1));
    assert_int_equal(half_load(bytes), 0xffff);
    assert_int_equal(bytes[2], INNER + 1);
    bytes[2] = BOUND; /* a length that would not have been written */
    assert_int_equal(w.t.codec->decode(w.t.state, 0, bytes, n, back, 4), KVANT_E_CORRUPT);
    assert_non_null(strstr(w.t.host.message, "block at row 0"));
    bytes[2] = INNER + 1, bytes[5] = 0x80;
    assert_int_equal(w.t.codec->decode(w.t.state, 0, bytes, n, back, 4), KVANT_E_CORRUPT);
    bytes[5] = 0;
    assert_int_equal(w.t.codec->decode(w.t.state, 0, bytes, n, back, 4), KVANT_OK);
    half_store(bytes + 8, 0x7c00);
    assert_int_equal(w.t.codec->decode(w.t.state, 0, bytes, n, back, 4), KVANT_E_CORRUPT);
    assert_non_null(strstr(w.t.host.message, "the mean of column 1"));
    free(bytes);
    subject_close(&w);
}

static void means_beyond_f16_are_refused(void **state)
{
    (void)state;
    subject w;
    float rows[4] = { 1.0f, 65519.0f, 1.0f, 65519.0f };
    uint8_t out[64];
    subject_open(&w, "center(identity,per=block,block=2)", 2, 1);
    assert_true(w.t.codec->encode(w.t.state, 0, rows, 2, out, sizeof out) > 0);
    rows[1] = 65523.0f;
    assert_int_equal(w.t.codec->encode(w.t.state, 4, rows, 2, out, sizeof out), KVANT_E_RANGE);
    assert_string_equal(w.t.host.message, "center: rows 4 to 5: the mean of column 1 is 65521, beyond f16");
    rows[1] = 3e38f;
    assert_int_equal(w.t.codec->encode(w.t.state, 4, rows, 2, out, sizeof out), KVANT_E_RANGE);
    assert_non_null(strstr(w.t.host.message, "row 4, column 1"));
    rows[1] = 1.0f;
    assert_int_equal(w.t.codec->encode(w.t.state, 1, rows, 2, out, sizeof out), KVANT_E_STATE);
    subject_close(&w);
    subject_open(&w, "center(identity,per=block,block=1)", 1, 1);
    const float large_one = 3e38f;
    uint8_t bytes[6] = { 0 };
    memcpy(bytes + 2, &large_one, 4);
    assert_int_equal(w.t.codec->decode(w.t.state, 0, bytes, 6, rows, 1), KVANT_E_CORRUPT);
    subject_close(&w);
    subject_open(&w, "center(identity)", 2, 1);
    const kvant_samples none = { .size = sizeof none, .abi = KVANT_ABI, .rows = rows };
    assert_int_equal(w.t.codec->calibrate(w.t.state, &none), KVANT_E_PARAM);
    kvant_samples large = { .size = sizeof large, .abi = KVANT_ABI, .rows = rows, .n_rows = 2, .sequence = 2 };
    rows[1] = rows[3] = 70000.0f;
    assert_int_equal(w.t.codec->calibrate(w.t.state, &large), KVANT_E_RANGE);
    assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 2, out, sizeof out), KVANT_E_STATE);
    subject_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_promises_what_every_wrapper_does),
        cmocka_unit_test(a_block_holds_whole_blocks_of_the_inner_codec),
        cmocka_unit_test(the_rounded_mean_is_what_is_subtracted),
        cmocka_unit_test(means_cost_two_bytes_a_channel),
        cmocka_unit_test(constant_channels_stop_hurting_rotated_codecs),
        cmocka_unit_test(the_inner_codec_calibrates_on_centred_rows),
        cmocka_unit_test(weights_reach_the_rows_they_are_for),
        cmocka_unit_test(blocks_of_a_variable_codec_are_told_apart),
        cmocka_unit_test(means_beyond_f16_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
