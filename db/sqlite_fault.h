/* sqlite_fault.h - what SQLite reports, as a fault in our words. */
#ifndef KVANT_DB_SQLITE_FAULT_H
#define KVANT_DB_SQLITE_FAULT_H

#include <sqlite3.h>

#include "base/fault.h"

/* "PATH: DOING: reason" for the last error of db. doing: "adding a run". db may be NULL (there was no memory for one).
 * Returns false. */
bool sqlite_fault(sqlite3 *db, const char *path, const char *doing, fault *f);

#endif
