/* Phases add up to the whole, survive the way between processes, and cost nothing when nobody asks. */
#include "app/stopwatch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"

static void work_for(double seconds)
{
    const double until = clock_thread() + seconds;
    while (clock_thread() < until)
        ;
}

static double passed(const stopwatch *w)
{
    double sum = 0;
    for (int i = 0; i < STOPWATCH_PHASES; i++)
        sum += w->in[i].passed;
    return sum;
}

static void time_is_in_the_phase_that_was_entered(void **state)
{
    (void)state;
    stopwatch w;
    const double start = clock_seconds(), before = clock_process();
    stopwatch_start(&w, 2);
    assert_int_equal(stopwatch_enter(&w, STOPWATCH_TEXT), STOPWATCH_OPENING);
    work_for(0.02);
    assert_int_equal(stopwatch_enter(&w, STOPWATCH_GEMM), STOPWATCH_TEXT);
    work_for(0.01);
    stopwatch_enter(&w, STOPWATCH_CLOSING);
    stopwatch_stop(&w);
    const double whole = clock_seconds() - start;
    assert_true(w.in[STOPWATCH_TEXT].worked >= 0.02 && w.in[STOPWATCH_TEXT].passed >= 0.02);
    assert_true(w.in[STOPWATCH_GEMM].worked >= 0.01 && w.in[STOPWATCH_GEMM].worked < w.in[STOPWATCH_TEXT].passed);
    assert_true(w.in[STOPWATCH_OPENING].worked >= before); /* what came before it was started is there, too */
    assert_true(w.in[STOPWATCH_LOGITS].worked == 0 && w.in[STOPWATCH_LOGITS].passed == 0);
    assert_true(passed(&w) <= whole && passed(&w) >= 0.03);
}

static void both_work(void *arg, size_t task, int thread)
{
    (void)arg, (void)task, (void)thread;
    work_for(0.0007);
}

/* Phases shorter than the system's ticks: what a helper works in one is not found in the next, in which it rests but
 * for the time it looks about. */
static void short_phases_have_what_is_theirs(void **state)
{
    enum { ROUNDS = 400 };
    (void)state;
    fault f = { 0 };
    pool *crew = pool_create(2, &f);
    assert_non_null(crew);
    stopwatch w;
    stopwatch_start(&w, 2);
    stopwatch_follow(&w, crew);
    for (int i = 0; i < ROUNDS; i++) {
        stopwatch_enter(&w, STOPWATCH_GEMM);
        pool_run(crew, 2, both_work, NULL);
        stopwatch_enter(&w, STOPWATCH_ROWS);
        work_for(0.0005);
    }
    stopwatch_follow(&w, NULL);
    stopwatch_stop(&w);
    pool_destroy(crew);
    const stopwatch_seconds together = w.in[STOPWATCH_GEMM], alone = w.in[STOPWATCH_ROWS];
    assert_true(together.worked >= ROUNDS * 2 * 0.0007 && alone.worked >= ROUNDS * 0.0005);
    const double looking = ROUNDS * 0.0001; /* at the most, and what it takes to fall asleep */
    assert_true(alone.worked <= alone.passed + looking);
    assert_true(together.worked <= 2 * together.passed + looking);
}

static void without_a_stopwatch_nothing_happens(void **state)
{
    (void)state;
    assert_int_equal(stopwatch_enter(NULL, STOPWATCH_TEXT), STOPWATCH_TEXT);
    stopwatch_follow(NULL, NULL);
    stopwatch_stop(NULL);
}

static stopwatch sample(void)
{
    stopwatch w = { .encode = 1.0 / 3, .decode = 0.25, .threads = 3, .runs = 2 };
    for (int i = 0; i < STOPWATCH_PHASES; i++)
        w.in[i] = (stopwatch_seconds){ 1.0 / (i + 1), 2.0 / (i + 1) };
    return w;
}

static void json_brings_every_phase_back(void **state)
{
    (void)state;
    const stopwatch w = sample();
    cJSON *json = stopwatch_to_json(&w);
    char *text = cJSON_PrintUnformatted(json);
    cJSON *again = cJSON_Parse(text);
    stopwatch back;
    assert_true(stopwatch_from_json(again, &back));
    for (int i = 0; i < STOPWATCH_PHASES; i++) {
        assert_true(fabs(back.in[i].passed - w.in[i].passed) < 1e-12);
        assert_true(fabs(back.in[i].worked - w.in[i].worked) < 1e-12);
    }
    assert_true(fabs(back.encode - w.encode) < 1e-12 && back.decode == w.decode && back.threads == 3 && back.runs == 2);
    assert_false(stopwatch_from_json(NULL, &back));
    assert_int_equal(back.runs, 0);
    cJSON_free(text);
    cJSON_Delete(json);
    cJSON_Delete(again);
}

static void counts_that_are_none_are_brought_into_range(void **state)
{
    (void)state;
    cJSON *json = cJSON_Parse("{\"threads\": 1e300, \"runs\": -1e300, \"encode\": 1e999, \"codecs\": 7}");
    stopwatch w;
    assert_true(stopwatch_from_json(json, &w));
    assert_true(w.threads > 0 && w.runs == 0);
    assert_true(w.encode == 0 && w.in[STOPWATCH_CODECS].worked == 0);
    cJSON_Delete(json);
}

static void sums_are_of_all_runs_and_the_front_has_the_rest(void **state)
{
    (void)state;
    const stopwatch one = sample();
    stopwatch sum;
    stopwatch_start(&sum, 0);
    assert_int_equal(sum.runs, 0);
    stopwatch_add(&sum, &one);
    stopwatch_add(&sum, &one);
    assert_int_equal(sum.runs, 4);
    assert_int_equal(sum.threads, 3);
    assert_true(sum.in[STOPWATCH_LOGITS].worked == 2 * one.in[STOPWATCH_LOGITS].worked);
    assert_true(sum.encode == 2 * one.encode && sum.decode == 2 * one.decode);
    stopwatch_rest(&sum);
    assert_true(sum.in[STOPWATCH_FRONT].passed == 0); /* more was measured than has passed: never below 0 */
    stopwatch alone;
    stopwatch_start(&alone, 0);
    work_for(0.01);
    stopwatch_rest(&alone);
    assert_true(alone.in[STOPWATCH_FRONT].worked >= 0.01 && alone.in[STOPWATCH_FRONT].passed >= 0.01);
}

static void the_table_names_every_phase_and_its_share(void **state)
{
    (void)state;
    stopwatch w = { .threads = 2, .runs = 1, .encode = 3 };
    w.in[STOPWATCH_CODECS] = (stopwatch_seconds){ 4, 6 };
    w.in[STOPWATCH_GEMM] = (stopwatch_seconds){ 2, 4 };
    char text[4096] = { 0 };
    FILE *to = fmemopen(text, sizeof text - 1, "w");
    assert_non_null(to);
    stopwatch_show(to, &w);
    fclose(to);
    assert_non_null(strstr(text, "codecs                           6.000   60.0     4.000     1.50\n"));
    assert_non_null(strstr(text, "  encode                         3.000   30.0\n"));
    assert_non_null(strstr(text, "products with weights            4.000   40.0     2.000     2.00\n"));
    assert_non_null(strstr(text, "all                             10.000  100.0     6.000     1.67\n"));
    assert_null(strstr(text, "attention")); /* nothing was in it */
    assert_non_null(strstr(text, "1 run; \"at work\": of 2 threads"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_in_the_phase_that_was_entered),
        cmocka_unit_test(short_phases_have_what_is_theirs),
        cmocka_unit_test(without_a_stopwatch_nothing_happens),
        cmocka_unit_test(json_brings_every_phase_back),
        cmocka_unit_test(counts_that_are_none_are_brought_into_range),
        cmocka_unit_test(sums_are_of_all_runs_and_the_front_has_the_rest),
        cmocka_unit_test(the_table_names_every_phase_and_its_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
