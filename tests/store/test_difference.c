/* Two runs side by side, against a closed form. */
#include "tests/store/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/difference.h"

enum { BLOCKS = 24 };

typedef struct offsets {
    double kld, nll, dp2; /* per position, on every block */
    int same_top;         /* per block */
} offsets;

/* Blocks that vary, plus the offsets; the run's own figures are those of its blocks. */
static int64_t add_shifted(store *s, const char *config, offsets by)
{
    store_block blocks[BLOCKS];
    double kld = 0, nll = 0, dp2 = 0, same = 0, n = 0;
    for (int i = 0; i < BLOCKS; i++) {
        double wave = 0.5 + 0.4 * sin(i * 1.7);
        blocks[i] = (store_block){ i / 3,
                                   i % 3,
                                   64,
                                   64 * (3 + wave),
                                   64 * (3 + wave + by.nll),
                                   64 * (wave + by.kld),
                                   64 * by.dp2,
                                   40 + i % 5 + by.same_top };
        kld += blocks[i].kld;
        nll += blocks[i].nll - blocks[i].nll_ref;
        dp2 += blocks[i].dp2;
        same += (double)blocks[i].same_top;
        n += 64;
    }
    store_run run = sample_run(config);
    run.kld.value = kld / n;
    run.dppl.value = 100 * expm1(nll / n);
    run.rms_dp.value = 100 * sqrt(dp2 / n);
    run.top1.value = 100 * same / n;
    int64_t id;
    fault f = { 0 };
    store_layer layer = { 0, "k", config, 0.01, 0.02, 100, 50 };
    if (!store_add_run(s, &run, &(store_parts){ .layers = &layer, .n_layers = 1, .blocks = blocks, .n_blocks = BLOCKS },
                       &id, &f))
        fail_msg("%s", f.text);
    return id;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (1 + fabs(b));
}

/* Where every block differs by the same constant, chance has nothing to say: the interval is that constant alone. */
static void a_constant_difference_has_an_interval_without_width(void **state)
{
    store *s = writer(state);
    int64_t a = add_shifted(s, "a", (offsets){ 0.1, 0.02, 0.0004, 3 });
    int64_t b = add_shifted(s, "b", (offsets){ 0.35, 0.05, 0.0009, 1 });
    const double expected[DIFFERENCE_METRICS] = {
        0.25,                              /* 0.35 - 0.1 nats */
        100 * (expm1(0.05) - expm1(0.02)), /* percent */
        100 * (1.0 - 3.0) / 64,            /* two of 64 fewer on every block */
        100 * (0.03 - 0.02),               /* square roots */
    };
    fault f = { 0 };
    difference d;
    if (!difference_make(s, a, b, &d, &f)) fail_msg("%s", f.text);
    for (int i = 0; i < DIFFERENCE_METRICS; i++) {
        const difference_metric *m = &d.metrics[i];
        if (!near(m->between.value, expected[i]) || !near(m->between.lo, expected[i]) ||
            !near(m->between.hi, expected[i]))
            fail_msg("%s: %.12g [%.12g, %.12g], expected %.12g", m->metric->name, m->between.value, m->between.lo,
                     m->between.hi, expected[i]);
        assert_true(near(m->b - m->a, expected[i]));
        assert_int_equal(difference_verdict(m), DIFFERENCE_A); /* a is better on all four */
    }
    assert_int_equal(d.n_layers[0], 1);
    assert_string_equal(d.layers[1][0].codec, "b");
    difference_release(&d);
    assert_true(difference_make(s, b, a, &d, &f));
    for (int i = 0; i < DIFFERENCE_METRICS; i++) {
        assert_int_equal(difference_verdict(&d.metrics[i]), DIFFERENCE_B);
        assert_true(near(d.metrics[i].between.lo, -expected[i]));
    }
    difference_release(&d);
    assert_true(difference_make(s, a, a, &d, &f));
    for (int i = 0; i < DIFFERENCE_METRICS; i++) {
        assert_int_equal(difference_verdict(&d.metrics[i]), DIFFERENCE_ALIKE);
        assert_true(d.metrics[i].between.lo == 0 && d.metrics[i].between.hi == 0);
    }
    difference_release(&d);
    store_close(s);
}

static void the_better_perplexity_is_the_one_nearer_to_the_reference(void **state)
{
    static const struct {
        double a, b;
        difference_answer answer;
    } cases[] = {
        { 0.01, 0.02, DIFFERENCE_A },          { -0.03, -0.01, DIFFERENCE_B }, { 0.01, -0.02, DIFFERENCE_OPPOSITE },
        { -0.01, 0.005, DIFFERENCE_OPPOSITE }, { 0, 0.01, DIFFERENCE_A },      { -0.01, 0, DIFFERENCE_B },
        { 0.01, 0.01, DIFFERENCE_ALIKE },
    };
    store *s = writer(state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault f = { 0 };
        difference d;
        int64_t a = add_shifted(s, "a", (offsets){ .nll = cases[i].a });
        int64_t b = add_shifted(s, "b", (offsets){ .nll = cases[i].b });
        assert_true(difference_make(s, a, b, &d, &f));
        if (difference_verdict(&d.metrics[1]) != cases[i].answer) fail_msg("case %zu", i);
        difference_release(&d);
    }
    store_close(s);
}

static void runs_of_different_sets_are_refused_with_what_differs(void **state)
{
    store *s = writer(state);
    int64_t first = add_shifted(s, "a", (offsets){ 0 });
    static const char *const columns[] = { "model", "text", "protocol", "ctx", "eval", "passages" };
    for (size_t i = 0; i < 6; i++) {
        store_run run = sample_run("b");
        if (i == 0) run.model.hash = "m7";
        if (i == 1) run.text.hash = "t7";
        if (i == 2) run.protocol = "snapshot";
        if (i == 3) run.ctx = 77;
        if (i == 4) run.eval = 78;
        if (i == 5) run.passages = 79;
        int64_t id = add(s, &run);
        fault f = { 0 };
        difference d;
        assert_false(difference_make(s, first, id, &d, &f));
        assert_int_equal(f.code, FAULT_INPUT);
        for (size_t k = 0; k < 6; k++) {
            char part[24];
            snprintf(part, sizeof part, " %s (", columns[k]);
            if ((strstr(f.text, part) != NULL) != (i == k)) fail_msg("%s: %s", columns[i], f.text);
        }
    }
    fault f = { 0 };
    difference d;
    store_run many = sample_run("c");
    many.ctx = 1;
    many.model.hash = "m9";
    assert_false(difference_make(s, first, add(s, &many), &d, &f));
    assert_non_null(strstr(f.text, "model (Tiny (m0) and Tiny (m9)), ctx (512 and 1)"));
    store_run failed = failed_run("d");
    assert_true(store_add_run(s, &failed, NULL, &first, &f));
    assert_false(difference_make(s, 1, first, &d, &f));
    assert_non_null(strstr(f.text, "failed (signal 11 (SIGSEGV))"));
    assert_false(difference_make(s, 1, 12345, &d, &f));
    assert_non_null(strstr(f.text, "no run 12345"));
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_constant_difference_has_an_interval_without_width),
        TEST(the_better_perplexity_is_the_one_nearer_to_the_reference),
        TEST(runs_of_different_sets_are_refused_with_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
