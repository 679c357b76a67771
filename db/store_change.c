/* SQL that changes rows: all of a text in one transaction. */
#include "db/store_db.h"

#include <stdlib.h>
#include <string.h>

#include "db/sqlite_fault.h"

static const char doing[] = "changing the database";

/* What SQLite has against a statement; one that is not allowed is told apart from a mistake. */
static bool change_fault(store *s, fault *f)
{
    int code = sqlite3_errcode(s->db) & 0xff;
    const char *words = sqlite3_errmsg(s->db);
    if (code == SQLITE_AUTH)
        return fault_set(f, FAULT_INPUT,
                         "%s: this SQL does more than change rows (%s); tables, settings, uids and other files stay as "
                         "they are, and runs are made by evaluating",
                         s->path, words);
    if (code == SQLITE_CONSTRAINT) return fault_set(f, FAULT_INPUT, "%s: nothing was changed: %s", s->path, words);
    if (code == SQLITE_ERROR || code == SQLITE_MISMATCH || code == SQLITE_RANGE)
        return fault_set(f, FAULT_INPUT, "SQL: %s", words);
    return sqlite_fault(s->db, s->path, doing, f);
}

static bool run_rows(store *s, sqlite3_stmt *stmt, const store_reader *reader, fault *f)
{
    int n = sqlite3_column_count(stmt), rc;
    store_value *values = calloc((size_t)n + 1, sizeof *values);
    if (!values) return fault_memory(f, "a row");
    bool more = reader && n > 0, ok = !more || store_tell_columns(stmt, n, reader, &more, f);
    /* To its end, also when nobody listens any more: a statement that is left half-way has done half its work. */
    while (ok && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
        if (rc != SQLITE_ROW) {
            ok = change_fault(s, f);
        } else if (more) {
            for (int i = 0; i < n; i++)
                values[i] = store_read_value(stmt, i);
            more = reader->row(reader->arg, n, values);
        }
    }
    free(values);
    return ok;
}

/* Of rows, so far; those by which triggers count revisions, one at a time, are nobody's. */
static bool count_changes(store *s, int64_t *n, fault *f)
{
    int64_t revision;
    if (!store_revision(s, &revision, f)) return false;
    *n = sqlite3_total_changes64(s->db) - revision;
    return true;
}

static bool run_statements(store *s, const char *sql, const store_reader *reader, store_changes *changes, fault *f)
{
    int64_t before, after;
    int n = 0;
    if (!count_changes(s, &before, f)) return false;
    for (const char *tail; *sql; sql = tail) {
        sqlite3_stmt *stmt = NULL;
        if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, &tail) != SQLITE_OK) return change_fault(s, f);
        if (!stmt && tail == sql) break;
        if (!stmt) continue;
        n++;
        bool ok = sqlite3_bind_parameter_count(stmt) == 0 ||
                  fault_set(f, FAULT_INPUT, "SQL: it has a parameter; write the value in its place");
        const bool changes_rows = !sqlite3_stmt_readonly(stmt);
        ok = ok && run_rows(s, stmt, reader, f);
        if (ok && changes_rows) changes->rows += sqlite3_changes64(s->db);
        sqlite3_finalize(stmt);
        if (!ok) return false;
    }
    if (!count_changes(s, &after, f)) return false;
    changes->follow = after - before - changes->rows;
    return n > 0 || fault_set(f, FAULT_INPUT, "SQL: there is no statement in it");
}

bool store_change(store *s, const char *sql, bool keep, const store_reader *reader, store_changes *changes, fault *f)
{
    *changes = (store_changes){ 0 };
    if (s->mode != STORE_WRITE) return fault_set(f, FAULT_INTERNAL, "%s: is open for reading only", s->path);
    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fault(s->db, s->path, doing, f);
    sqlite3_set_authorizer(s->db, store_may_change, NULL);
    sqlite3_progress_handler(s->db, STORE_STEPS_BETWEEN_POLLS, store_poll_stop, s);
    bool ok = run_statements(s, sql, reader, changes, f);
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    sqlite3_set_authorizer(s->db, NULL, NULL);
    if (ok && keep) ok = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK || change_fault(s, f);
    if ((!ok || !keep) && !sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}
