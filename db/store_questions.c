/* Questions by name: those that came with kvant, and those somebody saved. */
#include "db/store_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "db/sqlite_fault.h"

static const record_field fields[] = {
    { "name", RECORD_TEXT, 0, offsetof(store_question, name) },
    { "sql", RECORD_TEXT, 0, offsetof(store_question, sql) },
    { "note", RECORD_TEXT, 0, offsetof(store_question, note) },
    { 0 },
};

/* ---- shipped ---- */

enum { NOTE = 160 };

static const shipped_question *shipped_named(const char *name)
{
    for (int i = 0; i < sql_n_questions; i++)
        if (strcmp(sql_questions[i].name, name) == 0) return &sql_questions[i];
    return NULL;
}

/* The first comment line, without its dashes. */
static store_question from_shipped(const shipped_question *q, char note[NOTE])
{
    const char *from = q->sql + strspn(q->sql, "- ");
    snprintf(note, NOTE, "%.*s", (int)strcspn(from, "\n"), from);
    return (store_question){ q->name, q->sql, note, true };
}

/* ---- reading ---- */

static const char reading[] = "reading questions";

static bool each_saved(store *s, bool (*each)(void *arg, const store_question *q), void *arg, fault *f)
{
    sqlite3_stmt *stmt = store_prepare(s, s->db, sql_list_questions, reading, f);
    if (!stmt) return false;
    record_map map = record_columns(stmt, fields);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        store_question q = { 0 };
        if (!record_read(stmt, &map, &q)) rc = SQLITE_NOMEM;
        if (rc == SQLITE_NOMEM || !each(arg, &q)) break;
    }
    bool ok = store_ended(s, s->db, rc, reading, f);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_each_question(store *s, bool (*each)(void *arg, const store_question *q), void *arg, fault *f)
{
    for (int i = 0; i < sql_n_questions; i++) {
        char note[NOTE];
        const store_question q = from_shipped(&sql_questions[i], note);
        if (!each(arg, &q)) return true;
    }
    return each_saved(s, each, arg, f);
}

typedef struct seeking {
    const char *name;
    store_question *found;
    char near[NOTE];
    size_t distance;
    bool out_of_memory;
} seeking;

static bool seek(void *arg, const store_question *q)
{
    seeking *k = arg;
    nearest n = nearest_to(k->name);
    nearest_try(&n, q->name);
    if (n.word && (!k->near[0] || n.distance < k->distance)) {
        snprintf(k->near, sizeof k->near, "%s", q->name);
        k->distance = n.distance;
    }
    if (strcmp(q->name, k->name) != 0) return true;
    k->found = record_copy(fields, q, sizeof *q);
    k->out_of_memory = !k->found;
    return false;
}

store_question *store_get_question(store *s, const char *name, bool *there, fault *f)
{
    seeking k = { .name = name };
    *there = false;
    if (!store_each_question(s, seek, &k, f)) return NULL;
    if (k.out_of_memory) {
        fault_memory(f, "a question");
        return NULL;
    }
    *there = k.found != NULL;
    if (!k.found && k.near[0])
        fault_set(f, FAULT_INPUT, "there is no question \"%.64s\"; did you mean \"%s\"?", name, k.near);
    else if (!k.found)
        fault_set(f, FAULT_INPUT, "there is no question \"%.64s\"; `sql .questions` lists them", name);
    return k.found;
}

/* ---- writing ---- */

bool store_save_question(store *s, const char *name, const char *sql, const char *note, fault *f)
{
    const store_question q = { .name = name, .sql = sql, .note = note ? note : "" };
    if (shipped_named(name))
        return fault_set(f, FAULT_INPUT, "the question \"%s\" came with kvant; save yours under another name", name);
    return store_write_row(s, sql_save_question, fields, &q, "saving a question", NULL, f);
}

bool store_delete_question(store *s, const char *name, fault *f)
{
    const store_question q = { .name = name, .sql = "", .note = "" };
    int64_t rows;
    if (shipped_named(name)) return fault_set(f, FAULT_INPUT, "the question \"%s\" came with kvant and stays", name);
    if (!store_write_row(s, sql_delete_question, fields, &q, "deleting a question", &rows, f)) return false;
    return rows > 0 || fault_set(f, FAULT_INPUT, "there is no question \"%.64s\" that was saved", name);
}
