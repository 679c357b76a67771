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

/* Compiles a statement of ours. NULL with a fault. */
sqlite3_stmt *store_prepare(store *s, sqlite3 *db, const char *sql, const char *doing, fault *f);

/* The connection for questions, opened when first needed. */
sqlite3 *store_asked(store *s, fault *f);

/* What became of a question that ended with rc. */
bool store_ended(store *s, sqlite3 *db, int rc, const char *doing, fault *f);

#endif
