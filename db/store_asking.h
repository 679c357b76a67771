/* store_asking.h - SQL that somebody typed, on the connection that can only read. */
#ifndef KVANT_DB_STORE_ASKING_H
#define KVANT_DB_STORE_ASKING_H

#include "db/store_db.h"

/* A text somebody asks, and the part of it that is at work. */
typedef struct store_asking {
    store *s;
    const char *text; /* as typed */
    const char *sql;  /* what SQLite gets: text + at, or ours around it */
    int before;       /* bytes of sql that are ours */
    size_t at;
} store_asking;

/* Compiles a text that is one statement without parameters. NULL with a fault. */
sqlite3_stmt *store_prepare_only(const store_asking *a, fault *f);

/* The error of compiling or running it, with its place in the text. Returns false. */
bool store_asked_fault(const store_asking *a, fault *f);

#endif
