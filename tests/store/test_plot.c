/* The scatter plot as a person sees it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"
#include "app/plot.h"
#include "app/scale.h"

#define NONE NAN, NAN

static char *draw(const plot_point *points, size_t n, plot_style style)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    fault f = { 0 };
    assert_true(plot_draw(out, points, n, &style, &f));
    fclose(out);
    return text;
}

static const plot_style small = { .width = 60,
                                  .height = 14,
                                  .log_y = true,
                                  .labels = true,
                                  .x_title = "compression ratio",
                                  .y_title = "mean KLD, nats" };

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static const plot_point runs[] = {
    { 1, 0, 0, 0, PLOT_FRONTIER, "identity" },
    { 1.88, 0.001, NONE, PLOT_FRONTIER, "q8_0" },
    { 3.76, 0.01, 0.008, 0.2, PLOT_FRONTIER, "turbo4" },
    { 3.5, 0.05, NONE, PLOT_DOMINATED, "q4_0" },
    { 5, 0.1, NONE, PLOT_FRONTIER, "turbo3" },
    { 2.5, NAN, NONE, PLOT_FAILED, "broken" },
    { NAN, NAN, NONE, PLOT_FAILED, "gone" },
    { 2, NAN, NONE, PLOT_DOMINATED, "odd" },
};

static void the_picture_is_the_one_expected(void **state)
{
    (void)state;
    char *text = draw(runs, sizeof runs / sizeof runs[0], small);
    assert_string_equal(text, "mean KLD, nats             * frontier  o dominated  x failed\n"
                              "  0.1 +                    x               |        turbo3 *\n"
                              "      |                                 o  |       ......\n"
                              "      |                                    |  .....\n"
                              " 0.01 +                                ....* turbo4\n"
                              "      |                        ........\n"
                              "      |                ........\n"
                              "0.001 +         ..* q8_0\n"
                              "      :   ......\n"
                              "    0 +* identity\n"
                              "      ++------------+------------+------------+------------+\n"
                              "       1            2            3            4            5\n"
                              "                         compression ratio\n"
                              "not shown: 1 failed, 1 without a value\n");
    free(text);
}

static void it_keeps_to_its_width_and_height(void **state)
{
    (void)state;
    columns c;
    columns_enter(&c, true);
    for (int width = 40; width <= 200; width += 17)
        for (int height = 10; height <= 50; height += 7)
            for (int kind = 0; kind < 4; kind++) {
                plot_style style = small;
                style.width = width;
                style.height = height;
                style.log_y = kind & 1;
                style.utf8 = kind & 2;
                char *text = draw(runs, sizeof runs / sizeof runs[0], style);
                assert_int_equal(count(text, "\n"), height);
                for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
                    assert_true(columns_width(&c, line, strlen(line)) <= width);
                free(text);
            }
    columns_leave(&c);
}

static void every_class_has_its_mark(void **state)
{
    (void)state;
    plot_style style = small;
    char *ascii = draw(runs, sizeof runs / sizeof runs[0], style);
    assert_int_equal(count(ascii, "*"), 4 + 1); /* and one in the legend */
    for (const char *c = ascii; *c; c++)
        assert_true((unsigned char)*c < 0x80 && *c != '\033');
    free(ascii);
    style.utf8 = true;
    char *utf8 = draw(runs, sizeof runs / sizeof runs[0], style);
    assert_int_equal(count(utf8, "●"), 4 + 1);
    assert_int_equal(count(utf8, "○"), 1 + 1);
    assert_int_equal(count(utf8, "×"), 1 + 1);
    free(utf8);
    style.color = true;
    char *color = draw(runs, sizeof runs / sizeof runs[0], style);
    assert_int_equal(count(color, "\033[32m●\033[0m"), 5);
    assert_int_equal(count(color, "\033["), 2 * (5 + 2 + 2));
    free(color);
}

static void zero_has_its_own_line_on_a_logarithmic_axis(void **state)
{
    (void)state;
    char *text = draw(runs, 3, small);
    const char *zero = strstr(text, "0 +* identity");
    assert_non_null(zero);
    assert_true(strchr(zero, '\n')[1] == ' ' && strstr(zero, "++--")); /* the axis comes right below */
    free(text);
    static const plot_point only[] = { { 1, 0, NONE, PLOT_FRONTIER, "identity" } };
    text = draw(only, 1, small); /* nothing to make a scale from */
    assert_non_null(strstr(text, "0 +"));
    assert_int_equal(count(text, "*"), 2);
    free(text);
}

static void what_has_no_place_is_counted(void **state)
{
    (void)state;
    char *text = draw(runs, sizeof runs / sizeof runs[0], small);
    assert_non_null(strstr(text, "not shown: 1 failed, 1 without a value\n"));
    free(text);
    static const plot_point strange[] = { { 1, -1, NONE, PLOT_FRONTIER, "a" },
                                          { 2, 1, NONE, PLOT_FRONTIER, "b" },
                                          { INFINITY, 1, NONE, PLOT_DOMINATED, "c" } };
    text = draw(strange, 3, small); /* below zero there is no logarithm */
    assert_non_null(strstr(text, "not shown: 2 without a value"));
    free(text);
    text = draw(strange, 0, small);
    assert_string_equal(text, "no run to plot\n");
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
            for (int log = 0; log < 2; log++) {
                plot_point pair[2] = { { values[a], values[b], values[b], values[a], PLOT_FRONTIER, "first" },
                                       { values[b], values[a], values[a], values[b], PLOT_FRONTIER, "second" } };
                plot_style style = small;
                style.log_y = log;
                char *text = draw(pair, 2, style);
                assert_true(count(text, "\n") == style.height || strstr(text, "no run to plot"));
                free(text);
            }
}

static void long_and_wide_labels_are_cut(void **state)
{
    (void)state;
    plot_point p[] = { { 1, 1, NONE, PLOT_FRONTIER, "漢字漢字漢字漢字漢字漢字漢字漢字漢字" },
                       { 2, 2, NONE, PLOT_FRONTIER, "\033[31mred" } };
    plot_style style = small;
    style.utf8 = true;
    char *text = draw(p, 2, style);
    assert_non_null(strstr(text, "漢字漢字漢字漢字漢字漢字…"));
    assert_null(strstr(text, "\033"));
    free(text);
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
        cmocka_unit_test(the_picture_is_the_one_expected),
        cmocka_unit_test(it_keeps_to_its_width_and_height),
        cmocka_unit_test(every_class_has_its_mark),
        cmocka_unit_test(zero_has_its_own_line_on_a_logarithmic_axis),
        cmocka_unit_test(what_has_no_place_is_counted),
        cmocka_unit_test(any_numbers_can_be_plotted),
        cmocka_unit_test(long_and_wide_labels_are_cut),
        cmocka_unit_test(ticks_are_round_and_cover_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
