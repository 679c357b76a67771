#include "tests/codecs/promises.h"
#include "tests/codecs/subject.h"

#include <stdlib.h>

static void it_promises_what_every_wrapper_does(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "window(identity)", 80, 1, 1e38f },
        { "window(turbo4,n=32)", 128, 1, 5000.0f },
        { "window(polar(bits=3))", 96, 1, 2500.0f },
        { "window(blocky(block=8,window=5),n=64)", 64, 1, 65000.0f },
        { "window(probe(block=6,pooled=1,calibrates=1,variable=1))", 16, 3, 1e38f },
        { "window(center(polar,per=block,block=8))", 64, 1, 2500.0f },
        { "window(window(turbo3))", 128, 1, 5000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

/* In rows: positions times heads where the inner codec pools them. */
static void the_window_is_the_larger_of_both(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        uint32_t window, block;
    } expected[] = {
        { "window(turbo4)", 128, 1 },
        { "window(turbo4,n=1)", 1, 1 },
        { "window(turbo4,n=32768)", 32768, 1 },
        { "window(blocky(window=200),n=100)", 200, 16 },
        { "window(blocky(window=100),n=200)", 200, 16 },
        { "window(probe(block=6,pooled=1),n=10)", 30, 6 },
        { "window(probe(block=6,pooled=1),n=5)", 21, 6 },
        { "window(window(turbo4,n=10),n=20)", 20, 1 },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        subject w;
        subject_open(&w, expected[i].expression, 128, 3);
        assert_int_equal(w.geometry.window, expected[i].window);
        assert_int_equal(w.geometry.block, expected[i].block);
        subject_close(&w);
    }
}

/* A codec that says so in its flags alone. */
static void calibration_is_asked_for_whichever_way_the_inner_codec_says_it(void **state)
{
    (void)state;
    const kvant_inner *probe = subject_spec("probe"), *outer = subject_spec("window(probe)");
    kvant_codec always = *probe->codec;
    always.flags = KVANT_CALIBRATES;
    for (int has_geometry = 0; has_geometry < 2; has_geometry++) {
        if (!has_geometry) always.geometry = NULL;
        kvant_inner inner = *probe;
        kvant_value values[TEST_PARAMS];
        kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
        test_instance t;
        inner.codec = &always;
        test_defaults(outer->codec, &inner, values);
        test_open(&t, outer->codec, 8, values);
        assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
        assert_int_equal(g.calibrates, 1);
        assert_int_equal(g.block, 1);
        test_close(&t);
        always.geometry = probe->codec->geometry;
    }
}

static void the_bytes_are_the_inner_codec_s(void **state)
{
    (void)state;
    subject w, plain;
    float *rows = test_rows(TEST_GAUSSIAN, 40, 128, 1, 0.0f), *a, *b;
    subject_open(&w, "window(turbo3,n=16)", 128, 1);
    subject_open(&plain, "window(turbo3,n=1)", 128, 1);
    assert_int_equal(subject_round_trip(&w, rows, 40, &a), 40 * 50);
    assert_int_equal(subject_round_trip(&plain, rows, 40, &b), 40 * 50);
    assert_memory_equal(a, b, 40 * 128 * sizeof *a);
    subject_close(&w);
    subject_close(&plain);
    free(rows), free(a), free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_promises_what_every_wrapper_does),
        cmocka_unit_test(the_window_is_the_larger_of_both),
        cmocka_unit_test(calibration_is_asked_for_whichever_way_the_inner_codec_says_it),
        cmocka_unit_test(the_bytes_are_the_inner_codec_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
