/* What a plot's axes show: metrics, ranges, ticks, and views that are moved. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "app/axes.h"
#include "app/scale.h"
#include "tests/store/plot_sample.h"

/* Once round, each metric has been on one of the axes. */
static void the_keys_for_axes_go_through_every_metric(void **state)
{
    (void)state;
    size_t met = 0;
    for (int upward = 0; upward < 2; upward++) {
        const store_metric *first = store_metric_named(upward ? "kld" : "ratio"), *m = first;
        do {
            met++;
            m = axes_next(m, upward);
            assert_non_null(m->name);
            assert_true(met <= STORE_METRICS);
        } while (m != first);
    }
    assert_int_equal(met, STORE_METRICS);
    assert_string_equal(axes_next(store_metric_named("kld"), false)->name, "ratio");
    assert_string_equal(axes_next(store_metric_named("ratio"), true)->name, "kld");
}

static double part_of(double lo, double hi, double value, bool log_axis)
{
    return log_axis ? log(value / lo) / log(hi / lo) : (value - lo) / (hi - lo);
}

static void zooming_keeps_the_fixed_point(void **state)
{
    (void)state;
    static const double factors[] = { 0.5, 0.8, 1, 1.25, 2 }, places[] = { 0, 0.25, 0.5, 1 };
    for (int log_axis = 0; log_axis < 2; log_axis++)
        for (size_t i = 0; i < 5; i++)
            for (size_t k = 0; k < 4; k++) {
                plot_style style = small;
                style.log_y = log_axis;
                plot *p = make(runs + 1, 4, style);
                plot_view a = plot_seen(p), b = plot_zoom(p, factors[i], places[k], 1 - places[k]);
                double x = a.x_lo + places[k] * (a.x_hi - a.x_lo);
                double y = log_axis ? a.y_lo * pow(a.y_hi / a.y_lo, 1 - places[k])
                                    : a.y_lo + (1 - places[k]) * (a.y_hi - a.y_lo);
                assert_true(fabs(part_of(b.x_lo, b.x_hi, x, false) - places[k]) < 1e-9);
                assert_true(fabs(part_of(b.y_lo, b.y_hi, y, log_axis) - (1 - places[k])) < 1e-9);
                assert_true(fabs((b.x_hi - b.x_lo) / (a.x_hi - a.x_lo) - factors[i]) < 1e-9);
                style.view = b;
                plot *q = make(runs + 1, 4, style);
                plot_view seen = plot_seen(q);
                assert_true(seen.x_lo == b.x_lo && seen.x_hi == b.x_hi && seen.y_lo == b.y_lo && seen.y_hi == b.y_hi);
                plot_free(q);
                plot_free(p);
            }
}

static void panning_moves_by_parts_of_the_view_and_not_out_of_sight(void **state)
{
    (void)state;
    plot_style style = small;
    style.view = (plot_view){ 2, 3, 0.001, 0.1 };
    plot *p = make(runs + 1, 4, style);
    plot_view right = plot_pan(p, 0.5, 0), up = plot_pan(p, 0, 0.5);
    assert_true(fabs(right.x_lo - 2.5) < 1e-9 && fabs(right.x_hi - 3.5) < 1e-9);
    assert_true(right.y_lo == 0.001 && right.y_hi == 0.1);
    assert_true(fabs(up.y_lo - 0.01) < 1e-9 && fabs(up.y_hi - 1) < 1e-9);
    plot_free(p);
    for (int i = 0; i < 100; i++) { /* on and on */
        p = make(runs + 1, 4, style);
        style.view = plot_pan(p, 0.5, -0.5);
        plot_free(p);
    }
    assert_true(style.view.x_lo < 5.5 && style.view.y_hi > 0.0005);
    for (int i = 0; i < 200; i++) {
        p = make(runs + 1, 4, style);
        style.view = plot_zoom(p, i < 100 ? 0.5 : 2, 0.5, 0.5);
        assert_true(style.view.x_lo < style.view.x_hi && style.view.y_lo < style.view.y_hi && style.view.y_lo > 0);
        plot_free(p);
    }
}

static void a_range_as_it_is_has_round_ticks_inside(void **state)
{
    (void)state;
    for (int i = 1; i < 400; i++)
        for (int log_axis = 0; log_axis < 2; log_axis++) {
            double lo = 0.0013 * i, hi = lo * (1 + 3.0 / i);
            scale s = scale_within(lo, hi, log_axis, 2 + i % 7);
            assert_true(s.lo == lo && s.hi == hi && s.n_ticks >= 2 && s.n_ticks <= SCALE_TICKS);
            for (int k = 0; k < s.n_ticks; k++)
                assert_true(s.ticks[k] >= lo * (1 - 1e-6) && s.ticks[k] <= hi * (1 + 1e-6));
        }
}

static void a_title_says_which_way_is_better(void **state)
{
    (void)state;
    char title[96];
    axes_title(store_metric_named("kld"), title, sizeof title);
    assert_string_equal(title, "mean KLD, nats (less is better)");
    axes_title(store_metric_named("top1"), title, sizeof title);
    assert_string_equal(title, "top-1 agreement, % (more is better)");
}

static void ticks_are_round_and_cover_the_data(void **state)
{
    (void)state;
    static const struct {
        double min, max;
        bool log;
        int wanted;
        double lo, hi, second;
        int n;
    } cases[] = {
        { 1, 7.1, false, 7, 1, 8, 2, 8 },
        { 0.03, 0.71, false, 5, 0, 0.8, 0.2, 5 },
        { -3, 12, false, 5, -5, 15, 0, 5 },
        { 5, 5, false, 5, 2, 8, 3, 0 },
        { 1e-5, 0.7, true, 6, 1e-5, 1, 1e-4, 6 },
        { 0.013, 0.4, true, 8, 0.01, 0.5, 0.02, 6 },
        { 0.013, 0.4, true, 3, 0.01, 0.5, 0.1, 2 },
        { 0.2, 0.2, true, 5, 0.2, 0.5, 0.5, 2 },
        { 1000, 1000, true, 5, 1000, 2000, 2000, 2 },
        { 1e-280, 1e300, true, 8, 1e-280, 1e300, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scale s = scale_make(cases[i].min, cases[i].max, cases[i].log, cases[i].wanted);
        if (fabs(s.lo - cases[i].lo) > 1e-9 * fabs(cases[i].hi) || fabs(s.hi - cases[i].hi) > 1e-9 * fabs(cases[i].hi))
            fail_msg("case %zu: %g to %g", i, s.lo, s.hi);
        assert_true(s.lo <= cases[i].min * (1 + 1e-9) || cases[i].min < 0);
        if (cases[i].n && (s.n_ticks != cases[i].n || fabs(s.ticks[1] - cases[i].second) > 1e-9 * fabs(cases[i].hi)))
            fail_msg("case %zu: %d ticks, the second at %g", i, s.n_ticks, s.ticks[1]);
        for (int k = 0; k < s.n_ticks; k++) {
            double at = scale_place(&s, s.ticks[k]);
            assert_true(at > -1e-9 && at < 1 + 1e-9 && (k == 0 || s.ticks[k] > s.ticks[k - 1]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_for_axes_go_through_every_metric),
        cmocka_unit_test(zooming_keeps_the_fixed_point),
        cmocka_unit_test(panning_moves_by_parts_of_the_view_and_not_out_of_sight),
        cmocka_unit_test(a_range_as_it_is_has_round_ticks_inside),
        cmocka_unit_test(a_title_says_which_way_is_better),
        cmocka_unit_test(ticks_are_round_and_cover_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
