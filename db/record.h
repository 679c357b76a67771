/* record.h - structs and rows, tied by name.
 *
 * A table of fields says where a struct keeps what SQL calls by a name: the parameter :ctx of a statement and the
 * column ctx of a result are both the field "ctx". So a statement can be changed without counting question marks.
 *
 * Not measured: a real that is NaN and a RECORD_COUNT below zero are NULL in SQL, and back. Text is never NULL in SQL
 * nor, when read, in C.
 */
#ifndef KVANT_DB_RECORD_H
#define KVANT_DB_RECORD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum record_kind {
    RECORD_TEXT,  /* const char * */
    RECORD_INT,   /* int64_t */
    RECORD_COUNT, /* int64_t that may be unknown: -1 */
    RECORD_REAL,  /* double that may be unknown: NaN */
} record_kind;

typedef struct record_field {
    const char *name; /* NULL ends a table */
    record_kind kind;
    unsigned flags; /* the table owner's */
    size_t offset;
} record_field;

enum { RECORD_COLUMNS = 96 }; /* a statement has no more columns */

/* Which field each column of a statement belongs to; NULL for columns that no field asks for. */
typedef struct record_map {
    int n;
    const record_field *field[RECORD_COLUMNS];
} record_map;

const record_field *record_find(const record_field *fields, const char *name);

/* Binds every parameter whose name is a field's; others keep what they have. text stays the caller's until the
 * statement is reset. A SQLite code. */
int record_bind(sqlite3_stmt *stmt, const record_field *fields, const void *record);

record_map record_columns(sqlite3_stmt *stmt, const record_field *fields);

/* Fills the fields that the current row has columns for. Text belongs to the row. False when there is no memory. */
bool record_read(sqlite3_stmt *stmt, const record_map *map, void *record);

/* Makes every field unknown: "", 0, -1, NaN. */
void record_blank(const record_field *fields, void *record);

/* The struct of `size` bytes with a copy of its text behind it, in one block to free(); NULL without memory. */
void *record_copy(const record_field *fields, const void *record, size_t size);

#endif
