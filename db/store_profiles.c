/* Profiles: configs by name. */
#include "db/store_db.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/sqlite_fault.h"

static const char reading[] = "reading profiles";

/* A profile, and the name it is to get. */
typedef struct renamed_profile {
    store_profile p;
    const char *to;
} renamed_profile;

static const record_field fields[] = {
    { "name", RECORD_TEXT, 0, offsetof(renamed_profile, p.name) },
    { "config", RECORD_TEXT, 0, offsetof(renamed_profile, p.config) },
    { "model", RECORD_TEXT, 0, offsetof(renamed_profile, p.model) },
    { "note", RECORD_TEXT, 0, offsetof(renamed_profile, p.note) },
    { "changed", RECORD_INT, 0, offsetof(renamed_profile, p.changed) },
    { "to", RECORD_TEXT, 0, offsetof(renamed_profile, to) },
    { 0 },
};

static bool each_row(store *s, sqlite3_stmt *stmt, bool (*each)(void *arg, const store_profile *p), void *arg, fault *f)
{
    record_map map = record_columns(stmt, fields);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        renamed_profile row;
        record_blank(fields, &row);
        if (!record_read(stmt, &map, &row)) rc = SQLITE_NOMEM;
        if (rc == SQLITE_NOMEM || !each(arg, &row.p)) break;
    }
    return store_ended(s, s->db, rc, reading, f);
}

bool store_each_profile(store *s, bool (*each)(void *arg, const store_profile *p), void *arg, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql_list_profiles, reading, f);
    bool ok = stmt && each_row(s, stmt, each, arg, f);
    sqlite3_finalize(stmt);
    return ok;
}

static bool copy_profile(void *arg, const store_profile *p)
{
    renamed_profile row = { *p, "" };
    *(void **)arg = record_copy(fields, &row, sizeof row); /* begins with the profile */
    return false;
}

store_profile *store_get_profile(store *s, const char *name, bool *there, fault *f)
{
    void *found = NULL;
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql_get_profile, reading, f);
    *there = false;
    if (!stmt) return NULL;
    sqlite3_bind_text(stmt, sqlite3_bind_parameter_index(stmt, ":name"), name, -1, SQLITE_STATIC);
    if (each_row(s, stmt, copy_profile, &found, f)) *there = found != NULL;
    sqlite3_finalize(stmt);
    return found;
}

bool store_save_profile(store *s, const store_profile *p, fault *f)
{
    renamed_profile row = { *p, "" };
    row.p.changed = (int64_t)time(NULL);
    if (!row.p.model) row.p.model = "";
    if (!row.p.note) row.p.note = "";
    return store_write_row(s, sql_save_profile, fields, &row, "saving a profile", NULL, f);
}

static bool change_one(store *s, const char *sql, const renamed_profile *row, const char *doing, fault *f)
{
    int64_t rows;
    if (!store_write_row(s, sql, fields, row, doing, &rows, f)) return false;
    return rows > 0 || fault_set(f, FAULT_INPUT, "there is no profile \"%.64s\"", row->p.name);
}

bool store_rename_profile(store *s, const char *name, const char *to, fault *f)
{
    bool there;
    renamed_profile row = { { name, "", "", "", 0 }, to };
    if (strcmp(name, to) == 0) return true;
    free(store_get_profile(s, to, &there, f));
    if (there) return fault_set(f, FAULT_INPUT, "there is a profile \"%.64s\" already", to);
    return change_one(s, sql_rename_profile, &row, "renaming a profile", f);
}

bool store_delete_profile(store *s, const char *name, fault *f)
{
    renamed_profile row = { { name, "", "", "", 0 }, "" };
    return change_one(s, sql_delete_profile, &row, "deleting a profile", f);
}
