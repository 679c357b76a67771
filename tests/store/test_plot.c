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

#include "app/axes.h"
#include "app/columns.h"
#include "tests/store/plot_sample.h"
#include "app/scale.h"

static char *written(const plot *p, bool color)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    plot_write(p, out, color);
    fclose(out);
    return text;
}

static char *draw(const plot_point *points, size_t n, plot_style style)
{
    plot *p = make(points, n, style);
    char *text = written(p, false);
    plot_free(p);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static const plot_marks all_marks[] = { PLOT_ASCII, PLOT_UTF8, PLOT_BRAILLE };

/* A cloud of points, the same each time, of all classes and states; some have no place. */
enum { CLOUD = 60 };

static void make_cloud(plot_point points[CLOUD], uint32_t seed)
{
    for (int i = 0; i < CLOUD; i++) {
        double u[3];
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525u + 1013904223u;
            u[k] = (seed >> 8) / 16777216.0;
        }
        points[i] = (plot_point){ .x = 1 + 6 * u[0],
                                  .y = u[2] < 0.05 ? 0 : exp(-9 * u[1]),
                                  .lo = NAN,
                                  .hi = NAN,
                                  .class = (plot_class)(i % 3),
                                  .label = "config",
                                  .family = i % 8 - 1,
                                  .like_chosen = i % 7 == 0,
                                  .pinned = i % 11 == 0,
                                  .chosen = i == 17 };
        if (i % 13 == 12) points[i].y = NAN;
        if (i % 29 == 28) points[i].x = NAN;
    }
}

/* A picture of which another point is chosen is the one that is drawn with that choice from the beginning. */
static void choosing_is_drawing_anew(void **state)
{
    (void)state;
    static const plot_marks marks[] = { PLOT_ASCII, PLOT_UTF8, PLOT_BRAILLE };
    plot_point points[CLOUD];
    make_cloud(points, 5);
    for (int i = 0; i < CLOUD; i++) { /* labels that differ, and intervals */
        static char names[CLOUD][32];
        snprintf(names[i], sizeof names[i], "config %d", i);
        points[i].label = names[i];
        if (i % 2) points[i].lo = points[i].y / 2, points[i].hi = points[i].y * 2;
    }
    for (size_t k = 0; k < 3 * 2 * 2; k++) {
        plot_style style = small;
        style.marks = marks[k % 3];
        style.labels = k % 2;
        style.letters = k % 4 == 0;
        style.height = 12 + 7 * (int)(k % 3);
        if (k >= 6) style.view = (plot_view){ 2, 5, 1e-3, 1e-1 };
        plot *moved = make(points, CLOUD, style);
        for (size_t chosen = 0; chosen <= CLOUD; chosen++) { /* CLOUD: none */
            size_t alike[CLOUD], n = 0;
            for (size_t i = 0; i < CLOUD; i++) {
                points[i].chosen = i == chosen;
                points[i].like_chosen = (i + chosen) % 9 == 0;
                if (points[i].like_chosen) alike[n++] = i;
            }
            plot_choose(moved, &(plot_choice){ chosen, chosen < CLOUD ? points[chosen].label : NULL, alike, n });
            plot *anew = make(points, CLOUD, style);
            char *a = written(moved, true), *b = written(anew, true);
            assert_string_equal(a, b);
            free(a);
            free(b);
            plot_free(anew);
        }
        plot_free(moved);
    }
}

static void the_picture_is_the_one_expected(void **state)
{
    (void)state;
    char *text = draw(runs, RUNS, small);
    assert_string_equal(text, "mean KLD, nats             * frontier  o dominated  x failed\n"
                              "  0.1 +                    x              |..............*\n"
                              "      |                                o  |       turbo3\n"
                              "      |                                   |\n"
                              " 0.01 +            .......................* turbo4\n"
                              "      |            .\n"
                              "      |            .\n"
                              "0.001 +  ..........* q8_0\n"
                              "      :  .\n"
                              "    0 +  * identity\n"
                              "      +--+-----------+-----------+-----------+-----------+--\n"
                              "         1           2           3           4           5\n"
                              "                         compression ratio\n"
                              "not shown: 1 failed, 1 without a value\n");
    free(text);
    plot_style style = small;
    style.marks = PLOT_BRAILLE;
    text = draw(runs, RUNS, style);
    assert_string_equal(text, "mean KLD, nats             ● frontier  ○ dominated  × failed\n"
                              "  0.1 ┤                    ×              ⢸⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤●\n"
                              "      │                                ○  ⢸       turbo3\n"
                              "      │                                   ⢸\n"
                              " 0.01 ┤            ⢠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤● turbo4\n"
                              "      │            ⢸\n"
                              "      │            ⢸\n"
                              "0.001 ┤  ⡤⠤⠤⠤⠤⠤⠤⠤⠤⠤● q8_0\n"
                              "      ┆  ⡇\n"
                              "    0 ┤  ● identity\n"
                              "      └──┴───────────┴───────────┴───────────┴───────────┴──\n"
                              "         1           2           3           4           5\n"
                              "                         compression ratio\n"
                              "not shown: 1 failed, 1 without a value\n");
    free(text);
}

static void it_keeps_to_its_width_and_height(void **state)
{
    (void)state;
    columns c;
    columns_enter(&c, true);
    for (int width = 24; width <= 200; width += 11)
        for (int height = 6; height <= 60; height += 3)
            for (int kind = 0; kind < 12; kind++) {
                plot_style style = small;
                style.width = width;
                style.height = height;
                style.log_y = kind & 1;
                style.y_up = kind & 2;
                style.marks = all_marks[kind / 4];
                plot *p = make(runs, RUNS, style);
                assert_int_equal(plot_width(p), width);
                assert_int_equal(plot_height(p), height);
                char *text = written(p, false);
                assert_int_equal(count(text, "\n"), height);
                for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
                    assert_true(columns_width(&c, line, strlen(line)) <= width);
                free(text);
                plot_free(p);
            }
    columns_leave(&c);
}

/* Every size shows at least two numbers on each axis that do not touch. */
static void axes_can_be_read_at_every_size(void **state)
{
    (void)state;
    for (int width = 24; width <= 200; width += 8)
        for (int height = 6; height <= 60; height += 6) {
            plot_style style = small;
            style.width = width;
            style.height = height;
            style.labels = false;
            plot *p = make(runs, RUNS, style);
            int beside = 0, left = 0, row = 0;
            while (plot_cell_at(p, 1, left)->text[0] != '|' && plot_cell_at(p, 1, left)->text[0] != '+')
                left++;
            for (int r = 2; r < height; r++) /* numbers have a line between them, but for that of zero */
                if (plot_cell_at(p, r, left)->text[0] == '+' && plot_cell_at(p, r - 1, left)->text[0] == '+')
                    assert_true(plot_cell_at(p, r, left - 2)->text[0] == '0' || /* or the axis below */
                                plot_cell_at(p, r, left + 1)->text[0] == '-');
            for (int r = 1; r < height; r++)
                beside += plot_cell_at(p, r, left)->text[0] == '+' && plot_cell_at(p, r, left + 1)->text[0] != '-';
            assert_true(beside >= 2);
            for (int r = 1; r < height; r++)
                if (plot_cell_at(p, r, left + 1)->text[0] == '-' || plot_cell_at(p, r, left + 2)->text[0] == '-')
                    row = r;
            int below = 0;
            for (int c = 0; c < width; c++)
                below += plot_cell_at(p, row + 1, c)->text[0] != ' ' &&
                         (c == 0 || plot_cell_at(p, row + 1, c - 1)->text[0] == ' ');
            assert_true(below >= 2);
            plot_free(p);
        }
}

static void every_class_has_its_mark(void **state)
{
    (void)state;
    plot_style style = small;
    char *ascii = draw(runs, RUNS, style);
    assert_int_equal(count(ascii, "*"), 4 + 1); /* and one in the legend */
    for (const char *c = ascii; *c; c++)
        assert_true((unsigned char)*c < 0x80 && *c != '\033');
    free(ascii);
    style.marks = PLOT_UTF8;
    plot *p = make(runs, RUNS, style);
    char *utf8 = written(p, false), *color = written(p, true);
    assert_int_equal(count(utf8, "●"), 4 + 1);
    assert_int_equal(count(utf8, "○"), 1 + 1);
    assert_int_equal(count(utf8, "×"), 1 + 1);
    assert_null(strstr(utf8, "\033"));
    assert_int_equal(count(color, "\033[32m●\033[0m"), 5);
    assert_int_equal(count(color, "\033[31m×\033[0m"), 2);
    assert_int_equal(count(color, "\033[0m"), count(color, "\033[") / 2);
    free(utf8);
    free(color);
    plot_free(p);
}

/* In the cell of each visible point there is its mark, or that of a point that lies over it. */
static void every_visible_point_has_its_mark_in_its_cell(void **state)
{
    (void)state;
    static const char *const marks[3] = { "*ox#%@XPp", "●○×◆◇◉⊗★☆", "●○×◆◇◉⊗★☆" };
    plot_point points[CLOUD];
    for (uint32_t seed = 1; seed < 8; seed++)
        for (int kind = 0; kind < 3; kind++) {
            make_cloud(points, seed);
            plot_style style = small;
            style.marks = all_marks[kind];
            style.limit = 0.01;
            style.letters = seed & 1;
            if (seed > 4) style.view = (plot_view){ 2, 5, 1e-3, 0.3 };
            plot *p = make(points, CLOUD, style);
            int visible = 0, row, column;
            for (size_t i = 0; i < CLOUD; i++) {
                bool placed = isfinite(points[i].x) && (isfinite(points[i].y) || points[i].class == PLOT_FAILED);
                if (seed <= 4) assert_int_equal(plot_place(p, i, &row, &column), placed);
                if (!plot_place(p, i, &row, &column)) continue;
                visible++;
                assert_non_null(strstr(marks[kind], plot_cell_at(p, row, column)->text));
                if (points[i].chosen) assert_int_equal(plot_cell_at(p, row, column)->look, PLOT_STRONG);
            }
            assert_true(visible > 5);
            plot_free(p);
        }
}

/* Of two points in one cell the one that matters more is seen, whichever came first. */
static void the_mark_that_matters_more_lies_above(void **state)
{
    (void)state;
    static const plot_point by_rank[] = {
        { 2, 0.1, NONE, PLOT_DOMINATED, .family = -1 },
        { 2, 0.1, NONE, PLOT_FAILED, .family = -1 },
        { 2, 0.1, NONE, PLOT_DOMINATED, .family = -1, .pinned = true },
        { 2, 0.1, NONE, PLOT_DOMINATED, .family = -1, .like_chosen = true },
        { 2, 0.1, NONE, PLOT_FRONTIER, .family = -1 },
        { 2, 0.1, NONE, PLOT_FRONTIER, .family = -1, .pinned = true },
        { 2, 0.1, NONE, PLOT_FRONTIER, .family = -1, .like_chosen = true },
        { 2, 0.1, NONE, PLOT_DOMINATED, .family = -1, .chosen = true },
    };
    enum { N = sizeof by_rank / sizeof by_rank[0] };
    for (int i = 0; i < N; i++)
        for (int k = i + 1; k < N; k++)
            for (int swapped = 0; swapped < 2; swapped++) {
                plot_point two[2] = { by_rank[swapped ? k : i], by_rank[swapped ? i : k] };
                plot *both = make(two, 2, small), *alone = make(&by_rank[k], 1, small);
                int row = 0, column = 0, r = 0, c = 0;
                assert_true(plot_place(both, 0, &row, &column) && plot_place(alone, 0, &r, &c));
                assert_string_equal(plot_cell_at(both, row, column)->text, plot_cell_at(alone, r, c)->text);
                assert_int_equal(plot_nearest(both, row, column), swapped ? 0 : 1);
                plot_free(both);
                plot_free(alone);
            }
}

static void states_have_marks_and_looks_of_their_own(void **state)
{
    (void)state;
    static const struct {
        plot_class class;
        bool chosen, alike, pinned;
        int family;
        const char *utf8, *ascii;
        int look;
    } cases[] = {
        { PLOT_FRONTIER, false, false, false, -1, "●", "*", PLOT_FAMILY },
        { PLOT_FRONTIER, false, false, false, 2, "●", "*", PLOT_FAMILY + 2 },
        { PLOT_FRONTIER, false, false, false, PLOT_FAMILIES + 1, "●", "*", PLOT_FAMILY + 1 },
        { PLOT_DOMINATED, false, false, false, -1, "○", "o", PLOT_FAINT },
        { PLOT_DOMINATED, false, false, false, 1, "○", "o", PLOT_FAMILY + 1 },
        { PLOT_FAILED, false, false, true, 1, "×", "x", PLOT_ALARM },
        { PLOT_FRONTIER, false, false, true, 1, "★", "P", PLOT_FAMILY + 1 },
        { PLOT_DOMINATED, false, false, true, 1, "☆", "p", PLOT_FAMILY + 1 },
        { PLOT_FRONTIER, false, true, true, 1, "◆", "#", PLOT_ALIKE },
        { PLOT_DOMINATED, false, true, false, 1, "◇", "%", PLOT_ALIKE },
        { PLOT_FRONTIER, true, true, true, 1, "◉", "@", PLOT_STRONG },
        { PLOT_DOMINATED, true, false, false, 1, "◉", "@", PLOT_STRONG },
        { PLOT_FAILED, true, false, false, 1, "⊗", "X", PLOT_STRONG },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int ascii = 0; ascii < 2; ascii++) {
            plot_point one = {
                2, 0.1, NONE, cases[i].class, NULL, cases[i].family, cases[i].chosen, cases[i].alike, cases[i].pinned
            };
            plot_style style = small;
            style.marks = ascii ? PLOT_ASCII : PLOT_BRAILLE;
            plot *p = make(&one, 1, style);
            int row, column;
            assert_true(plot_place(p, 0, &row, &column));
            assert_string_equal(plot_cell_at(p, row, column)->text, ascii ? cases[i].ascii : cases[i].utf8);
            assert_int_equal(plot_cell_at(p, row, column)->look, cases[i].look);
            plot_free(p);
        }
}

static void ascii_is_ascii(void **state)
{
    (void)state;
    plot_point points[CLOUD];
    make_cloud(points, 3);
    points[0].label = "größe";
    plot_style style = small;
    style.limit = 0.1;
    style.letters = true;
    style.families = (const char *const[]){ "turbo", "größe" };
    style.n_families = 2;
    style.y_title = "Δppl";
    char *text = draw(points, CLOUD, style);
    for (const char *c = text; *c; c++)
        assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
    free(text);
}

/* Where more of x is better the worse loss is had as soon as the better run is passed, and the other way round. */
static void the_line_is_the_staircase_of_what_can_be_had(void **state)
{
    (void)state;
    static const struct {
        double y[2];
        bool up;
        int corner; /* 0: in the column of the first point, 1: of the second */
    } cases[] = { { { 1, 2 }, false, 0 }, { { 2, 1 }, false, 1 }, { { 2, 1 }, true, 0 }, { { 1, 2 }, true, 1 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plot_point two[2] = { { 1, cases[i].y[0], NONE, PLOT_FRONTIER, NULL, .family = -1 },
                              { 3, cases[i].y[1], NONE, PLOT_FRONTIER, NULL, .family = -1 } };
        plot_style style = small;
        style.log_y = false;
        style.y_up = cases[i].up;
        plot *p = make(two, 2, style);
        int row[2], column[2];
        for (size_t k = 0; k < 2; k++)
            assert_true(plot_place(p, k, &row[k], &column[k]));
        int own = cases[i].corner, other = 1 - own;
        assert_string_equal(plot_cell_at(p, row[other], column[own])->text, ".");
        assert_string_equal(plot_cell_at(p, row[own], column[other])->text, " ");
        plot_free(p);
    }
}

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

static void long_and_wide_labels_are_cut(void **state)
{
    (void)state;
    plot_point p[] = { { 1, 1, NONE, PLOT_FRONTIER, "漢字漢字漢字漢字漢字漢字漢字漢字漢字", .family = -1 },
                       { 2, 2, NONE, PLOT_FRONTIER, "\033[31mred", .family = -1 } };
    plot_style style = small;
    style.marks = PLOT_UTF8;
    char *text = draw(p, 2, style);
    assert_non_null(strstr(text, "漢字漢字漢字漢字漢字漢字…"));
    assert_null(strstr(text, "\033"));
    free(text);
}

static void labels_never_lie_on_marks_or_one_another(void **state)
{
    (void)state;
    plot_point points[CLOUD];
    for (uint32_t seed = 1; seed < 20; seed++) {
        make_cloud(points, seed);
        char names[CLOUD][16];
        for (int i = 0; i < CLOUD; i++) {
            snprintf(names[i], sizeof names[i], "<%02d>", i);
            points[i].label = names[i];
        }
        char *text = draw(points, CLOUD, small);
        int shown = 0;
        for (int i = 0; i < CLOUD; i++)
            shown += count(text, names[i]);
        assert_int_equal(count(text, "<"), shown); /* none in parts */
        assert_int_equal(count(text, ">"), shown);
        for (const char *at = text; (at = strchr(at, '<')); at++) /* and none touches a mark */
            assert_true(!strchr("*ox#%@XPp", at[-1]) && (at[4] == '\n' || !strchr("*ox#%@XPp", at[4])));
        assert_true(shown > 3);
        free(text);
    }
}

static void letters_tell_families_apart_without_colour(void **state)
{
    (void)state;
    plot_point three[] = { { 1, 0.01, NONE, PLOT_FRONTIER, "first", .family = 0 },
                           { 3, 0.1, NONE, PLOT_FRONTIER, NULL, .family = 25 },
                           { 2, 0.9, NONE, PLOT_DOMINATED, "not labelled", .family = 1 } };
    plot_style style = small;
    style.letters = true;
    style.families = (const char *const[]){ "exact", "turbo" };
    style.n_families = 2;
    char *text = draw(three, 3, style);
    assert_non_null(strstr(text, "*a first"));
    assert_non_null(strstr(text, "*z"));
    assert_null(strstr(text, "not labelled"));
    assert_non_null(strstr(text, "a exact  b turbo\n"));
    free(text);
}

static void the_nearest_point_of_a_cell_is_one_that_is_there(void **state)
{
    (void)state;
    plot_point points[CLOUD];
    for (uint32_t seed = 1; seed < 10; seed++) {
        make_cloud(points, seed);
        plot_style style = small;
        if (seed & 1) style.view = (plot_view){ 2, 5, 1e-3, 0.3 };
        plot *p = make(points, CLOUD, style);
        int row, column, r, c;
        for (size_t i = 0; i < CLOUD; i++) {
            if (!plot_place(p, i, &row, &column)) continue;
            ptrdiff_t found = plot_nearest(p, row, column);
            assert_true(found >= 0 && plot_place(p, (size_t)found, &r, &c) && r == row && c == column);
            if (points[i].chosen) assert_int_equal(found, (int)i);
        }
        for (row = 0; row < plot_height(p); row++)
            for (column = 0; column < plot_width(p); column++) {
                ptrdiff_t found = plot_nearest(p, row, column);
                double least = INFINITY;
                for (size_t i = 0; i < CLOUD; i++)
                    if (plot_place(p, i, &r, &c)) least = fmin(least, hypot(c - column, 2 * (r - row)));
                assert_int_equal(found >= 0, least <= 3);
                if (found < 0) continue;
                plot_place(p, (size_t)found, &r, &c);
                assert_true(hypot(c - column, 2 * (r - row)) == least);
            }
        plot_free(p);
    }
}

static void every_visible_point_can_be_stepped_to(void **state)
{
    (void)state;
    static const int directions[4][2] = { { 1, 0 }, { -1, 0 }, { 0, 1 }, { 0, -1 } };
    plot_point points[CLOUD];
    for (uint32_t seed = 1; seed < 10; seed++) {
        make_cloud(points, seed);
        points[5] = points[4]; /* one on the other */
        plot *p = make(points, CLOUD, small);
        bool reached[CLOUD] = { false };
        size_t queue[CLOUD], n = 0;
        int row, column, r, c;
        size_t first = plot_step(p, SIZE_MAX, 1, 0); /* nothing chosen: somewhere in the middle */
        assert_true(plot_place(p, first, &row, &column));
        queue[n++] = first;
        reached[first] = true;
        for (size_t at = 0; at < n; at++)
            for (int d = 0; d < 4; d++) {
                size_t next = plot_step(p, queue[at], directions[d][0], directions[d][1]);
                assert_true(plot_place(p, next, &r, &c) && plot_place(p, queue[at], &row, &column));
                assert_true((c - column) * directions[d][0] >= 0 && (row - r) * directions[d][1] >= 0);
                if (reached[next]) continue;
                reached[next] = true;
                queue[n++] = next;
            }
        for (size_t i = 0; i < CLOUD; i++)
            assert_int_equal(reached[i], plot_place(p, i, &row, &column));
        plot_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choosing_is_drawing_anew),
        cmocka_unit_test(the_picture_is_the_one_expected),
        cmocka_unit_test(it_keeps_to_its_width_and_height),
        cmocka_unit_test(axes_can_be_read_at_every_size),
        cmocka_unit_test(every_class_has_its_mark),
        cmocka_unit_test(every_visible_point_has_its_mark_in_its_cell),
        cmocka_unit_test(the_mark_that_matters_more_lies_above),
        cmocka_unit_test(states_have_marks_and_looks_of_their_own),
        cmocka_unit_test(ascii_is_ascii),
        cmocka_unit_test(the_line_is_the_staircase_of_what_can_be_had),
        cmocka_unit_test(whiskers_and_limits_reach_where_they_should),
        cmocka_unit_test(a_whisker_that_reaches_zero_ends_with_the_scale),
        cmocka_unit_test(zero_has_its_own_line_on_a_logarithmic_axis),
        cmocka_unit_test(failed_runs_without_a_value_stand_at_the_worse_edge),
        cmocka_unit_test(what_has_no_place_is_counted),
        cmocka_unit_test(any_numbers_can_be_plotted),
        cmocka_unit_test(long_and_wide_labels_are_cut),
        cmocka_unit_test(labels_never_lie_on_marks_or_one_another),
        cmocka_unit_test(letters_tell_families_apart_without_colour),
        cmocka_unit_test(the_nearest_point_of_a_cell_is_one_that_is_there),
        cmocka_unit_test(every_visible_point_can_be_stepped_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
