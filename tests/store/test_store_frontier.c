/* The frontier against its definition. */
#include "tests/store/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400 };

typedef struct seen {
    int n;
    struct {
        int64_t id;
        store_class where;
        double x, y, lo, hi;
        char config[24];
    } at[MOST];
} seen;

static bool see(void *arg, const store_point *p)
{
    seen *s = arg;
    if (s->n == MOST) return false;
    s->at[s->n].id = p->run->id;
    s->at[s->n].where = p->where;
    s->at[s->n].x = p->x;
    s->at[s->n].y = p->y;
    s->at[s->n].lo = p->y_lo;
    s->at[s->n].hi = p->y_hi;
    snprintf(s->at[s->n].config, sizeof s->at[0].config, "%s", p->run->config.canonical);
    s->n++;
    return true;
}

static store *fresh(void **state)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

static seen frontier(store *s, const store_selection *set, const char *x, const char *y)
{
    seen points = { 0 };
    fault f = { 0 };
    assert_non_null(store_metric_named(x));
    assert_non_null(store_metric_named(y));
    if (!store_frontier(s, set, store_metric_named(x), store_metric_named(y), see, &points, &f)) fail_msg("%s", f.text);
    return points;
}

static int64_t add_point(store *s, const char *config, double ratio, double kld)
{
    store_run run = sample_run(config);
    run.ratio = ratio;
    run.kld = (store_estimate){ kld, kld / 2, kld * 2 };
    store_block block = { .n = 1 };
    int64_t id;
    fault f = { 0 };
    if (!store_add_run(s, &run, &(store_parts){ .blocks = &block, .n_blocks = 1 }, &id, &f)) fail_msg("%s", f.text);
    return id;
}

static store_class class_of(const seen *points, const char *config)
{
    for (int i = 0; i < points->n; i++)
        if (strcmp(points->at[i].config, config) == 0) return points->at[i].where;
    fail_msg("%s is not among the points", config);
    return STORE_FAILED;
}

static void dominated_runs_are_told_from_the_frontier(void **state)
{
    store *s = fresh(state);
    add_point(s, "identity", 1, 0);
    add_point(s, "q8_0", 1.88, 0.001);
    add_point(s, "turbo4", 3.76, 0.01);
    add_point(s, "bad4", 3.76, 0.02); /* same ratio, worse */
    add_point(s, "slow4", 3.5, 0.01); /* same loss, less ratio */
    add_point(s, "worse", 2, 0.5);    /* worse on both */
    add_point(s, "turbo2", 7.1, 0.3);
    seen points = frontier(s, NULL, "ratio", "kld");
    assert_int_equal(points.n, 7);
    static const char *const best[] = { "identity", "q8_0", "turbo4", "turbo2" }, *const beaten[] = { "bad4", "slow4",
                                                                                                      "worse" };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(class_of(&points, best[i]), STORE_FRONTIER);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(class_of(&points, beaten[i]), STORE_DOMINATED);
    for (int i = 1; i < points.n; i++)
        assert_true(points.at[i - 1].x <= points.at[i].x);
    assert_true(points.at[0].y == 0 && points.at[1].lo == 0.0005 && points.at[1].hi == 0.002);
    store_close(s);
}

static void equal_runs_are_both_on_the_frontier(void **state)
{
    store *s = fresh(state);
    add_point(s, "a", 4, 0.01);
    add_point(s, "b", 4, 0.01);
    add_point(s, "c", 4, 0.02);
    seen points = frontier(s, NULL, "ratio", "kld");
    assert_int_equal(class_of(&points, "a"), STORE_FRONTIER);
    assert_int_equal(class_of(&points, "b"), STORE_FRONTIER);
    assert_int_equal(class_of(&points, "c"), STORE_DOMINATED);
    store_close(s);
}

/* Against the definition, word by word, for every pair of directions; few distinct values make many ties. */
static void the_frontier_is_what_its_definition_says(void **state)
{
    enum { N = 120 };
    static const char *const pairs[][2] = { { "ratio", "kld" },           { "bits_per_value", "top1" },
                                            { "ratio", "dppl" },          { "bits_per_value", "rms_dp" },
                                            { "ratio_128k", "kld_p999" }, { "top1", "ratio" } };
    store *s = fresh(state);
    uint32_t random = 1;
    store_block block = { .n = 1 };
    fault f = { 0 };
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        store_run run = sample_run(name);
        double *const varied[] = { &run.ratio,    &run.bits_per_value, &run.ratio_128k, &run.kld.value,
                                   &run.kld_p999, &run.dppl.value,     &run.top1.value, &run.rms_dp.value };
        for (size_t k = 0; k < sizeof varied / sizeof varied[0]; k++) {
            random = random * 1664525u + 1013904223u;
            *varied[k] = (double)(random >> 24) / 16 - (varied[k] == &run.dppl.value ? 8 : 0);
        }
        assert_true(store_add_run(s, &run, &(store_parts){ .blocks = &block, .n_blocks = 1 }, NULL, &f));
    }
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++) {
        const store_metric *mx = store_metric_named(pairs[p][0]), *my = store_metric_named(pairs[p][1]);
        seen points = frontier(s, NULL, mx->name, my->name);
        assert_int_equal(points.n, N);
        int on_it = 0;
        for (int i = 0; i < N; i++) {
            bool dominated = false;
            double xi = mx->direction * points.at[i].x, yi = my->direction * points.at[i].y;
            for (int j = 0; j < N; j++) {
                double xj = mx->direction * points.at[j].x, yj = my->direction * points.at[j].y;
                dominated = dominated || (xj >= xi && yj >= yi && (xj > xi || yj > yi));
            }
            assert_int_equal(points.at[i].where, dominated ? STORE_DOMINATED : STORE_FRONTIER);
            on_it += !dominated;
        }
        assert_true(on_it > 0);
    }
    store_close(s);
}

static void each_config_stands_for_its_newest_finished_run(void **state)
{
    store *s = fresh(state);
    fault f = { 0 };
    add_point(s, "turbo4", 4, 0.001);
    int64_t newest = add_point(s, "turbo4", 4, 0.5);
    store_run failed = failed_run("turbo4"), never = failed_run("turbo1");
    assert_true(store_add_run(s, &failed, NULL, NULL, &f));
    assert_true(store_add_run(s, &never, NULL, NULL, &f));
    assert_true(store_add_run(s, &never, NULL, NULL, &f));
    seen points = frontier(s, NULL, "ratio", "kld");
    assert_int_equal(points.n, 2);
    assert_int_equal(points.at[0].id, newest);
    assert_int_equal(points.at[0].where, STORE_FRONTIER);
    assert_string_equal(points.at[1].config, "turbo1"); /* without x, so last */
    assert_int_equal(points.at[1].where, STORE_FAILED);
    assert_true(isnan(points.at[1].x) && isnan(points.at[1].y));
    store_close(s);
}

static void a_run_without_the_metric_is_no_rival(void **state)
{
    store *s = fresh(state);
    store_run fast = sample_run("fast"), unknown = sample_run("unknown");
    fast.ms_per_token = 5;
    unknown.ms_per_token = NAN;
    unknown.ratio = 100;
    add(s, &fast);
    add(s, &unknown);
    seen points = frontier(s, NULL, "ratio", "ms_per_token");
    assert_int_equal(class_of(&points, "fast"), STORE_FRONTIER);
    assert_int_equal(class_of(&points, "unknown"), STORE_UNMEASURED);
    store_close(s);
}

static void a_failed_run_beats_nobody(void **state)
{
    store *s = fresh(state);
    add_point(s, "turbo4", 4, 0.01);
    store_run failed = failed_run("broken");
    failed.ratio = 100;
    failed.kld.value = 0;
    fault f = { 0 };
    assert_true(store_add_run(s, &failed, NULL, NULL, &f));
    seen points = frontier(s, NULL, "ratio", "kld");
    assert_int_equal(class_of(&points, "turbo4"), STORE_FRONTIER);
    assert_int_equal(class_of(&points, "broken"), STORE_FAILED);
    store_close(s);
}

static void signs_do_not_count_for_change_of_perplexity(void **state)
{
    store *s = fresh(state);
    store_run better = sample_run("better"), mixed = sample_run("mixed"), worse = sample_run("worse");
    better.dppl = (store_estimate){ -3, -4, -2 };
    mixed.dppl = (store_estimate){ 0.5, -2, 1 };
    worse.dppl = (store_estimate){ 2, 1.5, 2.5 };
    better.ratio = 1;
    mixed.ratio = 2;
    worse.ratio = 3;
    add(s, &better);
    add(s, &mixed);
    add(s, &worse);
    seen points = frontier(s, NULL, "ratio", "dppl");
    static const double want[3][3] = { { 3, 2, 4 }, { 0.5, 0, 2 }, { 2, 1.5, 2.5 } };
    for (int i = 0; i < 3; i++) {
        assert_true(points.at[i].y == want[i][0] && points.at[i].lo == want[i][1] && points.at[i].hi == want[i][2]);
        assert_int_equal(points.at[i].where, i == 0 ? STORE_DOMINATED : STORE_FRONTIER);
    }
    store_close(s);
}

static void only_comparable_runs_are_compared(void **state)
{
    store *s = fresh(state);
    store_run base = sample_run("a"), other = sample_run("b");
    add(s, &base);
    other.ctx = 1024;
    other.protocol = "snapshot";
    other.eval = 64;
    add(s, &other);
    other.model.hash = "m1";
    other.model.name = "Small";
    other.model.path = "/models/small.gguf";
    add(s, &other);

    seen newest = frontier(s, NULL, "ratio", "kld");
    assert_int_equal(newest.n, 1);
    assert_int_equal(newest.at[0].id, 3);
    static const struct {
        store_selection set;
        int64_t id;
    } cases[] = {
        { { .protocol = "stream" }, 1 },
        { { .model = "m0" }, 2 },
        { { .model = "Tiny", .ctx = 512 }, 1 },
        { { .model = "/models/tiny.gguf" }, 2 },
        { { .model = "Small" }, 3 },
        { { .model = "Small", .ctx = 512 }, 0 },
        { { .text = "self" }, 3 },
        { { .text = "nothing" }, 0 },
        { { .eval = 64, .model = "m0" }, 2 },
        { { .passages = 99 }, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen points = frontier(s, &cases[i].set, "ratio", "kld");
        int64_t id = points.n ? points.at[0].id : 0;
        if (points.n > 1 || id != cases[i].id) fail_msg("case %zu: %d points, run %d", i, points.n, (int)id);
    }
    store_close(s);
}

static void an_empty_database_has_no_frontier(void **state)
{
    store *s = fresh(state);
    assert_int_equal(frontier(s, NULL, "ratio", "kld").n, 0);
    store_close(s);
}

static void every_metric_can_be_an_axis_and_read_from_a_run(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("turbo4");
    run.dppl.value = -0.5;
    add(s, &run);
    for (const store_metric *m = store_metrics; m->name; m++) {
        seen points = frontier(s, NULL, m->name, m->name);
        assert_int_equal(points.n, 1);
        assert_true(points.at[0].x == points.at[0].y && points.at[0].x == store_metric_value(m, &run));
        assert_int_equal(isnan(points.at[0].lo), !(m->flags & STORE_INTERVAL));
        assert_true(m->direction == 1 || m->direction == -1);
        assert_true(*m->label && store_metric_named(m->name) == m);
    }
    assert_null(store_metric_named("kldd"));
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dominated_runs_are_told_from_the_frontier),   TEST(equal_runs_are_both_on_the_frontier),
        TEST(the_frontier_is_what_its_definition_says),    TEST(each_config_stands_for_its_newest_finished_run),
        TEST(a_run_without_the_metric_is_no_rival),        TEST(a_failed_run_beats_nobody),
        TEST(signs_do_not_count_for_change_of_perplexity), TEST(only_comparable_runs_are_compared),
        TEST(an_empty_database_has_no_frontier),           TEST(every_metric_can_be_an_axis_and_read_from_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
