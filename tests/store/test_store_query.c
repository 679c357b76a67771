/* Questions in SQL: what they may do, and what a mistake is told. */
#include "db/sql.h"
#include "tests/store/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

typedef struct heard {
    int n_columns, n_rows, stop_after;
    char first[64], all[256];
    store_kind kinds[8];
} heard;

static bool hear_columns(void *arg, int n, const char *const *names)
{
    heard *h = arg;
    h->n_columns = n;
    for (int i = 0; i < n; i++) {
        strncat(h->all, names[i], sizeof h->all - strlen(h->all) - 1);
        strncat(h->all, "|", sizeof h->all - strlen(h->all) - 1);
    }
    return true;
}

static bool hear_row(void *arg, int n, const store_value *values)
{
    heard *h = arg;
    if (h->n_rows++ == 0)
        for (int i = 0; i < n && i < 8; i++)
            h->kinds[i] = values[i].kind;
    if (n && values[0].kind == STORE_TEXT) snprintf(h->first, sizeof h->first, "%s", values[0].bytes);
    return h->n_rows != h->stop_after;
}

static store *filled(void **state, int n_runs)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    store_run run = sample_run("turbo4");
    while (n_runs-- > 0)
        add(s, &run);
    return s;
}

static bool query(store *s, const char *sql, heard *h, fault *f)
{
    store_reader reader = { hear_columns, hear_row, h };
    return store_query(s, sql, &reader, f);
}

static void values_arrive_with_their_kinds_and_columns(void **state)
{
    store *s = filled(state, 3);
    heard h = { 0 };
    fault f = { 0 };
    assert_true(query(s, "SELECT config, id, kld AS loss, NULL, x'00ff' FROM v_runs; -- a remark", &h, &f));
    assert_int_equal(h.n_rows, 3);
    assert_string_equal(h.all, "config|id|loss|NULL|x'00ff'|");
    static const store_kind want[] = { STORE_TEXT, STORE_INTEGER, STORE_REAL, STORE_NULL, STORE_BLOB };
    assert_memory_equal(h.kinds, want, sizeof want);
    assert_string_equal(h.first, "turbo4");
    heard none = { 0 };
    assert_true(query(s, "SELECT id FROM runs WHERE id < 0", &none, &f));
    assert_true(none.n_columns == 1 && none.n_rows == 0);
    heard two = { .stop_after = 2 };
    assert_true(query(s, "SELECT id FROM runs", &two, &f));
    assert_int_equal(two.n_rows, 2);
    store_close(s);
}

static void what_only_tells_is_allowed(void **state)
{
    store *s = filled(state, 1);
    static const char *const allowed[] = {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n",
        "EXPLAIN QUERY PLAN SELECT * FROM v_runs",
        "PRAGMA table_info(runs)",
        "PRAGMA integrity_check",
        "PRAGMA user_version",
        "SELECT name FROM pragma_table_info('runs')",
        "VALUES (1, 2)",
        "SELECT value FROM json_each('[1, 2]')",
        "SELECT sql FROM sqlite_schema",
        "SELECT verdict, count(*), min(kld) FROM v_runs GROUP BY verdict HAVING count(*) > 0 ORDER BY 2 DESC LIMIT 5",
    };
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        heard h = { 0 };
        fault f = { 0 };
        if (!query(s, allowed[i], &h, &f)) fail_msg("%s: %s", allowed[i], f.text);
    }
    store_close(s);
}

static void nothing_gets_written_or_changed(void **state)
{
    place *p = *state;
    store *s = filled(state, 2);
    static const char *const refused[] = {
        "DELETE FROM runs",
        "delete from runs returning id",
        "UPDATE runs SET kld = 0",
        "INSERT INTO models (hash) VALUES ('x')",
        "WITH a AS (SELECT 1) DELETE FROM runs",
        "REPLACE INTO models (hash) VALUES ('x')",
        "DROP TABLE runs",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE TEMP VIEW t AS SELECT 1",
        "CREATE VIRTUAL TABLE temp.t USING fts5(a)",
        "ALTER TABLE runs ADD COLUMN a",
        "ATTACH 'other.db' AS o",
        "ATTACH ':memory:' AS o",
        "DETACH main",
        "PRAGMA user_version = 5",
        "PRAGMA query_only = 0",
        "PRAGMA query_only(0)",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA journal_mode(off)",
        "PRAGMA writable_schema = 1",
        "PRAGMA wal_checkpoint",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA optimize",
        "PRAGMA incremental_vacuum",
        "PRAGMA foreign_keys = 0",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA mmap_size = 1000000",
        "VACUUM",
        "VACUUM INTO 'copy.db'",
        "UPDATE sqlite_master SET sql = 'x'",
        "UPDATE sqlite_schema SET name = 'x'",
        "REINDEX",
        "ANALYZE",
        "BEGIN",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "SAVEPOINT a",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM runs",
        "SELECT 1; SELECT 2",
        "",
        " -- nothing",
        "SELECT ?",
        "SELECT * FROM runs WHERE id = :id",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        heard h = { 0 };
        fault f = { 0 };
        if (query(s, refused[i], &h, &f)) fail_msg("accepted: %s", refused[i]);
        if (f.code != FAULT_INPUT) fail_msg("%s: code %d: %s", refused[i], (int)f.code, f.text);
        assert_int_equal(h.n_rows, 0);
    }
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 2);
    assert_int_equal(ask(s, "PRAGMA user_version"), sql_n_migrations);
    char copy[128];
    struct stat st;
    snprintf(copy, sizeof copy, "%s/copy.db", p->dir);
    assert_true(stat(copy, &st) != 0 && stat("copy.db", &st) != 0 && stat("other.db", &st) != 0);
    store_run run = sample_run("turbo3"); /* nor does a question get in the way of writing */
    add(s, &run);
    store_close(s);
}

static void a_mistake_is_told_with_its_column(void **state)
{
    store *s = filled(state, 1);
    static const struct {
        const char *sql, *words;
    } cases[] = {
        { "SELECT kldd FROM v_runs", "column 8: no such column: kldd" },
        { "SELECT 'ü', kldd FROM v_runs", "column 13: no such column: kldd" },
        { "SELECT kld FROM v_run", "no such table: v_run" },
        { "SELCT 1", "column 1: near \"SELCT\": syntax error" },
        { "SELECT kld FROM v_runs WHERE", "incomplete input" },
        { "SELECT (1", "incomplete input" },
        { "SELECT 'abc", "unrecognized token" },
        { "SELECT 1; SELECT 2", "column 10: a second statement" },
        { "", "no statement" },
        { "SELECT ?", "a parameter" },
        { "DROP TABLE runs", "more than read" },
        { "ATTACH 'a' AS b", "more than read" },
        { "SELECT json_extract('{', '$.a')", "malformed JSON" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        heard h = { 0 };
        fault f = { 0 };
        assert_false(query(s, cases[i].sql, &h, &f));
        assert_int_equal(f.code, FAULT_INPUT);
        if (!strstr(f.text, cases[i].words)) fail_msg("%s: \"%s\" is not in: %s", cases[i].sql, cases[i].words, f.text);
    }
    store_close(s);
}

static bool stop_soon(void *arg)
{
    return ++*(int *)arg > 3;
}

static bool stop_at_once(void *arg)
{
    (void)arg;
    return true;
}

/* A journal that keeps readers out, and a writer who stays. */
static void waiting_for_a_lock_can_be_stopped(void **state)
{
    const char *path = ((place *)*state)->db;
    store_close(filled(state, 1));
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA journal_mode = delete", NULL, NULL, NULL), SQLITE_OK);
    fault f = { 0 };
    heard h = { 0 };
    store *s = store_open(path, STORE_READ, &f);
    assert_non_null(s);
    assert_true(query(s, "SELECT 1", &h, &f));
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    store_wait(s, 50);
    assert_false(query(s, "SELECT * FROM runs", &h, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    store_wait(s, 3600 * 1000);
    store_stop_when(s, stop_at_once, NULL);
    assert_false(query(s, "SELECT * FROM runs", &h, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    assert_false(store_frontier(s, NULL, store_metric_named("ratio"), store_metric_named("kld"), NULL, NULL, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    store_stop_when(s, NULL, NULL);
    sqlite3_close(other);
    assert_true(query(s, "SELECT * FROM runs", &h, &f));
    store_close(s);
}

static void an_endless_question_can_be_stopped(void **state)
{
    store *s = filled(state, 1);
    int polls = 0;
    store_stop_when(s, stop_soon, &polls);
    heard h = { 0 };
    fault f = { 0 };
    assert_false(
        query(s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", &h, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    store_stop_when(s, NULL, NULL);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
    store_close(s);
}

static void what_was_just_written_is_seen(void **state)
{
    store *s = filled(state, 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
    store_run run = sample_run("turbo3");
    add(s, &run);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 2);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_arrive_with_their_kinds_and_columns),
        TEST(what_only_tells_is_allowed),
        TEST(nothing_gets_written_or_changed),
        TEST(a_mistake_is_told_with_its_column),
        TEST(an_endless_question_can_be_stopped),
        TEST(waiting_for_a_lock_can_be_stopped),
        TEST(what_was_just_written_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
