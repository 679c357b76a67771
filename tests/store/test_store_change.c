/* SQL that changes rows: what it may, what it may not, and that it is all or nothing. */
#include "tests/store/place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static store *filled(void **state, int n)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    store_run run = sample_run("turbo4");
    while (n-- > 0)
        add(s, &run);
    return s;
}

static int64_t runs_left(store *s)
{
    return ask(s, "SELECT count(*) FROM runs");
}

static void rows_that_belong_go_along_and_are_counted(void **state)
{
    store *s = filled(state, 3);
    store_changes c;
    fault f = { 0 };
    assert_true(store_change(s, "DELETE FROM runs WHERE id <= 2", true, NULL, &c, &f));
    assert_int_equal(c.rows, 2);
    assert_int_equal(c.follow, 2 * (2 * PLACE_LAYERS + PLACE_BLOCKS));
    assert_int_equal(runs_left(s), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM run_blocks"), PLACE_BLOCKS);
    store_close(s);
}

static void what_is_not_kept_leaves_no_trace(void **state)
{
    store *s = filled(state, 2);
    store_changes c;
    fault f = { 0 };
    assert_true(store_change(s, "DELETE FROM runs; DELETE FROM texts", false, NULL, &c, &f));
    assert_int_equal(c.rows, 3);
    assert_int_equal(runs_left(s), 2);
    assert_int_equal(ask(s, "SELECT count(*) FROM run_layers"), 2 * 2 * PLACE_LAYERS);
    /* and the lock is gone: another connection may write */
    store *other = store_open(((place *)*state)->db, STORE_WRITE, &f);
    store_wait(other, 100);
    assert_true(store_change(other, "DELETE FROM runs WHERE id = 1", true, NULL, &c, &f));
    store_close(other);
    store_close(s);
}

static void a_mistake_takes_back_what_came_before(void **state)
{
    static const char *const texts[] = {
        "DELETE FROM runs; SELEC",
        "DELETE FROM runs; DELETE FROM nothing",
        "DELETE FROM runs; DROP TABLE pins",
        "DELETE FROM runs; INSERT INTO pins VALUES (99)", /* no such run: found at the end */
        "DELETE FROM runs; SELECT ?1",
        "DELETE FROM runs; COMMIT",
    };
    store *s = filled(state, 2);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        store_changes c;
        fault f = { 0 };
        if (store_change(s, texts[i], true, NULL, &c, &f)) fail_msg("%s", texts[i]);
        assert_int_equal(f.code, FAULT_INPUT);
        assert_int_equal(runs_left(s), 2);
    }
    store_close(s);
}

static void only_rows_change(void **state)
{
    static const char *const refused[] = {
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "CREATE TRIGGER t AFTER DELETE ON runs BEGIN DELETE FROM texts; END",
        "DROP TABLE runs",
        "ALTER TABLE runs ADD COLUMN x",
        "PRAGMA user_version = 1",
        "PRAGMA foreign_keys = 0",
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_master SET sql = ''",
        "DELETE FROM sqlite_master",
        "UPDATE sqlite_sequence SET seq = 0",
        "ATTACH 'other.db' AS other",
        "VACUUM",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "REINDEX",
        "SELECT load_extension('x')",
        "UPDATE runs SET uid = 'x'",
        "UPDATE runs SET id = 7",
        "UPDATE revisions SET n = 0",
        "DELETE FROM revisions",
        "INSERT INTO revisions VALUES ('x', 0)",
        "INSERT INTO runs SELECT * FROM runs",
        "INSERT INTO run_layers SELECT * FROM run_layers",
        "REPLACE INTO runs SELECT * FROM runs",
        "INSERT INTO texts (hash, name, kind, seed, tokens) VALUES ('x', 'x', 'file', 0, 1); UPDATE runs SET uid = 'x'",
        "",
        " ; -- nothing",
    };
    store *s = filled(state, 1);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        store_changes c;
        fault f = { 0 };
        if (store_change(s, refused[i], true, NULL, &c, &f)) fail_msg("%s", refused[i]);
        if (f.code != FAULT_INPUT) fail_msg("%s: %s", refused[i], f.text);
    }
    assert_int_equal(ask(s, "SELECT count(*) FROM sqlite_schema WHERE name = 'x'"), 0);
    assert_int_equal(ask(s, "SELECT count(*) FROM texts"), 1);
    assert_int_equal(access("other.db", F_OK), -1);
    /* none of it holds for what comes after */
    store_run run = sample_run("q8_0");
    add(s, &run);
    store_close(s);
}

static void remarks_on_runs_may_be_written(void **state)
{
    static const char *const allowed[] = {
        "INSERT INTO pins VALUES (1)",
        "UPDATE runs SET verdict_note = 'seen' WHERE id = 1",
        "UPDATE models SET name = 'mine'",
        "INSERT INTO questions VALUES ('q', 'SELECT 1', '')",
        "SELECT * FROM runs; DELETE FROM pins",
        "DELETE FROM runs WHERE id IN (SELECT value FROM json_each('[1]'))",
        "PRAGMA table_info(runs)",
    };
    store *s = filled(state, 2);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        store_changes c;
        fault f = { 0 };
        if (!store_change(s, allowed[i], true, NULL, &c, &f)) fail_msg("%s: %s", allowed[i], f.text);
    }
    assert_int_equal(runs_left(s), 1);
    store_close(s);
}

static bool count_row(void *arg, int n, const store_value *values)
{
    (void)n, (void)values;
    ++*(int *)arg;
    return false; /* one is enough; the statement still does all it was told */
}

static void rows_are_told_and_the_work_is_finished(void **state)
{
    store *s = filled(state, 5);
    store_changes c;
    fault f = { 0 };
    int told = 0;
    const store_reader reader = { NULL, count_row, &told };
    assert_true(store_change(s, "DELETE FROM runs RETURNING id", true, &reader, &c, &f));
    assert_int_equal(told, 1);
    assert_int_equal(c.rows, 5);
    assert_int_equal(runs_left(s), 0);
    store_close(s);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void stopping_takes_everything_back(void **state)
{
    store *s = filled(state, 2);
    store_changes c;
    fault f = { 0 };
    store_stop_when(s, at_once, NULL);
    assert_false(store_change(s,
                              "DELETE FROM runs; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                              "SELECT count(*) FROM n",
                              true, NULL, &c, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    store_stop_when(s, NULL, NULL);
    assert_int_equal(runs_left(s), 2);
    store_close(s);
}

static void a_store_that_reads_changes_nothing(void **state)
{
    store_close(filled(state, 1));
    store_changes c;
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_READ, &f);
    assert_false(store_change(s, "DELETE FROM runs", true, NULL, &c, &f));
    assert_false(store_save_question(s, "q", "SELECT 1", "", &f));
    assert_false(store_delete_profile(s, "p", &f));
    assert_int_equal(runs_left(s), 1);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_that_belong_go_along_and_are_counted),
        TEST(what_is_not_kept_leaves_no_trace),
        TEST(a_mistake_takes_back_what_came_before),
        TEST(only_rows_change),
        TEST(remarks_on_runs_may_be_written),
        TEST(rows_are_told_and_the_work_is_finished),
        TEST(stopping_takes_everything_back),
        TEST(a_store_that_reads_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
