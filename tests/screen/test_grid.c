/* The grid of cells: what is drawn stays inside, and every character counts as what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "app/screen/tui_grid.h"

static int open_grid(void **state)
{
    fault f = { 0 };
    tui *t = calloc(1, sizeof *t);
    *t = (tui){ .terminal = { .utf8 = true }, .height = 4, .width = 12 };
    t->grid = tui_grid_create(true, t->height, t->width, &f);
    *state = t;
    return t->grid ? 0 : -1;
}

static int close_grid(void **state)
{
    tui *t = *state;
    tui_grid_free(t->grid);
    free(t);
    return 0;
}

/* The screen, and its looks when asked for; to be freed. */
static char *dumped(const tui *t, bool looks)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    tui_dump(t, out, looks);
    fclose(out);
    return text;
}

static void shows(const tui *t, const char *expected)
{
    char *text = dumped(t, false);
    assert_string_equal(text, expected);
    free(text);
}

static const rect all = { 0, 0, 4, 12 };

static void text_is_cut_at_the_edges_of_its_rectangle(void **state)
{
    tui *t = *state;
    const rect r = { 1, 2, 2, 5 };
    assert_int_equal(tui_put(t, r, 0, 0, LOOK_PLAIN, "abcdefgh"), 5);
    assert_int_equal(tui_put(t, r, 1, 3, LOOK_PLAIN, "xyz"), 5);
    assert_int_equal(tui_put(t, r, 0, 0, LOOK_PLAIN, "A"), 1);
    tui_put(t, r, 2, 0, LOOK_PLAIN, "below");
    tui_put(t, r, -1, 0, LOOK_PLAIN, "above");
    tui_put(t, r, 1, -2, LOOK_PLAIN, "12345");
    shows(t, "\n  Abcde\n  345xy\n\n");
}

static void a_rectangle_outside_of_the_screen_is_harmless(void **state)
{
    tui *t = *state;
    static const rect wild[] = { { -3, -3, 5, 8 }, { 3, 10, 9, 40 }, { 100, 100, 3, 3 },
                                 { 0, 0, -1, -1 }, { 0, 0, 2, -5 },  { -9, 4, 4, 4 } };
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        for (int row = -2; row < 6; row++)
            tui_put(t, wild[i], row, row - 1, LOOK_BOLD, "漢字é-text\x01");
        tui_rule(t, wild[i], 0, LOOK_DIM, "title", "right");
        tui_clear(t, wild[i]);
    }
    tui_clear(t, all);
    shows(t, "\n\n\n\n");
}

static void wide_characters_take_two_cells_and_are_never_halved(void **state)
{
    tui *t = *state;
    assert_int_equal(tui_put(t, all, 0, 0, LOOK_PLAIN, "漢字x"), 5);
    assert_int_equal(tui_put(t, (rect){ 1, 0, 1, 3 }, 0, 0, LOOK_PLAIN, "漢字"), 2); /* the second does not fit */
    tui_put(t, all, 2, 0, LOOK_PLAIN, "漢字");
    tui_put(t, all, 2, 1, LOOK_PLAIN, "!"); /* over the right half of the first */
    tui_put(t, all, 3, 0, LOOK_PLAIN, "漢字");
    tui_put(t, all, 3, 2, LOOK_PLAIN, "!"); /* over the left half of the second */
    shows(t, "漢字x\n漢\n !字\n漢!\n");
    tui_clear(t, (rect){ 0, 1, 1, 1 });
    shows(t, "  字x\n漢\n !字\n漢!\n");
}

static void combining_marks_stay_with_their_letter(void **state)
{
    tui *t = *state;
    assert_int_equal(tui_put(t, all, 0, 0, LOOK_PLAIN, "e\xcc\x81z"), 2);
    assert_int_equal(tui_put(t, all, 1, 0, LOOK_PLAIN, "\xcc\x81z"), 1); /* nothing to stand on */
    tui_put(t, all, 2, 0, LOOK_PLAIN, "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81z");
    char *text = dumped(t, false);
    assert_true(strncmp(text, "e\xcc\x81z\nz\na\xcc\x81", 9) == 0);
    assert_non_null(strstr(text, "z\n\n"));
    free(text);
}

static void what_is_no_text_is_shown_and_not_obeyed(void **state)
{
    tui *t = *state;
    tui_put(t, all, 0, 0, LOOK_PLAIN, "a\033[2Jb");
    tui_put(t, all, 1, 0, LOOK_PLAIN, "\xff\xc3(");
    tui_put(t, all, 2, 10, LOOK_PLAIN, "\n\n");
    shows(t, "a\\x1b[2Jb\n\xef\xbf\xbd\xef\xbf\xbd(\n          \\n\n\n");
}

static void looks_are_dumped_cell_by_cell(void **state)
{
    tui *t = *state;
    int at = tui_put(t, all, 0, 0, LOOK_BOLD, "ab");
    at = tui_put(t, all, 0, at, LOOK_FAMILY + 5, "漢");
    tui_put(t, all, 0, at, LOOK_PLAIN, "p");
    tui_put(t, all, 1, 1, LOOK_CHOSEN, " ");
    char *text = dumped(t, true);
    assert_string_equal(text, "ab漢p\n\n\n\nBB66\n.C\n\n\n");
    free(text);
}

static void a_rule_keeps_its_title_before_what_stands_right(void **state)
{
    tui *t = *state;
    tui_rule(t, all, 0, LOOK_DIM, "ab", "cd");
    tui_rule(t, all, 1, LOOK_DIM, "a long title", "cd");
    tui_rule(t, all, 2, LOOK_DIM, NULL, NULL);
    t->terminal.utf8 = false;
    tui_rule(t, all, 3, LOOK_DIM, "ab", "");
    shows(t, "─ ab ── cd ─\n─ a long tit\n────────────\n- ab -------\n");
}

static void a_new_size_begins_blank(void **state)
{
    tui *t = *state;
    tui_put(t, all, 3, 8, LOOK_PLAIN, "edge");
    tui_grid_resize(t->grid, 1, 1);
    tui_put(t, all, 3, 8, LOOK_PLAIN, "edge");
    tui_put(t, all, 0, 0, LOOK_PLAIN, "xy");
    tui_cursor(t, 0, 5);
    shows(t, "x\n");
    tui_grid_resize(t->grid, 2, 3);
    shows(t, "\n\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_grid, close_grid)
    const struct CMUnitTest tests[] = {
        TEST(text_is_cut_at_the_edges_of_its_rectangle),
        TEST(a_rectangle_outside_of_the_screen_is_harmless),
        TEST(wide_characters_take_two_cells_and_are_never_halved),
        TEST(combining_marks_stay_with_their_letter),
        TEST(what_is_no_text_is_shown_and_not_obeyed),
        TEST(looks_are_dumped_cell_by_cell),
        TEST(a_rule_keeps_its_title_before_what_stands_right),
        TEST(a_new_size_begins_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
