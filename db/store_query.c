/* Questions in SQL, on a connection that can only read. */
#include "db/store_asking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/connect.h"
#include "db/sqlite_fault.h"

int store_poll_stop(void *arg)
{
    const store *s = arg;
    return s->stop && s->stop(s->stop_arg);
}

/* Another process has the lock: wait, unless told to stop. */
static int wait_for_lock(void *arg, int tries)
{
    enum { STEP_MS = 10 };
    store *s = arg;
    if (store_poll_stop(s) || tries >= s->wait_ms / STEP_MS) return 0;
    nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000L }, NULL);
    return 1;
}

sqlite3 *store_asked(store *s, fault *f)
{
    if (s->asked) return s->asked;
    s->asked = connect_read(s->path, s->wait_ms, f);
    if (!s->asked && f && store_poll_stop(s)) f->code = FAULT_INTERRUPTED;
    if (!s->asked) return NULL;
    sqlite3_busy_handler(s->asked, wait_for_lock, s);
    sqlite3_limit(s->asked, SQLITE_LIMIT_LENGTH, STORE_LONGEST_VALUE);
    sqlite3_progress_handler(s->asked, STORE_STEPS_BETWEEN_POLLS, store_poll_stop, s);
    sqlite3_set_authorizer(s->asked, store_only_reads, NULL);
    return s->asked;
}

/* Who was told to stop while another process had the lock was stopped. */
static bool asked_failed(store *s, sqlite3 *db, const char *doing, fault *f)
{
    if ((sqlite3_errcode(db) & 0xff) == SQLITE_BUSY && store_poll_stop(s))
        return fault_set(f, FAULT_INTERRUPTED, "%s: %s: stopped", s->path, doing);
    return sqlite_fault(db, s->path, doing, f);
}

bool store_ended(store *s, sqlite3 *db, int rc, const char *doing, fault *f)
{
    if (rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK) return true;
    if (rc == SQLITE_NOMEM) return fault_memory(f, doing);
    return asked_failed(s, db, doing, f);
}

/* ---- mistakes in a question ---- */

/* Where a byte of a question stands, for people: characters and lines are counted from 1. */
static void write_place(char place[48], const char *text, size_t byte)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < byte && text[i]; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) column++;
        if (text[i] != '\n') continue;
        line++;
        column = 1;
    }
    if (line > 1)
        snprintf(place, 48, "SQL, line %d, column %d", line, column);
    else
        snprintf(place, 48, "SQL, column %d", column);
}

bool store_asked_fault(const store_asking *a, fault *f)
{
    sqlite3 *db = a->s->asked;
    int code = sqlite3_errcode(db) & 0xff;
    if (code == SQLITE_AUTH)
        return fault_set(
            f, FAULT_INPUT,
            "%s: this SQL does more than read (%s); only SELECT and what tells about the database is allowed",
            a->s->path, sqlite3_errmsg(db));
    if (code != SQLITE_ERROR && code != SQLITE_MISMATCH && code != SQLITE_RANGE)
        return asked_failed(a->s, db, "asking the database", f);
    int offset = sqlite3_error_offset(db);
    if (offset < a->before) return fault_set(f, FAULT_INPUT, "SQL: %s", sqlite3_errmsg(db));
    char place[48];
    write_place(place, a->text, a->at + (size_t)(offset - a->before));
    return fault_set(f, FAULT_INPUT, "%s: %s", place, sqlite3_errmsg(db));
}

/* Moves over blanks, comments and semicolons: to the next statement, or to the end. */
static size_t next_statement(sqlite3 *db, const char *text, size_t at)
{
    while (text[at]) {
        sqlite3_stmt *stmt = NULL;
        const char *tail = text + at;
        int rc = sqlite3_prepare_v2(db, text + at, -1, &stmt, &tail);
        sqlite3_finalize(stmt);
        if (rc != SQLITE_OK || stmt) return at;
        if (tail == text + at) return at + strlen(text + at);
        at = (size_t)(tail - text);
    }
    return at;
}

/* Compiles the statement and says where it ends. */
static sqlite3_stmt *prepare_asked(const store_asking *a, const char **tail, fault *f)
{
    sqlite3_stmt *stmt = NULL;
    *tail = a->sql;
    if (sqlite3_prepare_v2(a->s->asked, a->sql, -1, &stmt, tail) != SQLITE_OK)
        store_asked_fault(a, f);
    else if (!stmt)
        fault_set(f, FAULT_INPUT, "SQL: there is no statement in it");
    else if (!sqlite3_stmt_readonly(stmt))
        fault_set(f, FAULT_INPUT, "%s: this SQL would write; only statements that read are allowed", a->s->path);
    else
        return stmt;
    sqlite3_finalize(stmt);
    return NULL;
}

sqlite3_stmt *store_prepare_only(const store_asking *a, fault *f)
{
    const char *tail;
    sqlite3_stmt *stmt = prepare_asked(a, &tail, f);
    if (!stmt) return NULL;
    size_t end = next_statement(a->s->asked, tail, 0);
    if (sqlite3_bind_parameter_count(stmt) > 0) {
        fault_set(f, FAULT_INPUT, "SQL: it has a parameter; write the value in its place");
    } else if (tail[end]) {
        char place[48];
        write_place(place, a->text, a->at + (size_t)(tail - a->sql) - (size_t)a->before);
        fault_set(f, FAULT_INPUT, "%s: a second statement; one at a time", place);
    } else {
        return stmt;
    }
    sqlite3_finalize(stmt);
    return NULL;
}

/* ---- parameters ---- */

typedef struct parameter {
    char nameless[16];
    const char *name;
} parameter;

static parameter parameter_at(sqlite3_stmt *stmt, int i)
{
    parameter p = { .name = sqlite3_bind_parameter_name(stmt, i) };
    if (!p.name) snprintf(p.nameless, sizeof p.nameless, "?%d", i);
    return p;
}

static const char *name_of(const parameter *p)
{
    return p->name ? p->name : p->nameless;
}

static int bind_value(sqlite3_stmt *stmt, int i, const store_value *v)
{
    switch (v->kind) {
    case STORE_INTEGER: return sqlite3_bind_int64(stmt, i, v->integer);
    case STORE_REAL: return sqlite3_bind_double(stmt, i, v->real);
    case STORE_TEXT: return sqlite3_bind_text64(stmt, i, v->bytes, v->n, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BLOB: return sqlite3_bind_blob64(stmt, i, v->bytes, v->n, SQLITE_STATIC);
    case STORE_NULL: break;
    }
    return sqlite3_bind_null(stmt, i);
}

static bool bind_values(const store_asking *a, sqlite3_stmt *stmt, const store_binding *values, size_t n, fault *f)
{
    for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
        const parameter p = parameter_at(stmt, i);
        const char *name = name_of(&p);
        size_t at = 0;
        while (at < n && strcmp(values[at].name, name) != 0 && strcmp(values[at].name, name + 1) != 0)
            at++;
        if (at == n) return fault_set(f, FAULT_INPUT, "SQL: the parameter %s has no value", name);
        if (bind_value(stmt, i, &values[at].value) != SQLITE_OK) return store_asked_fault(a, f);
    }
    return true;
}

/* ---- asking ---- */

store_value store_read_value(sqlite3_stmt *stmt, int i)
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

bool store_tell_columns(sqlite3_stmt *stmt, int n, const store_reader *reader, bool *more, fault *f)
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

static bool report_rows(const store_asking *a, sqlite3_stmt *stmt, int n, const store_reader *reader, fault *f)
{
    store_value *values = calloc((size_t)n + 1, sizeof *values);
    if (!values) return fault_memory(f, "a row");
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++)
            values[i] = store_read_value(stmt, i);
        if (!reader->row(reader->arg, n, values)) break;
    }
    free(values);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || store_asked_fault(a, f);
}

static bool run_asked(const store_asking *a, sqlite3_stmt *stmt, const store_reader *reader, fault *f)
{
    int n = sqlite3_column_count(stmt);
    bool more = false;
    return store_tell_columns(stmt, n, reader, &more, f) && (!more || report_rows(a, stmt, n, reader, f));
}

bool store_query(store *s, const char *sql, const store_reader *reader, fault *f)
{
    if (!store_asked(s, f)) return false;
    store_asking a = { .s = s, .text = sql, .sql = sql };
    sqlite3_stmt *stmt = store_prepare_only(&a, f);
    bool ok = stmt && run_asked(&a, stmt, reader, f);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_query_at(store *s, const char *sql, size_t *at, const store_binding *values, size_t n_values,
                    const store_reader *reader, fault *f)
{
    if (!store_asked(s, f)) return false;
    const size_t begin = next_statement(s->asked, sql, *at);
    store_asking a = { .s = s, .text = sql, .sql = sql + begin, .at = begin };
    const char *tail;
    sqlite3_stmt *stmt = prepare_asked(&a, &tail, f);
    bool ok = stmt && bind_values(&a, stmt, values, n_values, f) && run_asked(&a, stmt, reader, f);
    sqlite3_finalize(stmt);
    if (ok) *at = next_statement(s->asked, sql, (size_t)(tail - sql));
    return ok;
}

bool store_check_query(store *s, const char *sql, bool (*each)(void *arg, const char *parameter), void *arg, fault *f)
{
    if (!store_asked(s, f)) return false;
    store_asking a = { .s = s, .text = sql };
    bool more = true;
    a.at = next_statement(s->asked, sql, 0);
    do {
        const char *tail;
        a.sql = sql + a.at;
        sqlite3_stmt *stmt = prepare_asked(&a, &tail, f);
        if (!stmt) return false;
        for (int i = 1; more && each && i <= sqlite3_bind_parameter_count(stmt); i++) {
            const parameter p = parameter_at(stmt, i);
            more = each(arg, name_of(&p));
        }
        sqlite3_finalize(stmt);
        a.at = next_statement(s->asked, sql, (size_t)(tail - sql));
    } while (sql[a.at]);
    return true;
}
