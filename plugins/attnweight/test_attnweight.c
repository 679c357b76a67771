#include "tests/codecs/probe.h"
#include "tests/codecs/promises.h"
#include "tests/codecs/subject.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void it_promises_what_every_wrapper_does(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "attnweight(probe)", 16, 1, 1e38f },
        { "attnweight(probe(block=6,pooled=1,calibrates=1,variable=1))", 8, 3, 1e38f },
        { "attnweight(sink(probe(block=4),n=6))", 8, 1, 60000.0f },
        { "sink(attnweight(probe(block=4,calibrates=1)),n=3)", 8, 1, 60000.0f },
        { "attnweight(center(probe,per=block,block=8))", 8, 1, 60000.0f },
        { "attnweight(window(attnweight(rotate(probe))))", 32, 1, 1e36f },
        { "qprecond(attnweight(probe(block=2)))", 8, 1, 1e30f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

static kvant_samples profile(float *rows, float *attention, size_t n)
{
    return (kvant_samples){ .size = sizeof(kvant_samples),
                            .abi = KVANT_ABI,
                            .rows = rows,
                            .n_rows = 4,
                            .sequence = 4,
                            .attention = attention,
                            .n_attention = n };
}

/* Attention 8, 2, 0.25, 0 and beyond that the last; a floor of 0.1. Rows begin at position 2 in the second encode. */
static void rows_weigh_what_their_positions_get(void **state)
{
    (void)state;
    static const float by_row[] = { 8.0f, 2.0f, 0.25f, 0.1f, 0.1f, 0.1f };
    float rows[6] = { 1, 2, 3, 4, 5, 6 }, attention[] = { 8.0f, 2.0f, 0.25f, 0.0f }, *values;
    const kvant_samples s = profile(rows, attention, 4);
    for (size_t first = 0; first <= 2; first += 2) {
        subject w;
        probe_row seen[4];
        uint8_t out[256];
        subject_open(&w, "attnweight(probe(block=2),floor=0.1)", 1, 1);
        assert_int_equal(w.geometry.calibrates, 1);
        assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
        assert_int_equal(w.t.codec->encode(w.t.state, first, rows, 4, out, sizeof out), 4 * 16);
        probe_rows(out, 4, 1, seen, &values);
        for (size_t r = 0; r < 4; r++) {
            assert_int_equal(seen[r].position, first + r);
            assert_true(seen[r].weight == by_row[first + r]);
        }
        assert_int_equal(w.t.codec->save(w.t.state, NULL, 0), 0);
        free(values);
        subject_close(&w);
    }
}

static void pooled_rows_weigh_what_their_head_gets(void **state)
{
    (void)state;
    static const float expected[] = { 3.0f, 1.0f, 2.0f, 4.0f, 2.0f, 4.0f };
    float rows[6] = { 1, 2, 3, 4, 5, 6 }, attention[] = { 3.0f, 2.0f, /* head 1: */ 1.0f, 4.0f }, *values;
    const kvant_samples s = profile(rows, attention, 2);
    subject w;
    probe_row seen[6];
    uint8_t out[256];
    subject_open(&w, "attnweight(probe(block=2,pooled=1))", 1, 2);
    assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
    memset(attention, 0, sizeof attention); /* the samples need not outlive calibrate */
    assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 6, out, sizeof out), 6 * 16);
    probe_rows(out, 6, 1, seen, &values);
    for (size_t r = 0; r < 6; r++)
        assert_true(seen[r].weight == expected[r]);
    free(values);
    subject_close(&w);
}

static void weights_from_outside_are_factors(void **state)
{
    (void)state;
    float rows[4] = { 1, 2, 3, 4 }, attention[] = { 8.0f, 2.0f, 0.5f }, weights[] = { 1.0f, 10.0f, 2.0f, 4.0f };
    const kvant_samples s = profile(rows, attention, 3);
    subject w;
    probe_row seen[4];
    uint8_t out[256];
    float *values;
    subject_open(&w, "attnweight(probe)", 1, 1);
    assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
    assert_int_equal(w.t.codec->weigh(w.t.state, weights, 4), KVANT_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 4, out, sizeof out), 4 * 16);
        probe_rows(out, 4, 1, seen, &values);
        assert_true(seen[1].weight == (again ? 2.0f : 20.0f) && seen[3].weight == (again ? 0.5f : 2.0f));
        free(values);
    }
    subject_close(&w);
}

static void a_codec_that_fits_nothing_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *message;
    } refused[] = {
        { "attnweight(turbo4)", "turbo4 fits nothing to its rows" },
        { "attnweight(rotate(window(turbo4)))", "turbo4 fits nothing to its rows" },
        { "attnweight(sink(center(q8_0,per=block)))", "q8_0 fits nothing to its rows" },
        { "attnweight(probe(weighs=0))", "probe fits nothing to its rows" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        subject w;
        assert_int_equal(subject_try_open(&w, refused[i].expression, 128, 1), KVANT_E_PARAM);
        assert_non_null(strstr(w.t.host.message, refused[i].message));
        assert_int_equal(w.t.host.live, 0);
    }
}

static void samples_without_attention_are_refused(void **state)
{
    (void)state;
    static const struct {
        float attention;
        size_t n;
        int code;
    } refused[] = { { 1.0f, 0, KVANT_E_PARAM },
                    { NAN, 2, KVANT_E_NONFINITE },
                    { INFINITY, 2, KVANT_E_NONFINITE },
                    { -1.0f, 2, KVANT_E_NONFINITE } };
    subject w;
    uint8_t out[64];
    float rows[4] = { 0 };
    subject_open(&w, "attnweight(probe)", 1, 1);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        float attention[2] = { 1.0f, refused[i].attention };
        const kvant_samples s = profile(rows, attention, refused[i].n);
        assert_int_equal(w.t.codec->calibrate(w.t.state, &s), refused[i].code);
        assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 1, out, sizeof out), KVANT_E_STATE);
    }
    const kvant_samples none = profile(rows, NULL, 2);
    assert_int_equal(w.t.codec->calibrate(w.t.state, &none), KVANT_E_PARAM);
    subject_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_promises_what_every_wrapper_does),
        cmocka_unit_test(rows_weigh_what_their_positions_get),
        cmocka_unit_test(pooled_rows_weigh_what_their_head_gets),
        cmocka_unit_test(weights_from_outside_are_factors),
        cmocka_unit_test(a_codec_that_fits_nothing_is_refused),
        cmocka_unit_test(samples_without_attention_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
