/* Conditions that runs must fit: an expression somebody typed, in a question of ours. */
#include "db/store_asking.h"

#include <stdio.h>
#include <string.h>

/* "SELECT ... WHERE (" and a condition. The line's end closes a comment in it; what closes our bracket does not compile
 * without it, and so is refused. */
static sqlite3_stmt *prepare_condition(store *s, const char *select, const char *where, const char *order,
                                       store_asking *a, fault *f)
{
    sqlite3_stmt *stmt = NULL;
    const char *condition = where && where[strspn(where, " \t\r\n")] ? where : "1";
    char *sql = sqlite3_mprintf("%s (%s\n) %s", select, condition, order);
    char *bare = sqlite3_mprintf("%s %s", select, condition);
    *a = (store_asking){ .s = s, .text = condition, .sql = sql, .before = (int)strlen(select) + 2 };
    store_asking plain = { .s = s, .text = condition, .sql = bare, .before = (int)strlen(select) + 1 };
    if (!sql || !bare)
        fault_memory(f, "a question");
    else if (store_asked(s, f))
        stmt = store_prepare_only(a, f);
    sqlite3_stmt *same = stmt ? store_prepare_only(&plain, f) : NULL;
    if (!same) {
        sqlite3_finalize(stmt);
        stmt = NULL;
    }
    sqlite3_finalize(same);
    sqlite3_free(bare);
    sqlite3_free(sql);
    a->sql = NULL; /* SQLite keeps its own copy; places of mistakes are counted in text */
    return stmt;
}

bool store_check_condition(store *s, const char *where, fault *f)
{
    store_asking a;
    sqlite3_stmt *stmt = prepare_condition(s, "SELECT id FROM v_runs WHERE", where, "", &a, f);
    sqlite3_finalize(stmt);
    return stmt != NULL;
}

bool store_each_run(store *s, const char *where, int64_t limit, bool (*each)(void *arg, const store_run *run),
                    void *arg, fault *f)
{
    store_asking a;
    char order[64]; /* LIMIT -1 is no limit */
    snprintf(order, sizeof order, "ORDER BY id DESC LIMIT %lld", (long long)(limit > 0 ? limit : -1));
    sqlite3_stmt *stmt = prepare_condition(s, "SELECT * FROM v_runs WHERE", where, order, &a, f);
    int rc = SQLITE_DONE;
    if (stmt) {
        record_map map = record_columns(stmt, store_run_fields);
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            store_run run = store_run_blank();
            if (!record_read(stmt, &map, &run)) rc = SQLITE_NOMEM;
            if (rc == SQLITE_NOMEM || !each(arg, &run)) break;
        }
    }
    bool ok = stmt && (rc == SQLITE_ROW || rc == SQLITE_DONE || store_asked_fault(&a, f));
    sqlite3_finalize(stmt);
    return ok;
}

bool store_each_id(store *s, const char *where, bool (*each)(void *arg, int64_t id), void *arg, fault *f)
{
    store_asking a;
    sqlite3_stmt *stmt = prepare_condition(s, "SELECT id FROM v_runs WHERE", where, "ORDER BY id", &a, f);
    int rc = SQLITE_DONE;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        if (!each(arg, sqlite3_column_int64(stmt, 0))) break;
    bool ok = stmt && (rc == SQLITE_ROW || rc == SQLITE_DONE || store_asked_fault(&a, f));
    sqlite3_finalize(stmt);
    return ok;
}
