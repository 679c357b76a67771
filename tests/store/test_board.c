/* The board against the database it shows. */
#include "tests/store/board_place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/store/uniform.h"

/* ---- what the tests share ---- */

/* One of few values, so that there are ties. */
static double coarse(void)
{
    return (double)(int)(uniform() * 12) / 4;
}

static void add_random(store *s)
{
    char name[24];
    snprintf(name, sizeof name, "c%d", (int)(uniform() * 40));
    bool failed = uniform() < 0.15;
    store_run run = failed ? failed_run(name) : sample_run(name);
    run.ctx = uniform() < 0.3 ? 1024 : 512;
    run.text.hash = uniform() < 0.2 ? "t1" : "t0";
    if (failed) {
        if (uniform() < 0.5) run.ratio = coarse();
    } else {
        double *const varied[] = { &run.ratio,      &run.bits_per_value, &run.kld.value,   &run.kld_p99,
                                   &run.dppl.value, &run.top1.value,     &run.rms_dp.value };
        for (size_t k = 0; k < sizeof varied / sizeof varied[0]; k++)
            *varied[k] = coarse() - (varied[k] == &run.dppl.value ? 1.5 : 0);
        run.dppl.lo = run.dppl.value - coarse();
        run.dppl.hi = run.dppl.value + coarse();
        if (uniform() < 0.1) run.ms_per_token = NAN;
    }
    add(s, &run);
}

/* ---- points ---- */

typedef struct expected {
    const board *b;
    size_t i;
} expected;

static bool same_point(void *arg, const store_point *p)
{
    expected *e = arg;
    assert_true(e->i < board_n_points(e->b));
    const board_point *q = board_point_at(e->b, e->i++);
    assert_int_equal(q->row->id, p->run->id);
    assert_int_equal(q->where, p->where);
    const double ours[] = { q->x, q->y, q->y_lo, q->y_hi }, theirs[] = { p->x, p->y, p->y_lo, p->y_hi };
    for (int k = 0; k < 4; k++)
        assert_true(ours[k] == theirs[k] || (isnan(ours[k]) && isnan(theirs[k])));
    assert_string_equal(q->row->config, p->run->config.canonical);
    return true;
}

static void points_are_those_of_the_frontier(store *s, board *b, const char *x, const char *y)
{
    for (size_t set = 0; set < board_n_sets(b); set++) {
        const board_set *d = board_set_at(b, set);
        const board_row *newest = board_find(b, d->newest);
        assert_non_null(newest);
        fault f = { 0 };
        store_run *run = store_get_run(s, d->newest, &f);
        store_selection which = { run->model.hash, run->text.hash, d->protocol, d->ctx, d->eval, d->passages };
        board_plot(b, set, store_metric_named(x), store_metric_named(y));
        expected e = { .b = b };
        if (!store_frontier(s, &which, store_metric_named(x), store_metric_named(y), same_point, &e, &f))
            fail_msg("%s", f.text);
        assert_int_equal(e.i, board_n_points(b));
        assert_true(e.i > 0);
        for (size_t i = 0; i < board_n_points(b); i++)
            assert_int_equal(board_point_of(b, board_point_at(b, i)->row->id), (int)i);
        free(run);
    }
}

/* On databases drawn at random, read whole and as they grow. */
static void points_are_classified_as_the_frontier_says(void **state)
{
    static const char *const axes[][2] = { { "ratio", "kld" },      { "bits_per_value", "top1" },
                                           { "ratio", "dppl" },     { "ratio", "ms_per_token" },
                                           { "kld_p99", "rms_dp" }, { "bytes", "kld_max" } };
    random_state = 7;
    store *s = writer(state);
    board *grown = opened(state);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 40; i++)
            add_random(s);
        assert_true(refreshed(grown));
        board *fresh = opened(state);
        assert_true(refreshed(fresh));
        assert_int_equal(board_n_all(grown), 40 * (round + 1));
        for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
            points_are_those_of_the_frontier(s, grown, axes[i][0], axes[i][1]);
            points_are_those_of_the_frontier(s, fresh, axes[i][0], axes[i][1]);
        }
        board_close(fresh);
    }
    board_close(grown);
    store_close(s);
}

static void the_cheapest_is_the_best_x_that_is_good_enough(void **state)
{
    random_state = 3;
    store *s = writer(state);
    for (int i = 0; i < 60; i++)
        add_random(s);
    board *b = opened(state);
    refreshed(b);
    static const char *const axes[][2] = { { "ratio", "kld" }, { "bits_per_value", "top1" }, { "ratio", "dppl" } };
    for (size_t a = 0; a < 3; a++)
        for (double limit = -1; limit < 4; limit += 0.125) {
            const store_metric *x = store_metric_named(axes[a][0]), *y = store_metric_named(axes[a][1]);
            board_plot(b, 0, x, y);
            ptrdiff_t found = board_cheapest(b, limit);
            const board_point *best = found < 0 ? NULL : board_point_at(b, (size_t)found);
            if (best) assert_true(best->row->done && y->direction * best->y >= y->direction * limit);
            for (size_t i = 0; i < board_n_points(b); i++) {
                const board_point *p = board_point_at(b, i);
                if (!p->row->done || !(y->direction * p->y >= y->direction * limit)) continue;
                assert_non_null(best);
                assert_true(x->direction * best->x >= x->direction * p->x);
                if (best->x == p->x) assert_true(y->direction * best->y >= y->direction * p->y);
            }
        }
    board_close(b);
    store_close(s);
}

/* ---- rows ---- */

static double number_of(const board_row *r, const char *column)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = { { "id", (double)r->id },
                    { "ratio", r->ratio },
                    { "bits_per_value", r->bits_per_value },
                    { "kld", r->kld.value },
                    { "dppl", fabs(r->dppl.value) },
                    { "top1", r->top1.value },
                    { "rms_dp", r->rms_dp.value },
                    { "started", (double)r->started } };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(numbers[i].name, column) == 0) return numbers[i].value;
    return NAN;
}

/* At most 0 when a may stand before b. */
static int order_of(const board_row *a, const board_row *b, const char *column, bool descending)
{
    if (a->pinned != b->pinned) return a->pinned ? -1 : 1;
    bool text = strcmp(column, "config") == 0 || strcmp(column, "verdict") == 0;
    if (text) {
        const char *p = column[0] == 'c' ? a->config : a->verdict, *q = column[0] == 'c' ? b->config : b->verdict;
        if (!*p || !*q) return !*p - !*q;
        return descending ? strcmp(q, p) : strcmp(p, q);
    }
    double p = number_of(a, column), q = number_of(b, column);
    if (isnan(p) || isnan(q)) return isnan(p) - isnan(q);
    int order = (p > q) - (p < q);
    return descending ? -order : order;
}

static void rows_stand_as_they_are_sorted_pinned_ones_first(void **state)
{
    random_state = 5;
    store *s = writer(state);
    for (int i = 0; i < 50; i++)
        add_random(s);
    fault f = { 0 };
    assert_true(store_pin(s, 17, true, NULL, &f) && store_pin(s, 4, true, NULL, &f));
    board *b = opened(state);
    refreshed(b);
    assert_int_equal(board_at(b, 2)->id, 50); /* at first the newest comes first */
    for (size_t column = 0; board_columns[column].name; column++)
        for (int descending = 0; descending < 2; descending++) {
            bool down;
            board_sort(b, column, descending);
            assert_int_equal(board_sorted_by(b, &down), column);
            assert_int_equal(down, descending);
            assert_int_equal(board_n(b), 50);
            for (size_t i = 0; i < 50; i++) {
                const board_row *r = board_at(b, i);
                assert_int_equal(r->pinned, r->id == 17 || r->id == 4);
                assert_int_equal(board_place(b, r->id), (int)i);
                assert_ptr_equal(board_find(b, r->id), r);
                if (i == 0) continue;
                int order = order_of(board_at(b, i - 1), r, board_columns[column].name, descending);
                assert_true(order < 0 || (order == 0 && board_at(b, i - 1)->id > r->id));
            }
        }
    board_sort(b, 1000, true); /* no such column */
    board_close(b);
    store_close(s);
}

static void rows_say_what_the_database_says(void **state)
{
    store *s = writer(state);
    store_run run = sample_run("k=q8_0 v=turbo3");
    add(s, &run);
    run = failed_run("turbo1");
    add(s, &run);
    board *b = opened(state);
    refreshed(b);
    const board_row *done = board_find(b, 1), *failed = board_find(b, 2);
    assert_true(done && failed && !board_find(b, 3) && board_place(b, 3) == -1);
    assert_true(done->done && !failed->done && isnan(failed->kld.value) && isnan(failed->ratio));
    assert_string_equal(done->config, "k=q8_0 v=turbo3");
    assert_string_equal(done->verdict, "ACCEPT*?");
    assert_string_equal(failed->reason, "signal 11 (SIGSEGV)");
    assert_true(done->kld.value == 0.0125 && done->kld.lo == 0.0101 && done->kld.hi == 0.0152);
    assert_true(done->dppl.value == 0.99 && done->top1.hi == 96.7 && done->rms_dp.lo == 2.2);
    assert_true(done->ratio == 3.7647058823529411 && done->bits_per_value == 4.25 && done->kld_p99 == 0.1);
    assert_true(done->started == 1760000000 && done->seed == 42);
    assert_int_equal(board_n_sets(b), 1);
    const board_set *set = board_set_at(b, 0);
    assert_string_equal(set->model, "Tiny");
    assert_string_equal(set->text, "self");
    assert_string_equal(set->protocol, "stream");
    assert_true(set->ctx == 512 && set->eval == 0 && set->passages == 3 && set->n_runs == 2 && set->newest == 2);
    fault f = { 0 };
    board_details d;
    assert_true(board_read_details(b, 1, &d, &f));
    assert_int_equal(d.n_layers, 2 * PLACE_LAYERS);
    assert_string_equal(d.run->model.path, "/models/tiny.gguf");
    board_details_free(&d);
    assert_false(board_read_details(b, 99, &d, &f));
    assert_non_null(strstr(f.text, "no run 99"));
    board_close(b);
    store_close(s);
}

/* ---- the filter ---- */

static void a_filter_holds_for_rows_points_and_what_comes(void **state)
{
    store *s = writer(state);
    static const double ratios[] = { 2, 3, 4, 5 };
    char name[16];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "c%d", i);
        store_run run = sample_run(name);
        run.ratio = ratios[i];
        add(s, &run);
    }
    board *b = opened(state);
    refreshed(b);
    board_plot(b, 0, store_metric_named("ratio"), store_metric_named("kld"));
    fault f = { 0 };
    assert_true(board_filter(b, "ratio < 4 -- not the others", &f));
    assert_int_equal(board_n(b), 2);
    assert_int_equal(board_n_points(b), 2);
    assert_int_equal(board_n_all(b), 4);
    assert_true(board_place(b, 4) == -1 && board_point_of(b, 4) == -1 && board_find(b, 4));
    assert_int_equal(board_point_at(b, 1)->where, STORE_FRONTIER); /* no hidden run beats it */
    store_run run = sample_run("low");
    run.ratio = 1;
    add(s, &run);
    run.config = (store_config){ "high", "high", "high", "high" };
    run.ratio = 9;
    add(s, &run);
    assert_true(refreshed(b));
    assert_int_equal(board_n(b), 3);
    assert_string_equal(board_at(b, 0)->config, "low");

    assert_false(board_filter(b, "rato < 4", &f));
    assert_non_null(strstr(f.text, "column 1"));
    assert_non_null(strstr(f.text, "no such column: rato"));
    assert_string_equal(board_filtered_by(b), "ratio < 4 -- not the others");
    assert_int_equal(board_n(b), 3);
    assert_false(board_filter(b, "1); DELETE FROM runs; --", &f));
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 6);

    assert_true(board_filter(b, "pinned", &f));
    assert_int_equal(board_n(b), 0);
    assert_true(store_pin(s, 2, true, NULL, &f));
    assert_true(refreshed(b));
    assert_int_equal(board_n(b), 1);
    assert_true(board_filter(b, "  ", &f));
    assert_string_equal(board_filtered_by(b), "");
    assert_int_equal(board_n(b), 6);
    board_close(b);
    store_close(s);
}

static void a_filter_that_takes_too_long_is_given_up(void **state)
{
    store *s = writer(state);
    store_run run = sample_run("turbo4");
    add(s, &run);
    board *b = opened(state);
    refreshed(b);
    fault f = { 0 };
    assert_false(board_filter(
        b, "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n) > 0", &f));
    assert_non_null(strstr(f.text, "takes longer than"));
    assert_string_equal(board_filtered_by(b), "");
    assert_int_equal(board_n(b), 1);
    board_close(b);
    store_close(s);
}

/* ---- pins ---- */

static bool take_id(void *arg, int64_t id)
{
    int64_t *ids = arg;
    ids[++ids[0]] = id;
    return ids[0] < 8;
}

static void pins_stay_until_they_are_taken_away_or_the_run_is(void **state)
{
    store *s = writer(state);
    fault f = { 0 };
    bool changed;
    for (int i = 0; i < 3; i++) {
        store_run run = sample_run("turbo4");
        add(s, &run);
    }
    assert_true(store_pin(s, 3, true, &changed, &f) && changed);
    assert_true(store_pin(s, 1, true, &changed, &f) && changed);
    assert_true(store_pin(s, 1, true, &changed, &f) && !changed);
    assert_true(store_pin(s, 2, false, &changed, &f) && !changed);
    assert_false(store_pin(s, 9, true, &changed, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "no run 9"));
    assert_false(store_pin(s, 9, false, &changed, &f));
    int64_t ids[16] = { 0 };
    assert_true(store_each_pin(s, take_id, ids, &f));
    assert_true(ids[0] == 2 && ids[1] == 1 && ids[2] == 3);
    store_run *run = store_get_run(s, 3, &f);
    assert_int_equal(run->pinned, 1);
    free(run);
    assert_int_equal(ask(s, "SELECT count(*) FROM v_runs WHERE pinned"), 2);
    sql(state, "PRAGMA foreign_keys = 1; DELETE FROM runs WHERE id = 3");
    assert_int_equal(ask(s, "SELECT count(*) FROM pins"), 1);
    assert_true(store_pin(s, 1, false, &changed, &f) && changed);
    store_close(s);
    s = store_open(((place *)*state)->db, STORE_READ, &f);
    assert_false(store_pin(s, 1, true, &changed, &f));
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(points_are_classified_as_the_frontier_says),        TEST(the_cheapest_is_the_best_x_that_is_good_enough),
        TEST(rows_stand_as_they_are_sorted_pinned_ones_first),   TEST(rows_say_what_the_database_says),
        TEST(a_filter_holds_for_rows_points_and_what_comes),     TEST(a_filter_that_takes_too_long_is_given_up),
        TEST(pins_stay_until_they_are_taken_away_or_the_run_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
