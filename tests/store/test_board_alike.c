/* Runs that cannot be told apart, on the board and by the pair. */
#include "tests/store/board_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/paired.h"
#include "tests/store/uniform.h"

/* ---- alike ---- */

enum { BLOCKS = 40 };

/* A run whose KLD is `level` plus noise that is the same for all, plus `own` times noise of its own; its interval is
 * what it is said to be. */
static void add_measured(store *s, const char *config, double level, double own, store_estimate kld)
{
    store_block blocks[BLOCKS];
    store_run run = sample_run(config);
    run.ratio = 2 + level;
    run.kld = kld;
    random_state = 11;
    double shared[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        shared[i] = uniform();
    random_state = (uint32_t)(1000 * level) + 77;
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = (store_block){ i, 0, 64, 100, 101, 64 * (shared[i] + level + own * (uniform() - 0.5)), 1, 60 };
    fault f = { 0 };
    if (!store_add_run(s, &run, &(store_parts){ .blocks = blocks, .n_blocks = BLOCKS }, NULL, &f))
        fail_msg("%s", f.text);
}

static void what_cannot_be_told_apart_from_the_chosen_run_is_marked(void **state)
{
    static const store_estimate wide = { 1, 0.5, 1.5 };
    store *s = writer(state);
    add_measured(s, "same", 0, 0, wide);
    add_measured(s, "equal", 0, 0, wide);       /* the same blocks */
    add_measured(s, "better", 0.01, 0, wide);   /* worse by a hair, but on every block */
    add_measured(s, "noisy", 0.001, 0.9, wide); /* worse by less than its noise */
    add_measured(s, "far", 0.5, 0, wide);
    add_measured(s, "apart", 5, 0, (store_estimate){ 9, 8, 10 }); /* intervals that do not meet the chosen one's */
    add_measured(s, "below", 5, 0, (store_estimate){ 0.2, 0.1, 0.3 });
    board *b = opened(state);
    refreshed(b);
    board_plot(b, 0, store_metric_named("ratio"), store_metric_named("kld"));
    fault f = { 0 };
    size_t left = 99;
    static const size_t steps[] = { 0, 1, 2, 1, 5 }, expected_left[] = { 4, 3, 1, 0, 0 };
    for (size_t i = 0; i < 5; i++) {
        assert_true(board_choose(b, 1, steps[i], &left, &f));
        assert_int_equal(left, expected_left[i]);
    }
    static const char *const alike[] = { "equal", "noisy" };
    for (size_t i = 0; i < board_n_points(b); i++) {
        const board_point *p = board_point_at(b, i);
        bool should = strcmp(p->row->config, alike[0]) == 0 || strcmp(p->row->config, alike[1]) == 0;
        if (p->like_chosen != should) fail_msg("%s", p->row->config);
    }
    add_measured(s, "late", 0, 0, wide); /* a new one is compared as well, the others not again */
    assert_true(refreshed(b));
    assert_true(board_point_at(b, (size_t)board_point_of(b, 2))->like_chosen);
    assert_true(board_choose(b, 1, 0, &left, &f));
    assert_int_equal(left, 1);
    assert_true(board_choose(b, 1, 9, &left, &f));
    assert_true(board_point_at(b, (size_t)board_point_of(b, 8))->like_chosen);

    board_plot(b, 0, store_metric_named("ratio"), store_metric_named("dppl")); /* in this they are all equal */
    assert_true(board_choose(b, 1, 0, &left, &f) && left == 7);
    assert_true(board_choose(b, 1, 9, &left, &f) && left == 0);
    assert_true(board_point_at(b, (size_t)board_point_of(b, 3))->like_chosen);
    board_plot(b, 0, store_metric_named("ratio"), store_metric_named("kld_p99")); /* blocks know nothing of it */
    assert_true(board_choose(b, 1, 9, &left, &f) && left == 0);
    for (size_t i = 0; i < board_n_points(b); i++)
        assert_false(board_point_at(b, i)->like_chosen);
    board_plot(b, 0, store_metric_named("ratio"), store_metric_named("kld"));
    assert_true(board_choose(b, 5, 9, &left, &f) && left == 0); /* far: differs from all, on every block */
    for (size_t i = 0; i < board_n_points(b); i++)
        assert_false(board_point_at(b, i)->like_chosen && strcmp(board_point_at(b, i)->row->config, "noisy") != 0);
    assert_true(board_choose(b, 1, 9, &left, &f));
    static const int64_t others[] = { 2, 8,
                                      1 }; /* equal ones: what is before and behind each is compared with it anew */
    for (size_t i = 0; i < 3; i++) {
        assert_true(board_choose(b, others[i], 0, &left, &f));
        assert_int_equal(left, 5);
        assert_int_equal(board_compared(b), others[i]);
        assert_true(board_choose(b, others[i], 9, &left, &f) && left == 0);
        for (size_t k = 0; k < 3; k++)
            if (k != i) assert_true(board_point_at(b, (size_t)board_point_of(b, others[k]))->like_chosen);
    }
    assert_true(board_choose(b, 0, 9, &left, &f) && left == 0);
    for (size_t i = 0; i < board_n_points(b); i++)
        assert_false(board_point_at(b, i)->like_chosen);
    assert_true(board_choose(b, 12345, 9, &left, &f)); /* no such run */
    board_close(b);
    store_close(s);
}

static void a_paired_difference_has_one_size_and_two_signs(void **state)
{
    store *s = writer(state);
    add_measured(s, "a", 0, 0.3, (store_estimate){ 1, 0.5, 1.5 });
    add_measured(s, "b", 0.2, 0.7, (store_estimate){ 1, 0.5, 1.5 });
    fault f = { 0 };
    paired_run a, b;
    assert_true(paired_read(s, 1, 42, &a, &f) && paired_read(s, 2, 43, &b, &f));
    for (metric_id m = METRIC_KLD; m <= METRIC_RMS_DP; m++) {
        interval ab, ba;
        assert_true(paired_difference(&a, &b, m, &ab, &f) && paired_difference(&b, &a, m, &ba, &f));
        assert_true(ab.value == -ba.value && ab.lo == -ba.hi && ab.hi == -ba.lo);
    }
    paired_release(&a);
    paired_release(&b);
    assert_false(paired_read(s, 77, 1, &a, &f));
    assert_non_null(strstr(f.text, "run 77"));
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_told_apart_from_the_chosen_run_is_marked),
        TEST(a_paired_difference_has_one_size_and_two_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
