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
        { "sink(identity)", 80, 1, 65000.0f },
        { "sink(turbo4,n=3)", 128, 1, 5000.0f },
        { "sink(polar(bits=3),n=1)", 96, 1, 2500.0f },
        { "sink(polar,n=0)", 64, 1, 2500.0f },
        { "sink(rotate(q4_0),n=100)", 64, 1, 5000.0f },
        { "sink(blocky(block=8),n=3)", 64, 1, 60000.0f },
        { "sink(blocky(block=8),n=8)", 64, 1, 60000.0f },
        { "sink(blocky(block=8),n=19)", 64, 1, 60000.0f },
        { "sink(probe(block=4,calibrates=1,variable=1),n=6)", 8, 1, 60000.0f },
        { "sink(probe(block=6,pooled=1,calibrates=1),n=3)", 8, 3, 60000.0f },
        { "sink(center(polar,per=block,block=8),n=4)", 64, 1, 2500.0f },
        { "sink(center(turbo3),n=2)", 128, 1, 5000.0f },
        { "sink(sink(turbo3,n=2),n=2)", 128, 1, 5000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

/* Rows that are numbers f16 holds: row r of head h at every column. */
static float value_of(size_t row)
{
    return 1.0f + (float)row;
}

/* What the inner codec is given, for a sink of n positions: rows by their value, weights when each row had the weight
 * of its value, blocks of it. Worked out by hand; heads 1 unless pooled. */
static void the_inner_codec_sees_what_comes_after_the_sink(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        size_t rows, kept, seen; /* in all, in f16, by the inner codec */
        float values[8], weights[8];
    } expected[] = {
        { "sink(probe,n=0)", 4, 0, 4, { 1, 2, 3, 4 }, { 1, 2, 3, 4 } },
        { "sink(probe,n=3)", 5, 3, 2, { 4, 5 }, { 4, 5 } },
        { "sink(probe,n=9)", 5, 5, 0, { 0 }, { 0 } },
        { "sink(probe(block=4),n=1)", 4, 1, 4, { 2, 2, 3, 4 }, { 1, 1, 3, 4 } },
        { "sink(probe(block=4),n=3)", 8, 3, 8, { 4, 4, 4, 4, 5, 6, 7, 8 }, { 1, 1, 1, 1, 5, 6, 7, 8 } },
        { "sink(probe(block=4),n=4)", 8, 4, 4, { 5, 6, 7, 8 }, { 5, 6, 7, 8 } },
        { "sink(probe(block=4),n=6)", 8, 6, 4, { 7, 7, 7, 8 }, { 7 / 3.0f, 7 / 3.0f, 7 / 3.0f, 8 } },
        { "sink(probe(block=4),n=9)", 8, 8, 0, { 0 }, { 0 } },
        { "sink(probe(block=6,pooled=1),n=1)", 6, 2, 6, { 3, 4, 3, 4, 5, 6 }, { 1.5f, 2, 1.5f, 2, 5, 6 } },
        { "sink(probe(block=4,pooled=1),n=3)", 8, 6, 4, { 7, 8, 7, 8 }, { 3.5f, 4, 3.5f, 4 } },
    };
    enum { DIM = 3 };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        subject w;
        size_t n;
        float rows[8 * DIM], weights[8], *values, *back;
        probe_row seen[8];
        kvant_split s = { .size = sizeof s, .abi = KVANT_ABI };
        for (size_t k = 0; k < 8 * DIM; k++)
            rows[k] = value_of(k / DIM);
        for (size_t r = 0; r < 8; r++)
            weights[r] = value_of(r);
        subject_open(&w, expected[i].expression, DIM, 2);
        assert_int_equal(w.t.codec->weigh(w.t.state, weights, expected[i].rows), KVANT_OK);
        uint8_t *bytes = subject_encode(&w, rows, expected[i].rows, &n);
        const size_t kept_bytes = expected[i].kept * DIM * 2;
        assert_int_equal(n, kept_bytes + expected[i].seen * (12 + 4 * DIM));
        for (size_t r = 0; r < expected[i].kept; r++)
            assert_true(half_to_float(half_load(bytes + r * DIM * 2)) == value_of(r));
        probe_rows(bytes + kept_bytes, expected[i].seen, DIM, seen, &values);
        for (size_t r = 0; r < expected[i].seen; r++) {
            assert_int_equal(seen[r].position, r);
            assert_true(seen[r].values[DIM - 1] == expected[i].values[r]);
            assert_true(fabsf(seen[r].weight - expected[i].weights[r]) < 1e-6f);
        }
        assert_int_equal(w.t.codec->split(w.t.state, 0, bytes, n, expected[i].rows, &s), KVANT_OK);
        assert_int_equal(s.exact, kept_bytes);
        assert_int_equal(s.metadata, expected[i].seen);
        subject_round_trip(&w, rows, expected[i].rows, &back);
        assert_memory_equal(back, rows, expected[i].rows * DIM * sizeof *rows);
        free(values), free(bytes), free(back);
        subject_close(&w);
    }
}

/* Without weights the stand-ins count as one row, too, so weights of 1 change nothing. */
static void weights_of_one_change_nothing(void **state)
{
    (void)state;
    enum { DIM = 2, ROWS = 8 };
    static const float expected[ROWS] = { 0.25f, 0.25f, 0.25f, 0.25f, 1, 1, 1, 1 };
    subject w;
    size_t n, n_weighed;
    probe_row seen[ROWS];
    float *values, ones[ROWS], *rows = test_rows(TEST_GAUSSIAN, ROWS, DIM, 1, 0.0f);
    for (size_t i = 0; i < ROWS; i++)
        ones[i] = 1.0f;
    subject_open(&w, "sink(probe(block=4),n=3)", DIM, 1);
    uint8_t *bytes = subject_encode(&w, rows, ROWS, &n);
    probe_rows(bytes + 3 * 2 * DIM, ROWS, DIM, seen, &values);
    for (size_t i = 0; i < ROWS; i++)
        assert_true(seen[i].weight == expected[i]);
    assert_int_equal(w.t.codec->weigh(w.t.state, ones, ROWS), KVANT_OK);
    uint8_t *weighed = subject_encode(&w, rows, ROWS, &n_weighed);
    assert_int_equal(n, n_weighed);
    assert_memory_equal(bytes, weighed, n);
    free(bytes), free(weighed), free(values), free(rows);
    subject_close(&w);
}

/* The inner codec's bytes for rows after the sink are what it would write if the sequence began there. */
static void later_rows_cost_what_they_cost_alone(void **state)
{
    (void)state;
    subject w, plain;
    size_t n, n_plain;
    float *rows = test_rows(TEST_GAUSSIAN, 40, 128, 1, 0.0f);
    subject_open(&w, "sink(turbo3,n=5)", 128, 1);
    subject_open(&plain, "window(turbo3)", 128, 1);
    uint8_t *bytes = subject_encode(&w, rows, 40, &n), *alone = subject_encode(&plain, rows + 5 * 128, 35, &n_plain);
    assert_int_equal(n, 5 * 256 + n_plain);
    assert_memory_equal(bytes + 5 * 256, alone, n_plain);
    free(bytes), free(alone);
    const int64_t later = w.t.codec->encode(w.t.state, 1000000, rows, 1, (uint8_t[64]){ 0 }, 64);
    assert_int_equal(later, 50);
    subject_close(&w);
    subject_close(&plain);
    free(rows);
}

/* The same for a block codec that fits a mean: a first row 100 times as large does not show in the rows after it. */
static void a_fit_is_not_spoilt_by_the_sink(void **state)
{
    (void)state;
    enum { N = 64, DIM = 64 };
    static const char *const expressions[] = { "sink(center(polar(bits=3),per=block,block=16),n=1)",
                                               "sink(center(polar(bits=3),per=block,block=16),n=0)" };
    double error[2];
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f), *back;
    for (size_t i = 0; i < DIM; i++)
        rows[i] = 100.0f + rows[i];
    for (size_t k = 0; k < 2; k++) {
        subject w;
        subject_open(&w, expressions[k], DIM, 1);
        subject_round_trip(&w, rows, N, &back);
        error[k] = test_error(rows + DIM, back + DIM, 15 * DIM) / test_energy(rows + DIM, 15 * DIM);
        subject_close(&w);
        free(back);
    }
    print_message("error of 15 rows after a large one: %.4f, with a sink %.4f\n", error[1], error[0]);
    assert_true(error[0] < 0.05 && error[1] > 1.0); /* polar(3): 0.034 */
    free(rows);
}

/* Two sequences of 7 positions and one too short, blocks of 2, a sink of 3: the first 2 are gone, the third repeats. */
static void the_inner_codec_calibrates_on_later_rows(void **state)
{
    (void)state;
    static const float by_row[] = { 4, 4, 5, 6, 7, 11, 11, 12, 13, 14 }, by_pooled[] = { 7, 8, 7, 8, 9, 10, 11, 12 };
    static const float attention[] = { 2, 2, 5, 6, 6 }, short_attention[] = { 1, 1, 2 };
    static const struct {
        const char *expression;
        size_t heads, n_rows, sequence, n_attention;
        const float *rows;
        size_t rows_seen;
        const float *attention;
        size_t attention_seen;
    } expected[] = {
        { "sink(probe(block=2,calibrates=1),n=3)", 1, 17, 7, 6, by_row, 10, attention, 4 },
        { "sink(probe(block=2,calibrates=1),n=3)", 1, 17, 7, 2, by_row, 10, short_attention, 3 },
        { "sink(probe(block=4,pooled=1,calibrates=1),n=3)", 2, 12, 12, 6, by_pooled, 8, attention, 4 },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const size_t heads = expected[i].heads, n = expected[i].n_rows;
        subject w;
        float rows[32], profile[12], moment[2] = { 3, 4 }, seen[64];
        uint8_t side[512];
        probe_samples head;
        for (size_t r = 0; r < n; r++)
            rows[r] = value_of(r);
        for (size_t k = 0; k < 12; k++)
            profile[k] = 1.0f + (float)(k % expected[i].n_attention);
        const kvant_samples s = { .size = sizeof s,
                                  .abi = KVANT_ABI,
                                  .rows = rows,
                                  .n_rows = n,
                                  .sequence = expected[i].sequence,
                                  .query_moment = moment,
                                  .attention = profile,
                                  .n_attention = expected[i].n_attention };
        subject_open(&w, expected[i].expression, 1, (int)heads);
        assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
        const int64_t size = w.t.codec->save(w.t.state, side, sizeof side);
        assert_true(size > 0);
        memcpy(&head, side, sizeof head);
        memcpy(seen, side + sizeof head, (size_t)size - sizeof head);
        assert_int_equal(head.n_rows, expected[i].rows_seen);
        assert_int_equal(head.sequence, expected[i].sequence - (heads == 2 ? 4 : 2));
        for (size_t r = 0; r < head.n_rows; r++)
            assert_true(seen[r] == expected[i].rows[r]);
        for (size_t h = 0; h < heads; h++)
            assert_true(seen[head.n_rows + h] == moment[h]);
        assert_int_equal(head.n_attention, expected[i].attention_seen);
        for (size_t k = 0; k < heads * head.n_attention; k++)
            assert_true(seen[head.n_rows + heads + k] == expected[i].attention[k % head.n_attention]);
        subject_close(&w);
    }
}

static void sequences_within_the_sink_cannot_calibrate(void **state)
{
    (void)state;
    subject w;
    float rows[8] = { 0 };
    const kvant_samples s = { .size = sizeof s, .abi = KVANT_ABI, .rows = rows, .n_rows = 8, .sequence = 4 };
    subject_open(&w, "sink(probe(calibrates=1),n=4)", 1, 1);
    assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_E_PARAM);
    assert_string_equal(w.t.host.message, "sink: sequences of 4 sample rows lie within the sink of 4");
    subject_close(&w);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    subject w;
    float rows[16] = { 1.0f, 2.0f, 3.0f, 70000.0f, 1.0f, 70000.0f };
    uint8_t out[256];
    subject_open(&w, "sink(identity,n=2)", 2, 1);
    assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 3, out, sizeof out), KVANT_E_RANGE);
    assert_string_equal(w.t.host.message, "sink: row 1, column 1: 70000 does not fit f16");
    rows[3] = 65519.0f; /* rounds to the largest f16; row 2 is the inner codec's */
    assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 3, out, sizeof out), 16);
    half_store(out + 2, 0x7e00);
    assert_int_equal(w.t.codec->decode(w.t.state, 0, out, 16, rows, 3), KVANT_E_CORRUPT);
    assert_string_equal(w.t.host.message, "sink: row 0, column 1 is not a finite number");
    subject_close(&w);
    subject_open(&w, "sink(probe(block=4),n=3)", 2, 1);
    assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 2, out, sizeof out), KVANT_E_STATE);
    assert_string_equal(w.t.host.message, "sink: 2 rows from row 0, expected blocks of 4");
    assert_int_equal(w.t.codec->encode(w.t.state, 2, rows, 4, out, sizeof out), KVANT_E_STATE);
    subject_close(&w);
    subject_open(&w, "sink(turbo4)", 128, 1);
    assert_int_equal(w.t.codec->weigh(w.t.state, rows, 1), KVANT_E_PARAM);
    subject_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_promises_what_every_wrapper_does),
        cmocka_unit_test(the_inner_codec_sees_what_comes_after_the_sink),
        cmocka_unit_test(weights_of_one_change_nothing),
        cmocka_unit_test(later_rows_cost_what_they_cost_alone),
        cmocka_unit_test(a_fit_is_not_spoilt_by_the_sink),
        cmocka_unit_test(the_inner_codec_calibrates_on_later_rows),
        cmocka_unit_test(sequences_within_the_sink_cannot_calibrate),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
