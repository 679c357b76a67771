#include "db/migrate.h"

#include <stdio.h>

#include "db/sqlite_fault.h"

static int read_int(sqlite3 *db, const char *sql, int *value)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) *value = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

bool migrate_read(sqlite3 *db, const char *path, migrate_state *state, fault *f)
{
    /* One statement, one snapshot: another process may be making the database at this moment. */
    static const char sql[] = "SELECT (SELECT application_id FROM pragma_application_id), "
                              "(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)";
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
    if (ok)
        *state =
            (migrate_state){ sqlite3_column_int(stmt, 0), sqlite3_column_int(stmt, 1), sqlite3_column_int(stmt, 2) };
    else
        sqlite_fault(db, path, "opening the database", f);
    sqlite3_finalize(stmt);
    return ok;
}

bool migrate_check(const migrate_state *state, const char *path, int newest, fault *f)
{
    bool empty = state->application_id == 0 && state->version == 0 && state->objects == 0;
    if (!empty && state->application_id != MIGRATE_APPLICATION_ID)
        return fault_set(f, FAULT_INPUT,
                         "%s: a SQLite database, but not one of kvant's (application_id 0x%08x, expected 0x%08x)", path,
                         (unsigned)state->application_id, (unsigned)MIGRATE_APPLICATION_ID);
    if (state->version > newest || state->version < 0)
        return fault_set(f, FAULT_INPUT,
                         "%s: the database has version %d and this kvant knows versions up to %d; use a newer kvant",
                         path, state->version, newest);
    return true;
}

static bool run_steps(sqlite3 *db, const char *path, const migration *steps, int from, int to, fault *f)
{
    for (int i = from; i < to; i++) {
        if (sqlite3_exec(db, steps[i].sql, NULL, NULL, NULL) == SQLITE_OK) continue;
        char doing[160];
        snprintf(doing, sizeof doing, "migration %s (the database stays at version %d)", steps[i].name, from);
        return sqlite_fault(db, path, doing, f);
    }
    return true;
}

/* Rows that point nowhere are left by a migration that rebuilt a table wrongly. */
static bool check_keys(sqlite3 *db, const char *path, fault *f)
{
    int bad = 0;
    if (read_int(db, "SELECT count(*) FROM pragma_foreign_key_check", &bad) != SQLITE_OK)
        return sqlite_fault(db, path, "migrating", f);
    if (bad) return fault_set(f, FAULT_INTERNAL, "%s: migrating: %d rows would refer to nothing", path, bad);
    return true;
}

static bool mark(sqlite3 *db, const char *path, int version, fault *f)
{
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", MIGRATE_APPLICATION_ID,
             version);
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_fault(db, path, "migrating", f);
}

bool migrate(sqlite3 *db, const char *path, const migration *steps, int n, fault *f)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    migrate_state state;
    bool ok =
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK || sqlite_fault(db, path, "migrating", f);
    ok = ok && migrate_read(db, path, &state, f) && migrate_check(&state, path, n, f); /* as it is under the lock */
    ok = ok && run_steps(db, path, steps, state.version, n, f) && check_keys(db, path, f) && mark(db, path, n, f);
    if (!ok && !sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    return ok;
}
