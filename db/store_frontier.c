/* The frontier: the runs of a comparable set, read and classified (store_classify.c). */
#include "db/store_db.h"

#include <stdlib.h>

#include "db/sqlite_fault.h"

static const char doing[] = "finding the frontier";

/* ---- the set ---- */

/* Hands the set's columns from the row of find_set to the parameters ?1 ... ?6 of `runs`. */
static bool bind_set(store *s, sqlite3 *db, const store_selection *set, sqlite3_stmt *runs, bool *found, fault *f)
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
        if (sqlite3_bind_value(runs, i + 1, sqlite3_column_value(stmt, i)) != SQLITE_OK) rc = SQLITE_NOMEM;
    bool ok = store_ended(s, db, rc, doing, f);
    sqlite3_finalize(stmt);
    return ok;
}

static void add_metric(sqlite3_str *sql, const store_metric *m)
{
    if (m->flags & STORE_INTERVAL)
        sqlite3_str_appendf(sql, ", %s, %s_lo, %s_hi", m->name, m->name, m->name);
    else
        sqlite3_str_appendf(sql, ", %s, NULL, NULL", m->name);
}

static char *set_sql(const store_metric *x, const store_metric *y)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendall(sql, "SELECT id, config, status = 'done'");
    add_metric(sql, x);
    add_metric(sql, y);
    sqlite3_str_appendall(sql, " FROM runs WHERE model = ?1 AND text = ?2 AND protocol = ?3 AND ctx = ?4 AND eval = ?5 "
                               "AND passages = ?6");
    return sqlite3_str_finish(sql);
}

/* ---- the points ---- */

typedef struct candidates {
    store_candidate *items;
    size_t n, room;
} candidates;

static store_estimate estimate_at(sqlite3_stmt *stmt, int column, const store_metric *m)
{
    return store_metric_compared(m, (store_estimate){ store_read_real(stmt, column), store_read_real(stmt, column + 1),
                                                      store_read_real(stmt, column + 2) });
}

static int read_candidates(sqlite3_stmt *stmt, candidates *all, const store_metric *x, const store_metric *y)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (all->n == all->room) {
            size_t room = all->room ? 2 * all->room : 256;
            store_candidate *grown = reallocarray(all->items, room, sizeof *grown);
            if (!grown) return SQLITE_NOMEM;
            all->items = grown;
            all->room = room;
        }
        store_estimate ex = estimate_at(stmt, 3, x), ey = estimate_at(stmt, 6, y);
        all->items[all->n++] = (store_candidate){ .id = sqlite3_column_int64(stmt, 0),
                                                  .config = sqlite3_column_int64(stmt, 1),
                                                  .done = sqlite3_column_int(stmt, 2),
                                                  .x = ex.value,
                                                  .y = ey.value,
                                                  .y_lo = ey.lo,
                                                  .y_hi = ey.hi };
    }
    return rc;
}

/* The points in order, each with its run, which `runs` looks up by number. */
static int each_point(const store_candidate *points, size_t n, sqlite3_stmt *runs,
                      bool (*each)(void *arg, const store_point *point), void *arg)
{
    record_map map = record_columns(runs, store_run_fields);
    for (size_t i = 0; i < n; i++) {
        const store_candidate *c = &points[i];
        store_run run = store_run_blank();
        sqlite3_reset(runs);
        sqlite3_bind_int64(runs, 1, c->id);
        int found = sqlite3_step(runs);
        if (found == SQLITE_DONE) continue;
        if (found != SQLITE_ROW) return found;
        if (!record_read(runs, &map, &run)) return SQLITE_NOMEM;
        if (!each(arg, &(store_point){ c->where, c->x, c->y, c->y_lo, c->y_hi, &run })) break;
    }
    return SQLITE_DONE;
}

bool store_frontier(store *s, const store_selection *set, const store_metric *x, const store_metric *y,
                    bool (*each)(void *arg, const store_point *point), void *arg, fault *f)
{
    sqlite3 *db = store_asked(s, f);
    if (!db) return false;
    char *sql = set_sql(x, y);
    if (!sql) return fault_memory(f, "a question");
    candidates all = { 0 };
    bool found = false;
    sqlite3_stmt *stmt = store_prepare(s, db, sql, doing, f);
    sqlite3_stmt *runs = stmt ? store_prepare(s, db, sql_get_run, doing, f) : NULL;
    bool ok = runs && bind_set(s, db, set, stmt, &found, f);
    if (ok && found) ok = store_ended(s, db, read_candidates(stmt, &all, x, y), doing, f);
    sqlite3_reset(stmt);
    size_t n = ok ? store_classify(all.items, all.n, x, y) : 0;
    if (n) ok = store_ended(s, db, each_point(all.items, n, runs, each, arg), doing, f);
    sqlite3_finalize(runs);
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    free(all.items);
    return ok;
}
