/* Many runs at once, in short, for who keeps them in sight. */
#include "db/store_db.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/sqlite_fault.h"

static const char doing[] = "reading runs";

/* Columns before the metrics, in the order that read_brief takes them. */
#define HEAD                                                                                                           \
    "SELECT r.id, r.started, r.seed, r.status = 'done', r.ctx, r.eval, r.passages, r.model, r.text, r.config, "        \
    "r.protocol, r.verdict, r.reason, m.hash, m.name, x.hash, x.name, c.canonical, c.k, c.v"
#define TAIL                                                                                                           \
    " FROM runs AS r JOIN models AS m ON m.id = r.model JOIN texts AS x ON x.id = r.text "                             \
    "JOIN configs AS c ON c.id = r.config WHERE r.id > ?1 ORDER BY r.id"
enum { HEAD_INTEGERS = 10, HEAD_COLUMNS = 20 };

static char *brief_sql(void)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendall(sql, HEAD);
    for (const store_metric *m = store_metrics; m->name; m++) {
        sqlite3_str_appendf(sql, ", r.%s", m->name);
        if (m->flags & STORE_INTERVAL) sqlite3_str_appendf(sql, ", r.%s_lo, r.%s_hi", m->name, m->name);
    }
    sqlite3_str_appendall(sql, TAIL);
    return sqlite3_str_finish(sql);
}

/* False: there is no memory for a text. */
static bool read_brief(sqlite3_stmt *stmt, store_brief *b)
{
    int64_t done = 0;
    int64_t *const integers[HEAD_INTEGERS] = { &b->id,   &b->started,  &b->seed,     &done,       &b->ctx,
                                               &b->eval, &b->passages, &b->model_id, &b->text_id, &b->config_id };
    const char **const texts[HEAD_COLUMNS - HEAD_INTEGERS] = { &b->protocol, &b->verdict,   &b->reason, &b->model_hash,
                                                               &b->model,    &b->text_hash, &b->text,   &b->config,
                                                               &b->k,        &b->v };
    for (int i = 0; i < HEAD_INTEGERS; i++)
        *integers[i] = sqlite3_column_int64(stmt, i);
    b->done = done;
    for (int i = HEAD_INTEGERS; i < HEAD_COLUMNS; i++) {
        const char *text = (const char *)sqlite3_column_text(stmt, i);
        if (!text) return false;
        *texts[i - HEAD_INTEGERS] = text;
    }
    int column = HEAD_COLUMNS;
    for (int i = 0; store_metrics[i].name; i++) {
        store_estimate *e = &b->metric[i];
        *e = (store_estimate){ store_read_real(stmt, column++), NAN, NAN };
        if (!(store_metrics[i].flags & STORE_INTERVAL)) continue;
        e->lo = store_read_real(stmt, column++);
        e->hi = store_read_real(stmt, column++);
    }
    return true;
}

bool store_each_brief(store *s, int64_t after, bool (*each)(void *arg, const store_brief *brief), void *arg, fault *f)
{
    char *sql = brief_sql();
    sqlite3_stmt *stmt = sql ? store_prepare(s, s->db, sql, doing, f) : NULL;
    sqlite3_free(sql);
    if (!stmt) return sql || fault_memory(f, "a question");
    sqlite3_bind_int64(stmt, 1, after);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        store_brief b;
        if (!read_brief(stmt, &b)) rc = SQLITE_NOMEM;
        if (rc == SQLITE_NOMEM || !each(arg, &b)) break;
    }
    bool ok = store_ended(s, s->db, rc, doing, f);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_hold(store *s, fault *f)
{
    /* BEGIN alone reads nothing yet: the moment is the first read's. */
    return sqlite3_exec(s->db, "BEGIN; SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK ||
           sqlite_fault(s->db, s->path, doing, f);
}

void store_release(store *s)
{
    if (!sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_revision(store *s, int64_t *revision, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, "SELECT n FROM revisions WHERE what = 'runs'", doing, f);
    if (!stmt) return false;
    const int rc = sqlite3_step(stmt);
    *revision = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    const bool ok = store_ended(s, s->db, rc, doing, f);
    sqlite3_finalize(stmt);
    return ok;
}
