/* Metrics, intervals and verdicts against closed forms. */
#include "app/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "app/bootstrap.h"
#include "app/verdict.h"
#include "kernels/random.h"

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.12g is not %.12g", a, b);
}

static void kld_of_equal_logits_is_exactly_zero(void **state)
{
    (void)state;
    enum { ROWS = 70, VOCAB = 321 };
    fault f = { 0 };
    pool *crew = pool_create(2, &f);
    float *p = malloc(ROWS * VOCAB * sizeof *p);
    int32_t next[ROWS];
    assert_non_null(p);
    for (size_t i = 0; i < ROWS * VOCAB; i++)
        p[i] = (float)(10 * random_normal(1, i));
    for (int i = 0; i < ROWS; i++)
        next[i] = i;
    metrics m = { 0 };
    run_metrics r;
    assert_true(metrics_add(&m, crew, 0, p, p, next, ROWS, VOCAB, &f));
    assert_true(metrics_summarise(&m, 1, &r, &f));
    assert_true(r.kld.value == 0 && r.kld.lo == 0 && r.kld.hi == 0 && r.kld_max == 0 && r.kld_p999 == 0);
    assert_true(r.dppl.value == 0 && r.dppl.lo == 0 && r.dppl.hi == 0 && r.ppl == r.ppl_ref);
    assert_true(r.rms_dp.value == 0 && r.top1.value == 100);
    assert_int_equal(m.n_blocks, 2);
    assert_int_equal(m.blocks[0].n, 64);
    assert_int_equal(m.blocks[1].n, 6);
    metrics_release(&m);
    pool_destroy(crew);
    free(p);
}

static void metrics_of_two_coins_are_their_closed_forms(void **state)
{
    (void)state;
    /* P = (1/4, 3/4), Q = (1/2, 1/2), next token 1; shifted logits change nothing. */
    fault f = { 0 };
    pool *crew = pool_create(1, &f);
    float p[] = { (float)log(0.25) + 100, (float)log(0.75) + 100 }, q[] = { -7, -7 };
    metrics m = { 0 };
    run_metrics r;
    assert_true(metrics_add(&m, crew, 3, p, q, (const int32_t[]){ 1 }, 1, 2, &f));
    assert_true(metrics_summarise(&m, 1, &r, &f));
    near(r.kld.value, 0.25 * log(0.5) + 0.75 * log(1.5), 1e-6);
    near(r.ppl_ref, 1 / 0.75, 1e-5);
    near(r.ppl, 2, 1e-6);
    near(r.dppl.value, 50, 1e-4);
    near(r.rms_dp.value, 25, 1e-4);
    assert_true(r.top1.value == 0); /* Q's argmax is 0, the lowest id of equals; P's is 1 */
    assert_int_equal(m.blocks[0].passage, 3);
    metrics_release(&m);
    pool_destroy(crew);
}

static void a_logit_that_is_not_finite_is_a_fault_that_names_its_place(void **state)
{
    (void)state;
    fault f = { 0 };
    pool *crew = pool_create(1, &f);
    float p[] = { 0, 1, 0, 1 }, q[] = { 0, 1, 0, NAN };
    metrics m = { 0 };
    assert_false(metrics_add(&m, crew, 5, p, q, (const int32_t[]){ 0, 0 }, 2, 2, &f));
    assert_string_equal(f.text, "passage 5, scored position 1: the config's logits are not finite");
    q[3] = 0;
    p[0] = INFINITY;
    assert_false(metrics_add(&m, crew, 5, p, q, (const int32_t[]){ 0, 0 }, 2, 2, &f));
    assert_string_equal(f.text, "passage 5, scored position 0: the reference's logits are not finite");
    metrics_release(&m);
    pool_destroy(crew);
}

/* n blocks of 64 positions whose mean KLD is normal around `mean`. */
static block_metrics *noisy_blocks(size_t n, double mean, uint64_t key)
{
    block_metrics *b = calloc(n, sizeof *b);
    assert_non_null(b);
    for (size_t i = 0; i < n; i++)
        b[i] = (block_metrics){ .passage = (int)i, .n = 64, .kld = 64 * (mean + 0.1 * random_normal(key, i)) };
    return b;
}

static void intervals_cover_the_truth_as_often_as_they_say(void **state)
{
    (void)state;
    fault f = { 0 };
    int covered = 0;
    for (uint64_t trial = 0; trial < 200; trial++) {
        block_metrics *b = noisy_blocks(40, 1.0, 100 + trial);
        interval i;
        assert_true(bootstrap_metric(b, NULL, 40, METRIC_KLD, trial, &i, &f));
        assert_true(i.lo <= i.value && i.value <= i.hi);
        near(i.hi - i.lo, 2 * 1.96 * 0.1 / sqrt(40), 0.03);
        covered += i.lo <= 1.0 && 1.0 <= i.hi;
        free(b);
    }
    assert_in_range(covered, 178, 199); /* 95 % of 200, and the percentile bootstrap is a little narrow */
}

static void paired_runs_are_told_apart_where_single_intervals_overlap(void **state)
{
    (void)state;
    fault f = { 0 };
    block_metrics *a = noisy_blocks(50, 1.0, 5), *b = noisy_blocks(50, 1.0, 5);
    interval single, difference;
    assert_true(bootstrap_metric(a, b, 50, METRIC_KLD, 1, &difference, &f));
    assert_true(difference.value == 0 && difference.lo == 0 && difference.hi == 0);
    for (size_t i = 0; i < 50; i++)
        b[i].kld -= 64 * (0.005 + 0.001 * random_normal(9, i));
    assert_true(bootstrap_metric(b, NULL, 50, METRIC_KLD, 1, &single, &f));
    assert_true(bootstrap_metric(a, b, 50, METRIC_KLD, 1, &difference, &f));
    assert_true(single.hi - single.lo > 0.03);
    assert_true(difference.lo > 0.004 && difference.hi < 0.006);
    b[7].n = 63;
    assert_false(bootstrap_metric(a, b, 50, METRIC_KLD, 1, &difference, &f));
    assert_non_null(strstr(f.text, "block 7"));
    free(a);
    free(b);
}

static void top1_has_wilsons_interval(void **state)
{
    (void)state;
    block_metrics b[] = { { .n = 600, .same_top = 570 }, { .n = 400, .same_top = 380 } };
    interval i;
    assert_true(binomial_top1(b, 2, &i));
    near(i.value, 95, 1e-12);
    near(i.lo, 93.469, 1e-2); /* Wilson for 950 of 1000 at 95 % */
    near(i.hi, 96.185, 1e-2);
}

static void verdicts_follow_the_table(void **state)
{
    (void)state;
    static const struct {
        double dppl, dppl_lo, dppl_hi, top1, top1_lo, kld, ppl_ref;
        const char *expected;
        bool noted;
    } rows[] = {
        { 0.5, 0.4, 0.6, 97, 96, 0.001, 20, "ACCEPT*", false },
        { -0.5, -0.6, -0.4, 97, 96, 0.001, 20, "ACCEPT*", false },
        { 1.0, 1.0, 1.0, 95, 95, 0.001, 20, "ACCEPT*", false },
        { 0.5, 0.4, 1.2, 97, 96, 0.001, 20, "ACCEPT*?", false },
        { -0.5, -1.2, 0.1, 97, 96, 0.001, 20, "ACCEPT*?", false },
        { 0.5, 0.4, 0.6, 95.5, 94.5, 0.001, 20, "ACCEPT*?", false },
        { 0.5, 0.4, 0.6, 94, 93, 0.001, 20, "ACCEPT", false },
        { 2.0, 1.5, 3.5, 90, 89, 0.01, 20, "ACCEPT?", false },
        { 2.0, 1.5, 2.5, 84, 83, 0.01, 20, "MARGINAL", false },
        { 9.0, 8.5, 9.5, 50, 49, 0.2, 20, "MARGINAL", false },
        { 9.0, 8.5, 10.5, 50, 49, 0.2, 20, "MARGINAL?", false },
        { 11.0, 8.5, 12, 99, 98, 0.2, 20, "REJECT", false },
        { -4.0, -4.5, -3.5, 90, 89, 0.06, 20, "MARGINAL", true },
        { 0.1, 0, 0.2, 99, 98, 0.001, 1001, "NONE", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run_metrics m = { .n = 1000,
                          .kld = { rows[i].kld, rows[i].kld, rows[i].kld },
                          .ppl_ref = rows[i].ppl_ref,
                          .dppl = { rows[i].dppl, rows[i].dppl_lo, rows[i].dppl_hi },
                          .top1 = { rows[i].top1, rows[i].top1_lo, 100 } };
        verdict v = verdict_of(&m);
        assert_string_equal(v.text, rows[i].expected);
        assert_int_equal(v.note[0] != '\0', rows[i].noted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kld_of_equal_logits_is_exactly_zero),
        cmocka_unit_test(metrics_of_two_coins_are_their_closed_forms),
        cmocka_unit_test(a_logit_that_is_not_finite_is_a_fault_that_names_its_place),
        cmocka_unit_test(intervals_cover_the_truth_as_often_as_they_say),
        cmocka_unit_test(paired_runs_are_told_apart_where_single_intervals_overlap),
        cmocka_unit_test(top1_has_wilsons_interval),
        cmocka_unit_test(verdicts_follow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
