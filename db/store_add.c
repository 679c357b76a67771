/* Writing a run. */
#include "db/store_db.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "db/sqlite_fault.h"

static const char adding[] = "adding a run";

store_run store_run_blank(void)
{
    store_run run;
    memset(&run, 0, sizeof run);
    record_blank(store_run_fields, &run);
    return run;
}

/* ---- what must be true before anything is written ---- */

static const char *text_of(const void *record, const record_field *field)
{
    const char *text = *(const char *const *)((const char *)record + field->offset);
    return text ? text : "";
}

/* Whether a number of the record may be written: what nobody measured may be absent, but nothing is infinite. */
static bool number_stands(const void *record, const record_field *field, bool done)
{
    const char *at = (const char *)record + field->offset;
    bool needed = done && (field->flags & FIELD_DONE);
    if (field->kind == RECORD_REAL) return isfinite(*(const double *)at) || (isnan(*(const double *)at) && !needed);
    return field->kind != RECORD_COUNT || !needed || *(const int64_t *)at >= 0;
}

/* NULL when all is there, else the field that is not. */
static const record_field *missing_field(const record_field *fields, const void *record, bool done)
{
    for (const record_field *field = fields; field->name; field++) {
        if (field->kind == RECORD_TEXT && (field->flags & FIELD_REQUIRED) && !*text_of(record, field)) return field;
        if (!number_stands(record, field, done)) return field;
    }
    return NULL;
}

static bool check_run(const store *s, const store_run *run, size_t n_blocks, fault *f)
{
    bool done = run->status && strcmp(run->status, "done") == 0;
    const record_field *missing = missing_field(store_run_fields, run, done);
    if (missing)
        return fault_set(f, FAULT_INTERNAL,
                         "%s: %s: \"%s\" is missing or not finite, so the run cannot be stored as %s", s->path, adding,
                         missing->name, run->status && *run->status ? run->status : "anything");
    if (done && n_blocks == 0)
        return fault_set(f, FAULT_INTERNAL, "%s: %s: it is done but has no scored positions", s->path, adding);
    return true;
}

static bool check_parts(const store *s, const store_parts *parts, fault *f)
{
    for (size_t i = 0; i < parts->n_layers; i++) {
        const record_field *missing = missing_field(store_layer_fields, &parts->layers[i], true);
        if (missing)
            return fault_set(f, FAULT_INTERNAL, "%s: %s: layer %" PRId64 ": \"%s\" is not finite", s->path, adding,
                             parts->layers[i].layer, missing->name);
    }
    for (size_t i = 0; i < parts->n_blocks; i++) {
        const store_block *block = &parts->blocks[i];
        const record_field *missing = missing_field(store_block_fields, block, true);
        if (missing)
            return fault_set(f, FAULT_INTERNAL, "%s: %s: passage %" PRId64 ", block %" PRId64 ": \"%s\" is not finite",
                             s->path, adding, block->passage, block->block, missing->name);
    }
    for (size_t i = 0; i < parts->n_items; i++) {
        const record_field *missing = missing_field(store_item_fields, &parts->items[i], true);
        if (missing)
            return fault_set(f, FAULT_INTERNAL, "%s: %s: item %" PRId64 ": \"%s\" is not finite", s->path, adding,
                             parts->items[i].item, missing->name);
    }
    return true;
}

/* ---- the transaction ---- */

static bool execute(store *s, const char *sql, fault *f)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_fault(s->db, s->path, adding, f);
}

/* Runs the statement once for each of n records of `size` bytes; :run is the run they belong to. */
static bool insert(store *s, const char *sql, int64_t run, const record_field *fields, const void *records, size_t n,
                   size_t size, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql, adding, f);
    if (!stmt) return false;
    int rc = SQLITE_OK, at_run = sqlite3_bind_parameter_index(stmt, ":run");
    if (at_run) rc = sqlite3_bind_int64(stmt, at_run, run);
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
        rc = record_bind(stmt, fields, (const char *)records + i * size);
        if (rc == SQLITE_OK) sqlite3_step(stmt);
        if (rc == SQLITE_OK) rc = sqlite3_reset(stmt);
    }
    bool ok = rc == SQLITE_OK || sqlite_fault(s->db, s->path, adding, f);
    sqlite3_finalize(stmt);
    return ok;
}

static bool insert_run(store *s, const store_run *run, int64_t *id, fault *f)
{
    const char *const statements[] = { sql_add_model,       sql_add_text,        sql_add_config,
                                       sql_add_environment, sql_add_calibration, sql_add_run };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (!insert(s, statements[i], 0, store_run_fields, run, 1, sizeof *run, f)) return false;
    *id = sqlite3_last_insert_rowid(s->db);
    return true;
}

bool store_add_run(store *s, const store_run *run, const store_parts *parts, int64_t *id, fault *f)
{
    static const store_parts none = { 0 };
    const store_parts *p = parts ? parts : &none;
    int64_t added = 0;
    if (s->mode != STORE_WRITE) return fault_set(f, FAULT_INPUT, "%s: %s: opened for reading only", s->path, adding);
    if (!check_run(s, run, p->n_blocks, f) || !check_parts(s, p, f)) return false;
    bool ok = execute(s, "BEGIN IMMEDIATE", f) && insert_run(s, run, &added, f) &&
              insert(s, sql_add_layer, added, store_layer_fields, p->layers, p->n_layers, sizeof *p->layers, f) &&
              insert(s, sql_add_block, added, store_block_fields, p->blocks, p->n_blocks, sizeof *p->blocks, f) &&
              insert(s, sql_add_item, added, store_item_fields, p->items, p->n_items, sizeof *p->items, f) &&
              execute(s, "COMMIT", f);
    if (!ok && !sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    if (ok && id) *id = added;
    return ok;
}
