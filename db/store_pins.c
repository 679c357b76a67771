/* Runs that someone wants to keep in sight. */
#include "db/store_db.h"

#include <inttypes.h>

#include "db/sqlite_fault.h"

static const char doing[] = "pinning runs";

/* Runs sql with ?1 bound to id; *rows: how many it changed. */
static bool change(store *s, const char *sql, int64_t id, int *rows, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql, doing, f);
    if (!stmt) return false;
    sqlite3_bind_int64(stmt, 1, id);
    int rc = sqlite3_step(stmt);
    bool ok = rc == SQLITE_DONE || sqlite_fault(s->db, s->path, doing, f);
    if (ok) *rows = sqlite3_changes(s->db);
    sqlite3_finalize(stmt);
    return ok;
}

static bool is_run(store *s, int64_t id, bool *there, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, "SELECT 1 FROM runs WHERE id = ?1", doing, f);
    if (!stmt) return false;
    sqlite3_bind_int64(stmt, 1, id);
    int rc = sqlite3_step(stmt);
    *there = rc == SQLITE_ROW;
    bool ok = store_ended(s, s->db, rc, doing, f);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_pin(store *s, int64_t id, bool pinned, bool *changed, fault *f)
{
    int rows = 0;
    bool there = false;
    if (!is_run(s, id, &there, f)) return false;
    if (!there) return fault_set(f, FAULT_INPUT, "%s: there is no run %" PRId64, s->path, id);
    const char *sql = pinned ? "INSERT INTO pins (run) SELECT id FROM runs WHERE id = ?1 ON CONFLICT DO NOTHING"
                             : "DELETE FROM pins WHERE run = ?1";
    if (!change(s, sql, id, &rows, f)) return false;
    if (changed) *changed = rows > 0;
    return true;
}

bool store_each_pin(store *s, bool (*each)(void *arg, int64_t id), void *arg, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, "SELECT run FROM pins ORDER BY run", doing, f);
    if (!stmt) return false;
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        if (!each(arg, sqlite3_column_int64(stmt, 0))) break;
    bool ok = store_ended(s, s->db, rc, doing, f);
    sqlite3_finalize(stmt);
    return ok;
}
