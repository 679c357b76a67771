#include "db/connect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "db/sqlite_fault.h"

/* As an URI, so that no name is special: not ":memory:", not one with '?', '#' or '%' in it. */
static char *uri_of(const char *path, const char *query)
{
    static const char digits[] = "0123456789ABCDEF";
    char *uri = malloc(3 * strlen(path) + strlen(query) + sizeof "file:./");
    if (!uri) return NULL;
    char *to = stpcpy(uri, path[0] == '/' ? "file://" : "file:./");
    for (const char *c = path; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (strchr("?#%", byte)) {
            *to++ = '%';
            *to++ = digits[byte >> 4];
            *to++ = digits[byte & 15];
        } else {
            *to++ = *c;
        }
    }
    strcpy(to, query);
    return uri;
}

static sqlite3 *open_uri(const char *path, const char *query, int flags, int wait_ms, fault *f)
{
    char *uri = uri_of(path, query);
    if (!uri) {
        fault_memory(f, "a file name");
        return NULL;
    }
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(uri, &db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    free(uri);
    if (rc != SQLITE_OK) {
        sqlite_fault(db, path, "opening the database", f);
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, wait_ms);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return db;
}

/* Anything but a file could block or swallow what is written. missing: what is said behind "No such file"; NULL: a path
 * that is not there is left to SQLite. */
static bool check_path(const char *path, const char *missing, fault *f)
{
    struct stat st;
    if (path[0] == '\0') return fault_set(f, FAULT_INPUT, "the database's path is empty");
    if (stat(path, &st) != 0) {
        if (missing && errno == ENOENT) return fault_set(f, FAULT_INPUT, "%s: No such file%s", path, missing);
        if (errno != ENOENT) return fault_set(f, FAULT_INPUT, "%s: opening the database: %s", path, strerror(errno));
        return true;
    }
    if (!S_ISREG(st.st_mode)) return fault_set(f, FAULT_INPUT, "%s: opening the database: not a file", path);
    /* SQLite takes a file shorter than its smallest page for an empty one and would write over it. */
    if (st.st_size > 0 && st.st_size < 512)
        return fault_set(f, FAULT_INPUT, "%s: opening the database: the file is not a SQLite database", path);
    return true;
}

/* Changes that are not yet in the file itself. */
static bool has_wal(const char *path)
{
    char *wal = malloc(strlen(path) + sizeof "-wal");
    if (!wal) return true;
    struct stat st;
    sprintf(wal, "%s-wal", path);
    bool has = stat(wal, &st) == 0 && st.st_size > 0;
    free(wal);
    return has;
}

sqlite3 *connect_read(const char *path, int wait_ms, fault *f)
{
    if (!check_path(path, "; no run has been stored here yet", f)) return NULL;
    sqlite3 *db = open_uri(path, "", SQLITE_OPEN_READONLY, wait_ms, f);
    if (!db) return NULL;
    int rc = sqlite3_exec(db, "PRAGMA query_only = 1; SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
    if (rc == SQLITE_OK) return db;
    bool unchanging = ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) && !has_wal(path);
    if (!unchanging) sqlite_fault(db, path, "opening the database", f);
    sqlite3_close(db);
    return unchanging ? open_uri(path, "?immutable=1", SQLITE_OPEN_READONLY, wait_ms, f) : NULL;
}

sqlite3 *connect_write(const char *path, fault *f)
{
    if (!check_path(path, NULL, f)) return NULL;
    sqlite3 *db = open_uri(path, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, CONNECT_WAIT_MS, f);
    if (!db || !sqlite3_db_readonly(db, "main")) return db;
    fault_set(f, FAULT_INPUT, "%s: opening the database for writing: the file is read-only", path);
    sqlite3_close(db);
    return NULL;
}

static int attach_uri(sqlite3 *db, const char *path, const char *query, const char *name)
{
    char *uri = uri_of(path, query);
    char *attach = uri ? sqlite3_mprintf("ATTACH %Q AS %s", uri, name) : NULL;
    char *look = attach ? sqlite3_mprintf("SELECT 1 FROM %s.sqlite_schema", name) : NULL;
    int rc = look ? sqlite3_exec(db, attach, NULL, NULL, NULL) : SQLITE_NOMEM;
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, look, NULL, NULL, NULL);
    free(uri);
    sqlite3_free(attach);
    sqlite3_free(look);
    return rc;
}

bool connect_attach(sqlite3 *db, const char *path, const char *name, fault *f)
{
    if (!check_path(path, "", f)) return false;
    int rc = attach_uri(db, path, "?mode=ro", name);
    if (rc == SQLITE_OK) return true;
    const bool unchanging = ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) && !has_wal(path);
    sqlite_fault(db, path, "opening the database", f);
    char *detach = sqlite3_mprintf("DETACH %s", name);
    if (detach) sqlite3_exec(db, detach, NULL, NULL, NULL);
    sqlite3_free(detach);
    if (!unchanging) return false;
    return attach_uri(db, path, "?immutable=1", name) == SQLITE_OK || sqlite_fault(db, path, "opening the database", f);
}

static int copy_mode(void *arg, int n, char **values, char **names)
{
    (void)names;
    snprintf(arg, 16, "%s", n > 0 && values[0] ? values[0] : "");
    return 0;
}

bool connect_wal(sqlite3 *db, const char *path, fault *f)
{
    /* SQLite does not wait by itself for this change, which needs the file alone. */
    enum { STEP_MS = 20 };
    char mode[16] = "";
    if (sqlite3_exec(db, "PRAGMA journal_mode", copy_mode, mode, NULL) == SQLITE_OK && strcmp(mode, "wal") == 0)
        return true;
    for (int waited = 0;; waited += STEP_MS) {
        int rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL", copy_mode, mode, NULL);
        if (rc == SQLITE_OK) return true;
        if ((rc & 0xff) != SQLITE_BUSY || waited >= CONNECT_WAIT_MS)
            return sqlite_fault(db, path, "opening the database", f);
        nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000L }, NULL);
    }
}
