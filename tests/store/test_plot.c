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
#include "tests/store/plot_drawing.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_picture_is_the_one_expected),
        cmocka_unit_test(it_keeps_to_its_width_and_height),
        cmocka_unit_test(axes_can_be_read_at_every_size),
        cmocka_unit_test(every_class_has_its_mark),
        cmocka_unit_test(every_visible_point_has_its_mark_in_its_cell),
        cmocka_unit_test(the_mark_that_matters_more_lies_above),
        cmocka_unit_test(states_have_marks_and_looks_of_their_own),
        cmocka_unit_test(ascii_is_ascii),
        cmocka_unit_test(the_line_is_the_staircase_of_what_can_be_had),
        cmocka_unit_test(long_and_wide_labels_are_cut),
        cmocka_unit_test(labels_never_lie_on_marks_or_one_another),
        cmocka_unit_test(letters_tell_families_apart_without_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
