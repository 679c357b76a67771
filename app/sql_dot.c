/* Lines that begin with a dot: what there is to ask, and how answers are written. */
#include "app/sql_work.h"

#include <string.h>

#include "app/sql_question.h"
#include "app/words.h"
#include "base/nearest.h"

/* ---- what there is ---- */

static bool write_answer(sql_work *w, const char *sql, const store_binding *values, size_t n, size_t *rows, fault *f)
{
    table_answers answers = table_answers_to(w->out, w->style);
    const store_reader reader = table_answers_reader(&answers);
    size_t at = 0;
    bool ok = table_answers_end(&answers, store_query_at(w->database, sql, &at, values, n, &reader, f), f);
    *rows = answers.rows;
    return ok;
}

static bool dot_tables(sql_work *w, const char *unused, fault *f)
{
    (void)unused;
    size_t rows;
    return write_answer(
        w,
        "SELECT name, type, (SELECT group_concat(name, ' ') FROM pragma_table_info(s.name)) AS columns "
        "FROM sqlite_schema AS s WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY type, name",
        NULL, 0, &rows, f);
}

typedef struct statements {
    FILE *out;
    size_t n;
} statements;

static bool put_statement(void *arg, int n, const store_value *values)
{
    (void)n;
    statements *s = arg;
    s->n++;
    fprintf(s->out, "%s;\n", values[0].bytes);
    return true;
}

/* The statements as text; with --json, or any mode but box, as rows like every other answer. */
static bool dot_schema(sql_work *w, const char *name, fault *f)
{
    static const char all[] = "SELECT sql, name, type FROM sqlite_schema WHERE sql IS NOT NULL AND "
                              "(:name IS NULL OR name = :name OR tbl_name = :name) ORDER BY type, name";
    store_binding value = { ":name", { .kind = STORE_NULL } };
    size_t at = 0, rows = 0;
    bool ok;
    if (name) value.value = (store_value){ .kind = STORE_TEXT, .bytes = name, .n = strlen(name) };
    if (w->style.mode == TABLE_BOX) {
        statements s = { w->out, 0 };
        const store_reader reader = { NULL, put_statement, &s };
        ok = store_query_at(w->database, all, &at, &value, 1, &reader, f);
        rows = s.n;
    } else {
        ok = write_answer(w, all, &value, 1, &rows, f);
    }
    return ok && (rows || fault_set(f, FAULT_INPUT, "there is no table or view \"%.64s\"; `sql .tables` lists them",
                                    name ? name : ""));
}

/* ---- questions ---- */

typedef struct question_rows {
    sql_work *w;
    table *t;
    bool failed;
    fault *f;
} question_rows;

static bool add_question(void *arg, const store_question *q)
{
    question_rows *r = arg;
    char takes[256] = "";
    fault broken = { 0 };
    /* A question that was saved for an older database may not compile any more; it is still listed. */
    if (!sql_question_takes(r->w->database, q->sql, takes, sizeof takes, &broken))
        snprintf(takes, sizeof takes, "(%.200s)", broken.text);
    const table_cell cells[] = { table_text(q->name), table_text(takes), table_text(q->note),
                                 table_text(q->shipped ? "kvant" : "saved") };
    r->failed = !table_add(r->t, cells, r->f);
    return !r->failed;
}

static bool dot_questions(sql_work *w, const char *unused, fault *f)
{
    (void)unused;
    static const char *const names[] = { "question", "values", "answers", "from" };
    question_rows r = { .w = w, .t = table_create(4, names, f), .f = f };
    bool ok = r.t && store_each_question(w->database, add_question, &r, f) && !r.failed &&
              table_write(r.t, w->out, &w->style, f);
    table_free(r.t);
    return ok;
}

/* ---- settings ---- */

static bool set_for_session(sql_work *w, const char *name, const char *value, fault *f)
{
    if (!w->app->at_prompt)
        return fault_set(f, FAULT_USAGE, "sql .%s holds for a session at the prompt; here write --%s", name, name);
    return settings_set(w->app->session, name, value, f);
}

static bool dot_mode(sql_work *w, const char *mode, fault *f)
{
    if (!mode) return fault_set(f, FAULT_USAGE, "sql .mode: one of box, line, markdown, csv and json is missing");
    return set_for_session(w, "mode", mode, f);
}

static bool dot_timer(sql_work *w, const char *state, fault *f)
{
    return set_for_session(w, "timer", state ? state : "on", f);
}

/* ---- the table ---- */

typedef struct dot_command {
    const char *name;
    int most; /* words it takes */
    bool (*run)(sql_work *w, const char *word, fault *f);
} dot_command;

static const dot_command dots[] = {
    { ".schema", 1, dot_schema }, { ".tables", 0, dot_tables }, { ".questions", 0, dot_questions },
    { ".mode", 1, dot_mode },     { ".timer", 1, dot_timer },
};
enum { DOTS = sizeof dots / sizeof dots[0] };

static const dot_command *need_dot(const char *name, fault *f)
{
    nearest near = nearest_to(name);
    for (size_t i = 0; i < DOTS; i++) {
        if (strcmp(dots[i].name, name) == 0) return &dots[i];
        nearest_try(&near, dots[i].name);
    }
    if (near.word)
        fault_set(f, FAULT_USAGE, "sql: there is no \"%.40s\"; did you mean \"%s\"?", name, near.word);
    else
        fault_set(f, FAULT_USAGE,
                  "sql: there is no \"%.40s\"; there are .schema, .tables, .questions, .mode and .timer", name);
    return NULL;
}

bool sql_dot(sql_work *w, const char *line, fault *f)
{
    words typed;
    if (!words_split(line, NULL, &typed, f)) return false;
    const dot_command *c = need_dot(typed.word[0], f);
    bool ok = c != NULL;
    if (ok && typed.n - 1 > c->most)
        ok = fault_set(f, FAULT_USAGE, "sql %s: \"%.40s\" is one word too many", c->name, typed.word[c->most + 1]);
    ok = ok && c->run(w, typed.n > 1 ? typed.word[1] : NULL, f);
    words_free(&typed);
    return ok;
}
