/* Opening and closing. */
#include "db/store_db.h"

#include <stdlib.h>
#include <string.h>

#include "db/connect.h"
#include "db/sqlite_fault.h"

static sqlite3 *open_write(const char *path, fault *f)
{
    sqlite3 *db = connect_write(path, f);
    migrate_state state;
    bool ok = db && migrate_read(db, path, &state, f) && migrate_check(&state, path, sql_n_migrations, f) &&
              connect_wal(db, path, f);
    if (ok && (state.version < sql_n_migrations || state.application_id != MIGRATE_APPLICATION_ID))
        ok = migrate(db, path, sql_migrations, sql_n_migrations, f);
    if (ok) return db;
    sqlite3_close(db);
    return NULL;
}

static bool upgrade(const char *path, int version, fault *f)
{
    sqlite3 *db = open_write(path, f);
    sqlite3_close(db);
    return db || fault_prefix(f, "bringing the database from version %d to %d", version, sql_n_migrations);
}

static sqlite3 *open_read(const char *path, int wait_ms, fault *f)
{
    sqlite3 *db = connect_read(path, wait_ms, f);
    migrate_state state;
    if (!db || !migrate_read(db, path, &state, f) || !migrate_check(&state, path, sql_n_migrations, f)) goto failed;
    if (state.application_id == 0) {
        fault_set(f, FAULT_INPUT, "%s: empty: no run has been stored here yet", path);
        goto failed;
    }
    if (state.version == sql_n_migrations) return db;
    sqlite3_close(db);
    return upgrade(path, state.version, f) ? connect_read(path, wait_ms, f) : NULL;
failed:
    sqlite3_close(db);
    return NULL;
}

store *store_open(const char *path, store_mode mode, fault *f)
{
    store *s = calloc(1, sizeof *s);
    char *own_path = strdup(path);
    if (!s || !own_path) {
        free(s);
        free(own_path);
        fault_memory(f, "the store");
        return NULL;
    }
    *s = (store){ .path = own_path, .mode = mode, .wait_ms = mode == STORE_WATCH ? 0 : CONNECT_WAIT_MS };
    s->db = mode == STORE_WRITE ? open_write(path, f) : open_read(path, s->wait_ms, f);
    if (s->db) return s;
    store_close(s);
    return NULL;
}

void store_close(store *s)
{
    if (!s) return;
    sqlite3_close(s->asked); /* before the writer, whose closing folds the WAL into the file */
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}

const char *store_path(const store *s)
{
    return s->path;
}

void store_wait(store *s, int milliseconds)
{
    s->wait_ms = milliseconds;
    sqlite3_busy_timeout(s->db, milliseconds);
}

bool store_was_locked(const store *s)
{
    const int code = sqlite3_errcode(s->db) & 0xff;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

void store_stop_when(store *s, bool (*stop)(void *arg), void *arg)
{
    s->stop = stop;
    s->stop_arg = arg;
}

sqlite3_stmt *store_prepare(store *s, sqlite3 *db, const char *sql, const char *doing, fault *f)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) return stmt;
    sqlite_fault(db, s->path, doing, f);
    return NULL;
}

bool store_version(store *s, int64_t *version, fault *f)
{
    static const char doing[] = "looking for changes";
    sqlite3_stmt *stmt = store_prepare(s, s->db, "PRAGMA data_version", doing, f);
    if (!stmt) return false;
    bool ok = sqlite3_step(stmt) == SQLITE_ROW || sqlite_fault(s->db, s->path, doing, f);
    if (ok) *version = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_write_row(store *s, const char *sql, const record_field *fields, const void *record, const char *doing,
                     int64_t *rows, fault *f)
{
    if (s->mode != STORE_WRITE) return fault_set(f, FAULT_INTERNAL, "%s: %s: open for reading only", s->path, doing);
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql, doing, f);
    if (!stmt) return false;
    int rc = record_bind(stmt, fields, record);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    bool ok = store_ended(s, s->db, rc, doing, f);
    if (rows) *rows = sqlite3_changes64(s->db);
    sqlite3_finalize(stmt);
    return ok;
}
