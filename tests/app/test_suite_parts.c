/* What pictures of suites are made of: sheets, planes, levels, and items as the database has them. */
#include "tests/store/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_grid.h"
#include "tests/app/suite_page.h"

/* ---- the parts ---- */

static void a_sheet_wraps_at_blanks_and_breaks_what_has_none(void **state)
{
    (void)state;
    suite_sheet s;
    seen = (page){ 0 };
    suite_sheet_open(&s, 20, true, put, end, &seen);
    sheet_wrap(&s, 4, STYLE_PLAIN, "one two three four five");
    sheet_wrap(&s, 4, STYLE_PLAIN, "0123456789abcdefghij");
    sheet_wrap(&s, 4, STYLE_PLAIN, "0123456789abcdef ghij");
    sheet_wrap(&s, 0, STYLE_PLAIN, "");
    sheet_fit(&s, STYLE_PLAIN, "a text that is long", 10);
    sheet_end(&s);
    sheet_right(&s, 20, STYLE_PLAIN, "%d", 42);
    sheet_end(&s);
    sheet_wrap(&s, 14, STYLE_PLAIN, "漢字漢字漢字"); /* less room than 8 columns: it stands further left */
    suite_sheet_close(&s);
    assert_string_equal(
        seen.text,
        "    one two three\n    four five\n    0123456789abcdef\n    ghij\n    0123456789abcdef\n    ghij\n\na text th…\n"
        "                  42\n            漢字漢字\n            漢字\n");
}

static void levels_grow_with_the_value(void **state)
{
    (void)state;
    int before = 0;
    for (double v = 1e-6; v < 1; v *= 1.3) {
        const int level = sheet_level(v, 1e-5, 0.1);
        assert_in_range(level, before > 1 ? before : 1, SHEET_STEPS);
        before = level;
    }
    assert_int_equal(before, SHEET_STEPS);
    assert_int_equal(sheet_level(0, 1e-5, 0.1), 0);
    assert_int_equal(sheet_level(NAN, 1e-5, 0.1), 0);
    assert_int_equal(sheet_level(1e-5, 1e-5, 0.1), 1);
    assert_int_equal(sheet_level(0.5, 0.5, 0.5), SHEET_STEPS); /* one value alone is the largest */
    assert_int_equal(sheet_level(INFINITY, 1e-5, 0.1), SHEET_STEPS);
}

static void a_plane_has_each_place_once(void **state)
{
    (void)state;
    store_item items[SAMPLE_ITEMS];
    suite_grid g;
    const suite_items all = { items, sample_items("needle", SAMPLE_BAD, items) };
    assert_true(suite_grid_make(&all, "keys", suite_score_of, &g));
    assert_int_equal(g.n_x, 4);
    assert_int_equal(g.n_y, 3);
    const suite_cell *c = suite_grid_at(&g, 2, 1);
    assert_int_equal(c->items, 2);
    assert_int_equal(c->n, 2);
    assert_float_equal(c->sum, 1, 0);
    suite_grid_free(&g);
    assert_true(suite_grid_make(&all, "chain", suite_score_of, &g));
    assert_int_equal(suite_grid_at(&g, 3, 0)->items, 2);
    assert_int_equal(suite_grid_at(&g, 3, 0)->n, 0);
    suite_grid_free(&g);
    assert_false(suite_grid_make(&all, "none of these", suite_score_of, &g));
}

static void a_cell_keeps_the_least_and_the_most(void **state)
{
    (void)state;
    store_item three[3];
    const double values[] = { 0.2, 0.9, 0.5 };
    suite_grid g;
    for (size_t i = 0; i < 3; i++)
        three[i] = (store_item){ (int64_t)i, "", 1, 2, 1, NAN, values[i], NAN, NAN, NAN, "", "", "" };
    assert_true(suite_grid_make(&(suite_items){ three, 3 }, NULL, suite_score_of, &g));
    assert_float_equal(suite_grid_at(&g, 0, 0)->lo, 0.2, 0);
    assert_float_equal(suite_grid_at(&g, 0, 0)->hi, 0.9, 0);
    suite_grid_free(&g);
}

/* Each item at a place of its own in both directions: a plane of n x n. */
static void a_plane_that_is_too_large_is_not_made(void **state)
{
    (void)state;
    enum { MANY = 1024 };
    store_item *items = calloc(MANY, sizeof *items);
    suite_grid g;
    assert_non_null(items);
    for (size_t i = 0; i < MANY; i++)
        items[i] = (store_item){ (int64_t)i, "many", (double)i, (double)i, 1, 1, 1, 1, 0, 0, "", "", "" };
    assert_false(suite_grid_make(&(suite_items){ items, MANY }, NULL, suite_score_of, &g));
    has(draw("needle", items, MANY, 80, true, false), "too many lengths and depths");
    has(draw("attention", items, MANY, 80, true, false), "too many layers and heads");
    assert_true(suite_grid_make(&(suite_items){ items, 512 }, NULL, suite_score_of, &g));
    suite_grid_free(&g);
    free(items);
}

static void items_come_back_as_they_were_stored(void **state)
{
    const place *here = *state;
    fault f = { 0 };
    store_item items[SAMPLE_ITEMS];
    const size_t n = sample_items("session", SAMPLE_BAD, items);
    store_layer layers[2 * PLACE_LAYERS];
    store_block blocks[PLACE_BLOCKS];
    store_run run = sample_run("turbo2");
    int64_t id = 0;
    sample_parts(layers, blocks);
    sample_suite(&run, "session", items, n);
    store *s = store_open(here->db, STORE_WRITE, &f);
    assert_non_null(s);
    assert_true(
        store_add_run(s, &run, &(store_parts){ layers, 2 * PLACE_LAYERS, blocks, PLACE_BLOCKS, items, n }, &id, &f));
    run = sample_run("q8_0");
    const int64_t plain = add(s, &run);
    suite_items back;
    assert_true(suite_items_read(s, id, &back, &f));
    assert_int_equal(back.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(back.items[i].label, items[i].label);
        assert_string_equal(back.items[i].note, items[i].note);
        assert_string_equal(back.items[i].said_ref, items[i].said_ref);
        assert_string_equal(back.items[i].said, items[i].said);
        assert_float_equal(back.items[i].kld, items[i].kld, 0);
        assert_int_equal(isnan(back.items[i].second), isnan(items[i].second));
    }
    suite_items_free(&back);
    assert_true(suite_items_read(s, plain, &back, &f));
    assert_int_equal(back.n, 0);
    suite_items_free(&back);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sheet_wraps_at_blanks_and_breaks_what_has_none),
        cmocka_unit_test(levels_grow_with_the_value),
        cmocka_unit_test(a_plane_has_each_place_once),
        cmocka_unit_test(a_cell_keeps_the_least_and_the_most),
        cmocka_unit_test(a_plane_that_is_too_large_is_not_made),
        cmocka_unit_test_setup_teardown(items_come_back_as_they_were_stored, place_open, place_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
