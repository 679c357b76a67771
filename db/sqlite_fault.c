#include "db/sqlite_fault.h"

#include <string.h>

typedef struct reason {
    int code; /* extended, or primary for all of its kind */
    fault_code fault;
    const char *text;
} reason;

static const reason reasons[] = {
    { SQLITE_READONLY_DIRECTORY, FAULT_INPUT,
      "its directory cannot be written, and SQLite keeps files beside the database" },
    { SQLITE_BUSY, FAULT_INPUT, "another process keeps it locked; try again when that has finished" },
    { SQLITE_LOCKED, FAULT_INPUT, "another process keeps it locked; try again when that has finished" },
    { SQLITE_FULL, FAULT_INPUT, "the disk is full; nothing was written" },
    { SQLITE_READONLY, FAULT_INPUT, "the file cannot be written" },
    { SQLITE_PERM, FAULT_INPUT, "permission denied" },
    { SQLITE_NOTADB, FAULT_INPUT, "the file is not a SQLite database" },
    { SQLITE_CORRUPT, FAULT_INPUT, "the file is damaged" },
    { SQLITE_CANTOPEN, FAULT_INPUT, "the file, or a file beside it, cannot be opened" },
    { SQLITE_IOERR, FAULT_INPUT, "reading or writing the file failed" },
    { SQLITE_TOOBIG, FAULT_INPUT, "a text is too long" },
    { SQLITE_INTERRUPT, FAULT_INTERRUPTED, "stopped" },
    { SQLITE_NOMEM, FAULT_INTERNAL, "out of memory" },
};

bool sqlite_fault(sqlite3 *db, const char *path, const char *doing, fault *f)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM, primary = code & 0xff;
    int system = db ? sqlite3_system_errno(db) : 0;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        const reason *r = &reasons[i];
        if (r->code != code && r->code != primary) continue;
        if (system && (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR))
            return fault_set(f, r->fault, "%s: %s: %s: %s", path, doing, r->text, strerror(system));
        return fault_set(f, r->fault, "%s: %s: %s", path, doing, r->text);
    }
    return fault_set(f, FAULT_INTERNAL, "%s: %s: %s", path, doing, db ? sqlite3_errmsg(db) : "out of memory");
}
