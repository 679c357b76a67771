/* migrate.h - bringing a database to the current version.
 *
 * The version of a file is SQLite's user_version: the number of migrations it has had. migrate() runs those it lacks,
 * all in one transaction, so that a file is either old or new and never between. A migration is SQL without BEGIN or
 * COMMIT; foreign keys are off while it runs, so that tables can be rebuilt, and are checked before the commit.
 */
#ifndef KVANT_DB_MIGRATE_H
#define KVANT_DB_MIGRATE_H

#include <sqlite3.h>

#include "base/fault.h"

typedef struct migration {
    const char *name; /* 0001_runs */
    const char *sql;
} migration;

enum { MIGRATE_APPLICATION_ID = 0x6b766e74 }; /* "kvnt" */

/* What the file says about itself. */
typedef struct migrate_state {
    int application_id, version;
    int objects; /* tables, views and indices */
} migrate_state;

bool migrate_read(sqlite3 *db, const char *path, migrate_state *state, fault *f);

/* That the file is ours, or empty, and not of a version after `newest`. */
bool migrate_check(const migrate_state *state, const char *path, int newest, fault *f);

/* Runs the steps the file lacks and writes version and application_id. On a fault the file is as before. */
bool migrate(sqlite3 *db, const char *path, const migration *steps, int n, fault *f);

#endif
