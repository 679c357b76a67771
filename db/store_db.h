/* store_db.h - what the files of the store share. */
#ifndef KVANT_DB_STORE_DB_H
#define KVANT_DB_STORE_DB_H

#include <sqlite3.h>

#include "db/record.h"
#include "db/sql.h"
#include "db/store.h"

struct store {
    char *path;
    store_mode mode;
    sqlite3 *db;    /* as mode says */
    sqlite3 *asked; /* for questions: cannot write and refuses to try; opened at the first one */
    int wait_ms;
    bool (*stop)(void *arg);
    void *stop_arg;
};

/* Flags of fields: what must be known before a run is written. */
enum {
    FIELD_REQUIRED = 1, /* text that must not be empty */
    FIELD_DONE = 2,     /* a number that every finished run has */
};

extern const record_field store_run_fields[];
extern const record_field store_layer_fields[];
extern const record_field store_block_fields[];
extern const record_field store_item_fields[];

/* Compiles a statement of ours. NULL with a fault. */
sqlite3_stmt *store_prepare(store *s, sqlite3 *db, const char *sql, const char *doing, fault *f);

/* Runs one statement of ours that writes one row, bound from a record; *rows (or NULL): how many it changed. */
bool store_write_row(store *s, const char *sql, const record_field *fields, const void *record, const char *doing,
                     int64_t *rows, fault *f);

/* Authorizers of sqlite3_set_authorizer (db/store_allow.c): what only reads, and what may also change rows. */
int store_only_reads(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *view);
int store_may_change(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *view);

/* A progress handler: arg is the store. Every so many steps of SQLite's machine. */
int store_poll_stop(void *arg);
enum { STORE_STEPS_BETWEEN_POLLS = 10000 };

/* Tells the reader, and hands a row's i-th value out; text and blobs are SQLite's until the next step. */
bool store_tell_columns(sqlite3_stmt *stmt, int n, const store_reader *reader, bool *more, fault *f);
store_value store_read_value(sqlite3_stmt *stmt, int i);

/* A row's i-th value as a number that may not have been measured: NaN for NULL. */
double store_read_real(sqlite3_stmt *stmt, int i);

/* The connection for questions, opened when first needed. */
sqlite3 *store_asked(store *s, fault *f);

/* What became of a question that ended with rc. */
bool store_ended(store *s, sqlite3 *db, int rc, const char *doing, fault *f);

#endif
