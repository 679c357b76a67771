/* Reading runs and their parts. */
#include "db/store_db.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite_fault.h"

static const char reading[] = "reading runs";

double store_read_real(sqlite3_stmt *stmt, int i)
{
    return sqlite3_column_type(stmt, i) == SQLITE_NULL ? NAN : sqlite3_column_double(stmt, i);
}

const char **store_run_text(store_run *run, size_t i)
{
    const record_field *field = store_run_fields;
    while (field->name && (field->kind != RECORD_TEXT || i-- > 0))
        field++;
    return field->name ? (const char **)((char *)run + field->offset) : NULL;
}

/* A statement of ours with :id bound. */
static sqlite3_stmt *prepare_for(store *s, const char *sql, int64_t id, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql, reading, f);
    if (stmt) sqlite3_bind_int64(stmt, sqlite3_bind_parameter_index(stmt, ":id"), id);
    return stmt;
}

store_run *store_get_run(store *s, int64_t id, fault *f)
{
    sqlite3_stmt *stmt = prepare_for(s, sql_get_run, id, f);
    if (!stmt) return NULL;
    store_run run = store_run_blank(), *copy = NULL;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        record_map map = record_columns(stmt, store_run_fields);
        if (record_read(stmt, &map, &run)) copy = record_copy(store_run_fields, &run, sizeof run);
        if (!copy) fault_memory(f, "a run");
    } else if (rc == SQLITE_DONE) {
        fault_set(f, FAULT_INPUT, "%s: there is no run %" PRId64, s->path, id);
    } else {
        sqlite_fault(s->db, s->path, reading, f);
    }
    sqlite3_finalize(stmt);
    return copy;
}

bool store_each_layer(store *s, int64_t id, bool (*each)(void *arg, const store_layer *layer), void *arg, fault *f)
{
    sqlite3_stmt *stmt = prepare_for(s, sql_list_layers, id, f);
    if (!stmt) return false;
    record_map map = record_columns(stmt, store_layer_fields);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        store_layer layer;
        if (!record_read(stmt, &map, &layer)) rc = SQLITE_NOMEM;
        if (rc == SQLITE_NOMEM || !each(arg, &layer)) break;
    }
    bool ok = store_ended(s, s->db, rc, reading, f);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_each_item(store *s, int64_t id, bool (*each)(void *arg, const store_item *item), void *arg, fault *f)
{
    sqlite3_stmt *stmt = prepare_for(s, sql_list_items, id, f);
    if (!stmt) return false;
    record_map map = record_columns(stmt, store_item_fields);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        store_item item;
        if (!record_read(stmt, &map, &item)) rc = SQLITE_NOMEM;
        if (rc == SQLITE_NOMEM || !each(arg, &item)) break;
    }
    bool ok = store_ended(s, s->db, rc, reading, f);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_blocks(store *s, int64_t id, store_block **blocks, size_t *n, fault *f)
{
    sqlite3_stmt *stmt = prepare_for(s, sql_list_blocks, id, f);
    if (!stmt) return false;
    record_map map = record_columns(stmt, store_block_fields);
    store_block *list = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            store_block *grown = reallocarray(list, capacity, sizeof *list);
            if (!grown) {
                rc = SQLITE_NOMEM;
                break;
            }
            list = grown;
        }
        record_read(stmt, &map, &list[count++]); /* no text: nothing to allocate */
    }
    bool ok = store_ended(s, s->db, rc, reading, f);
    sqlite3_finalize(stmt);
    if (!ok) {
        free(list);
        return false;
    }
    *blocks = list;
    *n = count;
    return true;
}

bool store_find_done(store *s, const store_run *like, int64_t *id, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql_find_done, reading, f);
    if (!stmt) return false;
    int rc = record_bind(stmt, store_run_fields, like);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    *id = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    bool ok = store_ended(s, s->db, rc, reading, f);
    sqlite3_finalize(stmt);
    return ok;
}
