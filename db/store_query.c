/* Questions in SQL, on a connection that can only read. */
#include "db/store_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/connect.h"
#include "db/sqlite_fault.h"

/* ---- what a question may do ---- */

typedef struct readable_pragma {
    const char *name;
    bool takes_argument; /* which then only selects what is told; without it the pragma tells a setting */
} readable_pragma;

static const readable_pragma readable_pragmas[] = {
    { "application_id", false },   { "collation_list", false },  { "compile_options", false },
    { "data_version", false },     { "database_list", false },   { "encoding", false },
    { "foreign_key_check", true }, { "foreign_key_list", true }, { "foreign_keys", false },
    { "freelist_count", false },   { "function_list", false },   { "index_info", true },
    { "index_list", true },        { "index_xinfo", true },      { "integrity_check", true },
    { "journal_mode", false },     { "page_count", false },      { "page_size", false },
    { "pragma_list", false },      { "quick_check", true },      { "schema_version", false },
    { "table_info", true },        { "table_list", true },       { "table_xinfo", true },
    { "user_version", false },
};

static bool pragma_reads(const char *name, const char *argument)
{
    for (size_t i = 0; i < sizeof readable_pragmas / sizeof readable_pragmas[0]; i++)
        if (strcasecmp(readable_pragmas[i].name, name) == 0) return readable_pragmas[i].takes_argument || !argument;
    return false;
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *view)
{
    (void)arg, (void)database, (void)view;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return second && strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    /* SQLite asks this when a table-valued function (json_each, pragma_table_info) is first used, and then writes
     * nothing; an UPDATE of the schema itself is refused by the connection's defensive mode. */
    case SQLITE_UPDATE: return first && strcmp(first, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_PRAGMA: return first && pragma_reads(first, second) ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
    }
}

static int poll_stop(void *arg)
{
    const store *s = arg;
    return s->stop && s->stop(s->stop_arg);
}

sqlite3 *store_asked(store *s, fault *f)
{
    enum { STEPS_BETWEEN_POLLS = 10000 };
    if (s->asked) return s->asked;
    s->asked = connect_read(s->path, f);
    if (!s->asked) return NULL;
    sqlite3_busy_timeout(s->asked, s->wait_ms);
    sqlite3_progress_handler(s->asked, STEPS_BETWEEN_POLLS, poll_stop, s);
    sqlite3_set_authorizer(s->asked, authorize, NULL);
    return s->asked;
}

bool store_ended(store *s, sqlite3 *db, int rc, const char *doing, fault *f)
{
    if (rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK) return true;
    if (rc == SQLITE_NOMEM) return fault_memory(f, doing);
    return sqlite_fault(db, s->path, doing, f);
}

/* ---- mistakes in a question ---- */

/* Characters, counted from 1, up to a byte of UTF-8. */
static int column_at(const char *text, int byte)
{
    int column = 1;
    for (int i = 0; i < byte && text[i]; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80) column++;
    return column;
}

/* The error of compiling or running a question somebody typed. `before` bytes of sql are ours. */
static bool asked_fault(store *s, const char *sql, int before, fault *f)
{
    int code = sqlite3_errcode(s->asked) & 0xff;
    if (code == SQLITE_AUTH)
        return fault_set(
            f, FAULT_INPUT,
            "%s: this SQL does more than read (%s); only SELECT and what tells about the database is allowed", s->path,
            sqlite3_errmsg(s->asked));
    if (code != SQLITE_ERROR && code != SQLITE_MISMATCH && code != SQLITE_RANGE)
        return sqlite_fault(s->asked, s->path, "asking the database", f);
    int offset = sqlite3_error_offset(s->asked);
    if (offset < before) return fault_set(f, FAULT_INPUT, "SQL: %s", sqlite3_errmsg(s->asked));
    return fault_set(f, FAULT_INPUT, "SQL, column %d: %s", column_at(sql + before, offset - before),
                     sqlite3_errmsg(s->asked));
}

/* Whether more than blanks, comments and semicolons follows. */
static bool has_statement(sqlite3 *db, const char *sql)
{
    while (*sql) {
        sqlite3_stmt *stmt = NULL;
        const char *tail = sql;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &tail);
        sqlite3_finalize(stmt);
        if (rc != SQLITE_OK || stmt) return true;
        if (tail == sql) return false;
        sql = tail;
    }
    return false;
}

static sqlite3_stmt *prepare_asked(store *s, const char *sql, int before, fault *f)
{
    const char *tail = sql;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(s->asked, sql, -1, &stmt, &tail) != SQLITE_OK)
        asked_fault(s, sql, before, f);
    else if (!stmt)
        fault_set(f, FAULT_INPUT, "SQL: there is no statement in it");
    else if (!sqlite3_stmt_readonly(stmt))
        fault_set(f, FAULT_INPUT, "%s: this SQL would write; only statements that read are allowed", s->path);
    else if (sqlite3_bind_parameter_count(stmt) > 0)
        fault_set(f, FAULT_INPUT, "SQL: it has a parameter; write the value in its place");
    else if (has_statement(s->asked, tail))
        fault_set(f, FAULT_INPUT, "SQL, column %d: a second statement; one at a time",
                  column_at(sql, (int)(tail - sql)));
    else
        return stmt;
    sqlite3_finalize(stmt);
    return NULL;
}

/* ---- asking ---- */

static store_value read_value(sqlite3_stmt *stmt, int i)
{
    static const store_kind kinds[] = { [SQLITE_INTEGER] = STORE_INTEGER,
                                        [SQLITE_FLOAT] = STORE_REAL,
                                        [SQLITE_TEXT] = STORE_TEXT,
                                        [SQLITE_BLOB] = STORE_BLOB,
                                        [SQLITE_NULL] = STORE_NULL };
    store_value v = { .kind = kinds[sqlite3_column_type(stmt, i)] };
    if (v.kind == STORE_INTEGER) v.integer = sqlite3_column_int64(stmt, i);
    if (v.kind == STORE_REAL) v.real = sqlite3_column_double(stmt, i);
    if (v.kind == STORE_TEXT) v.bytes = (const char *)sqlite3_column_text(stmt, i);
    if (v.kind == STORE_BLOB) v.bytes = sqlite3_column_blob(stmt, i);
    if (v.kind == STORE_TEXT || v.kind == STORE_BLOB) v.n = (size_t)sqlite3_column_bytes(stmt, i);
    if (!v.bytes) v.bytes = "";
    return v;
}

static bool report_columns(sqlite3_stmt *stmt, int n, const store_reader *reader, bool *more, fault *f)
{
    const char **names = calloc((size_t)n + 1, sizeof *names);
    if (!names) return fault_memory(f, "column names");
    for (int i = 0; i < n; i++) {
        names[i] = sqlite3_column_name(stmt, i);
        if (!names[i]) names[i] = "";
    }
    *more = !reader->columns || reader->columns(reader->arg, n, names);
    free(names);
    return true;
}

static bool report_rows(store *s, sqlite3_stmt *stmt, int n, const char *sql, const store_reader *reader, fault *f)
{
    store_value *values = calloc((size_t)n + 1, sizeof *values);
    if (!values) return fault_memory(f, "a row");
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++)
            values[i] = read_value(stmt, i);
        if (!reader->row(reader->arg, n, values)) break;
    }
    free(values);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || asked_fault(s, sql, 0, f);
}

bool store_query(store *s, const char *sql, const store_reader *reader, fault *f)
{
    if (!store_asked(s, f)) return false;
    sqlite3_stmt *stmt = prepare_asked(s, sql, 0, f);
    if (!stmt) return false;
    int n = sqlite3_column_count(stmt);
    bool more = false;
    bool ok = report_columns(stmt, n, reader, &more, f) && (!more || report_rows(s, stmt, n, sql, reader, f));
    sqlite3_finalize(stmt);
    return ok;
}

bool store_each_run(store *s, const char *where, int64_t limit, bool (*each)(void *arg, const store_run *run),
                    void *arg, fault *f)
{
    static const char before[] = "SELECT * FROM v_runs WHERE (";
    if (!store_asked(s, f)) return false;
    /* The line's end closes a comment in the condition; LIMIT -1 is no limit. */
    char *sql = sqlite3_mprintf("%s%s\n) ORDER BY id DESC LIMIT %lld", before, where && *where ? where : "1",
                                (long long)(limit > 0 ? limit : -1));
    if (!sql) return fault_memory(f, "a question");
    sqlite3_stmt *stmt = prepare_asked(s, sql, (int)sizeof before - 1, f);
    int rc = SQLITE_DONE;
    if (stmt) {
        record_map map = record_columns(stmt, store_run_fields);
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            store_run run = store_run_blank();
            if (!record_read(stmt, &map, &run)) rc = SQLITE_NOMEM;
            if (rc == SQLITE_NOMEM || !each(arg, &run)) break;
        }
    }
    bool ok = stmt && (rc == SQLITE_ROW || rc == SQLITE_DONE || asked_fault(s, sql, (int)sizeof before - 1, f));
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    return ok;
}
