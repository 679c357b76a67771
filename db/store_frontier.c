/* The frontier: a question to the database, with the two metrics written into it. */
#include "db/store_db.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite_fault.h"

static const char doing[] = "finding the frontier";

/* ---- the statement ---- */

typedef struct blank {
    const char *name;
    char text[160];
} blank;

/* A copy of the text with every {name} filled in. */
static char *fill(const char *text, const blank *blanks, size_t n)
{
    char *out = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    if (!to) return NULL;
    for (const char *c = text; *c; c++) {
        const blank *found = NULL;
        for (size_t i = 0; i < n && *c == '{'; i++)
            if (strncmp(c, blanks[i].name, strlen(blanks[i].name)) == 0) found = &blanks[i];
        if (found) {
            fputs(found->text, to);
            c += strlen(found->name) - 1;
        } else {
            fputc(*c, to);
        }
    }
    bool ok = !ferror(to);
    if (fclose(to) == 0 && ok) return out;
    free(out);
    return NULL;
}

/* End 0 or 1 of a metric's interval; of an absolute value the end nearer to or farther from zero. */
static void write_end(const store_metric *m, int end, char *text, size_t size)
{
    const char *name = m->name;
    if (!(m->flags & STORE_INTERVAL))
        snprintf(text, size, "NULL");
    else if (!(m->flags & STORE_ABSOLUTE))
        snprintf(text, size, "%s_%s", name, end ? "hi" : "lo");
    else if (end)
        snprintf(text, size, "max(abs(%s_lo), abs(%s_hi))", name, name);
    else
        snprintf(text, size, "CASE WHEN %s_lo * %s_hi <= 0 THEN 0.0 ELSE min(abs(%s_lo), abs(%s_hi)) END", name, name,
                 name, name);
}

static void write_value(const store_metric *m, const char *sign, char *text, size_t size)
{
    snprintf(text, size, m->flags & STORE_ABSOLUTE ? "%sabs(%s)" : "%s%s", sign, m->name);
}

static char *frontier_sql(const store_metric *x, const store_metric *y)
{
    blank blanks[] = { { "{x}", "" },    { "{y}", "" },      { "{y_lo}", "" },
                       { "{y_hi}", "" }, { "{x_good}", "" }, { "{y_good}", "" } };
    size_t size = sizeof blanks[0].text;
    write_value(x, "", blanks[0].text, size);
    write_value(y, "", blanks[1].text, size);
    write_end(y, 0, blanks[2].text, size);
    write_end(y, 1, blanks[3].text, size);
    write_value(x, x->direction > 0 ? "" : "-", blanks[4].text, size);
    write_value(y, y->direction > 0 ? "" : "-", blanks[5].text, size);
    return fill(sql_frontier, blanks, sizeof blanks / sizeof blanks[0]);
}

/* ---- the set ---- */

/* Hands the set's columns from the row of find_set to the frontier's parameters ?1 … ?6. */
static bool bind_set(store *s, sqlite3 *db, const store_selection *set, sqlite3_stmt *frontier, bool *found, fault *f)
{
    static const record_field fields[] = {
        { "model", RECORD_TEXT, 0, offsetof(store_selection, model) },
        { "text", RECORD_TEXT, 0, offsetof(store_selection, text) },
        { "protocol", RECORD_TEXT, 0, offsetof(store_selection, protocol) },
        { "ctx", RECORD_INT, 0, offsetof(store_selection, ctx) },
        { "eval", RECORD_INT, 0, offsetof(store_selection, eval) },
        { "passages", RECORD_INT, 0, offsetof(store_selection, passages) },
        { 0 },
    };
    sqlite3_stmt *stmt = store_prepare(s, db, sql_find_set, doing, f);
    if (!stmt) return false;
    int rc = record_bind(stmt, fields, set ? set : &(store_selection){ 0 });
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    *found = rc == SQLITE_ROW;
    for (int i = 0; i < 6 && rc == SQLITE_ROW; i++)
        if (sqlite3_bind_value(frontier, i + 1, sqlite3_column_value(stmt, i)) != SQLITE_OK) rc = SQLITE_NOMEM;
    bool ok = store_ended(s, db, rc, doing, f);
    sqlite3_finalize(stmt);
    return ok;
}

/* ---- the points ---- */

typedef struct point_row {
    int64_t id;
    const char *class;
    double x, y, y_lo, y_hi;
} point_row;

static const record_field point_fields[] = {
    { "id", RECORD_INT, 0, offsetof(point_row, id) },
    { "class", RECORD_TEXT, 0, offsetof(point_row, class) },
    { "x", RECORD_REAL, 0, offsetof(point_row, x) },
    { "y", RECORD_REAL, 0, offsetof(point_row, y) },
    { "y_lo", RECORD_REAL, 0, offsetof(point_row, y_lo) },
    { "y_hi", RECORD_REAL, 0, offsetof(point_row, y_hi) },
    { 0 },
};

static store_class class_named(const char *name)
{
    static const char *const names[] = { "frontier", "dominated", "failed", "unmeasured" };
    int i = 0;
    while (i < STORE_UNMEASURED && strcmp(names[i], name) != 0)
        i++;
    return (store_class)i;
}

/* The points in order, each with its run, which `runs` looks up by number. */
static int each_point(sqlite3_stmt *stmt, sqlite3_stmt *runs, bool (*each)(void *arg, const store_point *point),
                      void *arg)
{
    record_map run_map = record_columns(runs, store_run_fields), point_map = record_columns(stmt, point_fields);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        point_row row;
        store_run run = store_run_blank();
        if (!record_read(stmt, &point_map, &row)) return SQLITE_NOMEM;
        sqlite3_reset(runs);
        sqlite3_bind_int64(runs, 1, row.id);
        int found = sqlite3_step(runs);
        if (found == SQLITE_DONE) continue;
        if (found != SQLITE_ROW) return found;
        if (!record_read(runs, &run_map, &run)) return SQLITE_NOMEM;
        store_point point = { class_named(row.class), row.x, row.y, row.y_lo, row.y_hi, &run };
        if (!each(arg, &point)) break;
    }
    return rc;
}

bool store_frontier(store *s, const store_selection *set, const store_metric *x, const store_metric *y,
                    bool (*each)(void *arg, const store_point *point), void *arg, fault *f)
{
    sqlite3 *db = store_asked(s, f);
    if (!db) return false;
    char *sql = frontier_sql(x, y);
    if (!sql) return fault_memory(f, "a question");
    bool found = false;
    sqlite3_stmt *stmt = store_prepare(s, db, sql, doing, f);
    sqlite3_stmt *runs = stmt ? store_prepare(s, db, sql_get_run, doing, f) : NULL;
    bool ok = runs && bind_set(s, db, set, stmt, &found, f);
    if (ok && found) ok = store_ended(s, db, each_point(stmt, runs, each, arg), doing, f);
    sqlite3_finalize(runs);
    sqlite3_finalize(stmt);
    free(sql);
    return ok;
}
