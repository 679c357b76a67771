/* connect.h - opening the SQLite file with the settings every connection of the store has.
 *
 * Writers use WAL, so that readers never wait for them and a killed process loses nothing that was committed. Readers
 * cannot write whatever they are told. The schema of the file is not trusted: it may come from a stranger.
 */
#ifndef KVANT_DB_CONNECT_H
#define KVANT_DB_CONNECT_H

#include <sqlite3.h>

#include "base/fault.h"

enum { CONNECT_WAIT_MS = 5000 };

/* The file must be there. SQLite wants to put a file beside a WAL database even to read it; where the directory forbids
 * that, the file is read as one that nobody changes. wait_ms: how long to wait for another process's lock. Close with
 * sqlite3_close. */
sqlite3 *connect_read(const char *path, int wait_ms, fault *f);

/* Makes an empty file when there is none. A file that cannot be written is a fault. Does not touch the content. */
sqlite3 *connect_write(const char *path, fault *f);

/* Attaches the file to a connection, under a name of ours, only to be read; as connect_read where that needs it. */
bool connect_attach(sqlite3 *db, const char *path, const char *name, fault *f);

/* Switches to WAL; waits for other processes that are at the same. Where the file system cannot do WAL, the journal
 * SQLite falls back to stays. */
bool connect_wal(sqlite3 *db, const char *path, fault *f);

#endif
