/* The trial that decides whether to whiten, and the samples it is given. */
#include "plugins/qprecond/test_source.h"
#include "tests/codecs/probe.h"

#include <string.h>

/* ---- the trial -------------------------------------------------------------------------------------------------- */

/* The figures it logs are those of two instances of their own, on the second half. */
static void the_trial_measures_held_out_rows(void **state)
{
    (void)state;
    static const size_t sequences[] = { N, HALF, HALF / 2 };
    source *q = source_of(1000.0);
    float *fit = malloc(N * DIM * sizeof *fit);
    for (int last = -1; last <= 1; last += 2) {
        draw_keys(q, -last, 1, fit, HALF); /* the half that is not measured says the opposite */
        draw_keys(q, last, 2, fit + HALF * DIM, HALF);
        const double plain = error_of("qprecond(polar(bits=3),skip=always)", q, fit, fit + HALF * DIM, HALF);
        const double whitened = error_of("qprecond(polar(bits=3),skip=never)", q, fit, fit + HALF * DIM, HALF);
        char expected[128];
        snprintf(expected, sizeof expected, "query error %.4g plain, %.4g whitened: %s", plain, whitened,
                 last < 0 ? "whitened" : "as it is");
        for (size_t i = 0; i < 3; i++) {
            subject w;
            const kvant_samples s = samples_of(fit, N, sequences[i], q->moment);
            open_calibrated(&w, "qprecond(polar(bits=3))", DIM, 1, &s);
            if (!strstr(said, expected)) fail_msg("expected %s: %s", expected, said);
            assert_int_equal(decision_of(&w), last < 0);
            subject_close(&w);
        }
    }
    free(fit), free(q);
}

/* A calibrating inner codec is calibrated with the first half for the trial: a mean of 50 in one half alone is noise in
 * the other, so the trial's error is large, and once decided the inner codec sees all rows. */
static void the_trial_calibrates_on_the_other_half(void **state)
{
    (void)state;
    source *q = source_of(1.0);
    float *fit = malloc(N * DIM * sizeof *fit);
    double plain = 0.0;
    draw_keys(q, 0, 1, fit, N);
    for (size_t i = 0; i < HALF * DIM; i++)
        fit[i] += 50.0f;
    subject w;
    const kvant_samples s = samples_of(fit, N, HALF, q->moment);
    open_calibrated(&w, "qprecond(center(polar(bits=2)))", DIM, 1, &s);
    assert_int_equal(sscanf(strstr(said, "query error"), "query error %lf plain", &plain), 1);
    assert_true(plain > 100.0); /* 0.116 · 2501 */
    const size_t n = (size_t)w.t.codec->save(w.t.state, NULL, 0);
    uint8_t *side = malloc(n);
    uint16_t mean;
    assert_int_equal(w.t.codec->save(w.t.state, side, n), n);
    memcpy(&mean, side + n - 2, 2);
    assert_in_range(mean, 0x4e20, 0x4e60); /* 25: 24.5 to 25.5 */
    free(side), free(fit), free(q);
    subject_close(&w);
}

/* Two heads with moments of their own through rounding to whole numbers, worked out here. */
static void the_trial_weighs_each_head_by_its_own_queries(void **state)
{
    (void)state;
    const float moments[] = { 1, 0, 0, 25, /* head 1: */ 4, 0, 0, 9 };
    float rows[32];
    double error = 0.0, energy = 0.0, plain = 0.0, whitened = 0.0, expected = 0.0;
    for (size_t i = 0; i < 32; i++)
        rows[i] = (float)random_normal(8, i);
    for (size_t i = 16; i < 32; i++) {
        const double m = (double)moments[i % 4 / 2 * 4 + i % 2 * 3], l = sqrt(m), x = (double)rows[i];
        error += m * (x - rint(x)) * (x - rint(x));
        expected += m * (x - rint(x * l) / l) * (x - rint(x * l) / l);
        energy += m * x * x;
    }
    const kvant_samples s = samples_of(rows, 16, 16, moments);
    subject w;
    open_calibrated(&w, "qprecond(probe(block=2,pooled=1,coarse=1),ridge=1e-9)", 2, 2, &s);
    assert_int_equal(sscanf(strstr(said, "query error"), "query error %lf plain, %lf", &plain, &whitened), 2);
    assert_true(fabs(plain * energy / error - 1.0) < 1e-3 && fabs(whitened * energy / expected - 1.0) < 1e-3);
    subject_close(&w);
}

/* P5: where whitened keys overflow the inner codec's f16 the keys stay as they are, and the other way round. */
static void a_value_beyond_the_inner_codec_s_range_does_not_win(void **state)
{
    (void)state;
    static const struct {
        float moment, key;
        int decision;
    } cases[] = { { 1e6f, 100.0f, 0 }, { 1e-6f, 1e5f, 1 }, { 1e-6f, 1e8f, 0 }, { 1e38f, 1e25f, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float rows[64], moment[4] = { cases[i].moment, 0, 0, cases[i].moment };
        uint8_t out[64];
        for (size_t k = 0; k < 64; k++)
            rows[k] = cases[i].key * (k % 3 == 0 ? -1.0f : 0.9f);
        const kvant_samples s = samples_of(rows, 32, 16, moment);
        subject w;
        open_calibrated(&w, "qprecond(f16)", 2, 1, &s);
        assert_int_equal(decision_of(&w), cases[i].decision);
        subject_close(&w);
        if (i != 0) continue;
        open_calibrated(&w, "qprecond(f16,skip=never)", 2, 1, &s);
        assert_int_equal(w.t.codec->encode(w.t.state, 0, rows, 1, out, sizeof out), KVANT_E_RANGE);
        subject_close(&w);
    }
    float row[2] = { 3e38f, 3e38f }, moment[4] = { 100, 0, 0, 100 };
    const kvant_samples s = samples_of(row, 0, 0, moment);
    uint8_t out[8];
    subject w;
    open_calibrated(&w, "qprecond(identity,skip=never)", 2, 1, &s);
    assert_int_equal(w.t.codec->encode(w.t.state, 3, row, 1, out, sizeof out), KVANT_E_RANGE);
    assert_string_equal(w.t.host.message, "qprecond: row 3, column 0: whitened, the value is too large");
    subject_close(&w);
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

static void the_inner_codec_calibrates_on_whitened_rows(void **state)
{
    (void)state;
    static const float identity[] = { 1, 0, 0, 1, 1, 0, 0, 1 };
    for (int whitened = 0; whitened <= 1; whitened++) {
        subject w;
        probe_samples head;
        subject_open(&w,
                     whitened ? "qprecond(probe(block=2,pooled=1,calibrates=1),skip=never)"
                              : "qprecond(probe(block=2,pooled=1,calibrates=1),skip=always)",
                     2, 2);
        kvant_samples s = samples_for(&w, 24);
        assert_int_equal(w.t.codec->calibrate(w.t.state, &s), KVANT_OK);
        const size_t n = (size_t)w.t.codec->save(w.t.state, NULL, 0), own = whitened ? 1 + 2 * 12 : 1;
        uint8_t *side = malloc(n);
        assert_int_equal(w.t.codec->save(w.t.state, side, n), n);
        memcpy(&head, side + own, sizeof head);
        assert_int_equal(head.n_rows, 24);
        assert_int_equal(head.sequence, s.sequence);
        const uint8_t *rows = side + own + sizeof head, *moment = rows + 24 * 2 * 4,
                      *attention = moment + 2 * (head.n_moment + head.n_met) * 4;
        float first[2], l[3];
        memcpy(first, rows, sizeof first);
        memcpy(l, side + 1, sizeof l);
        if (whitened) assert_true(fabsf(first[0] - (s.rows[0] * l[0] + s.rows[1] * l[1])) < 1e-5f);
        assert_true(fabsf(first[1] - s.rows[1] * (whitened ? l[2] : 1.0f)) < 1e-5f);
        assert_memory_equal(moment, whitened ? identity : s.query_moment, sizeof identity);
        assert_int_equal(head.n_met, whitened ? 0 : 4); /* there is one moment once rows are whitened by it */
        assert_memory_equal(attention, s.attention, 2 * s.n_attention * 4);
        assert_ptr_equal(attention + 2 * s.n_attention * 4, side + n);
        samples_free(&s), free(side);
        subject_close(&w);
    }
}

/* Two moments, one as the queries stand before RoPE and one as keys meet them. */
static void keys_are_whitened_and_judged_by_the_queries_they_meet(void **state)
{
    (void)state;
    enum { WIDTH = 2, ROWS = 64 };
    static const float plain[WIDTH * WIDTH] = { 9, 0, 0, 1 }, met[WIDTH * WIDTH] = { 4, 0, 0, 6 };
    float *rows = test_rows(TEST_GAUSSIAN, ROWS, WIDTH, 11, 0.0f);
    kvant_samples both = samples_of(rows, ROWS, ROWS, plain);
    both.query_moment_met = met;
    const struct {
        const char *expression;
        double first; /* of L: the square root of the first entry of S */
    } cases[] = {
        { "qprecond(identity,skip=never)", sqrt(4 + 1e-3 * 5) },
        { "qprecond(identity,moment=plain,skip=never)", sqrt(9 + 1e-3 * 5) },
    };
    for (size_t i = 0; i < 2; i++) {
        subject w;
        uint8_t side[64];
        float entry;
        open_calibrated(&w, cases[i].expression, WIDTH, 1, &both);
        assert_int_equal(w.t.codec->save(w.t.state, side, sizeof side), 1 + 3 * 4);
        memcpy(&entry, side + 1, sizeof entry);
        assert_true(fabs((double)entry - cases[i].first) < 1e-6);
        subject_close(&w);
    }
    /* The errors in the log are those of the moment that is met, whichever whitens. */
    const kvant_samples only = samples_of(rows, ROWS, ROWS, met);
    char expected[sizeof said];
    subject w;
    open_calibrated(&w, "qprecond(f16)", WIDTH, 1, &only);
    subject_close(&w);
    memcpy(expected, said, sizeof said);
    open_calibrated(&w, "qprecond(f16)", WIDTH, 1, &both);
    subject_close(&w);
    assert_string_equal(said, expected);
    open_calibrated(&w, "qprecond(f16,moment=plain)", WIDTH, 1, &both);
    subject_close(&w);
    assert_string_not_equal(said, expected);
    const char *error = strstr(said, "query error"), *plainly = strstr(error, " plain");
    assert_memory_equal(error, strstr(expected, "query error"), (size_t)(plainly - error));
    free(rows);
}

static void samples_that_say_too_little_are_refused(void **state)
{
    (void)state;
    const float zero[4] = { 0 }, good[4] = { 1, 0, 0, 1 }, bad[4] = { 1, NAN, 0, 1 }, negative[4] = { 1, 2, 2, 1 };
    float rows[16] = { 1, 2, 3 };
    const struct {
        const char *expression;
        const float *moment;
        size_t n;
        int code;
        const char *message;
    } cases[] = {
        { "qprecond(identity)", NULL, 8, KVANT_E_PARAM, "say nothing of queries" },
        { "qprecond(identity)", bad, 8, KVANT_E_NONFINITE, "entry 1 of the query moment is nan" },
        { "qprecond(identity,skip=never)", zero, 8, KVANT_E_PARAM, "not positive definite" },
        { "qprecond(identity,skip=never)", negative, 8, KVANT_E_PARAM, "not positive definite" },
        { "qprecond(identity)", zero, 8, KVANT_OK, NULL },
        { "qprecond(identity,skip=always)", zero, 0, KVANT_OK, NULL },
        { "qprecond(blocky(block=8))", good, 8, KVANT_E_PARAM, "8 sample rows in sequences of 8 and blocks of 8" },
        { "qprecond(identity)", good, 1, KVANT_E_PARAM, "1 sample rows" },
        { "qprecond(identity)", good, 0, KVANT_E_PARAM, "0 sample rows" },
        { "qprecond(identity)", good, 2, KVANT_OK, NULL },
        { "qprecond(blocky(block=8),skip=never)", good, 8, KVANT_OK, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        subject w;
        const kvant_samples s = samples_of(rows, cases[i].n, cases[i].n, cases[i].moment);
        subject_open(&w, cases[i].expression, 2, 1);
        const int rc = w.t.codec->calibrate(w.t.state, &s);
        if (rc != cases[i].code) fail_msg("case %zu: %d %s", i, rc, w.t.host.message);
        if (cases[i].message && !strstr(w.t.host.message, cases[i].message)) fail_msg("%s", w.t.host.message);
        if (rc != KVANT_OK) assert_int_equal(w.t.codec->save(w.t.state, NULL, 0), KVANT_E_STATE);
        subject_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trial_measures_held_out_rows),
        cmocka_unit_test(the_trial_calibrates_on_the_other_half),
        cmocka_unit_test(the_trial_weighs_each_head_by_its_own_queries),
        cmocka_unit_test(a_value_beyond_the_inner_codec_s_range_does_not_win),
        cmocka_unit_test(the_inner_codec_calibrates_on_whitened_rows),
        cmocka_unit_test(keys_are_whitened_and_judged_by_the_queries_they_meet),
        cmocka_unit_test(samples_that_say_too_little_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
