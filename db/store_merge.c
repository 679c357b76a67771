/* Bringing the runs of another database into this one. */
#include "db/store_db.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "db/connect.h"
#include "db/sqlite_fault.h"

typedef struct merging {
    store *into;
    const char *shard;
    char doing[512]; /* "merging SHARD", for faults */
} merging;

/* What does not fit this file's tables is the shard's fault. */
static bool fail(const merging *m, fault *f)
{
    sqlite3 *db = m->into->db;
    const int code = sqlite3_errcode(db) & 0xff;
    if (code == SQLITE_CONSTRAINT || code == SQLITE_ERROR || code == SQLITE_MISMATCH)
        return fault_set(f, FAULT_INPUT, "%s: its content is not what kvant writes: %s", m->shard, sqlite3_errmsg(db));
    return sqlite_fault(db, m->into->path, m->doing, f);
}

static bool execute(const merging *m, const char *sql, fault *f)
{
    return sqlite3_exec(m->into->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(m, f);
}

/* The first column of the first row. */
static bool ask(const merging *m, const char *sql, int64_t *answer, fault *f)
{
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(m->into->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
    if (ok)
        *answer = sqlite3_column_int64(stmt, 0);
    else
        fail(m, f);
    sqlite3_finalize(stmt);
    return ok;
}

/* Opening it as a store of its own says whether it is one, and brings it up to date. */
static bool check_shard(const merging *m, fault *f)
{
    struct stat ours, theirs;
    if (stat(m->into->path, &ours) == 0 && stat(m->shard, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
        ours.st_ino == theirs.st_ino)
        return fault_set(f, FAULT_INPUT, "%s: a database cannot be merged into itself", m->shard);
    store *alone = store_open(m->shard, STORE_READ, f);
    store_close(alone);
    return alone != NULL;
}

static bool check_equals(const merging *m, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(m->into, m->into->db, sql_merge_differs, m->doing, f);
    if (!stmt) return false;
    const int rc = sqlite3_step(stmt);
    bool ok = rc == SQLITE_DONE;
    if (rc == SQLITE_ROW && sqlite3_column_type(stmt, 1) == SQLITE_NULL)
        fault_set(f, FAULT_INPUT, "%s: run %" PRId64 " has no uid, so it cannot be told from others", m->shard,
                  (int64_t)sqlite3_column_int64(stmt, 0));
    else if (rc == SQLITE_ROW)
        fault_set(f, FAULT_INPUT,
                  "run %" PRId64 " of %s and run %" PRId64 " of %s have one uid (%s) but differ: one of the two files "
                  "was changed; nothing was merged",
                  (int64_t)sqlite3_column_int64(stmt, 0), m->shard, (int64_t)sqlite3_column_int64(stmt, 1),
                  m->into->path, (const char *)sqlite3_column_text(stmt, 2));
    else if (!ok)
        fail(m, f);
    sqlite3_finalize(stmt);
    return ok;
}

/* Runs the statements of merge.sql; :before is the highest number of a run there was. */
static bool copy(const merging *m, int64_t before, fault *f)
{
    for (const char *sql = sql_merge; *sql;) {
        sqlite3_stmt *stmt = NULL;
        bool ok = sqlite3_prepare_v2(m->into->db, sql, -1, &stmt, &sql) == SQLITE_OK;
        const int at = ok ? sqlite3_bind_parameter_index(stmt, ":before") : 0;
        if (at) ok = sqlite3_bind_int64(stmt, at, before) == SQLITE_OK;
        if (ok && stmt) ok = sqlite3_step(stmt) == SQLITE_DONE;
        if (!ok) fail(m, f);
        sqlite3_finalize(stmt);
        if (!ok) return false;
    }
    return true;
}

static bool merge_all(const merging *m, store_merged *out, fault *f)
{
    static const char newest[] = "SELECT coalesce(max(id), 0) FROM main.runs";
    static const char count_ours[] = "SELECT count(*) FROM main.runs",
                      count_theirs[] = "SELECT count(*) FROM shard.runs";
    int64_t before, ours, theirs, after;
    if (!execute(m, "BEGIN IMMEDIATE", f)) return false;
    const bool ok = check_equals(m, f) && ask(m, newest, &before, f) && ask(m, count_ours, &ours, f) &&
                    ask(m, count_theirs, &theirs, f) && copy(m, before, f) && ask(m, count_ours, &after, f) &&
                    execute(m, "COMMIT", f);
    if (ok) *out = (store_merged){ .added = after - ours, .known = theirs - (after - ours) };
    if (!ok && !sqlite3_get_autocommit(m->into->db)) sqlite3_exec(m->into->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

bool store_merge(store *s, const char *shard, store_merged *out, fault *f)
{
    merging m = { .into = s, .shard = shard };
    snprintf(m.doing, sizeof m.doing, "merging %.480s", shard);
    *out = (store_merged){ 0 };
    if (s->mode != STORE_WRITE) return fault_set(f, FAULT_INTERNAL, "%s: %s: open for reading only", s->path, m.doing);
    if (!check_shard(&m, f) || !connect_attach(s->db, shard, "shard", f)) return false;
    const bool ok = merge_all(&m, out, f);
    sqlite3_exec(s->db, "DETACH shard", NULL, NULL, NULL);
    return ok;
}
