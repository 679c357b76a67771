/* Where a plot puts values: edges, zero, intervals, limits, and what has no place. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/scale.h"
#include "tests/store/plot_drawing.h"

static void whiskers_and_limits_reach_where_they_should(void **state)
{
    (void)state;
    plot_point one[] = { { 2, 0.01, 0.001, 0.1, PLOT_FRONTIER, NULL, .family = -1 },
                         { 1, 1e-4, NONE, PLOT_DOMINATED, NULL, .family = -1 },
                         { 3, 1, 0.9, 1.1, PLOT_DOMINATED, NULL, .family = -1 } };
    plot_style style = small;
    style.height = 22;
    style.limit = 0.5;
    plot *p = make(one, 3, style);
    int row, column, first = 0, last = 0, dashes = 0;
    assert_true(plot_place(p, 0, &row, &column));
    for (int r = plot_height(p) - 1; r > 0; r--)
        if (strcmp(plot_cell_at(p, r, column)->text, "|") == 0) {
            last = last ? last : r;
            first = r;
        }
    scale y = scale_make(1e-4, 1, true, 9);
    int rows = plot_height(p) - 4; /* title, axis, numbers, title */
    assert_int_equal(first, 1 + (int)lround((1 - scale_place(&y, 0.1)) * (rows - 1)));
    assert_int_equal(last, 1 + (int)lround((1 - scale_place(&y, 0.001)) * (rows - 1)));
    for (int c = 0; c < plot_width(p); c++)
        for (int r = 1; r <= rows; r++)
            if (plot_cell_at(p, r, c)->look == PLOT_LIMIT) {
                assert_int_equal(r, 1 + (int)lround((1 - scale_place(&y, 0.5)) * (rows - 1)));
                dashes++;
            }
    assert_true(dashes > 20);
    plot_free(p);
}

static void a_whisker_that_reaches_zero_ends_with_the_scale(void **state)
{
    (void)state;
    static const plot_point two[] = { { 1, 0, NONE, PLOT_FRONTIER, .family = -1 },
                                      { 2, 0.1, 0, 0.2, PLOT_FRONTIER, .family = -1 },
                                      { 3, 0.001, NONE, PLOT_DOMINATED, .family = -1 } };
    plot *p = make(two, 3, small);
    int row, column, zero;
    assert_true(plot_place(p, 0, &zero, &column) && plot_place(p, 1, &row, &column));
    assert_string_equal(plot_cell_at(p, zero - 2, column)->text, "|");
    assert_string_equal(plot_cell_at(p, zero - 1, column)->text, " ");
    assert_string_equal(plot_cell_at(p, zero, column)->text, " ");
    plot_free(p);
}

static void zero_has_its_own_line_on_a_logarithmic_axis(void **state)
{
    (void)state;
    char *text = draw(runs, 3, small);
    assert_non_null(strstr(text, "    0 +  * identity\n      +--")); /* the axis comes right below */
    free(text);
    static const plot_point only[] = { { 1, 0, NONE, PLOT_FRONTIER, "identity", .family = -1 } };
    text = draw(only, 1, small); /* nothing to make a scale from */
    assert_non_null(strstr(text, "0 +"));
    assert_int_equal(count(text, "*"), 2);
    free(text);
    plot_style closer = small;
    closer.view = (plot_view){ .y_lo = 0.005, .y_hi = 0.05 };
    plot *p = make(runs, RUNS, closer);
    int row, column;
    assert_false(plot_place(p, 0, &row, &column)); /* zero is infinitely far below */
    assert_true(plot_place(p, 2, &row, &column));
    text = written(p, false);
    assert_non_null(strstr(text, "3 outside"));
    free(text);
    plot_free(p);
}

static void failed_runs_without_a_value_stand_at_the_worse_edge(void **state)
{
    (void)state;
    for (int up = 0; up < 2; up++) {
        plot_style style = small;
        style.y_up = up;
        style.log_y = false;
        plot *p = make(runs, RUNS, style);
        int row, column, worst = 0, other;
        assert_true(plot_place(p, 5, &row, &column));
        for (size_t i = 0; i < RUNS; i++)
            if (i != 5 && plot_place(p, i, &other, &column)) assert_true(up ? other <= row : other >= row);
        (void)worst;
        plot_free(p);
    }
}

static void what_has_no_place_is_counted(void **state)
{
    (void)state;
    char *text = draw(runs, RUNS, small);
    assert_non_null(strstr(text, "not shown: 1 failed, 1 without a value\n"));
    free(text);
    static const plot_point strange[] = { { 1, -1, NONE, PLOT_FRONTIER, "a", .family = -1 },
                                          { 2, 1, NONE, PLOT_FRONTIER, "b", .family = -1 },
                                          { INFINITY, 1, NONE, PLOT_DOMINATED, "c", .family = -1 } };
    text = draw(strange, 3, small); /* below zero there is no logarithm */
    assert_non_null(strstr(text, "not shown: 2 without a value"));
    free(text);
    text = draw(strange, 0, small);
    assert_non_null(strstr(text, "no run to plot\n"));
    free(text);
}

static void any_numbers_can_be_plotted(void **state)
{
    (void)state;
    static const double values[] = { 0,       1,        -1,  1e-300, 1e300, -1e300,   5e-324,
                                     1.7e308, -1.7e308, 0.1, 3,      NAN,   INFINITY, -INFINITY };
    enum { N = sizeof values / sizeof values[0] };
    for (size_t a = 0; a < N; a++)
        for (size_t b = 0; b < N; b++)
            for (int kind = 0; kind < 6; kind++) {
                plot_point pair[2] = {
                    { values[a], values[b], values[b], values[a], PLOT_FRONTIER, "first", .family = -1 },
                    { values[b], values[a], values[a], values[b], PLOT_FRONTIER, "second", .family = 3 }
                };
                plot_style style = small;
                style.log_y = kind & 1;
                style.marks = all_marks[kind / 2];
                style.limit = values[b];
                style.view = (plot_view){ values[a], values[b], values[b], values[a] };
                plot *p = make(pair, 2, style);
                char *text = written(p, false);
                assert_int_equal(count(text, "\n"), style.height);
                style.view = plot_zoom(p, 0.5, 0.3, 0.7);
                plot_pan(p, 0.5, -0.5);
                plot_step(p, 0, 1, 0);
                plot_free(p);
                plot_free(make(pair, 2, style));
                free(text);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whiskers_and_limits_reach_where_they_should),
        cmocka_unit_test(a_whisker_that_reaches_zero_ends_with_the_scale),
        cmocka_unit_test(zero_has_its_own_line_on_a_logarithmic_axis),
        cmocka_unit_test(failed_runs_without_a_value_stand_at_the_worse_edge),
        cmocka_unit_test(what_has_no_place_is_counted),
        cmocka_unit_test(any_numbers_can_be_plotted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
