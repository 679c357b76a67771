/* Whatever the size, panes lie inside of the window and beside each other, and what must be seen is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "app/screen/layout.h"

static bool is_seen(rect r)
{
    return r.height > 0 && r.width > 0;
}

static bool is_inside(rect r, const layout_wish *w)
{
    return r.row >= 0 && r.column >= 0 && r.row + r.height <= w->height && r.column + r.width <= w->width;
}

static bool meet(rect a, rect b)
{
    return a.row < b.row + b.height && b.row < a.row + a.height && a.column < b.column + b.width &&
           b.column < a.column + a.width;
}

static void check(const layout_wish *w)
{
    const layout l = layout_make(w);
    rect all[PANE_COUNT + 3] = { l.head, l.line, l.hints };
    for (int i = 0; i < PANE_COUNT; i++)
        all[3 + i] = l.panes[i];
    for (int i = 0; i < PANE_COUNT + 3; i++) {
        if (!is_seen(all[i])) continue;
        if (!is_inside(all[i], w)) fail_msg("%d x %d: part %d leaves the window", w->width, w->height, i);
        for (int j = 0; j < i; j++)
            if (is_seen(all[j]) && meet(all[i], all[j]))
                fail_msg("%d x %d, focus %d: parts %d and %d meet", w->width, w->height, (int)w->focus, i, j);
    }
    if (!is_seen(l.line)) fail_msg("%d x %d: no command line", w->width, w->height);
    if (w->height >= 4 + w->line && !is_seen(l.panes[w->focus]) && w->focus != PANE_WORKERS)
        fail_msg("%d x %d: pane %d has the keys and is not seen", w->width, w->height, (int)w->focus);
}

static void parts_never_meet_nor_leave_the_window(void **state)
{
    (void)state;
    static const int workers[] = { 0, 1, 5, 70 }, lines[] = { 1, 2, 6 };
    for (int height = 1; height <= 90; height++)
        for (int width = 1; width <= 320; width += width < 20 ? 1 : 7)
            for (int focus = 0; focus < PANE_COUNT; focus++)
                for (size_t i = 0; i < 4 * 3 * 2; i++)
                    check(&(layout_wish){ height, width, (pane_id)focus, i % 2 != 0, workers[i / 2 % 4],
                                          lines[i / 8] < height ? lines[i / 8] : height });
}

static void from_80_by_24_on_all_panes_are_seen(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 24, 80 }, { 40, 120 }, { 50, 200 }, { 80, 300 }, { 24, 300 }, { 80, 80 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int workers = 0; workers < 4; workers += 3) {
            const layout l = layout_make(&(layout_wish){ sizes[i][0], sizes[i][1], PANE_LOG, false, workers, 1 });
            assert_false(l.single);
            for (int p = 0; p < PANE_WORKERS; p++)
                assert_true(l.panes[p].height >= 3 && l.panes[p].width >= 30);
            assert_true(is_seen(l.head) && is_seen(l.hints));
            assert_int_equal(is_seen(l.panes[PANE_WORKERS]), workers > 0);
            /* Four lines of the details' five are what a run is about. */
            if (workers == 0) assert_true(l.panes[PANE_DETAILS].height >= 6);
        }
}

static void a_small_window_has_one_pane(void **state)
{
    (void)state;
    for (int focus = 0; focus < PANE_WORKERS; focus++) {
        const layout l = layout_make(&(layout_wish){ 10, 40, (pane_id)focus, false, 0, 1 });
        assert_true(l.single);
        for (int p = 0; p < PANE_COUNT; p++)
            assert_int_equal(is_seen(l.panes[p]), p == focus);
        assert_int_equal(l.panes[focus].height, 8);
        assert_int_equal(l.panes[focus].width, 40);
    }
}

static void a_zoomed_pane_has_all_the_room(void **state)
{
    (void)state;
    const layout l = layout_make(&(layout_wish){ 40, 120, PANE_DETAILS, true, 0, 1 });
    assert_int_equal(l.panes[PANE_DETAILS].width, 120);
    assert_int_equal(l.panes[PANE_DETAILS].height, 37); /* without head, line and hints */
    assert_false(is_seen(l.panes[PANE_RUNS]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_never_meet_nor_leave_the_window),
        cmocka_unit_test(from_80_by_24_on_all_panes_are_seen),
        cmocka_unit_test(a_small_window_has_one_pane),
        cmocka_unit_test(a_zoomed_pane_has_all_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
