/* What samples of speed come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/speed.h"

enum { PROMPT = 100, GENERATE = 10 };

/* Samples in the order they would be run; seconds of the prompt by side, the others follow from it. */
static speed_result result_of(const double *reference, const double *other, int reps)
{
    speed_result r = { .samples = calloc(2 * (size_t)reps, sizeof *r.samples) };
    assert_non_null(r.samples);
    for (int rep = 0; rep < reps; rep++)
        for (int i = 0; i < SPEED_SIDES; i++) {
            const speed_side side = (speed_first(rep) == SPEED_CONFIG) == (i == 0) ? SPEED_CONFIG : SPEED_REFERENCE;
            const double s = (side == SPEED_CONFIG ? other : reference)[rep];
            r.samples[r.n_samples++] = (speed_sample){ .rep = rep,
                                                       .side = side,
                                                       .prompt_s = s,
                                                       .first_s = 1 + s,
                                                       .generate_s = 2 * s,
                                                       .peak = (uint64_t)(1000 * s) };
        }
    return r;
}

static void figures_are_medians_and_their_ratio(void **state)
{
    (void)state;
    const double reference[] = { 1, 2, 4, 5, 100 }, other[] = { 8, 2, 10, 5, 4 };
    speed_result r = result_of(reference, other, 5);
    fault f = { 0 };
    assert_true(speed_summarise(&r, PROMPT, GENERATE, 1, &f));
    assert_true(r.prompt.reference == PROMPT / 4.0);
    assert_true(r.prompt.config == PROMPT / 5.0);
    assert_true(r.prompt.ratio.value == r.prompt.config / r.prompt.reference);
    assert_true(r.generation.reference == GENERATE / 8.0);
    assert_true(r.generation.config == GENERATE / 10.0);
    assert_true(r.first.reference == 5 && r.first.config == 6 && r.first.ratio.value == 6.0 / 5);
    assert_true(r.prompt.ratio.lo <= r.prompt.ratio.value && r.prompt.ratio.value <= r.prompt.ratio.hi);
    assert_true(r.prompt.ratio.lo < r.prompt.ratio.hi);
    assert_true(r.peak[SPEED_REFERENCE] == 100000 && r.peak[SPEED_CONFIG] == 10000);
    speed_release(&r);
}

/* A machine that slows down meets both sides alike: the ratio stays where it is, and is sure. */
static void pairs_are_kept_together(void **state)
{
    (void)state;
    const double reference[] = { 1, 2, 4, 8, 16, 32, 64 }, other[] = { 2, 4, 8, 16, 32, 64, 128 };
    speed_result r = result_of(reference, other, 7);
    fault f = { 0 };
    assert_true(speed_summarise(&r, PROMPT, GENERATE, 1, &f));
    assert_true(r.prompt.ratio.value == 0.5 && r.prompt.ratio.lo == 0.5 && r.prompt.ratio.hi == 0.5);
    speed_release(&r);
}

static void a_side_that_was_run_more_often_is_a_fault(void **state)
{
    (void)state;
    const double seconds[] = { 1, 2, 3 };
    speed_result r = result_of(seconds, seconds, 3);
    fault f = { 0 };
    r.samples[0].side = r.samples[1].side;
    assert_false(speed_summarise(&r, PROMPT, GENERATE, 1, &f));
    speed_release(&r);
}

static void tokens_grow_along_a_line(void **state)
{
    (void)state;
    const double depth[] = { 1024, 2048, 8192, 65536 }, ms[] = { 2.5, 3, 6, 34 };
    const double same[] = { 512, 512, 512 };
    double constant, per_1k;
    assert_true(speed_growth(depth, ms, 4, &constant, &per_1k));
    assert_true(fabs(constant - 2) < 1e-9 && fabs(per_1k - 0.5) < 1e-9);
    /* errors count relative to what they are of: a deep one does not decide alone */
    const double off[] = { 2.5, 3, 6, 34 * 1.1 };
    assert_true(speed_growth(depth, off, 4, &constant, &per_1k));
    assert_true(per_1k > 0.5 && per_1k < 0.55 && fabs(constant - 2) < 0.2);
    assert_false(speed_growth(depth, ms, 2, &constant, &per_1k));
    assert_false(speed_growth(same, ms, 3, &constant, &per_1k));
}

static void a_token_is_taken_apart(void **state)
{
    (void)state;
    const double seconds[] = { 1, 2, 3, 4, 5 };
    speed_result r = result_of(seconds, seconds, 5);
    fault f = { 0 };
    for (size_t i = 0; i < r.n_samples; i++) {
        speed_sample *s = &r.samples[i];
        if (s->side == SPEED_REFERENCE) continue;
        s->take_s = 0.1 * s->prompt_s;
        s->scores_s = 0.2 * s->prompt_s;
        s->mix_s = 0.3 * s->prompt_s;
        s->seen = 100;
        s->kept = (uint64_t)(10 * s->prompt_s);
    }
    assert_true(speed_summarise(&r, PROMPT, GENERATE, 1, &f));
    const speed_parts *p = &r.parts[SPEED_CONFIG];
    assert_true(p->known && !r.parts[SPEED_REFERENCE].known);
    assert_true(fabs(p->total - 600) < 1e-9 && fabs(p->take - 30) < 1e-9 && fabs(p->scores - 60) < 1e-9);
    assert_true(fabs(p->mix - 90) < 1e-9 && fabs(p->skipped - 0.7) < 1e-9);
    speed_release(&r);
}

static void who_begins_alternates(void **state)
{
    (void)state;
    for (int rep = 0; rep < 9; rep++)
        assert_true(speed_first(rep) != speed_first(rep + 1));
    assert_int_equal(speed_first(0), SPEED_REFERENCE);
}

static void medians(void **state)
{
    (void)state;
    double odd[] = { 3, 1, 2 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };
    assert_true(bootstrap_median(odd, 3) == 2);
    assert_true(bootstrap_median(even, 4) == 2.5);
    assert_true(bootstrap_median(one, 1) == 7);
}

/* Drawn again with the same seed an interval is the same; it holds what the samples allow and no more. */
static void intervals_of_ratios(void **state)
{
    (void)state;
    const double a[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, b[] = { 0.8, 0.9, 1, 1.1, 1.2, 0.85, 0.95, 1.05, 1.15 };
    interval x, y;
    fault f = { 0 };
    assert_true(bootstrap_ratio(a, b, 9, 1, &x, &f) && bootstrap_ratio(a, b, 9, 1, &y, &f));
    assert_memory_equal(&x, &y, sizeof x);
    assert_true(x.value == 1 && x.lo >= 0.8 && x.lo < 1 && x.hi > 1 && x.hi <= 1.2);
    assert_true(bootstrap_ratio(b, a, 9, 1, &y, &f));
    assert_true(fabs(y.lo * x.hi - 1) < 1e-12 && fabs(y.hi * x.lo - 1) < 1e-12);
}

static void the_peak_of_memory_is_seen(void **state)
{
    (void)state;
    enum { BYTES = 64 << 20 };
    speed_peak_reset();
    const uint64_t before = speed_peak();
    char *much = malloc(BYTES);
    assert_non_null(much);
    memset(much, 1, BYTES);
    const uint64_t after = speed_peak();
    assert_true(much[BYTES / 2] == 1);
    free(much);
    assert_true(before > 0 && after >= before + BYTES * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_medians_and_their_ratio),
        cmocka_unit_test(pairs_are_kept_together),
        cmocka_unit_test(a_side_that_was_run_more_often_is_a_fault),
        cmocka_unit_test(tokens_grow_along_a_line),
        cmocka_unit_test(a_token_is_taken_apart),
        cmocka_unit_test(who_begins_alternates),
        cmocka_unit_test(medians),
        cmocka_unit_test(intervals_of_ratios),
        cmocka_unit_test(the_peak_of_memory_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
