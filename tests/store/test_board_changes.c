/* A board and what others do to its database: everything is noticed, and only what changed is read again. */
#include "tests/store/board_place.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "app/board.h"

static void every_change_is_noticed_and_nothing_else(void **state)
{
    board *b = opened(state);
    assert_false(refreshed(b)); /* no file yet */
    assert_int_equal(board_n_all(b), 0);
    fault f = { 0 };
    assert_false(board_filter(b, "kld < 1", &f));
    store *s = writer(state);
    refreshed(b); /* a database without runs */
    assert_int_equal(board_n(b), 0);
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        store_run run = sample_run(name);
        add(s, &run);
        assert_true(refreshed(b));
        assert_false(refreshed(b));
        assert_int_equal(board_n(b), i + 1);
    }
    assert_true(store_pin(s, 3, true, NULL, &f));
    assert_true(refreshed(b) && board_find(b, 3)->pinned && board_at(b, 0)->id == 3);
    assert_true(store_pin(s, 3, false, NULL, &f));
    assert_true(refreshed(b) && !board_find(b, 3)->pinned);
    sql(state, "PRAGMA foreign_keys = 1; DELETE FROM runs WHERE id = 2");
    assert_true(refreshed(b) && !board_find(b, 2) && board_n_all(b) == 4);
    sql(state, "PRAGMA foreign_keys = 1; DELETE FROM runs WHERE id = 5");
    store_run again = sample_run("new");
    add(s, &again); /* one goes, one comes: as many as before */
    assert_true(refreshed(b) && !board_find(b, 5) && board_find(b, 6) && board_n_all(b) == 4);
    sql(state, "UPDATE runs SET ratio = 99 WHERE id = 1");
    assert_true(refreshed(b) && board_find(b, 1)->ratio == 99);
    sql(state, "PRAGMA foreign_keys = 1; DELETE FROM runs");
    assert_true(refreshed(b) && board_n_all(b) == 0 && board_n_sets(b) == 1 && board_set_at(b, 0)->n_runs == 0);
    add(s, &again);
    assert_true(refreshed(b) && board_n_all(b) == 1 && board_set_at(b, 0)->n_runs == 1);
    board_close(b);
    store_close(s);
}

/* A row that was read again stands elsewhere: the old one is only given back afterwards. */
static void only_what_changed_is_read_again(void **state)
{
    static const struct {
        const char *sql;
        bool again;
    } writes[] = {
        { "INSERT INTO profiles VALUES ('p', 'q8_0', '', '', 1)", false },
        { "UPDATE profiles SET note = 'x'", false },
        { "INSERT INTO questions VALUES ('q', 'SELECT 1', '')", false },
        { "INSERT INTO pins VALUES (2)", false },
        { "UPDATE models SET path = '/elsewhere'", false },
        { "UPDATE models SET name = 'other'", true },
        { "UPDATE texts SET name = 'other'", true },
        { "UPDATE configs SET k = 'other' WHERE id = 1", true },
        { "UPDATE runs SET verdict_note = 'seen' WHERE id = 3", true },
        { "REPLACE INTO runs SELECT * FROM runs WHERE id = 2", true },
        { "PRAGMA foreign_keys = 1; DELETE FROM runs WHERE id = 3", true },
        { "CREATE TEMP TABLE t AS SELECT * FROM runs WHERE id = 2; UPDATE t SET id = 99;" /* its uid takes another's
                                                                                             place */
          "REPLACE INTO runs SELECT * FROM t",
          true },
    };
    store *s = writer(state);
    for (int i = 0; i < 3; i++) {
        store_run run = sample_run(i == 0 ? "c0" : i == 1 ? "c1" : "c2");
        add(s, &run);
    }
    board *b = opened(state);
    refreshed(b);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        const board_row *before = board_find(b, 1);
        sql(state, writes[i].sql);
        assert_true(refreshed(b));
        if ((board_find(b, 1) != before) != writes[i].again) fail_msg("%s", writes[i].sql);
    }
    assert_string_equal(board_set_at(b, 0)->model, "other");
    for (int i = 0; i < 2; i++) { /* the first names its model anew, the second as it is */
        store_run more = sample_run(i == 0 ? "c3" : "c4");
        const board_row *before = board_find(b, 1);
        add(s, &more);
        refreshed(b);
        assert_int_equal(board_find(b, 1) != before, i == 0);
    }
    assert_string_not_equal(board_set_at(b, 0)->model, "other");
    board_close(b);
    store_close(s);
}

static void a_change_is_noticed_beside_a_new_run(void **state)
{
    store *s = writer(state);
    store_run run = sample_run("c0"), more = sample_run("c1");
    fault f = { 0 };
    add(s, &run);
    board *b = opened(state);
    refreshed(b);
    sql(state, "UPDATE runs SET ratio = 99");
    add(s, &more);
    assert_true(store_pin(s, 1, true, NULL, &f));
    assert_true(refreshed(b));
    assert_true(board_find(b, 1)->ratio == 99);
    board_close(b);
    store_close(s);
}

static void nothing_is_redone_for_a_write_elsewhere(void **state)
{
    store *s = writer(state);
    store_run run = sample_run("c0");
    fault f = { 0 };
    add(s, &run);
    board *b = opened(state);
    refreshed(b);
    uint64_t changes = board_changes(b);
    sql(state, "INSERT INTO profiles VALUES ('p', 'nothing', '', '', 1)");
    assert_true(refreshed(b));
    assert_int_equal(board_changes(b), changes);
    /* unless a filter asks for it */
    if (!board_filter(b, "config IN (SELECT config FROM profiles)", &f)) fail_msg("%s", f.text);
    assert_int_equal(board_n(b), 0);
    sql(state, "UPDATE profiles SET config = 'c0'");
    assert_true(refreshed(b));
    assert_int_equal(board_n(b), 1);
    board_close(b);
    store_close(s);
}

static void copy_database(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    assert_non_null(b);
    assert_int_equal(sqlite3_backup_step(b, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(b), SQLITE_OK);
}

/* Into the same file, with nothing in it that says that a run has gone. */
static void an_older_content_that_is_restored_is_read(void **state)
{
    sqlite3 *db = NULL, *kept = NULL;
    store *s = writer(state);
    store_run run = sample_run("c0"), more = sample_run("c1");
    add(s, &run);
    assert_int_equal(sqlite3_open(((place *)*state)->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_open(":memory:", &kept), SQLITE_OK);
    copy_database(kept, db);
    add(s, &more);
    board *b = opened(state);
    refreshed(b);
    assert_int_equal(board_n_all(b), 2);
    copy_database(db, kept);
    assert_true(refreshed(b));
    assert_int_equal(board_n_all(b), 1);
    assert_string_equal(board_find(b, 1)->config, "c0");
    sqlite3_close(kept);
    sqlite3_close(db);
    board_close(b);
    store_close(s);
}

static void another_file_in_its_place_is_read(void **state)
{
    const place *p = *state;
    char aside[128], wal[128];
    store *s = writer(state);
    store_run run = sample_run("first");
    add(s, &run);
    store_close(s);
    board *b = opened(state);
    refreshed(b);
    assert_string_equal(board_at(b, 0)->config, "first");
    snprintf(aside, sizeof aside, "%s/aside", p->dir);
    snprintf(wal, sizeof wal, "%s-wal", p->db);
    assert_int_equal(rename(p->db, aside), 0);
    unlink(wal);
    snprintf(wal, sizeof wal, "%s-shm", p->db);
    unlink(wal);
    fault f = { 0 };
    bool changed;
    assert_false(board_refresh(b, &changed, &f));
    assert_non_null(strstr(f.text, "No such file"));
    assert_string_equal(board_at(b, 0)->config, "first"); /* as it was */
    s = writer(state);
    run = sample_run("second");
    add(s, &run); /* with the number that "first" had */
    run = sample_run("third");
    add(s, &run);
    assert_true(refreshed(b));
    assert_int_equal(board_n_all(b), 2);
    assert_string_equal(board_find(b, 1)->config, "second");
    board_close(b);
    store_close(s);
}

static void a_damaged_or_locked_file_is_a_fault_and_changes_nothing(void **state)
{
    const place *p = *state;
    fault f = { 0 };
    bool changed;
    FILE *out = fopen(p->db, "w");
    for (int i = 0; i < 4096; i++)
        fputc('x', out);
    fclose(out);
    board *b = opened(state);
    assert_false(board_refresh(b, &changed, &f));
    assert_non_null(strstr(f.text, "not a SQLite database"));
    assert_int_equal(board_n_all(b), 0);
    unlink(p->db);
    store *s = writer(state);
    store_run run = sample_run("first");
    add(s, &run);
    store_close(s);
    assert_true(refreshed(b));
    board_close(b);

    sqlite3 *db = NULL; /* a process that keeps the file to itself */
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    b = opened(state);
    assert_false(board_refresh(b, &changed, &f));
    assert_non_null(strstr(f.text, "locked"));
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    assert_true(refreshed(b));
    assert_int_equal(board_n_all(b), 1);
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_false(board_refresh(b, &changed, &f));
    assert_int_equal(board_n_all(b), 1);
    sqlite3_close(db);
    board_close(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_change_is_noticed_and_nothing_else),
        TEST(only_what_changed_is_read_again),
        TEST(a_change_is_noticed_beside_a_new_run),
        TEST(nothing_is_redone_for_a_write_elsewhere),
        TEST(an_older_content_that_is_restored_is_read),
        TEST(another_file_in_its_place_is_read),
        TEST(a_damaged_or_locked_file_is_a_fault_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
