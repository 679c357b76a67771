/* shelf.h - results that can be computed again, kept as files under the cache directory.
 *
 * An entry is a block of bytes under a kind ("reference", "self", "tokens") and a key that names everything it was
 * computed from, so a stale entry cannot be found by mistake. Entries appear whole or not at all (written beside and
 * renamed), may be read by many processes at once and may be deleted at any time: who has mapped one keeps it. Each
 * holds a sum of its bytes (base/checksum.h): one that a disk has changed is thrown away, said on stderr, and is as if
 * it had never been there. The least recently used go when there are more than SHELF_MOST bytes.
 *
 *     shelf s;
 *     shelf_open(&s, "/home/me/.cache/kvant");
 *     shelf_entry e;
 *     if (!shelf_get(&s, "reference", key, &e)) ... compute, shelf_put(...)
 *     shelf_release(&e);
 */
#ifndef KVANT_APP_SHELF_H
#define KVANT_APP_SHELF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/hash.h"

typedef struct shelf {
    char dir[PATH_MAX]; /* "" when nothing is to be kept: get finds nothing, put does nothing */
} shelf;

typedef struct shelf_entry {
    const void *bytes; /* n of them, read-only, aligned to 64 */
    size_t n;
    void *map;
    size_t map_bytes;
} shelf_entry;

typedef struct shelf_part {
    const void *bytes;
    size_t n;
} shelf_part;

/* dir NULL or "": keep nothing. */
bool shelf_open(shelf *s, const char *dir, fault *f);

/* False when there is no such entry, or one that was damaged and is gone. It is read whole and checked when it was
 * written to since it was last checked, or a day ago. [any thread] */
bool shelf_get(const shelf *s, const char *kind, const char key[HASH_HEX], shelf_entry *entry);
void shelf_release(shelf_entry *entry); /* a zeroed entry is fine */

/* The entry's n bytes at `from` need no longer stay in memory. Reading them again reads the file. */
void shelf_forget(const shelf_entry *entry, const void *from, size_t n);

/* Keeps the parts, one after the other, as one entry. A full disk or a directory that cannot be written is a fault that
 * says how to go on without; nothing is left behind. [any thread, any process] */
bool shelf_put(const shelf *s, const char *kind, const char key[HASH_HEX], const shelf_part *parts, size_t n_parts,
               fault *f);

/* What is kept: entries and bytes over all kinds. */
bool shelf_sum(const shelf *s, size_t *entries, uint64_t *bytes, fault *f);

/* Deletes what has not been used for longest until at most `most` bytes are left; 0 deletes all. Files that are not
 * ours stay. */
bool shelf_trim(const shelf *s, uint64_t most, fault *f);

/* What an evaluation leaves behind at most. */
#define SHELF_MOST ((uint64_t)16 << 30)

#endif
