/* Which files are opened, migrated and refused. */
#include "tests/store/place.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "db/store_db.h"

static sqlite3 *raw(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void raw_do(const char *path, const char *sql)
{
    sqlite3 *db = raw(path);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
    sqlite3_close(db);
}

static int raw_int(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int value = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void refused(const char *path, store_mode mode, const char *words)
{
    fault f = { 0 };
    store *s = store_open(path, mode, &f);
    if (s) fail_msg("%s: opened", path);
    assert_int_equal(f.code, FAULT_INPUT);
    if (!strstr(f.text, words)) fail_msg("\"%s\" is not in: %s", words, f.text);
    if (*path && !strstr(f.text, path)) fail_msg("the path is not in: %s", f.text);
    assert_null(strchr(f.text, '\n'));
}

static void make(const char *path, int n_runs)
{
    fault f = { 0 };
    store *s = store_open(path, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    store_run run = sample_run("turbo4");
    while (n_runs-- > 0)
        add(s, &run);
    store_close(s);
}

static void a_new_database_has_our_marks_and_wal(void **state)
{
    place *p = *state;
    make(p->db, 0);
    sqlite3 *db = raw(p->db);
    assert_int_equal(raw_int(db, "PRAGMA application_id"), 0x6b766e74);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), sql_n_migrations);
    assert_int_equal(raw_int(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    sqlite3_close(db);
}

/* Blanks and comments aside, schema.sql says what the migrations make. */
static char *squeeze(const char *sql)
{
    char *out = malloc(strlen(sql) + 1), *to = out;
    for (; *sql; sql++) {
        if (sql[0] == '-' && sql[1] == '-') sql += strcspn(sql, "\n");
        if (!*sql) break;
        if (!isspace((unsigned char)*sql)) *to++ = *sql;
    }
    *to = '\0';
    return out;
}

static char *schema_of(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
                           "ORDER BY type, name)",
                           -1, &stmt, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    char *text = squeeze((const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return text;
}

static void schema_sql_says_what_the_migrations_make(void **state)
{
    place *p = *state;
    make(p->db, 0);
    char sql[32768];
    FILE *in = fopen("db/schema.sql", "rb");
    assert_non_null(in);
    sql[fread(sql, 1, sizeof sql - 1, in)] = '\0';
    fclose(in);
    sqlite3 *migrated = raw(p->db), *described = raw(":memory:");
    assert_int_equal(sqlite3_exec(described, sql, NULL, NULL, NULL), SQLITE_OK);
    char *a = schema_of(migrated), *b = schema_of(described);
    assert_string_equal(a, b);
    free(a);
    free(b);
    sqlite3_close(migrated);
    sqlite3_close(described);
}

static const char add_column[] = "ALTER TABLE models ADD COLUMN licence TEXT NOT NULL DEFAULT ''";

static void an_older_database_is_migrated_and_keeps_its_runs(void **state)
{
    place *p = *state;
    make(p->db, 2);
    enum { STEPS = 16 };
    const int n = sql_n_migrations + 1;
    migration steps[STEPS];
    assert_true(n <= STEPS);
    memcpy(steps, sql_migrations, (size_t)sql_n_migrations * sizeof *steps);
    steps[n - 1] = (migration){ "9999_licence", add_column };
    fault f = { 0 };
    sqlite3 *db = raw(p->db);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), n - 1);
    assert_true(migrate(db, p->db, steps, n, &f));
    assert_int_equal(raw_int(db, "PRAGMA user_version"), n);
    assert_int_equal(raw_int(db, "SELECT count(*) FROM runs JOIN models ON models.id = model WHERE licence = ''"), 2);
    assert_true(migrate(db, p->db, steps, n, &f)); /* a second time does nothing */
    sqlite3_close(db);
}

/* Version 1 knew no calibrations: its runs are kept, as runs without one. */
static void runs_of_version_1_have_no_calibration(void **state)
{
    place *p = *state;
    fault f = { 0 };
    sqlite3 *db = raw(p->db);
    assert_true(migrate(db, p->db, sql_migrations, 1, &f));
    sqlite3_close(db);
    raw_do(
        p->db,
        "INSERT INTO models VALUES (1, 'm', 'Old', '', '', 1, 1, 1, 1, 1, 1, '');"
        "INSERT INTO texts VALUES (1, 't', 't', 'self', 1, 1);"
        "INSERT INTO configs VALUES (1, 'c', 'turbo4', 'turbo4', 'turbo4');"
        "INSERT INTO environments VALUES (1, 'e', '', 'x', '', '', '', '');"
        "INSERT INTO runs (started, finished, model, text, config, environment, protocol, ctx, eval, passages, threads,"
        " seed, status, reason, phase, verdict, verdict_note)"
        " VALUES (1, 2, 1, 1, 1, 1, 'stream', 64, 0, 1, 1, 1, 'failed', 'why', 'codec', '', '')");
    store *s = store_open(p->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    store_run *run = store_get_run(s, 1, &f);
    assert_non_null(run);
    assert_string_equal(run->model.name, "Old");
    assert_string_equal(run->calibration.hash, "");
    assert_int_equal(ask(s, "PRAGMA user_version"), sql_n_migrations);
    free(run);
    store_close(s);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    place *p = *state;
    make(p->db, 2);
    static const char *const bad[] = {
        "ALTER TABLE models ADD COLUMN licence TEXT; UPDATE models SET name = 'gone'; INSERT INTO nowhere VALUES (1)",
        "DELETE FROM models", /* leaves runs that refer to nothing */
    };
    sqlite3 *db = raw(p->db);
    for (size_t i = 0; i < 2; i++) {
        enum { STEPS = 16 };
        const int n = sql_n_migrations + 1;
        migration steps[STEPS];
        char stays[64];
        assert_true(n <= STEPS);
        memcpy(steps, sql_migrations, (size_t)sql_n_migrations * sizeof *steps);
        steps[n - 1] = (migration){ "9999_bad", bad[i] };
        snprintf(stays, sizeof stays, "9999_bad (the database stays at version %d)", n - 1);
        fault f = { 0 };
        assert_false(migrate(db, p->db, steps, n, &f));
        if (i == 0) assert_non_null(strstr(f.text, stays));
        assert_int_equal(raw_int(db, "PRAGMA user_version"), n - 1);
        assert_int_equal(raw_int(db, "SELECT count(*) FROM runs JOIN models ON models.id = model WHERE name = 'Tiny'"),
                         2);
        assert_int_equal(raw_int(db, "SELECT count(*) FROM pragma_table_info('models') WHERE name = 'licence'"), 0);
        assert_int_equal(raw_int(db, "PRAGMA foreign_keys"), 1);
    }
    sqlite3_close(db);
}

static void an_older_database_is_migrated_for_a_reader_too(void **state)
{
    place *p = *state;
    raw_do(p->db, "PRAGMA application_id = 1802923636"); /* ours, and before the first migration */
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    if (!s) fail_msg("%s", f.text);
    assert_int_equal(ask(s, "SELECT count(*) FROM v_runs"), 0);
    assert_int_equal(ask(s, "PRAGMA user_version"), sql_n_migrations);
    store_close(s);
}

static void a_newer_database_is_refused_with_both_versions(void **state)
{
    place *p = *state;
    make(p->db, 1);
    raw_do(p->db, "PRAGMA user_version = 97");
    char says[80];
    snprintf(says, sizeof says, "has version 97 and this kvant knows versions up to %d", sql_n_migrations);
    refused(p->db, STORE_WRITE, says);
    refused(p->db, STORE_READ, says);
}

static void somebody_elses_database_is_refused_and_left_alone(void **state)
{
    place *p = *state;
    raw_do(p->db, "CREATE TABLE bookmarks (url)");
    refused(p->db, STORE_WRITE, "not one of kvant's");
    refused(p->db, STORE_READ, "not one of kvant's");
    raw_do(p->db, "DROP TABLE bookmarks; PRAGMA application_id = 252006673");
    refused(p->db, STORE_WRITE, "application_id 0x0f055111");
    sqlite3 *db = raw(p->db);
    assert_int_equal(raw_int(db, "SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
    sqlite3_close(db);
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(out);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    place *p = *state;
    char noise[9000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 7 + i / 251);
    static const size_t sizes[] = { 1, 5, 100, 511, 512, 4096, 9000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_file(p->db, noise, sizes[i]);
        refused(p->db, STORE_WRITE, "not a SQLite database");
        refused(p->db, STORE_READ, "not a SQLite database");
    }
    refused(p->dir, STORE_WRITE, "not a file");
    refused(p->dir, STORE_READ, "not a file");
    refused("/dev/null", STORE_WRITE, "not a file");
    refused("", STORE_WRITE, "path is empty");
    char missing[100];
    snprintf(missing, sizeof missing, "%s/nowhere/kvant.db", p->dir);
    refused(missing, STORE_WRITE, "cannot be opened");
    refused(missing, STORE_READ, "No such file; no run has been stored here yet");
}

static void a_damaged_database_is_a_fault(void **state)
{
    place *p = *state;
    make(p->db, 20);
    struct stat st;
    assert_int_equal(stat(p->db, &st), 0);
    FILE *io = fopen(p->db, "r+b");
    assert_non_null(io);
    for (long page = 4096; page < st.st_size; page += 4096) {
        fseek(io, page, SEEK_SET);
        for (int i = 0; i < 64; i++)
            fputc(0x5a, io);
    }
    fclose(io);
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    if (s) {
        assert_null(store_get_run(s, 3, &f));
        store_close(s);
    }
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "damaged"));
}

static void an_empty_file_becomes_a_database_when_written(void **state)
{
    place *p = *state;
    write_file(p->db, "", 0);
    refused(p->db, STORE_READ, "no run has been stored");
    make(p->db, 1);
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    assert_non_null(s);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
    store_close(s);
}

static void any_file_name_will_do(void **state)
{
    place *p = *state;
    static const char *const names[] = { "a?mode=memory.db",         "b#c.db",   "100%25.db",
                                         "\xc3\xbc \xe2\x98\x85.db", ":memory:", "file:x" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", p->dir, names[i]);
        make(path, 1);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        fault f = { 0 };
        store *s = store_open(path, STORE_READ, &f);
        if (!s) fail_msg("%s", f.text);
        assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
        store_close(s);
    }
}

static void a_reader_cannot_write(void **state)
{
    place *p = *state;
    make(p->db, 1);
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    assert_non_null(s);
    store_run run = sample_run("turbo4");
    assert_false(store_add_run(s, &run, &(store_parts){ .blocks = &(store_block){ .n = 1 }, .n_blocks = 1 }, NULL, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "opened for reading only"));
    store_close(s);
}

static bool ignore_row(void *arg, int n, const store_value *values)
{
    (void)arg, (void)n, (void)values;
    return true;
}

/* Permissions do not bind root, so that these are tried by somebody else. Exit status: 0 fine, 1 … which step was not.
 */
static int try_read_only(const char *path, bool file_too)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 1;
    fault f = { 0 };
    store *s = store_open(path, STORE_READ, &f);
    if (!s) {
        fprintf(stderr, "%s\n", f.text);
        return 2;
    }
    store_run *run = store_get_run(s, 1, &f);
    free(run);
    bool asked = store_query(s, "SELECT * FROM v_runs", &(store_reader){ .row = ignore_row }, &f);
    store_close(s);
    if (!run || !asked) return 3;
    s = store_open(path, STORE_WRITE, &f);
    store_close(s);
    if (s || f.code != FAULT_INPUT) return 4;
    return strstr(f.text, file_too ? "read-only" : "directory cannot be written") ? 0 : 5;
}

static void check_read_only(const char *path, bool file_too)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(try_read_only(path, file_too));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_read_only_file_opens_for_reading(void **state)
{
    place *p = *state;
    make(p->db, 1);
    chmod(p->dir, 0777);
    chmod(p->db, 0444);
    check_read_only(p->db, true);
}

static void a_read_only_directory_opens_for_reading(void **state)
{
    place *p = *state;
    make(p->db, 1);
    chmod(p->db, 0444);
    chmod(p->dir, 0555);
    check_read_only(p->db, true);
    chmod(p->db, 0666); /* the file could be written, but the WAL beside it could not be made */
    check_read_only(p->db, false);
}

static void readers_do_not_wait_for_a_writer(void **state)
{
    place *p = *state;
    make(p->db, 1);
    sqlite3 *db = raw(p->db);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM run_blocks", NULL, NULL, NULL), SQLITE_OK);
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    assert_non_null(s);
    store_wait(s, 0);
    assert_int_equal(ask(s, "SELECT count(*) FROM run_blocks"), PLACE_BLOCKS);
    store_reader reader = { .row = ignore_row };
    assert_true(store_query(s, "SELECT * FROM v_runs", &reader, &f));
    store_close(s);
    sqlite3_close(db);
}

static void a_locked_database_is_waited_for_then_named(void **state)
{
    place *p = *state;
    fault f = { 0 };
    store *s = store_open(p->db, STORE_WRITE, &f);
    assert_non_null(s);
    sqlite3 *db = raw(p->db);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    store_wait(s, 200);
    store_run run = sample_run("turbo4");
    store_block block = { .n = 1 };
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_false(store_add_run(s, &run, &(store_parts){ .blocks = &block, .n_blocks = 1 }, NULL, &f));
    clock_gettime(CLOCK_MONOTONIC, &to);
    double waited = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    assert_true(waited >= 0.15 && waited < 3);
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "another process keeps it locked"));
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    add(s, &run);
    store_close(s);
}

static void a_full_disk_leaves_nothing_half_written(void **state)
{
    place *p = *state;
    make(p->db, 3);
    fault f = { 0 };
    store *s = store_open(p->db, STORE_WRITE, &f);
    assert_non_null(s);
    /* Room for a few pages more, so that it is full in the midst of a run. */
    assert_int_equal(sqlite3_exec(s->db, "PRAGMA max_page_count = 1", NULL, NULL, NULL), SQLITE_OK);
    store_run run = sample_run("turbo3");
    store_block *many = calloc(2000, sizeof *many);
    for (int i = 0; i < 2000; i++)
        many[i] = (store_block){ i, 0, 64, 1, 1, 1, 1, 1 };
    assert_false(store_add_run(s, &run, &(store_parts){ .blocks = many, .n_blocks = 2000 }, NULL, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "the disk is full; nothing was written"));
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 3);
    assert_int_equal(ask(s, "SELECT count(*) FROM configs"), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM run_blocks"), 3 * PLACE_BLOCKS);
    assert_int_equal(sqlite3_exec(s->db, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL), SQLITE_OK);
    assert_true(store_add_run(s, &run, &(store_parts){ .blocks = many, .n_blocks = 2000 }, NULL, &f));
    free(many);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_database_has_our_marks_and_wal),
        TEST(schema_sql_says_what_the_migrations_make),
        TEST(an_older_database_is_migrated_and_keeps_its_runs),
        TEST(runs_of_version_1_have_no_calibration),
        TEST(a_migration_that_fails_changes_nothing),
        TEST(an_older_database_is_migrated_for_a_reader_too),
        TEST(a_newer_database_is_refused_with_both_versions),
        TEST(somebody_elses_database_is_refused_and_left_alone),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(a_damaged_database_is_a_fault),
        TEST(an_empty_file_becomes_a_database_when_written),
        TEST(any_file_name_will_do),
        TEST(a_reader_cannot_write),
        TEST(a_read_only_file_opens_for_reading),
        TEST(a_read_only_directory_opens_for_reading),
        TEST(readers_do_not_wait_for_a_writer),
        TEST(a_locked_database_is_waited_for_then_named),
        TEST(a_full_disk_leaves_nothing_half_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
