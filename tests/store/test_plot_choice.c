/* The chosen point of a plot: drawn, found and stepped to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/store/plot_drawing.h"

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
        cmocka_unit_test(the_nearest_point_of_a_cell_is_one_that_is_there),
        cmocka_unit_test(every_visible_point_can_be_stepped_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
